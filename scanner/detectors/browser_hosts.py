"""Hosts to which the browser takes what a program prints, sends in a header or sets as a cookie."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.analysis.destinations import url_destination
from scanner.analysis.state import Output
from scanner.analysis.templates import FIRST_PRIVATE, HoleTable, is_known
from scanner.detectors.base import Scene
from scanner.detectors.remarks import is_named

_FETCHED = re.compile(
    r"(?:\b(?:src|srcset|action|formaction|data|poster|background|ping|manifest)\s*+=\s*+\\?+[\"']?+"
    r"|\burl\(\s*+[\"']?+"
    r"|\b(?:fetch|sendBeacon|open|post|get|ajax|getJSON|WebSocket|EventSource|import|importScripts)\(\s*+"
    r"(?:[\"'](?:GET|POST|PUT)[\"']\s*+,\s*+)?\\?[\"'`]|\blocation(?:\.href)?\s*+=\s*+[\"'])\s*+((?:https?:|wss?:)?//[^\s\"'<>`)]*)",
    re.IGNORECASE,
)
"""An address that the browser contacts by itself, or when a form is sent."""
_ADDRESS = re.compile(r"(?:https?:|wss?:)?//[^\s\"'<>`)]*", re.IGNORECASE)
_TELLING_HEADERS = re.compile(
    r"(?:link|report-to|reporting-endpoints|nel|alt-svc|sourcemap|speculation-rules|content-security-policy[\w-]*)\s*:",
    re.IGNORECASE,
)
_RELATION = re.compile(r"\brel\s*=\s*\"[^\"]{0,200}\"", re.IGNORECASE)
"""Name of a relation in a `Link` header: an address that nobody contacts."""
_JSON = re.compile(
    rf"\{{\"[^\"]{{1,60}}\":.*[{FIRST_PRIVATE}-\U0010ffff]|[{FIRST_PRIVATE}-\U0010ffff].*\"[^\"]{{1,60}}\":", re.DOTALL
)
"""An object with a value of the program beside an address: a script puts them together."""
_PAGES = (".php", ".html", ".htm")
"""Ends of no domain: behind the slashes of an address that was put together stands a page."""
_MAX_TEXTS = 12


def printed(scene: Scene, output: Output) -> list[str]:
    """Hosts that a printed text makes the browser contact, or in whose address a value of the program stands."""
    return sorted({host for text in output.places[:_MAX_TEXTS] for host in _of_text(text, scene.result.state.holes)})


def _of_text(text: str, holes: HoleTable) -> Iterator[str]:
    text = text.replace("\\/", "/")  # as JSON writes it
    urls = [match[1] for match in _FETCHED.finditer(text)]
    in_json = _JSON.search(text) is not None
    urls += [match[0] for match in _ADDRESS.finditer(text) if in_json or not is_known(match[0])]
    for url in urls:
        yield from _host(url, holes)


def _host(url: str, holes: HoleTable) -> Iterator[str]:
    rest = url.partition("//")[2]
    if rest and rest[0] < FIRST_PRIVATE:
        name = url_destination(url, holes).name
        if is_named(name) and not name.lower().endswith(_PAGES):
            yield name


def header(scene: Scene, output: Output) -> list[str]:
    """Hosts that a response header makes the browser contact."""
    texts = [
        _RELATION.sub("", text).replace("\\/", "/")
        for text in output.places[:_MAX_TEXTS]
        if _TELLING_HEADERS.match(text)
    ]
    holes = scene.result.state.holes
    return sorted({host for text in texts for match in _ADDRESS.finditer(text) for host in _host(match[0], holes)})


def cookie(_scene: Scene, output: Output) -> list[str]:
    """Domain that the code sets for a cookie: every host below gets it."""
    names = (text.lstrip(".").lower() for text in output.places if is_known(text))
    return sorted({name for name in names if is_named(name)})
