"""What the targets for AWS share: references to Secrets Manager, the rule group, and what to tell the person."""

from __future__ import annotations

import re
from typing import Any

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Protection
from scanner.protect.matching import unlock_path
from scanner.protect.wafv2 import build
from scanner.protect.wafv2.capacity import of_rules

_SECRET_ID = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}\Z|arn:aws[a-z-]*:secretsmanager:[A-Za-z0-9/_+=.@:-]{1,480}\Z")
BUDGET = 1500
"""Units of a web ACL in its base price."""


def secret_id(secret: AcceptedSecret) -> str:
    """Name or ARN of the secret in Secrets Manager. Raises: ConfigurationError for what can be neither."""
    if not _SECRET_ID.match(secret.reference):
        message = f"the reference {secret.reference!r} of the {secret.slot} secret is no name or ARN in Secrets Manager"
        raise ConfigurationError(message)
    return secret.reference


def dynamic(secret: AcceptedSecret) -> str:
    """The value, or the dynamic reference that CloudFormation resolves when it deploys.

    Source: AWS CloudFormation User Guide, "Get a secret or secret value from Secrets Manager".
    """
    if secret.value is not None:
        return secret.value
    return f"{{{{resolve:secretsmanager:{secret_id(secret)}:SecretString}}}}"


def group_properties(protection: Protection) -> dict[str, Any]:
    """Properties of the rule group in CloudFormation, without its scope."""
    properties: dict[str, Any] = {
        "Capacity": build.reserved(protection),
        "Description": "REDCap scripts that anyone could call",
        "Rules": build.rules(protection, dynamic),
        "VisibilityConfig": build.visibility(build.RULE_GROUP),
    }
    pages = build.bodies(protection)
    return {**properties, "CustomResponseBodies": pages} if pages else properties


def redacted_fields(protection: Protection) -> list[dict[str, Any]]:
    """Fields that a log of the web ACL must not hold."""
    fields: list[dict[str, Any]] = [{"SingleHeader": {"Name": protection.header.lower()}}]
    if unlock_path(protection):
        fields.append({"SingleHeader": {"Name": "cookie"}})
    if protection.query is not None:
        fields.append({"QueryString": {}})
    return fields


def summary(protection: Protection) -> tuple[str, ...]:
    """Cost, place among other rules, and what no rule can do."""
    now, most = build.capacity(protection), build.reserved(protection)
    parts = []
    for rule in build.rules(protection, lambda secret: secret.slot):
        one = of_rules([rule])
        parts.append(f"{rule['Name']} {one.low} to {one.high}")
    return (
        f"capacity: {now.low} WCU, {now.high} if the transformation NONE is charged ({', '.join(parts)})",
        f"capacity: {most} are reserved, so that a second secret fits; a web ACL has {BUDGET} in its base price",
        "priority: before every rule that allows, and before address, country and rate rules: the lowest number",
        "other rules: exemptions for cron.php (address or country lists) open more than cron.php: remove them",
        "logging: redact the fields of the logging configuration",
        "sampled requests: switch them off for the web ACL, they keep the secret",
        "load balancer: it must fail closed (waf.fail_open.enabled false); check it in your template",
        "origin: the server must not be reachable around the web ACL: limit its security group to the load balancer",
        "names: every alias and default domain needs the same web ACL",
        *_multiviews(protection),
    )


def _multiviews(protection: Protection) -> tuple[str, ...]:
    if not protection.multiviews:
        return ()
    return ("MultiViews: switching it off (`Options -MultiViews`) is safer and saves the second pattern",)
