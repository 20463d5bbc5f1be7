"""Files with a web ACL: output of `aws wafv2 get-web-acl`, CloudFormation, Terraform JSON, a list of rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import yaml

from scanner.errors import ConfigurationError
from scanner.protect.wafv2.acl import RuleGroup, WebAcl, rules_of
from scanner.protect.wafv2.shapes import Json, canonical, check_depth, decode_search_strings, resolved

LARGEST = 20_000_000
"""Bytes of a file; the largest web ACLs have well under a million."""
_KINDS = {"AWS::WAFv2::WebACL": "acl", "AWS::WAFv2::RuleGroup": "group", "AWS::WAFv2::RegexPatternSet": "patterns",
    "aws_wafv2_web_acl": "acl", "aws_wafv2_rule_group": "group", "aws_wafv2_regex_pattern_set": "patterns"}  # fmt: skip


class _Part(msgspec.Struct, frozen=True):
    """One resource of a file: what it is, the names it has there, and its properties in the API's form."""

    kind: str
    names: tuple[str, ...]
    body: dict[str, Json]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms (`!Ref`)."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Json:
    key = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {key: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    return {key: loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None}


_Loader.add_multi_constructor("!", _short_form)


def load(paths: Sequence[Path], name: str | None = None) -> WebAcl:
    """The web ACL in these files; rule groups and pattern sets may lie in files of their own.

    `name` picks one of several. Raises: ConfigurationError when a file cannot be read, or holds no rules.
    """
    parts = [part for path in paths for part in _parts(_document(path), path)]
    groups = tuple(RuleGroup(part.names, rules_of(_items(part))) for part in parts if part.kind == "group")
    patterns = {one: _expressions(part.body) for part in parts if part.kind == "patterns" for one in part.names}
    acls = [part for part in parts if part.kind == "acl"]
    if not acls and len(groups) == 1:
        alone = ("there is no web ACL in the file: its rule group is taken alone, before a default action of Allow",)
        return WebAcl(name=groups[0].names[0], rules=groups[0].rules, groups=groups, pattern_sets=patterns, notes=alone)
    part = _chosen(acls, name, paths)
    default = next(iter(part.body.get("DefaultAction") or {"Allow": {}}), "Allow")
    rules = rules_of(_items(part))
    groups, assumed = _only_group(groups, [rule.statement for rule in rules])
    return WebAcl(name=part.names[0], rules=rules, default=default, groups=groups, pattern_sets=patterns, notes=assumed)


def _chosen(acls: list[_Part], name: str | None, paths: Sequence[Path]) -> _Part:
    found = [part for part in acls if name is None or name in part.names]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(part.names[0] for part in acls))
    files = ", ".join(str(path) for path in paths)
    if not acls:
        message = f"no web ACL and no single rule group in {files}: give the output of `aws wafv2 get-web-acl`"
    else:
        message = f"which web ACL of {files}? Name one with --acl: {names}"
    raise ConfigurationError(message)


def _only_group(groups: tuple[RuleGroup, ...], statements: list[Json]) -> tuple[tuple[RuleGroup, ...], tuple[str, ...]]:
    """A plan of Terraform does not know the ARN of a new rule group: one group and one reference belong together."""
    wanted = [
        str(item["RuleGroupReferenceStatement"].get("ARN", ""))
        for item in statements
        if "RuleGroupReferenceStatement" in item
    ]
    known = {name for group in groups for name in group.names}
    unknown = [arn for arn in dict.fromkeys(wanted) if arn not in known]
    if len(groups) != 1 or len(unknown) != 1:
        return groups, ()
    note = f"the reference {unknown[0] or 'without an ARN'} is taken for the only rule group of the files"
    return (RuleGroup((*groups[0].names, unknown[0]), groups[0].rules),), (note,)


def _document(path: Path) -> Json:
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise ConfigurationError(message) from error
    if len(data) > LARGEST:
        message = f"{path} is larger than {LARGEST:,} bytes: no web ACL is"
        raise ConfigurationError(message)
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip()[:1] in ("{", "[") else yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
        check_depth(document)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        message = f"{path} is neither JSON nor YAML: {reason}"
        raise ConfigurationError(message) from error
    return document


def _parts(document: Json, path: Path) -> Iterator[_Part]:
    if isinstance(document, list):
        document = {"Rules": document}
    if not isinstance(document, dict):
        message = (
            f"{path} holds no object: give the output of `aws wafv2 get-web-acl`, CloudFormation or Terraform JSON"
        )
        raise ConfigurationError(message)
    if isinstance(document.get("Resources"), dict):
        yield from _cloudformation(document["Resources"])
    elif isinstance(document.get("resource"), dict):
        yield from _terraform_source(document["resource"])
    elif isinstance(document.get("planned_values") or document.get("values"), dict):
        yield from _terraform_plan((document.get("planned_values") or document["values"]).get("root_module"))
    else:
        yield from _api(document, path)


def _api(document: dict[str, Json], path: Path) -> Iterator[_Part]:
    """The API's own form; `SearchString` may be in base64."""
    for key, kind in (("WebACL", "acl"), ("RuleGroup", "group"), ("RegexPatternSet", "patterns")):
        body = document.get(key)
        if isinstance(body, dict):
            yield _part(kind, [body.get("ARN"), body.get("Name"), body.get("Id"), path.stem], body, literal=True)
            return
    rules = document.get("Rules", document.get("rules"))
    if isinstance(rules, list):
        kind = "acl" if {"DefaultAction", "defaultAction"} & document.keys() else "group"
        unwrapped = [item.get("rule", item) if isinstance(item, dict) else item for item in rules]
        yield _part(
            kind, [document.get("ARN"), document.get("Name"), path.stem], {**document, "Rules": unwrapped}, literal=True
        )


def _cloudformation(resources: dict[str, Json]) -> Iterator[_Part]:
    for logical, resource in resources.items():
        kind = _KINDS.get(str(resource.get("Type"))) if isinstance(resource, dict) else None
        if kind and isinstance(resource.get("Properties"), dict):
            yield _part(kind, [logical, resource["Properties"].get("Name")], resource["Properties"])


def _terraform_source(resources: dict[str, Json]) -> Iterator[_Part]:
    for type_, named in resources.items():
        if type_ in _KINDS and isinstance(named, dict):
            for name, body in named.items():
                body = body[0] if isinstance(body, list) and body else body  # noqa: PLW2901  blocks may be lists of one
                if isinstance(body, dict):
                    yield _part(_KINDS[type_], [f"{type_}.{name}", body.get("name")], body)


def _terraform_plan(module: Json) -> Iterator[_Part]:
    if not isinstance(module, dict):
        return
    for resource in module.get("resources") or ():
        values = resource.get("values") if isinstance(resource, dict) else None
        if isinstance(values, dict) and resource.get("type") in _KINDS:
            names = [resource.get("address"), values.get("arn"), values.get("name")]
            yield _part(_KINDS[resource["type"]], names, values)
    for child in module.get("child_modules") or ():
        yield from _terraform_plan(child)


def _part(kind: str, names: list[Json], body: dict[str, Json], *, literal: bool = False) -> _Part:
    for key in ("rule_json", "rules_json"):
        if isinstance(body.get(key), str):
            try:
                body = {**body, "rule": json.loads(body[key])}
            except ValueError as error:
                message = f"{key} of {names[0]} is not JSON"
                raise ConfigurationError(message) from error
            check_depth(body)
    form = canonical(body)
    form = decode_search_strings(form) if literal else resolved(form)
    known = tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))
    return _Part(kind, known or ("unnamed",), form)


def _items(part: _Part) -> list[Json]:
    rules = part.body.get("Rules")
    if rules is None:
        return []
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        message = f"the rules of {part.names[0]} are no list of objects"
        raise ConfigurationError(message)
    return rules


def _expressions(body: dict[str, Json]) -> tuple[str, ...]:
    items = body.get("RegularExpressionList") or ()
    texts = (item.get("RegexString") if isinstance(item, dict) else item for item in items)
    return tuple(text for text in texts if isinstance(text, str))
