"""How text of a scanned release gets into the page.

Three ways, and no other: the templates (every value that they print passes through `visible`, then through jinja2's
escaping), the data block (`script_json`), and fragments of links (`fragment`).
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from markupsafe import Markup

from scanner.report import escape
from scanner.report.escape import spell

LIMIT = 300
"""Characters of a name: path, host, symbol, secret."""
LONG = 800
"""Characters of a sentence or of a value that a reviewer reads whole."""


def shown(text: str, limit: int = LIMIT) -> str:
    """The text as the page shows it: bounded, and what has no glyph is spelled. Not escaped for HTML."""
    return spell(text, limit)


def visible(value: object) -> object:
    """What a template prints: markup as it is, all other text spelled."""
    return value if isinstance(value, Markup) else spell(str(value), LONG)


def script_json(value: object) -> str:
    """JSON for a `<script type="application/json">`.

    Raises: UnicodeEncodeError for lone surrogates; text that went through `shown` or `well_formed` has none.
    """
    return escape.script_json(msgspec.json.encode(value).decode())


def fragment(**keys: str) -> str:
    """Link to the findings that the filters select: `#host=api.example.com&state=new`. ASCII, needs no escaping."""
    return "#" + "&".join(f"{key}={quote(shown(value), safe='')}" for key, value in keys.items() if value)
