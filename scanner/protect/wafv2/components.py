"""Components of a request that a statement of AWS WAF can look at.

Source: AWS WAF Developer Guide, "Request components in AWS WAF". A component that a request does not have is an empty
list: the statement does not match.
"""

from __future__ import annotations

import re
from typing import Any

from scanner.model.protection import RequestSpelling
from scanner.protect.wafv2.readings import Reading
from scanner.protect.wafv2.transforms import NotModelled, apply

_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://")
_BODY_LIMIT = 8192
"""Bytes of a body that are looked at behind an ALB, the least of all."""


def values(field: dict[str, Any], request: RequestSpelling, reading: Reading) -> list[bytes]:
    """Values of the component `field` names (the API's `FieldToMatch`). Raises: NotModelled for one that is not."""
    kind = next(iter(field), "")
    options: dict[str, Any] = field[kind] if isinstance(field.get(kind), dict) else {}
    if kind == "UriPath":
        return [path(request.target, reading)]
    if kind == "QueryString":
        return [query(request.target, reading)]
    if kind == "Method":
        return [request.method]
    if kind == "UriFragment":
        found = request.target.partition(b"#")
        return [found[2]] if found[1] and not reading.fragment_in_path else []
    if kind in _BY_NAME:
        return _BY_NAME[kind](options, request, reading)
    raise NotModelled(kind)


def path(target: bytes, reading: Reading) -> bytes:
    """The path as received: nothing is decoded or normalised."""
    if not reading.fragment_in_path:
        target = target.partition(b"#")[0]
    target = target.partition(b"?")[0]
    scheme = _SCHEME.match(target)
    if scheme and not reading.absolute_target:
        slash = target.find(b"/", scheme.end())
        return target[slash:] if slash >= 0 else b"/"
    return target


def query(target: bytes, reading: Reading) -> bytes:
    """What follows the first question mark."""
    if not reading.fragment_in_path:
        target = target.partition(b"#")[0]
    return target.partition(b"?")[2]


def _arguments(request: RequestSpelling, reading: Reading) -> list[tuple[bytes, bytes]]:
    found = []
    for part in query(request.target, reading).split(b"&"):
        name, _, value = part.partition(b"=")
        if reading.argument_names_decoded:
            name = apply(name, ("URL_DECODE",), reading)
        found.append((name.lower(), value))
    return found


def _single_argument(options: dict[str, Any], request: RequestSpelling, reading: Reading) -> list[bytes]:
    wanted = str(options.get("Name", "")).lower().encode()
    return [value for name, value in _arguments(request, reading) if name == wanted]


def _all_arguments(_options: dict[str, Any], request: RequestSpelling, reading: Reading) -> list[bytes]:
    return [value for _, value in _arguments(request, reading)]


def _single_header(options: dict[str, Any], request: RequestSpelling, _reading: Reading) -> list[bytes]:
    wanted = str(options.get("Name", "")).lower().encode()
    if wanted == b"host":
        raise NotModelled(options["Name"])  # the spelling does not say which host
    return [value for name, value in request.headers if name.lower() == wanted]


def _cookies(options: dict[str, Any], request: RequestSpelling, _reading: Reading) -> list[bytes]:
    pairs = []
    for name, value in request.headers:
        if name.lower() == b"cookie":
            pairs += [part.strip().partition(b"=")[::2] for part in value.split(b";") if part.strip()]
    return _scoped(options, pairs, included="IncludedCookies", excluded="ExcludedCookies")


def _headers(options: dict[str, Any], request: RequestSpelling, _reading: Reading) -> list[bytes]:
    return _scoped(options, list(request.headers), included="IncludedHeaders", excluded="ExcludedHeaders")


def _scoped(options: dict[str, Any], pairs: list[tuple[bytes, bytes]], *, included: str, excluded: str) -> list[bytes]:
    """Keys, values or both of the pairs that the match pattern picks."""
    pattern = options.get("MatchPattern", {})
    if included in pattern:
        wanted = {str(name).lower().encode() for name in pattern[included]}
        pairs = [pair for pair in pairs if pair[0].lower() in wanted]
    elif excluded in pattern:
        unwanted = {str(name).lower().encode() for name in pattern[excluded]}
        pairs = [pair for pair in pairs if pair[0].lower() not in unwanted]
    scope = options.get("MatchScope", "ALL")
    keys = [] if scope == "VALUE" else [key for key, _ in pairs]
    return keys + ([] if scope == "KEY" else [value for _, value in pairs])


def _body(_options: dict[str, Any], request: RequestSpelling, _reading: Reading) -> list[bytes]:
    if len(request.body) > _BODY_LIMIT:
        raise NotModelled(len(request.body))  # how much of it is looked at depends on the resource
    return [request.body] if request.body else []


_BY_NAME = {
    "SingleHeader": _single_header,
    "SingleQueryArgument": _single_argument,
    "AllQueryArguments": _all_arguments,
    "Cookies": _cookies,
    "Headers": _headers,
    "Body": _body,
}
