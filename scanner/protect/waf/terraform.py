"""Terraform: the rule group as `.tf.json`, which needs no escaping but Terraform's own.

Values come from data sources of Secrets Manager. They then stand in the state file: keep it encrypted and private.
Source: documentation of the AWS provider, `aws_wafv2_rule_group`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.waf._aws import redacted_fields, secret_id, summary
from scanner.protect.wafv2 import build

NAME = "redcap-protect.tf.json"
_BLOCKS = {"TextTransformations": "text_transformation", "ResponseHeaders": "response_header", "Rules": "rule"}
_DATA = "aws_secretsmanager_secret_version"


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One file. Raises: ConfigurationError when a name or a value cannot be written."""
    return (GeneratedFile(NAME, json.dumps(_document(protection), indent=2) + "\n"),)


def _document(protection: Protection) -> dict[str, Any]:
    referenced = [secret for secret in protection.secrets if secret.value is None]
    data = {_label(secret): {"secret_id": _escaped(secret_id(secret))} for secret in referenced}
    group: dict[str, Any] = {
        "name": build.RULE_GROUP,
        "description": "REDCap scripts that anyone could call",
        "scope": "${var.redcap_waf_scope}",
        "capacity": build.reserved(protection),
        "rule": [_block(rule) for rule in build.rules(protection, _value)],
        "visibility_config": _block(build.visibility(build.RULE_GROUP)),
    }
    pages = [
        {"key": key, "content_type": page["ContentType"], "content": _escaped(page["Content"])}
        for key, page in build.bodies(protection).items()
    ]
    document: dict[str, Any] = {
        "//": "Refer to it from the web ACL by rule_group_reference_statement, lowest priority, override none.",
        "variable": {"redcap_waf_scope": {"type": "string", "default": "REGIONAL"}},
        "resource": {
            "aws_wafv2_rule_group": {"redcap_protect": group | ({"custom_response_body": pages} if pages else {})}
        },
        "output": {
            "redcap_protect_arn": {"value": "${aws_wafv2_rule_group.redcap_protect.arn}"},
            "redcap_redacted_fields": {"value": [_block(field) for field in redacted_fields(protection)]},
        },
    }
    return {**document, "data": {_DATA: data}} if data else document


def _label(secret: AcceptedSecret) -> str:
    return f"redcap_{secret.slot}"


def _value(secret: AcceptedSecret) -> str:
    return secret.value if secret.value is not None else f"${{data.{_DATA}.{_label(secret)}.secret_string}}"


def _escaped(text: str) -> str:
    """Text in which Terraform finds no expression."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _block(value: Any) -> Any:  # noqa: ANN401  any JSON
    """The API's names as Terraform's blocks."""
    if isinstance(value, list):
        return [_block(item) for item in value]
    if isinstance(value, dict):
        return {_name(name): _block(item) for name, item in value.items()}
    return value


def _name(name: str) -> str:
    if name == "Statements":
        return "statement"
    if name in _BLOCKS:
        return _BLOCKS[name]
    if name == "CloudWatchMetricsEnabled":
        return "cloudwatch_metrics_enabled"
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


TARGET = Target(
    name="terraform",
    title="Terraform (JSON): rule group for AWS WAF",
    checked="by a golden file and by the simulation; Terraform and its provider are not run",
    render=render,
    summary=summary,
)
