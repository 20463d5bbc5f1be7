"""What of a sink is left to callers: addresses above all, and of those what no store of a class tells."""

from __future__ import annotations

import re

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.summary import closed
from scanner.analysis.templates import OF_OBJECT, PARAMETERS, RECEIVER_TEMPLATE, HoleTable
from scanner.analysis.values import Val
from scanner.model.signature import Certainty, Signature

URL_ROLES = ("url", "url-extra", "host", "dsn", "path")
"""Roles of what says where a call goes."""
_HOST = re.compile(r"://[^/?#]+[/?#]")
_SCHEMES = ("http://", "https://", "ftp://", "ftps://", "ssl://", "tls://", "tcp://", "udp://")


def decisive(evaluator: Evaluator, signature: Signature, roles: dict[str, Val]) -> dict[str, Val]:
    """Roles of a sink; properties of an object are left to callers only of sure network calls and of addresses.

    What else is in a property is known from the property's store, which all objects of the class share.
    """
    if signature.certainty is Certainty.ALWAYS:
        return roles
    open_texts = [text for role in URL_ROLES if role in roles for text in roles[role].texts if PARAMETERS.search(text)]
    holes = evaluator.state.holes
    if signature.certainty is Certainty.IF_URL and open_texts:
        if all(_host_stands(text, holes) or _host_is_untold(evaluator, text) for text in open_texts):
            return roles  # `'https://host/?' . $this->data` is as sure
        if evaluator.state.growth.in_texts(open_texts):
            return roles  # an address that is put together piece by piece stands whole in no store
    addressed = signature.certainty is not Certainty.IF_URL
    return {role: value if addressed and role in URL_ROLES else closed(value, holes) for role, value in roles.items()}


def _host_stands(text: str, holes: HoleTable) -> bool:
    """Whether an address names its host before the first piece that a caller decides.

    Or it surely is one (no path has a query), and the host is a property of an object that callers pass; those of the
    own object are in the store of the class.
    """
    known, *_others = PARAMETERS.split(text, maxsplit=1)
    if _HOST.search(known) is not None:
        return True
    origin = holes.origin(text[len(known)])
    if "?" in text and text[len(known)] != RECEIVER_TEMPLATE:
        return origin is None or origin[0] != RECEIVER_TEMPLATE
    return text.startswith(_SCHEMES) and origin is not None and origin[0] != RECEIVER_TEMPLATE


def _host_is_untold(evaluator: Evaluator, text: str) -> bool:
    """Whether a text surely is an address, of which the host is a property that callers too far out decide.

    The store of the class has not what they say.
    """
    known, *_others = PARAMETERS.split(text, maxsplit=1)
    origin = evaluator.state.holes.origin(text[len(known)])
    return (
        text.startswith(_SCHEMES) and origin is not None and origin[1].removeprefix(OF_OBJECT) in evaluator.state.untold
    )
