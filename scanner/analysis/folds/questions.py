"""Folds that ask of what kind a value is, and of what characters. See `folding`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scanner.analysis.folding import folds_by_kind
from scanner.analysis.scalars import BOOL, FLOAT, INT, NULL, STRING, Scalar, always_numeric, possible
from scanner.analysis.templates import is_known

Known = tuple[str, str]
_ASCII_NUMBERS = range(-128, 256)
"""Numbers that `ctype_digit` and its like take for one character."""


def _asks(question: Callable[[Scalar], bool | None]) -> Callable[[Sequence[str], Sequence[str]], Known | None]:
    """A fold that answers with yes or no, where all that the value may be has the same answer."""

    def answered(args: Sequence[str], kinds: Sequence[str]) -> Known | None:
        if len(args) != 1 or not is_known(args[0]):
            return None
        found = {question(value) for value in possible(args[0], kinds[0])}
        told = found.pop() if len(found) == 1 else None
        return None if told is None else ("1" if told else "", BOOL)

    return answered


def _class(holds: Callable[[str], bool]) -> Callable[[Scalar], bool | None]:
    """Whether all characters are of a class; what PHP says of small numbers depends on its version."""

    def of_class(value: Scalar) -> bool | None:
        if isinstance(value, str):
            return bool(value) and all(map(holds, value))
        if isinstance(value, int) and not isinstance(value, bool) and value not in _ASCII_NUMBERS:
            return None if value < 0 else all(map(holds, str(value)))
        return None if isinstance(value, int) and not isinstance(value, bool) else False

    return of_class


def _is_numeric(value: Scalar) -> bool | None:
    if isinstance(value, str):
        return always_numeric(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


folds_by_kind("ctype_alpha")(_asks(_class(lambda c: c.isascii() and c.isalpha())))
folds_by_kind("ctype_alnum")(_asks(_class(lambda c: c.isascii() and c.isalnum())))
folds_by_kind("ctype_digit")(_asks(_class(lambda c: "0" <= c <= "9")))
folds_by_kind("ctype_upper")(_asks(_class(lambda c: "A" <= c <= "Z")))
folds_by_kind("ctype_lower")(_asks(_class(lambda c: "a" <= c <= "z")))
folds_by_kind("ctype_space")(_asks(_class(lambda c: c in " \t\n\r\v\f")))
folds_by_kind("ctype_punct")(_asks(_class(lambda c: "!" <= c <= "~" and not c.isalnum())))
folds_by_kind("ctype_xdigit")(_asks(_class(lambda c: c in "0123456789abcdefABCDEF")))
folds_by_kind("is_numeric")(_asks(_is_numeric))
folds_by_kind("is_string")(_asks(lambda value: isinstance(value, str)))
folds_by_kind("is_int", "is_integer", "is_long")(
    _asks(lambda value: isinstance(value, int) and not isinstance(value, bool))
)
folds_by_kind("is_float", "is_double")(_asks(lambda value: isinstance(value, float)))
folds_by_kind("is_bool")(_asks(lambda value: isinstance(value, bool)))
folds_by_kind("is_null")(_asks(lambda value: value is None))
folds_by_kind("is_scalar")(_asks(lambda value: value is not None))

_NAMES = {STRING: "string", INT: "integer", FLOAT: "double", BOOL: "boolean", NULL: "NULL"}
_NEW_NAMES = {STRING: "string", INT: "int", FLOAT: "float", BOOL: "bool", NULL: "null"}


@folds_by_kind("gettype")
def _gettype(_args: Sequence[str], kinds: Sequence[str]) -> Known | None:
    return (_NAMES[kinds[0]], STRING) if kinds[0] else None


@folds_by_kind("get_debug_type")
def _debug_type(_args: Sequence[str], kinds: Sequence[str]) -> Known | None:
    return (_NEW_NAMES[kinds[0]], STRING) if kinds[0] else None
