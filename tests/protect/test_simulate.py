"""Simulation of exported web ACLs: what gets through, by whom, and when it cannot be told."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from scanner.errors import ConfigurationError
from scanner.model.protection import Protection
from scanner.protect.reach import MODELS, reaching
from scanner.protect.simulate import Simulation, Verdict, simulate
from scanner.protect.simulation_text import render
from scanner.protect.spellings import attacks
from scanner.protect.wafv2 import build
from scanner.protect.wafv2.capacity import of_rules
from scanner.protect.wafv2.engine import evaluate
from scanner.protect.wafv2.load import load
from scanner.protect.wafv2.openings import openings
from scanner.protect.wafv2.readings import Reading
from tests.protect.release import CURRENT, NEXT, VALUES, VERSION, files, protection

ARN = "arn:aws:wafv2:eu-central-1:123456789012:regional/rulegroup/redcap-protect/0"


def ours(**changes: object) -> list[dict[str, Any]]:
    return build.rules(protection(secrets=VALUES, **changes), lambda secret: secret.value or "")


def acl(rules: list[dict[str, Any]], **more: object) -> dict[str, Any]:
    return {"WebACL": {"Name": "x", "DefaultAction": {"Allow": {}}, "Rules": rules, **more}}


def run(folder: Path, document: Any, *more: Any, value: Protection | None = None, **options: Any) -> Simulation:  # noqa: ANN401  any JSON
    paths = []
    for number, one in enumerate((document, *more)):
        path = folder / f"{number}.json"
        path.write_text(one if isinstance(one, str) else json.dumps(one))
        paths.append(path)
    chosen = value or protection()
    options = {"random_count": 50, **options}
    return simulate(load(paths), chosen, files(), release="r", versions=(VERSION,), **options)


def rule(name: str, statement: dict[str, Any], priority: int, action: str = "Block") -> dict[str, Any]:
    key = "OverrideAction" if action == "None" else "Action"
    return {"Name": name, "Priority": priority, "Statement": statement, key: {action: {}}}


def byte_match(text: str, how: str, field: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "ByteMatchStatement": {
            "SearchString": text, "FieldToMatch": field or {"UriPath": {}}, "PositionalConstraint": how,
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        }
    }  # fmt: skip


def sample(name: str, secret: str, priority: int = 20) -> dict[str, Any]:
    """The pattern of the redcap-on-aws sample: the raw path ends with the name, and the query shows no secret."""
    shown = {"NotStatement": {"Statement": byte_match(secret, "EXACTLY", {"SingleQueryArgument": {"Name": "secret"}})}}
    return rule("sample", {"AndStatement": {"Statements": [byte_match(name, "ENDS_WITH"), shown]}}, priority)


MANAGED = rule(
    "managed", {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}, 300, "None"
)
GEO = rule("geo", {"GeoMatchStatement": {"CountryCodes": ["KP"]}}, 1)


def test_our_rules_pass(tmp_path: Path) -> None:
    result = run(tmp_path, acl(ours()))
    assert result.verdict is Verdict.PASS
    assert result.attacks > 2000
    assert result.legitimate > 500
    assert (result.let_through, result.refused, result.weak) == ((), (), ())
    assert {way.script: way.places for way in result.ways} == {
        "cron.php": ("cookie redcap_admin_secret", "header x-redcap-secret"),
        "install.php": (),
        "upgrade.php": ("cookie redcap_admin_secret", "header x-redcap-secret"),
    }


def test_an_acl_without_rules_lets_everything_through(tmp_path: Path) -> None:
    result = run(tmp_path, acl([]))
    assert (result.verdict, result.through) == (Verdict.FAIL, result.attacks - sum(result.not_counted.values()))
    assert set(result.allowed_by) == {"the default action"}
    assert {case.script for case in result.let_through} == {"cron.php", "install.php", "upgrade.php"}


def test_the_sample_rule_fails_on_both_sides(tmp_path: Path) -> None:
    one = protection(scripts=protection().scripts[:1])
    result = run(tmp_path, acl([sample("cron.php", CURRENT)]), value=one)
    assert result.verdict is Verdict.FAIL
    families = {case.family for case in result.let_through if case.certain}
    assert {"path-info", "percent-encoding", "double-encoding", "case", "parameters"} <= families
    refused = {example for case in result.refused for example in case.examples}
    assert "GET /mycron.php" in refused
    assert any("ExternalModules/manager/reset_cron.php" in example for example in refused)
    assert result.ways[0].places == ("query argument secret",)


@pytest.mark.parametrize("secret", ["mysecret", "7", "{{resolve:secretsmanager:x}}", "${REDCAP}"])
def test_a_secret_that_can_be_guessed_fails(tmp_path: Path, secret: str) -> None:
    rules = build.rules(protection(secrets=VALUES[:1]), lambda _secret: secret, lambda _secret: CURRENT)
    result = run(tmp_path, acl([*rules, rule("plain", byte_match("/x_", "EXACTLY"), 99)]))
    assert result.verdict is Verdict.FAIL
    assert any("cron.php" in text for text in result.weak)
    assert not any(f" {secret}" in text for text in result.weak)


def test_an_earlier_rule_that_allows_is_named(tmp_path: Path) -> None:
    first = rule("let-cron-in", byte_match("cron.php", "ENDS_WITH"), 0, "Allow")
    later = [{**item, "Priority": item["Priority"] + 10} for item in ours()]
    result = run(tmp_path, acl([*later, first]))
    assert result.verdict is Verdict.FAIL
    assert set(result.allowed_by) == {"let-cron-in"}
    assert all(case.script == "cron.php" for case in result.let_through)


def test_a_rule_that_only_counts_is_named(tmp_path: Path) -> None:
    counting = [{**item, "Action": {"Count": {}}} for item in ours()]
    result = run(tmp_path, acl(counting))
    assert result.verdict is Verdict.FAIL
    assert result.only_counted["redcap-protect"] > 1000


def test_what_a_file_cannot_tell_is_told_apart(tmp_path: Path) -> None:
    result = run(tmp_path, acl([*ours(), MANAGED]))
    assert (result.verdict, result.through, result.perhaps_through) == (Verdict.CANNOT_TELL, 0, 0)
    assert result.perhaps_blocked == result.legitimate
    assert result.capacity.high == 129 + 700
    aside = run(tmp_path, acl([*ours(), MANAGED]), aside=frozenset({"managed"}))
    assert aside.verdict is Verdict.PASS


def test_an_unknown_rule_that_may_allow_before_ours_cannot_be_told(tmp_path: Path) -> None:
    later = [{**item, "Priority": item["Priority"] + 10} for item in ours()]
    result = run(tmp_path, acl([{**GEO, "Action": {"Allow": {}}}, *later]))
    assert (result.verdict, result.through, result.blocked) == (Verdict.CANNOT_TELL, 0, 0)
    assert result.perhaps_through > 2000
    assert set(result.allowed_by) == {"geo"}


def test_a_leak_in_one_reading_alone_cannot_be_told(tmp_path: Path) -> None:
    rules = ours()
    asked = rules[0]["Statement"]["AndStatement"]["Statements"][0]["OrStatement"]["Statements"]
    asked.pop()  # without the condition that stops what no regular expression can read
    result = run(tmp_path, acl(rules))
    assert (result.verdict, result.through) == (Verdict.CANNOT_TELL, 0)
    assert {reading for case in result.let_through for reading in case.readings} >= {
        "no regular expression matches what is not UTF-8"
    }


def test_a_secret_that_no_longer_opens_anything_fails(tmp_path: Path) -> None:
    rules = ours()
    rules[0]["Statement"] = rules[0]["Statement"]["AndStatement"]["Statements"][0]
    result = run(tmp_path, acl([*rules, sample("other.php", NEXT, 90)]))
    assert result.verdict is Verdict.FAIL
    assert [way.places for way in result.ways if way.expected] == [(), ()]


def test_sampled_requests_are_told(tmp_path: Path) -> None:
    rules = ours()
    rules[0]["VisibilityConfig"]["SampledRequestsEnabled"] = True
    assert any("redcap-protect" in note for note in run(tmp_path, acl(rules)).notes)


def by_group() -> tuple[dict[str, Any], dict[str, Any]]:
    reference = rule("ref", {"RuleGroupReferenceStatement": {"ARN": ARN}}, 0, "None")
    return acl([reference]), {"RuleGroup": {"Name": "redcap-protect", "ARN": ARN, "Rules": ours()}}


def test_a_rule_group_lies_in_a_file_of_its_own(tmp_path: Path) -> None:
    web_acl, group = by_group()
    assert run(tmp_path, web_acl, group).verdict is Verdict.PASS
    alone = run(tmp_path, web_acl)
    assert (alone.verdict, alone.through) == (Verdict.CANNOT_TELL, 0)
    counted = msgspec.json.decode(json.dumps(web_acl).replace('{"None": {}}', '{"Count": {}}'))
    assert run(tmp_path, counted, group).verdict is Verdict.FAIL


def encoded(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, list):
        return [encoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(item.encode()).decode() if key == "SearchString" else encoded(item)
        for key, item in value.items()
    }


def snake(value: Any) -> Any:  # noqa: ANN401  any JSON
    """The rules as a plan of Terraform has them: lists for every block, empty ones for what is not there."""
    names = {
        "Statements": "statement",
        "TextTransformations": "text_transformation",
        "ResponseHeaders": "response_header",
    }
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {"geo_match_statement": [], "captcha_config": []}
    for key, item in value.items():
        name = names.get(key) or "".join(f"_{char.lower()}" if char.isupper() else char for char in key).lstrip("_")
        found[name] = [snake(item)] if isinstance(item, dict) else snake(item)
    return found


def camel(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key[:1].lower() + key[1:]: camel(item) for key, item in value.items()}


def in_yaml() -> str:
    resource = {"Type": "AWS::WAFv2::WebACL", "Properties": {"DefaultAction": {"Allow": {}}, "Rules": ours()}}
    text = yaml.safe_dump({"Resources": {"Acl": resource}})
    return text.replace(CURRENT, "!Sub '{{resolve:secretsmanager:${Name}}}'", 1).replace(NEXT, "!Ref Next")


def terraform_plan() -> dict[str, Any]:
    values = {"name": "x", "default_action": [{"allow": [{}], "block": []}], "rule": snake(ours())}
    child = {"resources": [{"type": "aws_wafv2_web_acl", "address": "module.a.aws_wafv2_web_acl.x", "values": values}]}
    return {"format_version": "1.2", "planned_values": {"root_module": {"child_modules": [child]}}}


FORMS: dict[str, Callable[[], Any]] = {
    "get-web-acl of the command line": lambda: encoded(acl(ours())),
    "get-web-acl, plain": lambda: acl(ours()),
    "list of rules": ours,
    "rules of CDK": lambda: {"rules": [{"name": "x", "rule": item} for item in camel(ours())], "defaultAction": {}},
    "CloudFormation, YAML": in_yaml,
    "Terraform plan": terraform_plan,
    "Terraform, rule_json": lambda: {
        "resource": {"aws_wafv2_web_acl": {"x": {"default_action": {"allow": {}}, "rule_json": json.dumps(ours())}}}
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_of_export_is_read(form: Callable[[], Any], tmp_path: Path) -> None:
    result = run(tmp_path, form())
    assert (result.verdict, result.capacity.low, result.weak) == (Verdict.PASS, 79, ())
    assert result.ways[0].places


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no object"),
        ("[", "neither JSON nor YAML"),
        ("{}", "no web ACL"),
        ("3", "holds no object"),
        ('{"Resources": {"x": {"Type": "AWS::S3::Bucket", "Properties": {}}}}', "no web ACL"),
        ("[" * 400 + "]" * 400, "nested"),
        ('{"a":' * 400 + "1" + "}" * 400, "nested"),
        ("a: [1, 2\nb: {", "neither JSON nor YAML"),
        ("- !!python/object/apply:os.system [id]", "neither JSON nor YAML"),
        ('{"resource": {"aws_wafv2_web_acl": {"x": {"rule_json": "{"}}}}', "rule_json"),
        ('{"WebACL": {"Name": "x", "DefaultAction": {"Allow": {}}, "Rules": "no"}}', "no list of objects"),
        ('{"WebACL": {"Name": "x", "DefaultAction": {"Allow": {}}, "Rules": [3]}}', "no list of objects"),
        ("\x00", "neither JSON nor YAML"),
    ],
)
def test_a_bad_file_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as raised:
        load([path])
    assert "\n" not in str(raised.value)


def test_one_of_several_is_named(tmp_path: Path) -> None:
    resource = {"Type": "AWS::WAFv2::WebACL", "Properties": {"DefaultAction": {"Allow": {}}, "Rules": ours()}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"Resources": {"One": resource, "Two": resource}}))
    with pytest.raises(ConfigurationError, match="One, Two"):
        load([path])
    assert load([path], "Two").name == "Two"


KINDS = ("AndStatement", "OrStatement", "NotStatement", "ByteMatchStatement", "RegexMatchStatement",
    "LabelMatchStatement", "RateBasedStatement", "RuleGroupReferenceStatement", "ManagedRuleGroupStatement",
    "GeoMatchStatement",
    "Unheard",
    "SizeConstraintStatement", "RegexPatternSetReferenceStatement")  # fmt: skip
SOME = list(attacks(protection(), versions=(VERSION,), limit=5))


@pytest.mark.parametrize("damage", ["Statement", "Action", "Priority", "Name"])
def test_rules_of_any_shape_do_no_harm(damage: str, tmp_path: Path) -> None:
    bodies: tuple[Any, ...] = (3, None, [], {}, {"ARN": 3}, {"Statements": [3]}, {"FieldToMatch": {"SingleHeader": 3}})
    odd: list[Any] = [None, 3, "x", [], {}, [[]], *({kind: body} for kind in KINDS for body in bodies)]
    for value in odd:
        rules = [{**item, damage: value} for item in ours()]
        path = tmp_path / "x.json"
        path.write_text(json.dumps(acl(rules)))
        loaded = load([path])
        found = [item for request in SOME for item in evaluate(loaded, request, Reading()).outcomes]
        assert len(found) >= len(SOME)
        of_rules({"Statement": item.statement} for item in loaded.rules)
        openings(loaded)


def test_a_named_server_counts_only_what_it_maps(tmp_path: Path) -> None:
    value = protection()
    through = {}
    for name in ("apache-no-path-info", "apache", "apache-permissive", "nginx", "nginx-path-info"):
        test = reaching(MODELS[name], value, files(), (VERSION,))
        result = run(tmp_path, acl([sample("cron.php", CURRENT)]), server=name, reaches=test)
        through[name] = result.through
        assert result.server == name
        assert run(tmp_path, acl(ours()), server=name, reaches=test).verdict is Verdict.PASS
    assert through["apache-no-path-info"] < through["apache"] < through["apache-permissive"]
    assert through["nginx"] < through["nginx-path-info"]


def test_the_text_says_what_matters(tmp_path: Path) -> None:
    text = render(run(tmp_path, acl([sample("cron.php", "prodsecret"), MANAGED])))
    assert text.startswith("FAIL: web ACL x for r")
    for part in ("let through", "the default action", "weak: query argument secret opens cron.php", "/cron.php/x"):
        assert part in text
    assert "prodsecret" not in text
    assert "cannot be told" in render(run(tmp_path, acl([*ours(), MANAGED])))


def test_names_of_rules_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    evil = [{**item, "Name": "\x1b[31m\r" + item["Name"], "Action": {"Count": {}}} for item in ours()]
    assert "\x1b" not in render(run(tmp_path, acl(evil)))
