"""One finding in full, for a person who has to decide about it: the way with the code of each step, and what to ask."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from scanner.report.document import Side
from scanner.report.escape import escape_terminal
from scanner.report.reasons import checks, why

WIDTH = 100
CONTEXT = 1
"""Lines of code shown before and after that of a step."""
_MAX_CODE = 160
_MAX_TEXT = 600

Code = Mapping[str, Mapping[int, str]]
"""Lines of the release by path and number."""


def places(finding: Side) -> Iterator[tuple[str, int]]:
    """Paths and lines whose code an explanation shows."""
    for path, line in _steps(finding):
        for number in range(max(1, line - CONTEXT), line + CONTEXT + 1):
            yield path, number


def explanation(finding: Side, code: Code) -> str:
    """Text of one finding. `code` may be empty: then the report's own excerpt is all there is."""
    return "\n".join(_lines(finding, code)) + "\n"


def _lines(finding: Side, code: Code) -> Iterator[str]:
    yield f"{finding.rule}  {finding.severity.value}, {finding.confidence.value}"
    symbol = f"  in {_safe(finding.symbol)}" if finding.symbol else ""
    yield f"{_safe(finding.path)}:{finding.line}{symbol}"
    yield from _wrapped(finding.message)
    yield ""
    yield from _facts(finding)
    yield ""
    if finding.trace:
        yield "From source to sink:"
        for number, step in enumerate(finding.trace, 1):
            yield f"{number:>3}. {_safe(step.path)}:{step.line}  {_safe(step.text)}"
            yield from _code(step.path, step.line, code)
    else:
        yield "Code:"
        yield from _code(finding.path, finding.line, code) if code else ()
    if not code:
        yield from (f"       {_safe(line, _MAX_CODE)}" for line in finding.excerpt)
    yield ""
    yield f"Why {finding.severity.value}:"
    yield from _wrapped(why(finding), "  ")
    yield "What to check:"
    for question in checks(finding):
        yield from _wrapped(question, "  - ", "    ")
    yield f"More about the rule: redcap-scanner explain {finding.rule}"


def _facts(finding: Side) -> Iterable[str]:
    yield f"identity      {finding.identity}"
    yield f"evidence      {finding.evidence}"
    if finding.destinations:
        yield f"destinations  {', '.join(map(_safe, finding.destinations))}"
    if finding.secrets:
        yield f"secrets       {', '.join(map(_safe, finding.secrets))}"
    if finding.package:
        yield f"package       {_safe(finding.package)}"
    for item in finding.details:
        yield f"{_safe(item.name):<12}  {_safe(item.value)}"


def _steps(finding: Side) -> Iterator[tuple[str, int]]:
    yield finding.path, finding.line
    yield from ((step.path, step.line) for step in finding.trace)


def _code(path: str, line: int, code: Code) -> Iterator[str]:
    """The line of a step, marked, with its neighbours."""
    known = code.get(path, {})
    for number in range(max(1, line - CONTEXT), line + CONTEXT + 1):
        if number in known:
            mark = ">" if number == line else " "
            yield f"     {mark}{number:>6} | {_safe(known[number].expandtabs(4), _MAX_CODE)}".rstrip()


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    safe = _safe(text)
    return textwrap.wrap(safe, WIDTH, initial_indent=first, subsequent_indent=rest or " " * len(first)) or [first]


def _safe(text: str, limit: int = _MAX_TEXT) -> str:
    return escape_terminal(text, limit)
