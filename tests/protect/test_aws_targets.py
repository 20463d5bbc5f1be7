"""The targets for AWS and Azure: the vendors' own descriptions of their APIs accept the files, and all say the same."""

from __future__ import annotations

import base64
import json
import os
import re
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import yaml
from azure.mgmt.frontdoor import models as frontdoor
from azure.mgmt.network import models as gateway
from botocore.validate import ParamValidator
from cfnlint.api import ManualArgs, lint
from moto import mock_aws

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Mode, Protection
from scanner.protect.base import targets
from scanner.protect.matching import variable
from scanner.protect.wafv2 import build
from scanner.protect.wafv2.acl import WebAcl
from scanner.protect.wafv2.load import load
from scanner.protect.wafv2.shapes import canonical
from tests.protect.release import CURRENT, MODES, NEXT, SECRETS, VALUES, protection, script

RULES = ("aws-wafv2", "cloudformation", "terraform")
AZURE = ("azure-application-gateway", "azure-front-door")
OURS = (*RULES, *AZURE, "cdk", "eventbridge")
GOLDEN = Path(__file__).parent / "golden"
VARIANTS = {
    "two secrets": protection(),
    "one secret": protection(secrets=SECRETS[:1]),
    "multiviews": protection(multiviews=True, base_path="/redcap/"),
    "paranoid": protection(paranoid=True),
    "query": protection(query="secret"),
    "header": protection(scripts=(script("cron.php", Mode.HEADER),)),
    "block": protection(scripts=(script("install.php", Mode.BLOCK),), secrets=()),
    "hostile": protection(scripts=(script("a'b\"c${d}`e\\.php", Mode.COOKIE), script("é{{x}}.php", Mode.HEADER))),
}
each = pytest.mark.parametrize("value", VARIANTS.values(), ids=VARIANTS)


def text(name: str, value: Protection, index: int = 0) -> str:
    return targets()[name].render(value)[index].text


def rendered(name: str, value: Protection) -> str:
    return "\n".join(f"== {file.name}\n{file.text}" for file in targets()[name].render(value))


def test_every_target_is_found_by_its_name() -> None:
    assert set(OURS) <= set(targets())
    assert list(targets()) == sorted(targets())
    assert all(name == target.name and target.title and target.checked for name, target in targets().items())


@pytest.mark.parametrize("name", OURS)
def test_golden(name: str) -> None:
    path = GOLDEN / f"{name}.txt"
    now = rendered(name, protection())
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text(now)
    assert now == path.read_text()


def loaded(name: str, value: Protection, folder: Path) -> WebAcl:
    file = targets()[name].render(value)[0]
    (folder / file.name).write_text(file.text)
    return load([folder / file.name])


def secretless(rules: Any) -> str:  # noqa: ANN401  any JSON
    """Rules as text, without what stands for a secret."""
    shown = json.dumps(rules, sort_keys=True, default=bytes.decode)
    shown = re.sub(r"[0-9a-f]{64}|\$\{[A-Z_]+\}|\{\{[^}]*\}\}", "SECRET", shown)
    return re.sub(r'"Value": "(?:[^"]*SECRET[^"]*|SECRET)"', '"Value": "SECRET"', shown)


@each
def test_all_forms_of_the_rules_are_the_same(value: Protection, tmp_path: Path) -> None:
    wanted = secretless([dict(rule) for rule in build.rules(value, lambda _secret: "0" * 64)])
    for name in RULES:
        found = [rule.raw for rule in loaded(name, value, tmp_path).rules]
        assert secretless(found) == wanted, name


@each
def test_the_construct_has_the_same_rules(value: Protection) -> None:
    module = text("cdk", value)
    block = module[module.index("      rules: [") + len("      rules: ") : module.index("    });\n  }\n")].rstrip(
        ", \n"
    )
    block = re.sub(r"`redcap_admin_secret=[^`]*`", '"SECRET"', re.sub(r"secrets\.\w+,", '"SECRET",', block))
    wanted = json.loads(secretless(build.rules(value, lambda _secret: "0" * 64)))
    assert canonical(yaml.safe_load(block)) == wanted


def rule_group(value: Protection) -> dict[str, Any]:
    """Parameters of `create-rule-group`, as the AWS command line would pass them to botocore."""
    group = json.loads(filled(text("aws-wafv2", value), value))
    return decoded(group)  # type: ignore[no-any-return]


def filled(template: str, value: Protection) -> str:
    """What envsubst does with the two secrets in the environment."""
    for secret, real in zip(value.secrets, (CURRENT, NEXT), strict=False):
        name = variable(secret)
        template = template.replace(f"${{{name}_BASE64}}", base64.b64encode(real.encode()).decode())
        template = template.replace(f"${{{name}}}", real)
    return template


def decoded(value: Any) -> Any:  # noqa: ANN401  any JSON
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(item, validate=True) if key == "SearchString" else decoded(item)
        for key, item in value.items()
    }


@each
def test_the_service_model_accepts_every_call(value: Protection) -> None:
    model = botocore.session.get_session().get_service_model("wafv2")

    def check(operation: str, parameters: dict[str, Any]) -> str:
        shape = model.operation_model(operation).input_shape
        return str(ParamValidator().validate(parameters, shape).generate_report())

    assert check("CreateRuleGroup", rule_group(value)) == ""
    arns = {"RULE_GROUP_ARN": "rulegroup", "WEB_ACL_ARN": "webacl", "LOG_DESTINATION_ARN": "log"}
    reference, logging = (text("aws-wafv2", value, index) for index in (1, 2))
    for name, kind in arns.items():
        arn = f"arn:aws:wafv2:eu-central-1:123456789012:regional/{kind}/x/0"
        reference, logging = (item.replace(f"${{{name}}}", arn) for item in (reference, logging))
    assert "${" not in reference + logging
    assert check("PutLoggingConfiguration", json.loads(logging)) == ""
    acl = {"Name": "x", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "Rules": [json.loads(reference)],
           "VisibilityConfig": build.visibility("x")}  # fmt: skip
    assert check("CreateWebACL", acl) == ""
    assert check("CreateWebACL", {**acl, "Rules": [{"Name": "x"}]}) != ""


def test_a_mock_of_the_service_takes_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("wafv2", region_name="eu-central-1")
        made = client.create_rule_group(**rule_group(protection()))["Summary"]
        reference = json.loads(text("aws-wafv2", protection(), 1).replace("${RULE_GROUP_ARN}", made["ARN"]))
        acl = client.create_web_acl(
            Name="x",
            Scope="REGIONAL",
            DefaultAction={"Allow": {}},
            Rules=[reference],
            VisibilityConfig=build.visibility("x"),
        )["Summary"]
        kept = client.get_web_acl(Name="x", Scope="REGIONAL", Id=acl["Id"])["WebACL"]
        group = client.get_rule_group(Name=made["Name"], Scope="REGIONAL", Id=made["Id"])["RuleGroup"]
    assert kept["Rules"][0]["Statement"]["RuleGroupReferenceStatement"]["ARN"] == group["ARN"]
    assert [rule["Name"] for rule in group["Rules"]] == ["redcap-protect", "redcap-block", "redcap-unlock"]


def test_a_template_that_was_not_filled_in_is_no_base64() -> None:
    for found in re.findall(r'"SearchString": "(\$[^"]*)"', text("aws-wafv2", protection())):
        with pytest.raises(ValueError, match=r"base64|[Pp]adding"):
            base64.b64decode(found, validate=True)


@pytest.mark.parametrize("name", ["cloudformation", "eventbridge"])
def test_cfn_lint_finds_nothing(name: str) -> None:
    regions = ManualArgs(regions=["eu-central-1", "us-east-1"])
    template = text(name, protection())
    assert [str(found) for found in lint(template, config=regions)] == []
    broken = template.replace("Name:", "Nmae:", 1)
    assert lint(broken, config=regions) != []  # the check can say no


@pytest.mark.parametrize("name", OURS)
@each
def test_no_value_is_written_unless_asked_for(name: str, value: Protection) -> None:
    if name in AZURE and (value.query or value.multiviews):
        with pytest.raises(ConfigurationError):
            targets()[name].render(value)
        return
    if name == "eventbridge" and all(one.mode is not Mode.HEADER for one in value.scripts):
        with pytest.raises(ConfigurationError, match="nothing for EventBridge"):
            targets()[name].render(value)
        return
    for secret in value.secrets[: 1 if name == "eventbridge" else 2]:
        assert secret.reference in rendered(name, value) or variable(secret) in rendered(name, value)
    values = VALUES[: len(value.secrets)]
    with_values = rendered(name, protection(**{**fields(value), "secrets": values}))
    encoded = base64.b64encode(CURRENT.encode()).decode()
    assert not value.secrets or CURRENT in with_values or encoded in with_values


def fields(value: Protection) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


@pytest.mark.parametrize("name", ["cdk", "cloudformation", "eventbridge", "terraform"])
@pytest.mark.parametrize("reference", ["a b", "x}}{{resolve:ssm:y", "a:b", "é", "", "a\nb"])
def test_a_reference_that_secrets_manager_cannot_have_is_refused(name: str, reference: str) -> None:
    with pytest.raises(ConfigurationError):
        targets()[name].render(protection(secrets=(AcceptedSecret("current", reference),)))


def test_terraform_reads_no_expression_out_of_a_name() -> None:
    document = json.loads(text("terraform", VARIANTS["hostile"]))
    expressions = set(re.findall(r"(?<!\$)\$\{([^}]*)\}", json.dumps(document)))
    known = (
        r"var\.redcap_waf_scope|data\.aws_secretsmanager_secret_version\.redcap_\w+\.secret_string|aws_wafv2_\S+\.arn"
    )
    assert all(re.fullmatch(known, found) for found in expressions)


def properties(name: str) -> dict[str, Any]:
    document = json.loads(text(name, protection()))
    assert document["parameters"]["secretCurrent"]["type"] == "securestring"
    found = document["resources"][0]["properties"]
    assert isinstance(found, dict)
    return found


def test_front_door_knows_every_word() -> None:
    rules = properties("azure-front-door")["customRules"]["rules"]
    assert [rule["priority"] for rule in rules] == [1, 2, 3, 4]
    for rule in rules:
        assert frontdoor.RuleType(rule["ruleType"])
        assert frontdoor.ActionType(rule["action"])
        assert set(rule) <= rest_names(frontdoor.CustomRule)
        for condition in rule["matchConditions"]:
            assert set(condition) <= rest_names(frontdoor.MatchCondition)
            assert frontdoor.MatchVariable(condition["matchVariable"])
            assert frontdoor.Operator(condition["operator"])
            assert all(frontdoor.TransformType(item) for item in condition["transforms"])
            assert all(len(item) <= 256 for item in condition["matchValue"])


def test_application_gateway_knows_every_word() -> None:
    rules = properties("azure-application-gateway")["customRules"]
    for rule in rules:
        assert gateway.WebApplicationFirewallRuleType(rule["ruleType"])
        assert gateway.WebApplicationFirewallAction(rule["action"])
        assert set(rule) <= rest_names(gateway.WebApplicationFirewallCustomRule)
        for condition in rule["matchConditions"]:
            assert set(condition) <= rest_names(gateway.MatchCondition)
            assert gateway.WebApplicationFirewallOperator(condition["operator"])
            assert all(gateway.WebApplicationFirewallTransform(item) for item in condition["transforms"])
            for matched in condition["matchVariables"]:
                assert gateway.WebApplicationFirewallMatchVariable(matched["variableName"])


def rest_names(model: Any) -> set[str]:  # noqa: ANN401  a class of the vendor's library
    """Names on the wire, which the library keeps in a private attribute of each field when they differ from its own."""
    mark = "_rest_name_input"
    return {getattr(field, mark) or name for name, field in vars(model).items() if hasattr(field, mark)}


@pytest.mark.parametrize("name", AZURE)
@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("/cron.php", True), ("/cron.php/x", True), ("/r/CRON.php;x?y", True), ("/%63ron.php", True),
        ("/%2563ron.php", True), ("//cron.php", True), ("/a/../cron.php?x=1", True), ("/mycron.php", False),
        ("/index.php?page=/cron.php", False), ("/cron.phpx", False), ("/x%3f/../cron.php", True),
    ],
)  # fmt: skip
def test_azures_patterns_ask_for_the_script(name: str, target: str, *, asked: bool) -> None:
    value = protection(scripts=(script("cron.php", Mode.HEADER),))
    found = json.dumps(json.loads(text(name, value)))
    conditions = [item for item in json_objects(json.loads(found)) if "RequestUri" in json.dumps(item)]
    hit = False
    for condition in conditions:
        uri = target
        if "UrlDecode" in condition["transforms"]:
            uri = re.sub("%([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), uri)
        patterns = condition.get("matchValue") or condition["matchValues"]
        hit = hit or any(re.search(pattern, uri.lower()) for pattern in patterns)
    assert hit is asked


def json_objects(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any JSON
    """Objects that have transforms, at any depth."""
    if isinstance(value, list):
        return [found for item in value for found in json_objects(item)]
    if not isinstance(value, dict):
        return []
    return [value] if "transforms" in value else [found for item in value.values() for found in json_objects(item)]


def test_eventbridge_repeats_nothing_and_shows_the_header() -> None:
    resources = yaml.safe_load(text("eventbridge", protection()))["Resources"]
    key = resources["Connection"]["Properties"]["AuthParameters"]["ApiKeyAuthParameters"]
    assert key == {
        "ApiKeyName": "X-Redcap-Secret",
        "ApiKeyValue": "{{resolve:secretsmanager:redcap/waf-a:SecretString}}",
    }
    (target,) = resources["CronPhpSchedule"]["Properties"]["Targets"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert MODES["cron.php"] is Mode.HEADER
