"""One form for what the API, CloudFormation, CDK and Terraform write of a rule: the API's own.

References that only a deployment resolves (`{{resolve:...}}`, intrinsic functions, Terraform expressions) become a
stand-in of 64 hexadecimal digits: equal references are equal, and nobody can guess one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import Any

from scanner.errors import ConfigurationError

Json = Any  # decoded JSON of a file; its shape is checked where it is used
DEEPEST = 120
_DYNAMIC = re.compile(r"\{\{resolve:|\$\{")
_OPEN_PLACE = re.compile(r"\$\{[A-Z0-9_]+_BASE64\}")
_TERRAFORM_REFERENCE = re.compile(r"\$\{([A-Za-z0-9_.\[\]\"-]+)\.(?:arn|id)\}")
_NAMES = {
    "Rule": "Rules",
    "Arn": "ARN",
    "IpSetReferenceStatement": "IPSetReferenceStatement",
    "IpSetForwardedIpConfig": "IPSetForwardedIPConfig",
    "IpsetForwardedIpConfig": "IPSetForwardedIPConfig",
    "CloudwatchMetricsEnabled": "CloudWatchMetricsEnabled",
    "TextTransformation": "TextTransformations",
    "RuleLabel": "RuleLabels",
    "ResponseHeader": "ResponseHeaders",
    "RuleActionOverride": "RuleActionOverrides",
    "ExcludedRule": "ExcludedRules",
    "CustomKey": "CustomKeys",
    "RegularExpression": "RegularExpressionList",
}
_LISTS = frozenset({
    "Rules", "Statements", "TextTransformations", "RuleLabels", "ResponseHeaders", "RuleActionOverrides",
    "ExcludedRules", "CustomKeys", "RegularExpressionList", "IncludedCookies", "ExcludedCookies", "IncludedHeaders",
    "ExcludedHeaders", "CountryCodes", "IncludedPaths",
})  # fmt: skip
_INTRINSIC = re.compile(r"(?:Ref|Condition|Fn::[A-Za-z:]+)\Z")


def check_depth(value: Json) -> None:
    """Refuse nesting that is made to exhaust us. Raises: ConfigurationError."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    message = f"the rules are nested more than {DEEPEST} levels deep: no web ACL is"
    raise ConfigurationError(message)


def canonical(value: Json) -> Json:
    """Keys as the API writes them; Terraform's blocks of one as objects, its empty blocks gone."""
    if isinstance(value, list):
        return [canonical(item) for item in value if item is not None]
    if not isinstance(value, dict):
        return value
    if reference(value) is not None:
        return value
    found: dict[str, Json] = {}
    for key, item in value.items():
        name = _pascal(str(key))
        if item is None or (item == [] and name not in _LISTS):
            continue
        found[name] = _block(name, canonical(item))
    return found


def _block(name: str, item: Json) -> Json:
    if name in ("AndStatement", "OrStatement"):
        body = item[0] if isinstance(item, list) and len(item) == 1 else item
        if isinstance(body, dict) and "Statement" in body:
            inner = body["Statement"]
            return {"Statements": inner if isinstance(inner, list) else [inner]}
        return body
    if name in _LISTS:
        return item if isinstance(item, list) else [item]
    if isinstance(item, list) and len(item) == 1 and isinstance(item[0], dict):
        return item[0]
    return item


def _pascal(key: str) -> str:
    """`byte_match_statement` and `byteMatchStatement` as `ByteMatchStatement`."""
    if "_" in key and key == key.lower():
        key = "".join(part[:1].upper() + part[1:] for part in key.split("_"))
    elif key[:1].islower() and key.isalnum():
        key = key[:1].upper() + key[1:]
    return _NAMES.get(key, key)


def reference(value: Json) -> str | None:
    """Name of what an intrinsic function of CloudFormation refers to; None for anything else."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    key, item = next(iter(value.items()))
    if not isinstance(key, str) or not _INTRINSIC.match(key):
        return None
    if key == "Ref" and isinstance(item, str):
        return item
    if key == "Fn::GetAtt":
        return str(item[0]) if isinstance(item, list) and item else str(item).partition(".")[0]
    return stand_in(json.dumps(value, sort_keys=True, default=str))


def stand_in(text: str) -> str:
    """Value that stands for a reference."""
    return hashlib.sha256(b"reference:" + text.encode("utf-8", "surrogateescape")).hexdigest()


def resolved(value: Json) -> Json:
    """The rules with references replaced: ARNs by the name of what they refer to, other text by a stand-in."""
    if isinstance(value, list):
        return [resolved(item) for item in value]
    if isinstance(value, dict):
        name = reference(value)
        if name is not None:
            return name if re.fullmatch(r"[0-9a-f]{64}", name) else stand_in(name)
        return {key: _named(item) if key == "ARN" else resolved(item) for key, item in value.items()}
    if isinstance(value, str) and _DYNAMIC.search(value):
        return stand_in(value)
    return value


def _named(value: Json) -> str:
    name = reference(value)
    if name is not None:
        return name
    found = _TERRAFORM_REFERENCE.fullmatch(str(value))
    return found[1] if found else str(value)


def decode_search_strings(value: Json) -> Json:
    """Search strings as bytes when the file holds them in base64, as the AWS command line writes them.

    Places that our own template for the command line leaves open become stand-ins.
    """
    value = _filled(value)
    decoded = [_from_base64(text) for text in _search_strings(value)]
    if decoded and all(item is not None and _readable(item) for item in decoded):
        return _with_bytes(value)
    return value


def _filled(value: Json) -> Json:
    if isinstance(value, list):
        return [_filled(item) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items()}
    return stand_in(value).encode() if isinstance(value, str) and _OPEN_PLACE.fullmatch(value) else value


def _readable(data: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in data)  # noqa: PLR2004  visible ASCII and blank


def _search_strings(value: Json) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _search_strings(item)]
    if not isinstance(value, dict):
        return []
    own = value.get("SearchString")
    below = [text for item in value.values() for text in _search_strings(item)]
    return [own, *below] if isinstance(own, str) else below


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _with_bytes(value: Json) -> Json:
    if isinstance(value, list):
        return [_with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: (_from_base64(item) or b"") if key == "SearchString" and isinstance(item, str) else _with_bytes(item)
        for key, item in value.items()
    }
