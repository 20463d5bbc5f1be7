"""Which files hold PHP, by name and by content."""

from __future__ import annotations

import re

PHP_SUFFIXES = frozenset(
    {".php", ".inc", ".phtml", ".php3", ".php4", ".php5", ".php7", ".php8", ".phps", ".module", ".pht", ".phar"}
)
_TAG = re.compile(rb"<\?(?:php(?=\s|$)|=)", re.IGNORECASE)
_LONG_TAG = re.compile(rb"<\?php(?=[\s/(\"'$;]|$)", re.IGNORECASE)
_SHORT_ECHO = re.compile(rb"<\?=\s{0,8}(?:@?[A-Za-z_\\][\w\\]{1,60}\s?\(|\$[A-Za-z_]\w{0,60}\s?[\[(;?-]|`)")
"""A short echo tag with code behind it: four bytes alone may be chance in an image."""


def php_suffix(path: str) -> bool:
    """Whether a file's name says PHP."""
    return any(path.lower().endswith(suffix) for suffix in PHP_SUFFIXES)


def holds_php(named: bool, content: bytes) -> bool:  # noqa: FBT001  the answer of `php_suffix`, and part of cache keys
    """Whether a file holds PHP code that a server could run or an include could load.

    A short `<?` counts only in files `named` as PHP; `<?=` in any text, and elsewhere when code follows; `<?php` in
    anything, images included.
    """
    if b"<?" not in content:
        return False
    if named:
        return bool(_TAG.search(content)) or _short_tag(content)
    if _LONG_TAG.search(content):
        return True
    return b"<?=" in content and (_is_text(content) or _SHORT_ECHO.search(content) is not None)


def _short_tag(content: bytes) -> bool:
    return re.search(rb"<\?(?!xml)", content, re.IGNORECASE) is not None


def _is_text(content: bytes) -> bool:
    try:
        content[:65536].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= 65536 - 4
    return b"\0" not in content[:65536]
