"""What a web ACL does with one request in one reading: every outcome that is possible.

Rules run in order of priority. A statement is true, false, or unknown (None) when it depends on what a file does not
hold: addresses, countries, rates, managed rule groups. From an unknown one both ways are followed.
Source: AWS WAF Developer Guide, "How AWS WAF handles rule and rule group actions".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from scanner.model.protection import RequestSpelling
from scanner.protect.wafv2 import components, patterns
from scanner.protect.wafv2.acl import CHALLENGES, TERMINATING, Rule, WebAcl
from scanner.protect.wafv2.readings import Reading
from scanner.protect.wafv2.transforms import NotModelled, apply

Truth = bool | None


class Outcome(msgspec.Struct, frozen=True, order=True):
    """One way that a request may end."""

    allowed: bool
    rule: str
    """Name of the rule that decided; "" for the default action."""
    certain: bool = True
    """False: only if something unknown turns out so."""


class Result(msgspec.Struct, frozen=True):
    """Everything that may become of a request in one reading."""

    outcomes: tuple[Outcome, ...]
    counted: tuple[str, ...] = ()
    """Rules that match but only count, and would have stopped it otherwise."""


class _Run(msgspec.Struct):
    acl: WebAcl
    request: RequestSpelling
    reading: Reading
    aside: frozenset[str]
    labels: dict[str, Truth]
    outcomes: list[Outcome]
    counted: list[str]
    certain: bool = True


def evaluate(acl: WebAcl, request: RequestSpelling, reading: Reading, aside: frozenset[str] = frozenset()) -> Result:
    """Outcomes of a request. Rules named in `aside` are taken as matching nothing."""
    run = _Run(acl, request, reading, aside, {}, [], [])
    ended = _rules(run, acl.rules, counting=False, overrides={})
    if not ended:
        run.outcomes.append(Outcome(acl.default == "Allow", "", run.certain))
    return Result(tuple(dict.fromkeys(run.outcomes)), tuple(dict.fromkeys(run.counted)))


def _rules(run: _Run, rules: Iterable[Rule], *, counting: bool, overrides: dict[str, str]) -> bool:
    """Follow rules until one decides for certain. True: nothing after them matters."""
    return any(rule.name not in run.aside and _one(run, rule, counting, overrides) for rule in rules)


def _one(run: _Run, rule: Rule, counting: bool, overrides: dict[str, str]) -> bool:  # noqa: FBT001  private, two callers
    kind = next(iter(rule.statement), "")
    if kind in ("RuleGroupReferenceStatement", "ManagedRuleGroupStatement"):
        return _group(run, rule, rule.statement[kind] or {}, managed=kind.startswith("Managed"), counting=counting)
    truth = _statement(run, rule.statement)
    if truth is False:
        return False
    for label in rule.labels:
        run.labels[label] = truth if run.labels.get(label) is not True else True
    action = overrides.get(rule.name, rule.action)
    if truth and (counting or action == "Count") and rule.action in ("Block", "Count"):
        run.counted.append(rule.name)
    if counting:  # the group as a whole only counts, but a rule that decides still ends the group
        return truth is True and action in TERMINATING
    return action != "Count" and _decide(run, rule.name, action, truth)


def _decide(run: _Run, name: str, action: str, truth: Truth) -> bool:
    """Note the outcome of a rule that may have matched. True when it certainly ended the evaluation."""
    if action in CHALLENGES:  # a person or a browser may pass it, a program may not
        run.outcomes.append(Outcome(allowed=False, rule=name, certain=False))
        run.certain = False
        return False
    if action not in TERMINATING:
        return False
    run.outcomes.append(Outcome(action == "Allow", name, run.certain and truth is True))
    if truth is None:
        run.certain = False
    return truth is True


def _group(run: _Run, rule: Rule, body: dict[str, Any], *, managed: bool, counting: bool) -> bool:
    counting = counting or rule.action == "Count"
    overrides = dict.fromkeys(_names(body.get("ExcludedRules")), "Count")
    for item in body.get("RuleActionOverrides") or ():
        overrides[str(item.get("Name"))] = next(iter(item.get("ActionToUse") or {"Count": {}}), "Count")
    group = None if managed else run.acl.group(str(body.get("ARN", "")))
    if group is not None:
        return _rules(run, group.rules, counting=counting, overrides=overrides) and not counting
    scope = body.get("ScopeDownStatement")
    if counting or (scope and _statement(run, scope) is False):
        return False
    run.outcomes.append(Outcome(allowed=False, rule=rule.name, certain=False))
    if not (managed and body.get("VendorName") == "AWS"):  # those of AWS allow nothing
        run.outcomes.append(Outcome(allowed=True, rule=rule.name, certain=False))
    run.certain = False
    return False


def _names(items: Any) -> list[str]:  # noqa: ANN401  any JSON
    return [str(item.get("Name")) for item in items or () if isinstance(item, dict)]


def _statement(run: _Run, statement: dict[str, Any]) -> Truth:
    kind = next(iter(statement), "")
    body = statement.get(kind)
    body = body if isinstance(body, dict) else {}
    if kind == "AndStatement":
        return _all(run, body.get("Statements") or ())
    if kind == "OrStatement":
        inverted = _all(run, [{"NotStatement": {"Statement": item}} for item in body.get("Statements") or ()])
        return None if inverted is None else not inverted
    if kind == "NotStatement":
        truth = _statement(run, body.get("Statement") or {})
        return None if truth is None else not truth
    if kind == "LabelMatchStatement":
        return _label(run, body)
    if kind == "RateBasedStatement":
        scope = body.get("ScopeDownStatement")
        return False if scope and _statement(run, scope) is False else None
    try:
        return _match(run, kind, body)
    except NotModelled:
        return None


def _all(run: _Run, statements: Sequence[dict[str, Any]]) -> Truth:
    result: Truth = True if statements else None
    for statement in statements:
        truth = _statement(run, statement)
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def _label(run: _Run, body: dict[str, Any]) -> Truth:
    """A label or a namespace, with or without the prefix of its web ACL or rule group.

    Labels of managed rule groups and of AWS itself are unknown.
    """
    key = str(body.get("Key", ""))
    by_namespace = body.get("Scope") == "NAMESPACE"
    found = [truth for label, truth in run.labels.items() if _labelled(key, label, by_namespace=by_namespace)]
    if found:
        return True if True in found else None
    return None if key.startswith("awswaf:") and ":webacl:" not in key else False


def _labelled(key: str, label: str, *, by_namespace: bool) -> bool:
    if by_namespace:
        return f":{key.strip(':')}:" in f":{label.rpartition(':')[0]}:"
    return f":{label}".endswith(f":{key}") or key.endswith(f":{label}")


def _match(run: _Run, kind: str, body: dict[str, Any]) -> Truth:
    """A statement that looks at a component. Raises: NotModelled for any other."""
    if kind not in (
        "ByteMatchStatement",
        "RegexMatchStatement",
        "RegexPatternSetReferenceStatement",
        "SizeConstraintStatement",
    ):
        raise NotModelled(kind)
    items = sorted(body.get("TextTransformations") or (), key=lambda item: int(item.get("Priority", 0)))
    names = tuple(str(item.get("Type")) for item in items)
    values = [apply(value, names, run.reading) for value in _values(run, body)]
    if kind == "ByteMatchStatement":
        return any(_compare(value, body) for value in values)
    if kind == "SizeConstraintStatement":
        return any(_size(len(value), body) for value in values)
    if kind == "RegexMatchStatement":
        return any(patterns.matches(str(body.get("RegexString", "")), value, run.reading) for value in values)
    expressions = run.acl.pattern_sets.get(str(body.get("ARN", "")))
    if expressions is None:
        raise NotModelled(kind)
    return any(patterns.matches(pattern, value, run.reading) for pattern in expressions for value in values)


def _values(run: _Run, body: dict[str, Any]) -> list[bytes]:
    field = body.get("FieldToMatch")
    if not isinstance(field, dict):
        raise NotModelled(field)
    return components.values(field, run.request, run.reading)


def _compare(value: bytes, body: dict[str, Any]) -> bool:
    wanted, constraint = search_bytes(body), body.get("PositionalConstraint")
    if constraint == "EXACTLY":
        return value == wanted
    if constraint == "STARTS_WITH":
        return value.startswith(wanted)
    if constraint == "ENDS_WITH":
        return value.endswith(wanted)
    if constraint == "CONTAINS":
        return wanted in value
    raise NotModelled(constraint)


def search_bytes(body: dict[str, Any]) -> bytes:
    """What a byte match looks for: CloudFormation has `SearchStringBase64` beside `SearchString`."""
    encoded = body.get("SearchStringBase64")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise NotModelled(encoded) from error
    text = body.get("SearchString", "")
    return text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")


def _size(length: int, body: dict[str, Any]) -> bool:
    size = body.get("Size")
    if not isinstance(size, int):
        raise NotModelled(size)
    compare = {
        "EQ": length == size,
        "NE": length != size,
        "LE": length <= size,
        "LT": length < size,
        "GE": length >= size,
        "GT": length > size,
    }
    operator = str(body.get("ComparisonOperator"))
    if operator not in compare:
        raise NotModelled(operator)
    return compare[operator]
