"""SQL of installations and upgrades: statements that set an address, a hook, a job or a privilege, or reach files."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.addresses import Text, is_elsewhere, normalise
from scanner.files.pieces import Found

MAX_BYTES = 32 * 1024**2
_URL = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'`<>;,\\)]+", re.IGNORECASE)
_NAME = re.compile(r"[\"'`]([a-z][a-z0-9_]{2,60})[\"'`]", re.IGNORECASE)
_CONFIG = re.compile(
    rb"\b(?:insert\s+(?:ignore\s+)?into|replace\s+into|update)\s+[`\"]?\w*(?:config|settings?|options?|parameters?)\w*[`\"]?",
    re.IGNORECASE,
)
_HOST = re.compile(r"[\"']((?:[\w-]+\.)+(?:[a-z]{2,}))(?::\d+)?(?:/[^\"']*)?[\"']", re.IGNORECASE)
_INTO = r"\b(?:insert\s+(?:ignore\s+)?into|replace\s+into|update)\s+[`\"]?"
_CREATE = r"\bcreate\s+(?:or\s+replace\s+)?(?:definer\s*=\s*\S+\s+)?"
_RIGHTS = r"(?:super_user|admin_rights|access_system_config|access_admin_dashboards|account_manager|is_admin)"
_USER = r"\b(?:create|alter)\s+user\s+(?:if\s+(?:not\s+)?exists\s+)?(?:[\"'`]|\w+\s*(?:@|identified\b|;))"
_STATEMENTS = tuple(
    (name, re.compile(pattern.encode(), re.IGNORECASE | re.MULTILINE), grade)
    for name, pattern, grade in (
        ("grant", r"^[ \t]*grant\b(?=[^;]{0,300}?\bto\b)", "risk"),
        ("create user", _USER, "risk"),
        ("super user", rf"\b{_RIGHTS}[`\"]?\s*=\s*[\"']?1\b", "risk"),
        ("hook file", r"\bhook_functions_file\b(?=[^;]{0,200}[\"'][^\"']*\.\w+[\"'])", "risk"),
        ("into outfile", r"\binto\s+(?:out|dump)file\b", "risk"),
        ("load_file", r"\bload_file\s*\(|\bload\s+data\s+(?:local\s+)?infile\b", "risk"),
        (
            "user-defined function",
            r"\bcreate\s+(?:aggregate\s+)?function\s+[`\"\w]+\s+returns\b[^;]{0,120}\bsoname\b",
            "risk",
        ),
        ("plug-in", r"\binstall\s+(?:plugin|component)\s+\w", "risk"),
        ("trigger", _CREATE + r"trigger\b", ""),
        ("event", _CREATE + r"event\b", ""),
        ("procedure", _CREATE + r"procedure\b", "quiet"),
        ("cron job", _INTO + r"redcap_crons[`\"]?", ""),
        ("external module", _INTO + r"redcap_external_modules?(?:_settings)?[`\"]?", ""),
        ("allow list", _INTO + r"redcap_(?:user_)?(?:allow|white)list[`\"]?", ""),
        ("server variable", r"\bset\s+global\s+\w+", ""),
    )
)
"""Name, pattern and grade: `risk` gives rights or reaches files and code."""
_COMMENT = re.compile(rb"/\*(?!!)|^[^\S\n]*+(?:--(?=\s)|#)[^\r\n]*+", re.MULTILINE)
"""Start of a comment that is closed, or all of one up to the end of its line."""
_VISIBLE = re.compile(rb"[^\r\n]")
_REST = re.compile(rb"(?:[^;'\"]++|'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\")*+", re.DOTALL)
_LONGEST = 200_000
"""Bytes of one statement that are read."""
_IN_PHP = re.compile(rb"(?<=[^\s=(,])[\"']\s*(?:[;)]|\.\s*\$)|^[ \t]*\w+;", re.MULTILINE)
"""What ends a string of PHP with a statement in it."""
_MAX_FOUND = 200


def read_sql(content: bytes) -> Iterator[Found]:
    """Statements of a script, comments left out."""
    if len(content) > MAX_BYTES:
        yield Found(0, 0, "cut", "size")
        return
    plain = _without_comments(content)
    yield from _statements(plain)
    yield from _settings(plain)


def _without_comments(content: bytes) -> bytes:
    """The script with blanks for its comments; what opens one that nothing closes stays as it is."""
    parts: list[bytes] = []
    position = 0
    last = content.rfind(b"*/")
    while (match := _COMMENT.search(content, position)) is not None:
        parts.append(content[position : match.start()])
        position = match.end()
        if match[0] == b"/*" and position <= last:
            position = content.index(b"*/", position) + 2
        is_open = match[0] == b"/*" and position == match.end()
        parts.append(b"/*" if is_open else _VISIBLE.sub(b" ", content[match.start() : position]))
    return b"".join((*parts, content[position:]))


def read_sql_in_php(content: bytes) -> Iterator[Found]:
    """The same in the strings of an upgrade written in PHP."""
    if len(content) <= MAX_BYTES:
        yield from _statements(content)
        yield from _settings(content, _IN_PHP)


def _statements(content: bytes) -> Iterator[Found]:
    for name, pattern, grade in _STATEMENTS:
        for count, match in enumerate(pattern.finditer(content)):
            if count >= _MAX_FOUND:
                yield Found(0, 0, "cut", "statements")
                break
            yield Found(match.start(), match.start(), "sql", name, text=_shown(content, match.start()), grade=grade)


def _settings(content: bytes, ends: re.Pattern[bytes] | None = None) -> Iterator[Found]:
    """Addresses that a statement writes into a table of settings; `ends`: what ends one, if not its semicolon."""
    end = 0
    while (match := _CONFIG.search(content, end)) is not None:
        end = _end(content, match.end())
        if ends is not None and (closing := ends.search(content, match.end(), end)):
            end = closing.start()
        statement = content[match.start() : end].decode("utf-8", "replace")
        seen: set[str] = set()
        for line in re.split(r"\n|\)\s*,\s*\(", statement):
            names = _NAME.findall(line)
            found = [item[0] for item in _URL.finditer(line)] or [f"https://{item[1]}" for item in _HOST.finditer(line)]
            for url in found:
                address = normalise(Text(url))
                if is_elsewhere(address) and address.text not in seen and not _is_file(address.text):
                    seen.add(address.text)
                    place = match.start() + max(
                        0, content[match.start() : end].find(url.removeprefix("https://").encode()[:60])
                    )
                    yield Found(
                        place,
                        place,
                        "sql-setting",
                        names[0] if names else "setting",
                        address,
                        text=" ".join(line.split())[:200],
                    )


def _is_file(url: str) -> bool:
    return (
        re.search(r"//[^/]*\.(?:php|js|css|html?|txt|csv|sql|png|gif|jpg|pdf|xml|json|zip)\Z", url, re.IGNORECASE)
        is not None
    )


def _end(content: bytes, start: int) -> int:
    """End of a statement: its semicolon outside of strings, within bounds."""
    match = _REST.match(content, start, min(len(content), start + _LONGEST))
    return match.end() if match else start


def _shown(content: bytes, start: int) -> str:
    return " ".join(content[start : start + 240].partition(b";")[0].decode("utf-8", "replace").split())[:200]
