"""A simulation for people, in plain text."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.protect.simulate import Case, Simulation, Verdict
from scanner.report.escape import escape_terminal

_SHOWN = 40
"""Cases that are printed; the JSON form has all."""
_WIDTH = 600


def render(simulation: Simulation) -> str:
    """Text of a result, with a line end."""
    return "\n".join(_lines(simulation)) + "\n"


def _lines(result: Simulation) -> Iterator[str]:
    names = f"web ACL {_safe(result.acl)} for {_safe(result.release)}"
    yield f"{result.verdict.value.upper()}: {names}, server: {result.server}"
    yield ""
    yield f"{'attacks tried':<34} {result.attacks:>7,}  ({result.evaluations:,} evaluations in all readings)"
    yield f"{'  let through':<34} {result.through:>7,}"
    yield f"{'  perhaps let through':<34} {result.perhaps_through:>7,}"
    yield f"{'legitimate requests tried':<34} {result.legitimate:>7,}"
    yield f"{'  refused':<34} {result.blocked:>7,}"
    yield f"{'  perhaps refused':<34} {result.perhaps_blocked:>7,}"
    capacity = result.capacity
    unknown = f", without {', '.join(map(_safe, capacity.unknown))}" if capacity.unknown else ""
    yield f"{'capacity (WCU)':<34} {capacity.low:>7,}  ({capacity.high:,} if NONE is charged{unknown})"
    yield ""
    for way in result.ways:
        yield f"{_safe(way.script)}: opened by {', '.join(map(_safe, way.places)) or 'no secret of this web ACL'}"
    yield from _named("weak: ", result.weak)
    yield from _named("note: ", result.notes)
    for family, count in result.not_counted.items():
        yield f"note: {count} spellings of the family {family} get through; no known server maps them to the script"
    yield from _counts("Attacks are let through by", result.allowed_by)
    yield from _counts("Rules that match attacks but only count them", result.only_counted)
    yield from _cases("Attacks that get through", result.let_through)
    yield from _cases("Legitimate requests that are refused", result.refused)
    if result.verdict is Verdict.CANNOT_TELL:
        yield ""
        yield "What depends on addresses, countries, rates or managed rules cannot be told from a file. When such a"
        yield "rule is known not to matter, set it aside: --set-aside RULE."


def _named(title: str, lines: tuple[str, ...]) -> Iterator[str]:
    for line in lines:
        yield f"{title}{_safe(line)}"


def _counts(title: str, counts: dict[str, int]) -> Iterator[str]:
    if counts:
        yield ""
        yield f"{title}:"
        for name, count in counts.items():
            yield f"  {count:>7,}  {_safe(name)}"


def _cases(title: str, cases: tuple[Case, ...]) -> Iterator[str]:
    if not cases:
        return
    yield ""
    yield f"{title}:"
    for case in cases[:_SHOWN]:
        sure = "" if case.certain else "perhaps, "
        by = ", ".join(map(_safe, case.rules))
        yield f"  {case.count:>7,}  {sure}{_safe(case.script or 'other pages')}, {case.family}, by {by}"
        for reading in case.readings:
            yield f"           only if {_safe(reading)}"
        for example in case.examples:
            yield f"           {_safe(example)}"
    if len(cases) > _SHOWN:
        yield f"  and {len(cases) - _SHOWN} more kinds: see --format json"


def _safe(text: str) -> str:
    return escape_terminal(text, _WIDTH)
