"""A check in words, for a terminal and a build log."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.egress import Deployed, EgressCheck, EgressList, EgressRule
from scanner.protect.egress.lines import plain, reason, shown_all

_MOST_BELOW = 5


def words(result: EgressCheck, found: EgressList) -> str:
    """The upgrade first, then what is wrong, then what is only good to know."""
    lines = [*_upgrade(result), *_wrong(result), *_advice(result)]
    if found.incomplete:
        lines.append("The scan did not read the whole release: hosts can be missing from this check.")
    lines.append(_last(result))
    return "\n".join([*lines, ""])


def _upgrade(result: EgressCheck) -> Iterator[str]:
    if not result.baseline:
        return
    if not result.new:
        yield f"This upgrade from {plain(result.baseline)} needs no new host."
    else:
        count = "one new host" if len(result.new) == 1 else f"{len(result.new)} new hosts"
        names = ", ".join(rule.host.text for rule in result.new)
        yield f"This upgrade from {plain(result.baseline)} needs {count}: {names}"
        yield from (f"  {_rule(rule)}" for rule in result.new)
    for gap in result.new_gaps:
        yield f"  new, without a line of its own: {gap.kind.value} {plain(gap.subject)}: {plain(gap.text)}"
    if result.gone:
        yield f"No longer needed: {', '.join(rule.host.text for rule in result.gone)}"
    yield ""


def _wrong(result: EgressCheck) -> Iterator[str]:
    yield from _section("Missing", [_rule(rule) for rule in result.missing])
    severe = [item for item in result.wide if item.severe]
    texts = [f"{_entry(item.entry)}: {plain(item.why)}{_instead(item.instead)}" for item in severe]
    yield from _section("Too wide", texts)
    allowed = [rule for rule in result.held if rule.host.text in result.allowed]
    yield from _section("Allowed, and held back until somebody has looked", [_rule(rule) for rule in allowed])


def _advice(result: EgressCheck) -> Iterator[str]:
    wide = [item for item in result.wide if not item.severe]
    texts = [f"{_entry(item.entry)}: {plain(item.why)}{_instead(item.instead)}" for item in wide]
    yield from _section("Wildcards that could be names", texts)
    yield from _section("Unused", [_entry(item) for item in result.unused])
    held = [rule for rule in result.held if rule.host.text not in result.allowed]
    yield from _section("Held back, not asked for", [f"{_rule(rule)}; {plain(rule.held)}" for rule in held])
    yield from _section("For another layer, this product cannot enforce them", [_rule(rule) for rule in result.other])


def _section(title: str, items: list[str]) -> Iterator[str]:
    if items:
        yield f"{title} ({len(items)}):"
        yield from (f"  {item}" for item in items)
        yield ""


def _rule(rule: EgressRule) -> str:
    return f"{rule.host.text}  {shown_all(rule.services)}  {reason(rule)}"


def _entry(item: Deployed) -> str:
    where = f"line {item.line}: " if item.line else ""
    ports = f" on {', '.join(map(str, item.ports[:_MOST_BELOW]))}" if item.ports else ""
    return f"{where}{item.host.text}{ports}"


def _instead(hosts: tuple[str, ...]) -> str:
    if not hosts:
        return ""
    more = f" and {len(hosts) - _MOST_BELOW} more" if len(hosts) > _MOST_BELOW else ""
    return f"; of this release it holds {', '.join(hosts[:_MOST_BELOW])}{more}"


def _last(result: EgressCheck) -> str:
    verdict = "fail" if result.failed else "pass"
    wide = sum(item.severe for item in result.wide)
    return (
        f"{verdict}: {result.entries} entries, {len(result.missing)} missing, {wide} too wide, "
        f"{len(result.allowed)} allowed though held back, {len(result.unused)} unused"
    )
