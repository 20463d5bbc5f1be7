"""What both Azure firewalls share: conditions of a custom rule. All conditions of a rule must hold.

The address that they see includes the query, so a script's name in the path must not be looked for behind a question
mark. One decoding is all they offer; names are therefore also matched with their characters still encoded once.
Sources: Azure documentation, "Custom rules for Web Application Firewall with Azure Front Door" and "... v2 custom rules
on Azure Application Gateway".
"""

from __future__ import annotations

from typing import Any

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Mode, Protection
from scanner.protect.matching import Group, Place, checked, groups
from scanner.protect.wafv2.build import name_pattern

LONGEST = 256
"""Characters of a match value."""
_BEFORE = r"^[^?]*[/\\](?:"
_QUESTION_MARK = r"^[^?]*%(?:25)*3f"
"""An encoded question mark in the path: once decoded, nobody can tell where the query begins."""
_AFTER = r")[\s.]*(?:$|[^A-Za-z0-9_.~-])"


class Rule(msgspec.Struct, frozen=True):
    """One custom rule before the words of a product: asks for a script, and shows none of the secrets anywhere."""

    name: str
    patterns: tuple[str, ...]
    """Any of them."""
    without: tuple[Place, ...]
    decoded: bool = True
    """The address is decoded before it is compared."""


def custom_rules(protection: Protection) -> list[Rule]:
    """Rules in order. Raises: ConfigurationError for what the products cannot express."""
    checked(protection)
    if protection.query is not None:
        message = "a secret in the query is not offered for Azure: use the header or the cookie"
        raise ConfigurationError(message)
    if protection.multiviews:
        message = "names without extension are not offered for Azure: switch MultiViews off on the server"
        raise ConfigurationError(message)
    found = [Rule(_name(group), _patterns(group), group.places) for group in groups(protection)]
    everywhere = min((rule.without for rule in found), key=len)
    return [*found, Rule("RedcapQuestionMark", (_QUESTION_MARK,), everywhere, decoded=False)]


def _name(group: Group) -> str:
    return f"Redcap{group.mode.value.capitalize()}"


def _patterns(group: Group) -> tuple[str, ...]:
    """One pattern for each script, in lower case like the address after its transformation."""
    found = []
    for name in dict.fromkeys(script.name.lower() for script in group.scripts):
        pattern = f"{_BEFORE}{name_pattern(name)}{_AFTER}"
        deep = f"{_BEFORE}{''.join(_maybe_encoded(char) for char in name)}{_AFTER}"
        found.append(deep if len(deep) <= LONGEST else pattern)
        if len(found[-1]) > LONGEST:
            message = f"the name {name!r} makes a pattern of more than {LONGEST} characters"
            raise ConfigurationError(message)
    return tuple(found)


def _maybe_encoded(char: str) -> str:
    """The character, or what is left of it after one decoding of a double encoding."""
    plain = name_pattern(char)
    if not char.isascii():
        return plain
    codes = sorted({f"{ord(case):02x}" for case in (char, char.upper())})
    return f"(?:{plain}|%{codes[0]})" if len(codes) == 1 else f"(?:{plain}|%(?:{'|'.join(codes)}))"


def parameter(secret: AcceptedSecret) -> str:
    """Name of the template's parameter for a secret."""
    return f"secret{secret.slot.capitalize()}"


def value(secret: AcceptedSecret) -> str:
    """The value, or the expression that reads the parameter."""
    if secret.value is None:
        return f"[parameters('{parameter(secret)}')]"
    return f"[{secret.value}" if secret.value.startswith("[") else secret.value  # `[[` escapes an expression


def document(kind: str, version: str, properties: dict[str, Any], protection: Protection) -> dict[str, Any]:
    """A template of Azure Resource Manager with one policy."""
    secrets = [secret for secret in protection.secrets if secret.value is None]
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {
            "policyName": {"type": "string", "defaultValue": "redcapProtect"},
            "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
            **{
                parameter(secret): {
                    "type": "securestring",
                    "minLength": 22,
                    "metadata": {"description": f"From Key Vault: {secret.reference}"},
                }
                for secret in secrets
            },
        },
        "resources": [
            {"type": kind, "apiVersion": version, "name": "[parameters('policyName')]", "properties": properties}
        ],
    }


def summary(protection: Protection) -> tuple[str, ...]:
    """What has to be done besides."""
    cookie = any(script.mode is Mode.COOKIE for script in protection.scripts)
    return (
        "not run: these files are checked against a schema and by eye only; try them in Detection mode first",
        "secrets: give the parameters by a reference to Key Vault in the parameter file",
        "origin: accept requests from the gateway only (private endpoint, or the X-Azure-FDID header)",
        "logs: scrub the header and the cookie (log scrubbing rules of the policy)",
        *(["cookie: Azure hands out none: set it by hand, or by the unlock page of the server behind"] * cookie),
    )
