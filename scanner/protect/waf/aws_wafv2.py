"""AWS WAF by its command line: input of `create-rule-group` or `update-rule-group`, and of the log's redaction.

The AWS command line resolves no references, so the file has `${NAME}` where a value goes, to be filled in by envsubst.
In search strings the value is in base64, as version 2 of the command line reads them: a file that was not filled in is
refused, and never deployed with a value that anybody could guess.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.matching import variable
from scanner.protect.waf._aws import redacted_fields, summary
from scanner.protect.wafv2 import build

GROUP = "redcap-protect-rule-group.json"
REFERENCE = "redcap-protect-web-acl-rule.json"
LOGGING = "redcap-protect-logging.json"


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """Rule group, the rule of the web ACL that refers to it, and the log's redaction.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    reference = {
        "Name": build.RULE_GROUP,
        "Priority": 0,
        "Statement": {"RuleGroupReferenceStatement": {"ARN": "${RULE_GROUP_ARN}"}},
        "OverrideAction": {"None": {}},
        "VisibilityConfig": build.visibility(build.RULE_GROUP),
    }
    logging = {
        "LoggingConfiguration": {
            "ResourceArn": "${WEB_ACL_ARN}",
            "LogDestinationConfigs": ["${LOG_DESTINATION_ARN}"],
            "RedactedFields": redacted_fields(protection),
        }
    }
    return (
        GeneratedFile(GROUP, _json(_group(protection))),
        GeneratedFile(REFERENCE, _json(reference)),
        GeneratedFile(LOGGING, _json(logging)),
    )


def _group(protection: Protection) -> dict[str, Any]:
    group: dict[str, Any] = {
        "Name": build.RULE_GROUP,
        "Scope": "REGIONAL",
        "Capacity": build.reserved(protection),
        "Description": "REDCap scripts that anyone could call",
        "Rules": _encoded(build.rules(protection, _search, _cookie)),
        "VisibilityConfig": build.visibility(build.RULE_GROUP),
    }
    pages = build.bodies(protection)
    return {**group, "CustomResponseBodies": pages} if pages else group


def _search(secret: AcceptedSecret) -> str:
    return secret.value if secret.value is not None else f"${{{variable(secret)}_BASE64}}"


def _cookie(secret: AcceptedSecret) -> str:
    return secret.value if secret.value is not None else f"${{{variable(secret)}}}"


def _encoded(value: Any) -> Any:  # noqa: ANN401  any JSON
    """Search strings in base64, but for those that are filled in later."""
    if isinstance(value, list):
        return [_encoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _base64(item) if key == "SearchString" else _encoded(item) for key, item in value.items()}


def _base64(text: str) -> str:
    return text if text.startswith("${") else base64.b64encode(text.encode()).decode("ascii")


def _json(value: Any) -> str:  # noqa: ANN401  any JSON
    return json.dumps(value, indent=2) + "\n"


TARGET = Target(
    name="aws-wafv2",
    title="AWS WAF: input of the AWS command line, version 2",
    checked="by the service model of botocore, by moto, and by the simulation; not deployed",
    render=render,
    summary=summary,
)
