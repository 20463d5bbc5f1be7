"""Constant folding of PHP's pure functions on templates: the register of them (`folds` holds the functions themselves).

Nothing of the scanned program is executed: each function here is our own, bounded in input and output size.
A function gets templates (see `templates`; holes pass through where that is right) and returns one, or None when it
cannot say: an argument that it does not follow to the letter is such a case, since a wrong text is worse than none.
Source of each behaviour: PHP manual, page of the function.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Callable, Sequence

from scanner.analysis import pieces
from scanner.analysis.scalars import BOOL, UNKNOWN, whole
from scanner.analysis.templates import is_known

MAX_INPUT = 500_000
MAX_OUTPUT = 1_000_000

Fold = Callable[[Sequence[str]], str | None]
TypedFold = Callable[[Sequence[str], Sequence[str]], tuple[str, str] | None]
_FOLDS: dict[str, Fold] = {}
_TYPED: dict[str, TypedFold] = {}
_KINDS: dict[str, str] = {}
_ERRORS = (ValueError, IndexError, OverflowError, OSError, ArithmeticError, binascii.Error, zlib.error, UnicodeError,
           re.error)  # fmt: skip


def fold(name: str, args: Sequence[str]) -> str | None:
    """Result of a pure function on templates, None when unknown or over the limits."""
    result = fold_typed(name, args, (UNKNOWN,) * len(args))
    return None if result is None else result[0]


def fold_typed(name: str, args: Sequence[str], kinds: Sequence[str]) -> tuple[str, str] | None:
    """Result of a pure function on templates of some kinds, and its kind; None when unknown or over the limits."""
    if sum(map(len, args)) > MAX_INPUT:
        return None
    try:
        result = _result(name, args, kinds)
    except _ERRORS:
        return None
    return None if result is None or len(result[0]) > MAX_OUTPUT else result


def _result(name: str, args: Sequence[str], kinds: Sequence[str]) -> tuple[str, str] | None:
    by_kind = _TYPED.get(name)
    if by_kind is not None:
        return by_kind(args, kinds)
    function = _FOLDS.get(name)
    text = None if function is None else function(args)
    if text is None:
        return None
    kind = _KINDS[name]
    return text, BOOL if text == FALSE and kind not in (BOOL, "string") else kind


FALSE = ""
"""What a function gives that finds nothing; of one whose result is a text, it is told by None."""


def names() -> frozenset[str]:
    """Lower-case names of all functions that are folded."""
    return frozenset(_FOLDS) | frozenset(_TYPED)


def foldable(name: str) -> bool:
    """Whether a function (lower case) is folded at all."""
    return name in _FOLDS or name in _TYPED


def folds(*names: str, kind: str = "string") -> Callable[[Fold], Fold]:
    """Register a fold for functions (lower case), of whose results all are of a kind, or `false`."""

    def register(function: Fold) -> Fold:
        for name in names:
            _FOLDS[name] = function
            _KINDS[name] = kind
        return function

    return register


def folds_by_kind(*names: str) -> Callable[[TypedFold], TypedFold]:
    """Register a fold whose result depends on what kinds of values it gets."""

    def register(function: TypedFold) -> TypedFold:
        for name in names:
            _TYPED[name] = function
        return function

    return register


def known_only(function: Fold) -> Fold:
    """Restrict a fold to arguments without holes."""

    def guarded(args: Sequence[str]) -> str | None:
        return function(args) if all(map(is_known, args)) else None

    return guarded


def by_piece(function: Fold) -> Fold:
    """A fold that treats each character of its first argument by itself: holes stay where they are."""

    def pieces_of(args: Sequence[str]) -> str | None:
        return pieces.each_piece(lambda piece: function([piece, *args[1:]]), args[0])

    return pieces_of


def leaving_holes(function: Fold) -> Fold:
    """The same for a fold that changes no usual text: what is not known at all is left as it is."""
    of_pieces = by_piece(function)
    return lambda args: args[0] if pieces.is_all_holes(args[0]) else of_pieces(args)


def at_most(count: int) -> Callable[[Fold], Fold]:
    """Restrict a fold to calls with so many arguments: the further ones are not followed."""

    def restricted(function: Fold) -> Fold:
        return lambda args: function(args) if len(args) <= count else None

    return restricted


def to_bytes(text: str) -> bytes:
    """Bytes of a known text."""
    return text.encode("latin-1")


def from_bytes(data: bytes) -> str:
    """Text that holds bytes, one per character."""
    return data.decode("latin-1")


def truth(args: Sequence[str], position: int) -> bool:
    """A flag among the arguments, which is off where it is not given. Raises: ValueError."""
    if position >= len(args):
        return False
    if not is_known(args[position]):
        raise ValueError
    return args[position] not in ("", "0")


def integer(args: Sequence[str], position: int, default: int | None = None) -> int:
    """An argument as a number; the default where it is not given. Raises: ValueError."""
    if position < len(args):
        return whole(args[position])
    if default is None:
        raise ValueError
    return default


def characters(args: Sequence[str], position: int, encodings: frozenset[str]) -> str:
    """First argument as characters of UTF-8, one each; `position` is that of the encoding. Raises: ValueError.

    Of any encoding among `encodings` only ASCII is followed.
    """
    encoding = args[position].lower() if position < len(args) else "utf-8"
    if encoding not in encodings:
        raise ValueError
    if args[0].isascii():
        return args[0]
    if encoding not in ("utf-8", "utf8"):
        raise ValueError
    return to_bytes(args[0]).decode("utf-8")


ASCII_LIKE = frozenset({"utf-8", "utf8", "ascii", "us-ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252"})
"""Encodings in which ASCII is written as itself."""
