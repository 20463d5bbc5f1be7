"""Values of PHP literals. Text has one character per byte (Latin-1).

Source: PHP manual, "Strings" and "Integers".
"""

from __future__ import annotations

import re

_SIMPLE = {
    "n": "\n", "t": "\t", "r": "\r", "v": "\v", "e": "\x1b", "f": "\f", "\\": "\\", "$": "$", '"': '"', "`": "`",
}  # fmt: skip
_SINGLE = re.compile(r"\\([\\'])")
_MAX_DIGITS = 40


def unescape_single(text: str) -> str:
    r"""Content of a single-quoted string: only `\\` and `\'` are escapes."""
    return _SINGLE.sub(r"\1", text) if "\\" in text else text


def escape_value(text: str) -> str:
    r"""Value of one escape sequence of a double-quoted string, `\x41`, `\101`, `\u{41}`, `\n`."""
    body = text[1:] or " "
    simple = _SIMPLE.get(body)
    if simple is not None:
        return simple
    if body[0] in "xX" and body[1:] and not body[1:].strip("0123456789abcdefABCDEF"):
        return chr(int(body[1:], 16) & 0xFF)
    if body[:2] == "u{":
        return _unicode(body[2:-1]) or text
    if body and not body.strip("01234567"):
        return chr(int(body, 8) & 0xFF)
    return text


def _unicode(digits: str) -> str:
    try:
        return chr(int(digits, 16)).encode("utf-8").decode("latin-1")
    except (ValueError, OverflowError, UnicodeEncodeError):
        return ""


def integer_value(text: str) -> int | float | None:
    """Value of an integer literal, None when it is not one. Beyond 64 bits PHP makes a float."""
    digits = text.replace("_", "").lower()
    try:
        if digits.startswith("0x"):
            value = int(digits, 16)
        elif digits.startswith("0b"):
            value = int(digits, 2)
        elif digits.startswith("0o") or (len(digits) > 1 and digits.startswith("0")):
            value = int(digits, 8)
        elif len(digits) > _MAX_DIGITS:
            return float(digits)
        else:
            value = int(digits)
    except ValueError:
        return None
    return value if value < 2**63 else float(value)


def float_value(text: str) -> float | None:
    """Value of a float literal, None when it is not one."""
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return None
