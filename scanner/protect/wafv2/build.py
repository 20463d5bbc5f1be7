r"""The rules that we write for AWS WAF, as values in the API's form, before any language.

The path is decoded twice and searched for a whole segment with a script's name; it is not normalised, since whatever a
filter folds away the server behind it may not. A second condition stops every path that no regular expression can read
(not UTF-8), so that the answer to that open question does not matter. Secrets are compared as exact bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection
from scanner.protect.matching import checked, cookie_attributes, unlock_page, unlock_path
from scanner.protect.wafv2.capacity import Capacity, of_rules
from scanner.protect.wafv2.patterns import LONGEST

RULE_GROUP = "redcap-protect"
LOCKED_PAGE = "redcap-locked"
"""Key of the page that a browser sees instead of a locked script."""
_DECODED = ("URL_DECODE_UNI", "URL_DECODE")
_DECODED_MORE = ("URL_DECODE_UNI", "URL_DECODE", "URL_DECODE")
_SEPARATOR = r"[/\\]"
_INSIDE = r"[^/\\]"
_DOTS = r"\.{1,2}"
_END = r"[\s.]*(?:$|[^A-Za-z0-9_.~-])"
_LONGEST_HEADER = 255
_REFERENCE = re.compile(r"\{\{|\$\{")
Text = Callable[[AcceptedSecret], str]


def _check_names(protection: Protection) -> None:
    """Raises: ConfigurationError for a name of which the manual does not tell how it looks once it is decoded."""
    for script in protection.scripts:
        if "%" in script.name:
            message = f"no rule of AWS WAF surely matches the script name {script.name!r}: rename the file"
            raise ConfigurationError(message)


def rules(protection: Protection, search: Text, cookie: Text | None = None) -> list[dict[str, Any]]:
    """Rules in order of priority. `search` and `cookie` give a secret as it stands in a byte match and in a header.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    checked(protection)
    _check_names(protection)
    opened = tuple(script for script in protection.scripts if script.mode is not Mode.BLOCK)
    blocked = tuple(script for script in protection.scripts if script.mode is Mode.BLOCK)
    found = []
    if opened:
        unlocks = unlock_path(protection) is not None
        found.append(_rule("redcap-protect", _guard(protection, opened, search), _refuse(page=unlocks)))
    if blocked:
        # Beside a rule that asks for a secret, what cannot be read is stopped there already.
        unreadable = [] if opened else [_unreadable(protection)]
        found.append(_rule("redcap-block", _any([*_asked(protection, blocked), *unreadable]), _refuse(page=False)))
    if path := unlock_path(protection):
        found.append(_rule("redcap-unlock", _exactly({"UriPath": {}}, path), _unlock(protection, cookie or search)))
    return [{"Name": rule["Name"], "Priority": position, **rule} for position, rule in enumerate(found)]


def _rule(name: str, statement: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "Statement": statement,
        "Action": {"Block": action},
        "VisibilityConfig": visibility(name),
    }


def visibility(name: str) -> dict[str, Any]:
    """Metrics, but no sampled requests: those are kept with the secret in them."""
    return {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": name}


def _refuse(*, page: bool) -> dict[str, Any]:
    if not page:
        return {}
    return {
        "CustomResponse": {
            "ResponseCode": 403,
            "CustomResponseBodyKey": LOCKED_PAGE,
            "ResponseHeaders": [{"Name": "Cache-Control", "Value": "no-store"}],
        }
    }


def _unlock(protection: Protection, cookie: Text) -> dict[str, Any]:
    """Hand the cookie out. Only who has shown a secret comes here: the first rule stops all others."""
    value = f"{protection.cookie}={cookie(protection.secrets[0])}; {cookie_attributes(protection)}"
    if len(value) > _LONGEST_HEADER and not _REFERENCE.search(value):
        message = (
            f"the cookie {protection.cookie!r} with its value and path is longer than {_LONGEST_HEADER} characters"
        )
        raise ConfigurationError(message)
    headers = [{"Name": "Set-Cookie", "Value": value}, {"Name": "Cache-Control", "Value": "no-store"}]
    return {"CustomResponse": {"ResponseCode": 204, "ResponseHeaders": headers}}


def bodies(protection: Protection) -> dict[str, Any]:
    """Pages that the rules answer with, by key; empty when there is none."""
    path = unlock_path(protection)
    if path is None:
        return {}
    page = unlock_page(protection).replace("location.pathname", f"'{path}'")
    return {LOCKED_PAGE: {"ContentType": "TEXT_HTML", "Content": page}}


def _guard(protection: Protection, scripts: tuple[ProtectedScript, ...], search: Text) -> dict[str, Any]:
    """Asks for a script, or cannot be read, and shows no secret."""
    fallback = _fallback(scripts) if protection.paranoid else []
    names = unlock_path(protection)
    asked = [
        *_asked(protection, scripts, *([names.rpartition("/")[2]] if names else [])),
        _unreadable(protection),
        *fallback,
    ]
    shown = [_exactly(place, search(secret)) for place in _places(protection, scripts) for secret in protection.secrets]
    return {"AndStatement": {"Statements": [_any(asked), {"NotStatement": {"Statement": _any(shown)}}]}}


def _unreadable(protection: Protection) -> dict[str, Any]:
    """True for a path that no regular expression matches, if there is such a path at all."""
    return {"NotStatement": {"Statement": _regex(r"^[\s\S]", protection)}}


def _places(protection: Protection, scripts: tuple[ProtectedScript, ...]) -> list[dict[str, Any]]:
    """Components that may carry a secret. A cookie opens what the header opens: it is handed out for the header."""
    found: list[dict[str, Any]] = [{"SingleHeader": {"Name": protection.header.lower()}}]
    if any(script.mode is Mode.COOKIE for script in scripts):
        pattern = {"IncludedCookies": [protection.cookie]}
        found.append({"Cookies": {"MatchPattern": pattern, "MatchScope": "VALUE", "OversizeHandling": "NO_MATCH"}})
    if protection.query is not None:
        found.append({"SingleQueryArgument": {"Name": protection.query.lower()}})
    return found


def _any(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return statements[0] if len(statements) == 1 else {"OrStatement": {"Statements": statements}}


def _exactly(field: dict[str, Any], text: str) -> dict[str, Any]:
    return _byte_match(field, text, "EXACTLY", ("NONE",))


def _byte_match(field: dict[str, Any], text: str, constraint: str, transforms: tuple[str, ...]) -> dict[str, Any]:
    return {
        "ByteMatchStatement": {
            "SearchString": text,
            "FieldToMatch": field,
            "TextTransformations": _transformations(transforms),
            "PositionalConstraint": constraint,
        }
    }


def _regex(pattern: str, protection: Protection) -> dict[str, Any]:
    return {
        "RegexMatchStatement": {
            "RegexString": pattern,
            "FieldToMatch": {"UriPath": {}},
            "TextTransformations": _transformations(_DECODED_MORE if protection.paranoid else _DECODED),
        }
    }


def _transformations(names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"Priority": position, "Type": name} for position, name in enumerate(names)]


def _asked(protection: Protection, scripts: tuple[ProtectedScript, ...], *more: str) -> list[dict[str, Any]]:
    """Statements that are true for a path that asks for one of the scripts."""
    names = [name_pattern(name) for name in (*(script.name for script in scripts), *more)]
    patterns = _joined(rf"(?i)(?:^|{_SEPARATOR})(?:", names, rf"){_END}")
    if protection.multiviews and (stems := _stems(scripts)):
        patterns += _joined(f"(?i)(?:{_folders(protection, scripts)})(?:", stems, rf"){_END}")
    return [_regex(pattern, protection) for pattern in patterns]


def _joined(before: str, words: list[str], after: str) -> list[str]:
    """Alternatives in as few patterns as their length allows."""
    found: list[str] = []
    group: list[str] = []
    for word in dict.fromkeys(words):
        if group and len(before) + len("|".join((*group, word))) + len(after) > LONGEST:
            found.append(before + "|".join(group) + after)
            group = []
        group.append(word)
    return [*found, before + "|".join(group) + after]


def name_pattern(text: str) -> str:
    """Pattern for exactly this name, in ASCII.

    What is not ASCII becomes "anything but a separator": whether the engine reads bytes or characters
    is not documented. So does a per cent sign with what follows: decoding twice may take it for an escape.
    """
    return re.sub(r"%.{0,2}|[^\x00-\x7f]+|[^A-Za-z0-9_]", lambda found: _special(found[0]), text)


def _special(text: str) -> str:
    if not text.isascii() or text.startswith("%"):
        return _INSIDE + "*"
    if text == "+":
        return r"[+\x20]"  # decoding may turn it into a blank
    return f"\\{text}" if text.isprintable() and text != " " else f"\\x{ord(text):02x}"


def _stems(scripts: tuple[ProtectedScript, ...]) -> list[str]:
    """Names without their last extensions, as MultiViews serves them."""
    found = []
    for script in scripts:
        parts = script.name.split(".")
        found += [name_pattern(".".join(parts[:length])) for length in range(1, len(parts)) if parts[0]]
    return found


def _folders(protection: Protection, scripts: tuple[ProtectedScript, ...]) -> str:
    """Where a name without extension means a script: below the folders that hold one, or a dot segment.

    Elsewhere `install` and `upgrade` are ordinary words of a path.
    """
    parents = {path.split("/")[-2] for script in scripts for path in script.paths if "/" in path}
    base = protection.base_path.strip("/").rpartition("/")[2]
    words = [name_pattern(name).replace(r"\@", _INSIDE + "*") for name in sorted((parents | {base}) - {""})]
    inside = "|".join((*words, _DOTS))
    start = rf"^(?:[a-z]+:{_SEPARATOR}*{_INSIDE}*)?{_SEPARATOR}+|" if protection.base_path == "/" else ""
    return rf"{start}{_SEPARATOR}(?:{inside}){_SEPARATOR}+"


def _fallback(scripts: tuple[ProtectedScript, ...]) -> list[dict[str, Any]]:
    """Byte matches that need no regular expression. Only for names in ASCII: others have no one spelling in bytes."""
    transforms = (*_DECODED_MORE, "LOWERCASE")
    found = []
    for name in dict.fromkeys(script.name.lower() for script in scripts if script.name.isascii()):
        found.append(_byte_match({"UriPath": {}}, f"/{name}", "ENDS_WITH", transforms))
        found.append(_byte_match({"UriPath": {}}, f"/{name}/", "CONTAINS", transforms))
    return found


def capacity(protection: Protection) -> Capacity:
    """Units of the rules as they are."""
    return of_rules(rules(protection, lambda secret: secret.slot))


def reserved(protection: Protection) -> int:
    """Units to reserve for a rule group, which cannot be changed later: with two secrets, in the dearer reading."""
    both = (AcceptedSecret("current", "redcap/a"), AcceptedSecret("next", "redcap/b"))
    full = Protection(**{name: getattr(protection, name) for name in protection.__struct_fields__} | {"secrets": both})
    return capacity(full).high if protection.secrets else capacity(protection).high
