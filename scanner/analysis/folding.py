"""Constant folding of PHP's pure string functions on templates.

Nothing of the scanned program is executed: each function here is our own, bounded in input and output size.
A function gets templates (see `templates`; holes pass through where that is right) and returns one, or None when it
cannot say. Source of each behaviour: PHP manual, page of the function.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import urllib.parse
import zlib
from collections.abc import Callable, Sequence

from scanner.analysis.templates import is_known

MAX_INPUT = 200_000
MAX_OUTPUT = 400_000

Fold = Callable[[Sequence[str]], str | None]
_FOLDS: dict[str, Fold] = {}


def fold(name: str, args: Sequence[str]) -> str | None:
    """Result of a pure function on templates, None when unknown or over the limits."""
    function = _FOLDS.get(name)
    if function is None or sum(map(len, args)) > MAX_INPUT:
        return None
    try:
        result = function(args)
    except (ValueError, IndexError, OverflowError, binascii.Error, zlib.error, UnicodeError, re.error):
        return None
    return None if result is None or len(result) > MAX_OUTPUT else result


def foldable(name: str) -> bool:
    """Whether a function (lower case) is folded at all."""
    return name in _FOLDS


def _folds(*names: str) -> Callable[[Fold], Fold]:
    def register(function: Fold) -> Fold:
        for name in names:
            _FOLDS[name] = function
        return function

    return register


def _known(function: Fold) -> Fold:
    """Restrict a fold to arguments without holes."""

    def guarded(args: Sequence[str]) -> str | None:
        return function(args) if all(map(is_known, args)) else None

    return guarded


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _integer(args: Sequence[str], position: int, default: int | None = None) -> int:
    if position < len(args) and args[position] != "":
        return int(args[position])
    if default is None:
        raise ValueError
    return default


# -- encodings ---------------------------------------------------------------------------------------------------


@_folds("base64_decode", "sodium_base642bin")
@_known
def _base64(args: Sequence[str]) -> str | None:
    kept = re.sub(r"[^A-Za-z0-9+/_-]", "", args[0]).replace("-", "+").replace("_", "/")
    return _text(base64.b64decode(kept + "=" * (-len(kept) % 4)))


@_folds("base64_encode")
@_known
def _to_base64(args: Sequence[str]) -> str | None:
    return _text(base64.b64encode(_bytes(args[0])))


@_folds("hex2bin")
@_known
def _from_hex(args: Sequence[str]) -> str | None:
    return _text(bytes.fromhex(args[0]))


@_folds("bin2hex")
@_known
def _to_hex(args: Sequence[str]) -> str | None:
    return _bytes(args[0]).hex()


@_folds("str_rot13")
def _rot13(args: Sequence[str]) -> str | None:
    return codecs.encode(args[0], "rot13")


@_folds("strrev")
def _reverse(args: Sequence[str]) -> str | None:
    return args[0][::-1]


@_folds("gzinflate")
@_known
def _inflate(args: Sequence[str]) -> str | None:
    return _decompress(args[0], -15)


@_folds("gzuncompress", "zlib_decode", "gzdecode")
@_known
def _uncompress(args: Sequence[str]) -> str | None:
    return _decompress(args[0], 47)


def _decompress(text: str, window: int) -> str | None:
    engine = zlib.decompressobj(window)
    data = engine.decompress(_bytes(text), MAX_OUTPUT)
    return None if engine.unconsumed_tail else _text(data)


@_folds("urldecode")
@_known
def _url_decode(args: Sequence[str]) -> str | None:
    return _text(urllib.parse.unquote_to_bytes(args[0].replace("+", " ")))


@_folds("rawurldecode")
@_known
def _raw_url_decode(args: Sequence[str]) -> str | None:
    return _text(urllib.parse.unquote_to_bytes(args[0]))


@_folds("urlencode")
@_known
def _url_encode(args: Sequence[str]) -> str | None:
    return urllib.parse.quote_plus(_bytes(args[0]), safe="-_.")


@_folds("rawurlencode")
@_known
def _raw_url_encode(args: Sequence[str]) -> str | None:
    return urllib.parse.quote(_bytes(args[0]), safe="-_.~")


@_folds("html_entity_decode", "htmlspecialchars_decode")
@_known
def _html_decode(args: Sequence[str]) -> str | None:
    return html.unescape(args[0])


@_folds("convert_uudecode")
@_known
def _uudecode(args: Sequence[str]) -> str | None:
    return "".join(_text(binascii.a2b_uu(_bytes(line))) for line in args[0].split("\n") if line and line != "`")


@_folds("quoted_printable_decode")
@_known
def _quoted_printable(args: Sequence[str]) -> str | None:
    return _text(binascii.a2b_qp(_bytes(args[0])))


# -- characters and case -----------------------------------------------------------------------------------------


@_folds("chr")
@_known
def _chr(args: Sequence[str]) -> str | None:
    return chr(int(args[0]) % 256)


@_folds("ord")
@_known
def _ord(args: Sequence[str]) -> str | None:
    return str(ord(args[0][0])) if args[0] else "0"


@_folds("strtolower", "mb_strtolower", "lcfirst")
def _lower(args: Sequence[str]) -> str | None:
    return "".join(c.lower() if c < "\x80" else c for c in args[0])


@_folds("strtoupper", "mb_strtoupper")
def _upper(args: Sequence[str]) -> str | None:
    return "".join(c.upper() if c < "\x80" else c for c in args[0])


@_folds("ucfirst", "ucwords")
def _capital(args: Sequence[str]) -> str | None:
    return args[0][:1].upper() + args[0][1:] if args[0][:1] < "\x80" else args[0]


@_folds("trim")
def _trim(args: Sequence[str]) -> str | None:
    return args[0].strip(_characters(args))


@_folds("ltrim")
def _trim_left(args: Sequence[str]) -> str | None:
    return args[0].lstrip(_characters(args))


@_folds("rtrim", "chop")
def _trim_right(args: Sequence[str]) -> str | None:
    return args[0].rstrip(_characters(args))


def _characters(args: Sequence[str]) -> str:
    return args[1] if len(args) > 1 else " \t\n\r\0\x0b"


# -- parts -------------------------------------------------------------------------------------------------------


@_folds("substr", "mb_substr")
@_known
def _substring(args: Sequence[str]) -> str | None:
    text, start = args[0], _integer(args, 1)
    begin = max(len(text) + start, 0) if start < 0 else start
    rest = text[begin:]
    length = _integer(args, 2, len(rest))
    return rest[:length] if length else ""


@_folds("str_repeat")
def _repeat(args: Sequence[str]) -> str | None:
    count = _integer(args, 1)
    return args[0] * count if 0 <= count * len(args[0]) <= MAX_OUTPUT else None


@_folds("str_pad")
def _pad(args: Sequence[str]) -> str | None:
    width = _integer(args, 1)
    filler = args[2] if len(args) > 2 else " "  # noqa: PLR2004  third argument of str_pad
    missing = width - len(args[0])
    if missing <= 0 or width > MAX_OUTPUT:
        return args[0]
    padding = (filler * missing)[:missing]
    return padding + args[0] if args[3:] == ["0"] else args[0] + padding


@_folds("basename")
def _base_name(args: Sequence[str]) -> str | None:
    name = args[0].rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    suffix = args[1] if len(args) > 1 else ""
    return name.removesuffix(suffix) if name != suffix else name


@_folds("dirname")
def _directory(args: Sequence[str]) -> str | None:
    path = args[0]
    for _level in range(min(_integer(args, 1, 1), 50)):
        head, separator, _tail = path.rstrip("/").rpartition("/")
        path = head if separator else "."
    return path or "/"


@_folds("realpath", "strval", "addslashes", "stripslashes", "escapeshellarg", "escapeshellcmd", "htmlspecialchars",
        "htmlentities", "strip_tags", "nl2br", "utf8_encode", "utf8_decode", "filter_var", "idn_to_ascii",
        "mb_convert_encoding", "esc_url_raw")  # fmt: skip
def _same(args: Sequence[str]) -> str | None:
    """Functions that leave a URL as it is for our purposes."""
    return args[0]


# -- building ----------------------------------------------------------------------------------------------------


@_folds("str_replace")
def _replace(args: Sequence[str]) -> str | None:
    if not args[0]:
        return args[2]
    if not is_known(args[0]):
        return None
    return args[2].replace(args[0], args[1])


@_folds("str_ireplace")
@_known
def _replace_any_case(args: Sequence[str]) -> str | None:
    replacement = args[1]
    return re.sub(re.escape(args[0]), lambda _match: replacement, args[2], flags=re.IGNORECASE) if args[0] else args[2]


@_folds("strtr")
def _translate(args: Sequence[str]) -> str | None:
    if len(args) != 3 or not (is_known(args[1]) and is_known(args[2])):  # noqa: PLR2004  three-argument form
        return None
    return args[0].translate({ord(one): two for one, two in zip(args[1], args[2], strict=False)})


_FORMAT = re.compile(r"%(?:(\d+)\$)?([-+ 0]|'.)*(\d+)?(?:\.(\d+))?([bcdeEfFgGosuxX%])", re.DOTALL)


@_folds("sprintf")
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


@_folds("pack")
@_known
def _pack(args: Sequence[str]) -> str | None:
    form, values = args[0], args[1:]
    if re.fullmatch(r"H\*?\d*", form):
        return _text(bytes.fromhex(values[0]))
    if re.fullmatch(r"[cC]\*|[cC]+", form):
        return "".join(chr(int(value) % 256) for value in values)
    if re.fullmatch(r"[aA]\*", form):
        return values[0]
    return None


@_folds("long2ip")
@_known
def _long_to_ip(args: Sequence[str]) -> str | None:
    number = int(args[0])
    if not 0 <= number < 2**32:
        return None
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


@_folds("dechex")
@_known
def _decimal_to_hex(args: Sequence[str]) -> str | None:
    return format(int(args[0]), "x")


@_folds("hexdec")
@_known
def _hex_to_decimal(args: Sequence[str]) -> str | None:
    return str(int(args[0], 16))


@_folds("intval", "abs")
@_known
def _int(args: Sequence[str]) -> str | None:
    digits = re.match(r"\s*[+-]?\d{1,19}", args[0])
    return str(int(digits[0])) if digits else "0"


def xor(first: str, second: str) -> str | None:
    """PHP's `^` on two strings: bytes up to the shorter length. None with holes."""
    if not (is_known(first) and is_known(second)):
        return None
    return "".join(chr(ord(one) ^ ord(two)) for one, two in zip(first, second, strict=False))
