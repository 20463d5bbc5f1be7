"""What AWS WAF would do with a request: the generated rule, and the sample of the redcap-on-aws project as its peer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scanner.model.protection import Protection, RequestSpelling
from scanner.protect.wafv2.acl import WebAcl, rules_of
from scanner.protect.wafv2.build import rules
from scanner.protect.wafv2.engine import evaluate
from scanner.protect.wafv2.readings import readings
from tests.servers.farm import CURRENT, NEXT

VALUES = {"current": CURRENT, "next": NEXT}
ONE, ALL = ("cron.php",), ("cron.php", "install.php", "upgrade.php")
"""Scripts that the sample protects, and those that its documentation asks to add."""


class Judge:
    """A rule of AWS WAF: is a request let through in some reading?"""

    def __init__(self, acl: WebAcl) -> None:
        self._acl = acl
        self._known: dict[RequestSpelling, list[bool]] = {}

    def lets_through(self, request: RequestSpelling) -> bool:
        """In any reading."""
        return any(self._outcomes(request))

    def refuses(self, request: RequestSpelling) -> bool:
        """In any reading."""
        return not all(self._outcomes(request))

    def _outcomes(self, request: RequestSpelling) -> list[bool]:
        """Allowed or not, in every reading: many configurations are reached by the same requests."""
        if request not in self._known:
            self._known[request] = [
                outcome.allowed
                for reading in readings(request)
                for outcome in evaluate(self._acl, request, reading).outcomes
            ]
        return self._known[request]


def generated(protection: Protection) -> Judge:
    """The rule that we generate."""
    items = rules(protection, lambda secret: VALUES[secret.slot])
    return Judge(WebAcl(name="generated", rules=rules_of(items)))


def sample(names: Iterable[str]) -> Judge:
    """The pattern of the redcap-on-aws sample: the raw path ends with the name, unless the query has the secret."""
    items = [
        {"Name": name, "Priority": number, "Action": {"Block": {}}, "Statement": _sample(name)}
        for number, name in enumerate(names)
    ]
    return Judge(WebAcl(name="sample", rules=rules_of(items)))


def _sample(name: str) -> dict[str, Any]:
    def match(field: dict[str, Any], text: str, how: str) -> dict[str, Any]:
        plain = [{"Priority": 0, "Type": "NONE"}]
        body = {"FieldToMatch": field, "SearchString": text, "PositionalConstraint": how, "TextTransformations": plain}
        return {"ByteMatchStatement": body}

    shown = match({"SingleQueryArgument": {"Name": "secret"}}, CURRENT, "EXACTLY")
    asked = match({"UriPath": {}}, name, "ENDS_WITH")
    return {"AndStatement": {"Statements": [asked, {"NotStatement": {"Statement": shown}}]}}
