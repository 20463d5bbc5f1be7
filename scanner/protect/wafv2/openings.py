"""Which values a web ACL accepts as a secret, and where: found in its rules, not asked of the user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.model.protection import RequestSpelling
from scanner.protect.wafv2.acl import Rule, WebAcl
from scanner.protect.wafv2.engine import search_bytes
from scanner.protect.wafv2.transforms import NotModelled

_ORDINARY = frozenset({"accept", "accept-encoding", "accept-language", "authorization", "content-length",
    "content-type", "host", "origin", "referer", "sec-fetch-mode", "sec-fetch-site", "user-agent", "x-forwarded-for",
    "x-forwarded-proto"})  # fmt: skip


class Opening(msgspec.Struct, frozen=True, order=True):
    """A value that a rule compares with a place of the request, byte by byte."""

    kind: str
    """`header`, `cookie` or `query`."""
    name: str
    value: bytes

    @property
    def place(self) -> str:
        """Words for a report; the value is never shown."""
        return {"header": "header ", "cookie": "cookie ", "query": "query argument "}[self.kind] + self.name

    def applied(self, request: RequestSpelling) -> RequestSpelling:
        """The request with this value in its place."""
        fields = {name: getattr(request, name) for name in request.__struct_fields__}
        if self.kind == "query":
            sign = b"&" if b"?" in request.target else b"?"
            fields["target"] = b"%s%s%s=%s" % (request.target, sign, self.name.encode(), self.value)
        elif self.kind == "cookie":
            fields["headers"] = (*request.headers, (b"Cookie", b"%s=%s" % (self.name.encode(), self.value)))
        else:
            fields["headers"] = (*request.headers, (self.name.encode(), self.value))
        return RequestSpelling(**fields)


def openings(acl: WebAcl) -> tuple[Opening, ...]:
    """Every value that may open something, sorted."""
    rules = [*acl.rules, *(rule for group in acl.groups for rule in group.rules)]
    return tuple(sorted({found for rule in rules for found in _of_rule(rule)}))


def _of_rule(rule: Rule) -> Iterator[Opening]:
    for body in _byte_matches(rule.statement):
        if body.get("PositionalConstraint") != "EXACTLY":
            continue
        try:
            value = search_bytes(body)
        except NotModelled:
            continue
        field = body.get("FieldToMatch")
        if isinstance(field, dict) and not any(byte in b"\r\n" for byte in value):
            for kind, name in _places(field):
                yield Opening(kind, name, value)


def _places(field: dict[str, Any]) -> Iterator[tuple[str, str]]:
    header = field.get("SingleHeader") or {}
    if header.get("Name") and str(header["Name"]).lower() not in _ORDINARY:
        yield "header", str(header["Name"])
    argument = field.get("SingleQueryArgument") or {}
    if argument.get("Name"):
        yield "query", str(argument["Name"])
    pattern = (field.get("Cookies") or {}).get("MatchPattern") or {}
    for name in pattern.get("IncludedCookies") or ():
        yield "cookie", str(name)


def _byte_matches(statement: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  any JSON
    """Every byte match at any depth."""
    if isinstance(statement, list):
        for item in statement:
            yield from _byte_matches(item)
    elif isinstance(statement, dict):
        for key, item in statement.items():
            if key == "ByteMatchStatement" and isinstance(item, dict):
                yield item
            else:
                yield from _byte_matches(item)
