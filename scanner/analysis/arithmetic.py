"""PHP's operators on known operands: numbers, bytes and comparisons, as decoders of obfuscated code compute with them.

Operands are texts (see `templates`); `true` is "1", `false` and `null` are "". Source: PHP manual, Operators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.analysis.values import NOTHING, Val, text_value

_MAX_DIGITS = 18
_MAX_RESULTS = 24
_MAX_SHIFT = 62
_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "+": lambda one, two: one + two,
    "-": lambda one, two: one - two,
    "*": lambda one, two: one * two,
    "/": lambda one, two: one // two if one % two == 0 else _no_integer(),
    "%": lambda one, two: abs(one) % abs(two) * (-1 if one < 0 else 1),
    "**": lambda one, two: one**two if 0 <= two <= _MAX_SHIFT else _no_integer(),
    "<<": lambda one, two: one << two if 0 <= two <= _MAX_SHIFT else _no_integer(),
    ">>": lambda one, two: one >> two if two >= 0 else _no_integer(),
    "^": lambda one, two: one ^ two,
    "&": lambda one, two: one & two,
    "|": lambda one, two: one | two,
}
_BYTES: dict[str, Callable[[int, int], int]] = {
    "^": lambda one, two: one ^ two,
    "&": lambda one, two: one & two,
    "|": lambda one, two: one | two,
}
_CASTS = frozenset({"(int)", "(integer)"})


def _no_integer() -> int:
    raise ValueError


def number(text: str) -> int | None:
    """A text that is an integer, or begins like one where PHP would take it; None for every other."""
    stripped = text.strip(" \t\n\r\v\f")
    digits = stripped[1:] if stripped[:1] in ("-", "+") else stripped
    return int(stripped) if digits.isdecimal() and digits.isascii() and len(digits) <= _MAX_DIGITS else None


def results(operator: str, options: Sequence[Sequence[str]]) -> frozenset[str]:
    """All results for the known texts of the operands, of which at most one may have several; empty if unknown."""
    if operator in _CASTS:
        return frozenset(str(value) for text in options[0] if (value := number(text)) is not None)
    if operator == "-" and len(options) == 1:
        return frozenset(str(-value) for text in options[0] if (value := number(text)) is not None)
    if operator not in _INTEGERS or not options or not all(options):
        return frozenset()
    found = set(options[0])
    for choices in options[1:]:
        if len(found) * len(choices) > _MAX_RESULTS:
            return frozenset()
        found = {text for one in found for two in choices if (text := _result(operator, one, two)) is not None}
    return frozenset(found) if len(options) > 1 else frozenset()


def _result(operator: str, one: str, two: str) -> str | None:
    first, second = number(one), number(two)
    if operator in _BYTES and (first is None or second is None):
        pairs = zip(one, two, strict=False)
        return "".join(chr(_BYTES[operator](ord(a), ord(b))) for a, b in pairs) if operator != "|" else None
    if first is None or second is None:
        return None
    try:
        result = _INTEGERS[operator](first, second)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return str(result) if len(str(result)) <= _MAX_DIGITS + 1 else None


def step(text: str, operator: str) -> str | None:
    """`++` or `--` of a known text; letters go on as PHP's do: `z` becomes `aa`, `Az` becomes `Ba`."""
    value = number(text)
    if value is not None:
        return str(value + (1 if operator.endswith("++") else -1))
    if operator.endswith("--") or not text or not (text.isalnum() and text.isascii()):
        return None
    letters = list(text)
    for position in range(len(letters) - 1, -1, -1):
        last = letters[position]
        if last not in "zZ9":
            letters[position] = chr(ord(last) + 1)
            return "".join(letters)
        letters[position] = {"z": "a", "Z": "A", "9": "0"}[last]
    return {"z": "a", "Z": "A", "9": "1"}[text[0]] + "".join(letters)


def truth(value: Val) -> bool | None:
    """Whether a value is true, None when that is not known."""
    if value.items is not None and value.rest is None and not value.texts:
        return bool(value.items)
    if len(value.texts) != 1:
        return None
    (text,) = value.texts
    return None if text and max(text) >= "\ue000" else text not in ("", "0")


def boolean(operator: str, options: Sequence[Sequence[str]]) -> Val:
    """Value of a comparison or a logical operator over known texts; NOTHING when that is not known."""
    if operator in ("&&", "and", "||", "or"):
        known = [choices[0] not in ("", "0") for choices in options if len(choices) == 1]
        decisive = operator in ("||", "or")
        if decisive in known:
            return VALUES[decisive]
        return VALUES[not decisive] if len(known) == len(options) else NOTHING
    if not all(len(choices) == 1 for choices in options):
        return NOTHING
    texts = [choices[0] for choices in options]
    if operator == "!" and len(texts) == 1:
        return VALUES[texts[0] in ("", "0")]
    if len(texts) != 2 or (operator not in _COMPARISONS and operator != _ORDER):  # noqa: PLR2004  two sides
        return NOTHING
    if operator in ("===", "!=="):
        return VALUES[(texts[0] == texts[1]) == (operator == "===")]
    sign = _sign(*texts)
    return text_value(str(sign)) if operator == _ORDER else VALUES[_COMPARISONS[operator](sign)]


def _sign(one: str, two: str) -> int:
    """-1, 0 or 1: how PHP orders two texts, as numbers where both are."""
    numbers = number(one), number(two)
    if numbers[0] is not None and numbers[1] is not None:
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])
    return (one > two) - (one < two)


_ORDER = "<=>"
VALUES = {True: text_value("1"), False: text_value("")}
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "==": lambda sign: sign == 0,
    "===": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<>": lambda sign: sign != 0,
    "!==": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    ">": lambda sign: sign > 0,
    "<=": lambda sign: sign <= 0,
    ">=": lambda sign: sign >= 0,
}
