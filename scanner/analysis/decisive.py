"""What of a sink is left to callers: addresses above all, and of those what no store of a class tells."""

from __future__ import annotations

import re

from scanner.analysis.enums import is_enum
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.state import State
from scanner.analysis.summary import FIRST_ELEMENT_TEMPLATE, HASHED, PARAM, closed
from scanner.analysis.templates import OF_OBJECT, PARAMETERS, RECEIVER_TEMPLATE, HoleTable
from scanner.analysis.values import NOTHING, Val, all_labels
from scanner.model.signature import Certainty, Signature

URL_ROLES = ("url", "url-extra", "host", "dsn", "path")
"""Roles of what says where a call goes."""
_HOST = re.compile(r"://[^/?#]+[/?#]")
_SCHEMES = ("http://", "https://", "ftp://", "ftps://", "ssl://", "tls://", "tcp://", "udp://")


def decisive(evaluator: Evaluator, signature: Signature, roles: dict[str, Val]) -> dict[str, Val]:
    """Roles of a sink; properties of an object are left to callers only of sure network calls and of addresses.

    What else is in a property is known from the property's store, which all objects of the class share.
    """
    if signature.certainty is Certainty.ALWAYS or _is_told_by_callers(roles.get("command", NOTHING)):
        return roles
    open_texts = [text for role in URL_ROLES if role in roles for text in roles[role].texts if PARAMETERS.search(text)]
    holes = evaluator.state.holes
    if signature.certainty is Certainty.IF_URL and open_texts:
        untold = any(_is_untold(evaluator.state, label) for value in roles.values() for label in all_labels(value))
        cases = _is_case(evaluator)
        if all(cases or _host_stands(holes, text, untold=untold) for text in open_texts):
            return roles  # `'https://host/?' . $this->data` is as sure
        if evaluator.state.growth.in_texts(open_texts):
            return roles  # an address that is put together piece by piece stands whole in no store
    addressed = signature.certainty is not Certainty.IF_URL
    return {role: value if addressed and role in URL_ROLES else closed(value, holes) for role, value in roles.items()}


def _is_told_by_callers(command: Val) -> bool:
    """Whether callers say what a command is, and so where its process sends what the object holds."""
    return any(map(PARAMETERS.search, command.texts))


def _host_stands(holes: HoleTable, text: str, *, untold: bool) -> bool:
    """Whether an address names its host before the first piece that a caller decides.

    Or it surely is one (it has a scheme, or a query), and the host is a property of an object that callers pass; those
    of the own object are in the store of the class, save where callers too far out put something into one that is sent.
    """
    known, *_others = PARAMETERS.split(text, maxsplit=1)
    if _HOST.search(known) is not None:
        return True
    first = text[len(known)]
    origin = holes.origin(first)
    if origin is None:
        return "?" in text and first != RECEIVER_TEMPLATE
    has_scheme = text.startswith(_SCHEMES)
    if origin[0] != RECEIVER_TEMPLATE:
        return has_scheme or "?" in text
    return has_scheme and untold


def _is_case(evaluator: Evaluator) -> bool:
    """Whether the object is a case of an enum: what its value is, no store tells."""
    return bool(evaluator.cls) and is_enum(evaluator.state, [evaluator.cls])


def _is_untold(state: State, label: str) -> bool:
    """Whether a label is one of a property, or of a part of one, of which the store of the class has not all."""
    name = label[len(PARAM) :].removeprefix(HASHED) if label.startswith(PARAM) else ""
    origin = state.holes.origin(name) if name >= FIRST_ELEMENT_TEMPLATE else None
    while origin is not None:
        if origin[1].removeprefix(OF_OBJECT) in state.untold:
            return True
        origin = state.holes.origin(origin[0])
    return False
