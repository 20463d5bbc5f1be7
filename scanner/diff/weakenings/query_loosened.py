"""# query-loosened.

## What it does
Reports a statement in which a column that says who somebody is, or that holds a password, a token or a key, was
compared for equality in the baseline and is compared with a pattern, or for anything else, now: `like`, `rlike`,
`regexp`, `>=`, `<>`.

## Why is this bad
Who sends `%` for the password or the token matches every row, and is logged in as the first.

## Example
```php
$sql = "select username from redcap_auth where password like '$given'";   // was password = '$given'
```

## References
- CWE-943, CWE-287
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.detectors.base import rule
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("query-loosened", Category.WEAKENING, "A statement matches more than before", __doc__)
_COMPARED = re.compile(
    r"(?<![`\"\w.])((?:[`\"\w]*+\.)*+(?=[`\"\w]*?(?:passw|pwd|token|secret|hash|user|login|session|api_?key|nonce|code|pin|mail))"
    r"[`\"\w]+)\s*+"
    r"(<>|!=|>=|<=|<|>|=|\b(?:not\s+)?(?:like|rlike|regexp)\b)",
    re.IGNORECASE,
)
"""A column that tells who somebody is or what only one knows, and how it is compared."""
_SPACE = re.compile(r"\s+")
_STATEMENT = re.compile(r"\b(?:where|and|or|on|set)\b|\A\s*\S+\s*(?:=|like|rlike|regexp)", re.IGNORECASE)


def find(pair: Pair) -> Iterator[Weakening]:
    """Texts of statements that are those of the baseline but for how a column is compared."""
    if pair.old is None:
        return
    before = {text for text, _line in pair.old.strings}
    after = {text for text, _line in pair.new.strings}
    gone = {_plain(text): text for text in before - after if _STATEMENT.search(text)}
    for text, line in pair.new.strings:
        was = gone.get(_plain(text)) if text not in before else None
        column = _loosened(was, text) if was is not None else ""
        if column:
            yield Weakening(
                Severity.HIGH, line, "statement",
                f"a statement in {pair.symbol or 'the file'} matches more than before: "
                f"{column} was compared for equality",
                (("old", _SPACE.sub(" ", was or "")[-120:]), ("new", _SPACE.sub(" ", text)[-120:])),
            )  # fmt: skip


def _plain(text: str) -> str:
    """A text whatever its comparisons are."""
    return _SPACE.sub("", _COMPARED.sub(r"\1=", text.replace("%", ""))).lower()


def _loosened(was: str, text: str) -> str:
    """The first column that was compared for equality and is not any more; `` for none."""
    for one, two in zip(_COMPARED.finditer(was), _COMPARED.finditer(text), strict=False):
        if one[2] == "=" and two[2] != "=":
            return two[1]
    return ""
