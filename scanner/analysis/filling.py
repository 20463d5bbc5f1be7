"""Templates that are filled: what stands in the place of their marks, known or not.

A template whose marks nobody can follow (`strtr($page, $this->values)` with computed names) still says to which host
its addresses lead: what is put in stands somewhere in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles, labels_of
from scanner.analysis.templates import FIRST_PRIVATE
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import Call

CLASS = "messageformatter"
"""PHP's own class for messages with numbered and named marks."""
_ADDRESS = re.compile(
    rf"(?:https?:|wss?:)?//[a-z0-9][a-z0-9.:-]*[/?#][^\s\"'<>`\\{FIRST_PRIVATE}-\U0010ffff]*", re.IGNORECASE
)
"""An address whose host is written out."""
_MARK = re.compile(
    r"[{%\[@#$_|~!*:^]{1,3}[ ]?\$?[a-z0-9][\w.-]*[ ]?[}%\]@#$_|~!*:^]{1,3}"
    r"|%(?:\d\$)?[-+0]?\d*[a-z]|:[a-z]\w*\Z|(?<=[=/?&])\$\w+",
    re.IGNORECASE,
)
"""What templates put where a value comes: `{c}`, `{{ c }}`, `%c%`, `__C__`, `[c]`, `@c@`, `%s`, `:c`, `$c`."""
_MESSAGE_MARK = re.compile(r"\{\s*([A-Za-z0-9_]+)\s*(?:,[^{}]*)?\}")
_FORM = "\0form"
_MAX_SUBJECT = 20_000
_MAX_ADDRESSES = 12


def addresses(evaluator: Evaluator, subject: Val) -> frozenset[str]:
    """Addresses with a mark in the texts of a template, a hole in the place of the mark."""
    found: list[str] = []
    hole = evaluator.state.holes.template("unknown", "what is put in")
    for text in sorted(subject.texts):
        if "//" not in text or len(text) > _MAX_SUBJECT or text.startswith(("http:", "https:")):
            continue
        for match in _ADDRESS.finditer(text):
            authority, rest = _divided(match[0])
            filled = _MARK.sub(hole, rest)
            if filled != rest:
                found.append(authority + filled)
    return frozenset(found[:_MAX_ADDRESSES])


def _divided(address: str) -> tuple[str, str]:
    """Scheme and host of an address, and what follows."""
    start = address.index("//") + 2
    end = min(place for mark in "/?#" if (place := address.find(mark, start)) >= 0)
    return address[: end + 1], address[end + 1 :]


def message(evaluator: Evaluator, form: Val, values: Val, node: Call) -> Val:
    """Text of a message: each mark replaced by the value of its number or name."""
    labels = labels_of(evaluator, [form, values])
    known = [text for text in evaluator.known_texts(form) if len(text) <= _MAX_SUBJECT]
    if not known:
        return Val(evaluator.unknown(node).texts, labels)
    items = values.items or {}
    unknown = evaluator.state.holes.template("unknown", "what is put in")

    def put(match: re.Match[str]) -> str:
        item = items.get(match[1], NOTHING)
        return next(iter(item.texts)) if len(item.texts) == 1 else unknown

    return Val(frozenset(_MESSAGE_MARK.sub(put, text) for text in known), labels)


def instance(args: Sequence[Val]) -> Val:
    """A `MessageFormatter`: its pattern is kept as an element that no PHP code can name."""
    return Val(types=frozenset([CLASS]), items={_FORM: args[1] if len(args) > 1 else NOTHING})


def called(
    evaluator: Evaluator, node: Call, cls: str, method: str, receiver: Val, args: Sequence[Val]
) -> Iterator[Val]:
    """Value of a method of a `MessageFormatter`; nothing for other classes."""
    form = (receiver.items or {}).get(_FORM, NOTHING)
    if cls == CLASS and method == "format":
        yield message(evaluator, form, args[0] if args else NOTHING, node)
    elif cls == CLASS and method == "getpattern":
        yield form


def of_class(evaluator: Evaluator, node: Call, cls: str, method: str, args: list[Val]) -> Val | None:
    """A static method of `MessageFormatter`; None for one of another class."""
    if cls != CLASS:
        return None
    return instance(args) if method == "create" else _format_message(evaluator, node, args)


@handles("msgfmt_create")
def _create(_evaluator: Evaluator, _node: Call, args: list[Val]) -> Val:
    return instance(args)


@handles("msgfmt_format")
def _format(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    form = (args[0].items or {}).get(_FORM, NOTHING) if args else NOTHING
    return message(evaluator, form, args[1] if len(args) > 1 else NOTHING, node)


@handles("msgfmt_format_message")
def _format_message(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    """Also `MessageFormatter::formatMessage($locale, $pattern, $values)`."""
    form, values = [*args[1:3], NOTHING, NOTHING][:2]
    return message(evaluator, form, values, node)


def register() -> None:
    """Make sure that the handlers above are known."""
