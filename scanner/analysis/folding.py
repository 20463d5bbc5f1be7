"""Constant folding of PHP's pure string functions on templates.

Nothing of the scanned program is executed: each function here is our own, bounded in input and output size.
A function gets templates (see `templates`; holes pass through where that is right) and returns one, or None when it
cannot say. Source of each behaviour: PHP manual, page of the function.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import codecs
import html
import ipaddress
import re
import urllib.parse
import zlib
from collections.abc import Callable, Sequence

from scanner.analysis import pieces
from scanner.analysis.templates import is_known

MAX_INPUT = 500_000
MAX_OUTPUT = 1_000_000

Fold = Callable[[Sequence[str]], str | None]
_FOLDS: dict[str, Fold] = {}


def fold(name: str, args: Sequence[str]) -> str | None:
    """Result of a pure function on templates, None when unknown or over the limits."""
    function = _FOLDS.get(name)
    if function is None or sum(map(len, args)) > MAX_INPUT:
        return None
    try:
        result = function(args)
    except (ValueError, IndexError, OverflowError, OSError, binascii.Error, zlib.error, UnicodeError, re.error):
        return None
    return None if result is None or len(result) > MAX_OUTPUT else result


def names() -> frozenset[str]:
    """Lower-case names of all functions that are folded."""
    return frozenset(_FOLDS)


def foldable(name: str) -> bool:
    """Whether a function (lower case) is folded at all."""
    return name in _FOLDS


def folds(*names: str) -> Callable[[Fold], Fold]:
    """Register a fold for functions (lower case)."""

    def register(function: Fold) -> Fold:
        for name in names:
            _FOLDS[name] = function
        return function

    return register


def known_only(function: Fold) -> Fold:
    """Restrict a fold to arguments without holes."""

    def guarded(args: Sequence[str]) -> str | None:
        return function(args) if all(map(is_known, args)) else None

    return guarded


def by_piece(function: Fold) -> Fold:
    """A fold that treats each character of its one argument by itself: holes stay where they are."""

    def pieces_of(args: Sequence[str]) -> str | None:
        return pieces.each_piece(lambda piece: function([piece]), args[0])

    return pieces_of


def to_bytes(text: str) -> bytes:
    """Bytes of a known text."""
    return text.encode("latin-1")


def from_bytes(data: bytes) -> str:
    """Text that holds bytes, one per character."""
    return data.decode("latin-1")


def integer(args: Sequence[str], position: int, default: int | None = None) -> int:
    """An argument as a number. Raises: ValueError."""
    if position < len(args) and args[position] != "":
        return int(args[position])
    if default is None:
        raise ValueError
    return default


# -- encodings ---------------------------------------------------------------------------------------------------


@folds("base64_decode", "sodium_base642bin")
@known_only
def _base64(args: Sequence[str]) -> str | None:
    kept = re.sub(r"[^A-Za-z0-9+/_-]", "", args[0]).replace("-", "+").replace("_", "/")
    return from_bytes(base64.b64decode(kept + "=" * (-len(kept) % 4)))


@folds("base64_encode")
@known_only
def _to_base64(args: Sequence[str]) -> str | None:
    return from_bytes(base64.b64encode(to_bytes(args[0])))


@folds("hex2bin")
@known_only
def _from_hex(args: Sequence[str]) -> str | None:
    return from_bytes(bytes.fromhex(args[0]))


@folds("bin2hex")
@by_piece
def _to_hex(args: Sequence[str]) -> str | None:
    return to_bytes(args[0]).hex()


@folds("str_rot13")
@by_piece
def _rot13(args: Sequence[str]) -> str | None:
    return codecs.encode(args[0], "rot13")


@folds("strrev")
def _reverse(args: Sequence[str]) -> str | None:
    return args[0][::-1]


@folds("gzinflate")
@known_only
def _inflate(args: Sequence[str]) -> str | None:
    return _decompress(args[0], -15)


@folds("bzdecompress")
@known_only
def _bunzip(args: Sequence[str]) -> str | None:
    engine = bz2.BZ2Decompressor()
    data = engine.decompress(to_bytes(args[0]), MAX_OUTPUT)
    return from_bytes(data) if engine.eof else None


@folds("gzuncompress", "zlib_decode", "gzdecode")
@known_only
def _uncompress(args: Sequence[str]) -> str | None:
    return _decompress(args[0], 47)


def _decompress(text: str, window: int) -> str | None:
    engine = zlib.decompressobj(window)
    data = engine.decompress(to_bytes(text), MAX_OUTPUT)
    return None if engine.unconsumed_tail else from_bytes(data)


@folds("urldecode")
@by_piece
def _url_decode(args: Sequence[str]) -> str | None:
    return from_bytes(urllib.parse.unquote_to_bytes(args[0].replace("+", " ")))


@folds("rawurldecode")
@by_piece
def _raw_url_decode(args: Sequence[str]) -> str | None:
    return from_bytes(urllib.parse.unquote_to_bytes(args[0]))


@folds("urlencode")
@by_piece
def _url_encode(args: Sequence[str]) -> str | None:
    return urllib.parse.quote_plus(to_bytes(args[0]), safe="-_.")


@folds("rawurlencode")
@by_piece
def _raw_url_encode(args: Sequence[str]) -> str | None:
    return urllib.parse.quote(to_bytes(args[0]), safe="-_.~")


@folds("html_entity_decode", "htmlspecialchars_decode")
@by_piece
def _html_decode(args: Sequence[str]) -> str | None:
    return html.unescape(args[0])


@folds("convert_uudecode")
@known_only
def _uudecode(args: Sequence[str]) -> str | None:
    return "".join(from_bytes(binascii.a2b_uu(to_bytes(line))) for line in args[0].split("\n") if line and line != "`")


@folds("quoted_printable_decode")
@by_piece
def _quoted_printable(args: Sequence[str]) -> str | None:
    return from_bytes(binascii.a2b_qp(to_bytes(args[0])))


# -- characters and case -----------------------------------------------------------------------------------------


@folds("chr")
@known_only
def _chr(args: Sequence[str]) -> str | None:
    return chr(int(args[0]) % 256)


@folds("ord")
@known_only
def _ord(args: Sequence[str]) -> str | None:
    return str(ord(args[0][0])) if args[0] else "0"


@folds("lcfirst")
def _small_first(args: Sequence[str]) -> str | None:
    return args[0][:1].lower() + args[0][1:] if args[0][:1] < "\x80" else args[0]


@folds("strtolower", "mb_strtolower")
def _lower(args: Sequence[str]) -> str | None:
    return "".join(c.lower() if c < "\x80" else c for c in args[0])


@folds("strtoupper", "mb_strtoupper")
def _upper(args: Sequence[str]) -> str | None:
    return "".join(c.upper() if c < "\x80" else c for c in args[0])


@folds("ucfirst", "ucwords")
def _capital(args: Sequence[str]) -> str | None:
    return args[0][:1].upper() + args[0][1:] if args[0][:1] < "\x80" else args[0]


@folds("trim")
def _trim(args: Sequence[str]) -> str | None:
    return args[0].strip(_characters(args))


@folds("ltrim")
def _trim_left(args: Sequence[str]) -> str | None:
    return args[0].lstrip(_characters(args))


@folds("rtrim", "chop")
def _trim_right(args: Sequence[str]) -> str | None:
    return args[0].rstrip(_characters(args))


def _characters(args: Sequence[str]) -> str:
    return args[1] if len(args) > 1 else " \t\n\r\0\x0b"


# -- parts -------------------------------------------------------------------------------------------------------


@folds("substr", "mb_substr")
def _substring(args: Sequence[str]) -> str | None:
    return pieces.part(args[0], integer(args, 1), integer(args, 2) if "".join(args[2:3]) else None)


@folds("strstr", "mb_strstr", "stristr")
def _from_mark(args: Sequence[str]) -> str | None:
    found = pieces.until(args[0], args[1]) if is_known(args[1]) else None
    return found if found is None or "".join(args[2:3]) == "1" else args[0][len(found) :]


@folds("strtok")
def _first_word(args: Sequence[str]) -> str | None:
    """The first call for a text; a further one, with the separators alone, gives some later piece."""
    if len(args) < 2 or not is_known(args[1]):  # noqa: PLR2004
        return None
    marks = [place for mark in args[1] if (place := args[0].find(mark, 1)) > 0]
    return args[0][: min(marks)] if marks else args[0]


@folds("strrchr")
def _last_mark(args: Sequence[str]) -> str | None:
    place = args[0].rfind(args[1][:1]) if is_known(args[1]) and args[1] else -1
    return args[0][place:] if place >= 0 else None


@folds("stripslashes", "stripcslashes")
def _unescaped(args: Sequence[str]) -> str | None:
    return re.sub(r"\\(.)", r"\1", args[0], flags=re.DOTALL)


@folds("str_repeat")
def _repeat(args: Sequence[str]) -> str | None:
    count = integer(args, 1)
    return args[0] * count if 0 <= count * len(args[0]) <= MAX_OUTPUT else None


@folds("str_pad")
def _pad(args: Sequence[str]) -> str | None:
    width = integer(args, 1)
    filler = args[2] if len(args) > 2 else " "  # noqa: PLR2004  third argument of str_pad
    missing = width - len(args[0])
    if missing <= 0 or width > MAX_OUTPUT:
        return args[0]
    padding = (filler * missing)[:missing]
    return padding + args[0] if args[3:] == ["0"] else args[0] + padding


@folds("basename")
def _base_name(args: Sequence[str]) -> str | None:
    name = args[0].rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    suffix = args[1] if len(args) > 1 else ""
    return name.removesuffix(suffix) if name != suffix else name


@folds("dirname")
def _directory(args: Sequence[str]) -> str | None:
    path = args[0]
    for _level in range(min(integer(args, 1, 1), 50)):
        head, separator, _tail = path.rstrip("/").rpartition("/")
        path = head if separator else "."
    return path or "/"


@folds("realpath", "strval", "addslashes", "escapeshellarg", "escapeshellcmd", "htmlspecialchars",
        "htmlentities", "strip_tags", "nl2br", "utf8_encode", "utf8_decode", "filter_var", "idn_to_ascii",
        "esc_url_raw", "wordwrap", "normalizer_normalize")  # fmt: skip
def _same(args: Sequence[str]) -> str | None:
    """Functions that leave a URL as it is for our purposes."""
    return args[0]


# -- building ----------------------------------------------------------------------------------------------------


@folds("str_replace")
def _replace(args: Sequence[str]) -> str | None:
    if not args[0]:
        return args[2]
    if not is_known(args[0]):
        return None
    return args[2].replace(args[0], args[1])


@folds("str_ireplace")
@known_only
def _replace_any_case(args: Sequence[str]) -> str | None:
    replacement = args[1]
    return re.sub(re.escape(args[0]), lambda _match: replacement, args[2], flags=re.IGNORECASE) if args[0] else args[2]


@folds("strtr")
def _translate(args: Sequence[str]) -> str | None:
    if len(args) != 3 or not (is_known(args[1]) and is_known(args[2])):  # noqa: PLR2004  three-argument form
        return None
    return args[0].translate({ord(one): two for one, two in zip(args[1], args[2], strict=False)})


_FORMAT = re.compile(r"%(?:(\d+)\$)?([-+ 0]|'.)*(\d+)?(?:\.(\d+))?([bcdeEfFgGosuxX%])", re.DOTALL)


@folds("sprintf")
def _sprintf(args: Sequence[str]) -> str | None:
    template, values = args[0], list(args[1:])
    position = 0

    def one(match: re.Match[str]) -> str:
        nonlocal position
        kind = match[5]
        if kind == "%":
            return "%"
        if match[1]:
            value = values[int(match[1]) - 1]
        else:
            value = values[position]
            position += 1
        return _formatted(value, kind)

    return _FORMAT.sub(one, template)


def _formatted(value: str, kind: str) -> str:
    if not is_known(value) or kind not in "cxX":
        return value
    number = int(value)
    if kind == "c":
        return chr(number % 256)
    return format(number, kind)


@folds("ip2long")
@known_only
def _from_address(args: Sequence[str]) -> str | None:
    try:
        return str(int(ipaddress.IPv4Address(args[0])))
    except ValueError:
        return None


@folds("long2ip")
@known_only
def _long_to_ip(args: Sequence[str]) -> str | None:
    number = int(args[0])
    if not 0 <= number < 2**32:
        return None
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


@folds("intval", "abs")
@known_only
def _int(args: Sequence[str]) -> str | None:
    digits = re.match(r"\s*[+-]?\d{1,19}", args[0])
    return str(int(digits[0])) if digits else "0"
