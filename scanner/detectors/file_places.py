"""Where a written file lies and what it is, by what is known of its path."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.destinations import LOCAL, UNRESOLVED, url_destination
from scanner.analysis.release_data import ROOT
from scanner.analysis.state import Output
from scanner.analysis.templates import HoleTable

_PROGRAM = re.compile(
    r"(?:\.(?:php\d?|phtml|pht|phar|phps|inc|module|cgi|fcgi|pl|py|rb|sh|bash|exe|bat|cmd|ps1|so|dll|jsp|aspx?)"
    r"|(?:^|/)(?:\.htaccess|\.user\.ini|php\.ini|web\.config|crontab|authorized_keys|\.bashrc|\.profile))$",
    re.IGNORECASE,
)
_LOG = re.compile(r"\.log(?:\.\w+)?$|(?:^|/)[\w.-]*log\.(?:txt|csv|json)$|/logs?/[^/]*$", re.IGNORECASE)
_TEMPORARY = re.compile(r"(?:^|/)te?mp/", re.IGNORECASE)
_TEMPORARY_HOLE = re.compile(r"te?mp(?:_|nam|file|dir|path|$|\W)|_te?mp\b|\btmp", re.IGNORECASE)
_STREAM = re.compile(r"php://(?:output|stdout|stderr|memory|temp|fd|filter)", re.IGNORECASE)
_WEB = re.compile(r"DOCUMENT_ROOT|SCRIPT_FILENAME|WEBROOT|ABSPATH|APP_PATH_DOCROOT|doc_?root", re.IGNORECASE)


def is_program(places: Iterable[str], holes: HoleTable) -> bool:
    """Whether a path may end like one of a program, or of a file that a server reads as configuration."""
    return any(_PROGRAM.search(_known_end(text, holes)) for text in places)


def is_log(places: Iterable[str], holes: HoleTable) -> bool:
    """Whether a path is one of a log."""
    return any(_LOG.search(_known_end(text, holes)) for text in places)


def is_stream(places: Iterable[str], holes: HoleTable) -> bool:
    """Whether a path is one of PHP's own streams, or an address: then what is written leaves and is no file here."""
    found = list(places)
    return bool(found) and all(
        _STREAM.match(text) or _is_standard(text, holes) or _is_address(text, holes) for text in found
    )


def _is_standard(text: str, holes: HoleTable) -> bool:
    """`STDERR`, `STDOUT`."""
    hole = holes.hole(text) if len(text) == 1 else None
    return hole is not None and hole.kind == "constant" and hole.text.startswith("STD")


def _is_address(text: str, holes: HoleTable) -> bool:
    return "://" in text and url_destination(text, holes).name not in (LOCAL, UNRESOLVED)


def is_output(places: Iterable[str]) -> bool:
    """Whether a path is the stream that the browser gets."""
    return any(text.lower().startswith(("php://output", "php://stdout")) for text in places)


def in_web_root(places: Iterable[str], holes: HoleTable) -> bool:
    """Whether a file may lie where the web server shows it: inside the release, or below its document root."""
    return any(_is_web(text, holes) for text in places)


def is_temporary(places: Iterable[str], holes: HoleTable) -> bool:
    """Whether a file lies in a folder for temporary files, whatever else is known of it."""
    found = list(places)
    return bool(found) and all(_is_temporary(text, holes) for text in found)


def named_by_visitor(places: Iterable[str], holes: HoleTable) -> bool:
    """Whether a path may end in what the request says."""
    last = [holes.hole(text[-1]) for text in places if text]
    return any(hole is not None and hole.kind == "user-input" for hole in last)


def _is_web(text: str, holes: HoleTable) -> bool:
    if not text or _is_temporary(text, holes):
        return False
    if text.startswith((ROOT, "./", "../")):
        return True
    first = holes.hole(text[0])
    if first is not None:
        return first.kind in ("own-server", "constant", "config", "env") and bool(_WEB.search(first.text))
    return text[0] not in "/\\~" and "://" not in text and text[1:2] != ":"


def _is_temporary(text: str, holes: HoleTable) -> bool:
    if _TEMPORARY.search(text):
        return True
    return any(hole is not None and bool(_TEMPORARY_HOLE.search(hole.text)) for hole in map(holes.hole, text[:3]))


def _known_end(text: str, holes: HoleTable) -> str:
    """What follows the last unknown piece."""
    for position in range(len(text) - 1, -1, -1):
        if holes.hole(text[position]) is not None:
            return text[position + 1 :]
    return text


def severity_rank(output: Output, holes: HoleTable) -> int:
    """0 for a program or a file in the web root, 1 for one of unknown place, 2 for a temporary one."""
    if is_program(output.places, holes) or in_web_root(output.places, holes):
        return 0
    return 2 if is_temporary(output.places, holes) else 1
