"""Reasons in words: what every target writes as comments, and the page that goes with a target without comments.

Paths, symbols and names of settings come from a release and may hold anything: `plain` makes each of them one line of
printable ASCII, which is a comment in every language here as long as it stands behind the comment sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.model.egress import EgressGap, EgressList, EgressRule, EgressTarget, GapKind, Reference, Service
from scanner.report.escape import escape_markdown, spell

_LONGEST = 200
_MOST_REFERENCES = 3
_QUIET = frozenset({GapKind.SETTING_EMPTY})


def plain(text: str, limit: int = _LONGEST) -> str:
    """One line of printable ASCII; what is not is spelled."""
    return spell(text, limit).encode("ascii", "backslashreplace").decode("ascii")


def shown(service: Service) -> str:
    """`https/443`, `dns/53/udp`, `any` for what is not known."""
    port = f"/{service.port}" if service.port else "/any"
    return f"{service.protocol}{port}{'' if service.transport == 'tcp' else '/' + service.transport}"


def shown_all(services: Iterable[Service]) -> str:
    """Services of a line, with commas."""
    return ",".join(map(shown, services)) or "any"


def place(reference: Reference) -> str:
    """`path:line`."""
    return f"{reference.path}:{reference.line}"


def places(references: tuple[Reference, ...]) -> str:
    """The first places and how many more there are."""
    first = ", ".join(map(place, references[:1]))
    return first if len(references) == 1 else f"{first} and {len(references) - 1} more"


def reason(rule: EgressRule) -> str:
    """Why a line is there, in one line of ASCII: need, feature, place, settings, what to look at."""
    parts = [rule.need.value + (", not in use" if rule.unused else ""), rule.feature, places(rule.references)]
    if rule.settings:
        parts.append("settings: " + ", ".join(rule.settings[:_MOST_REFERENCES]))
    if not rule.known:
        parts.append("NOT KNOWN as a host of this product: look at the code")
    return "; ".join(plain(part) for part in parts)


def active(found: EgressList, target: EgressTarget) -> list[EgressRule]:
    """Rules that a target writes: neither held back nor beyond the product."""
    return [rule for rule in found.rules if not rule.held and not target.enforces(rule)]


def preamble(found: EgressList, target: EgressTarget) -> Iterator[str]:
    """What stands in front of a list: its release, what is held back, what is not in it, what it cannot enforce."""
    release = plain(found.release)
    if found.version and found.version not in release:
        release = f"{release} ({plain(found.version)})"
    yield f"Egress allow-list of {release} for {target.title}."
    yield "Only what the server itself connects to; sorted by domain."
    if found.incomplete:
        yield "The scan did not read the whole release: the list can lack hosts."
    held = [rule for rule in found.rules if rule.held]
    if held:
        yield ""
        yield "Held back until somebody has looked (--accept HOST brings one in):"
        yield from (
            f"  {rule.host.text}  {shown_all(rule.services)}  {plain(rule.held)}; {reason(rule)}" for rule in held
        )
    other = [rule for rule in found.rules if not rule.held and target.enforces(rule)]
    if other:
        yield ""
        yield f"Needed, and beyond {target.title}:"
        for rule in other:
            yield f"  {rule.host.text}  {shown_all(rule.services)}  {plain(target.enforces(rule))}; {reason(rule)}"
    loud = [gap for gap in found.gaps if gap.kind not in _QUIET]
    if loud:
        yield ""
        yield "Without a line of their own:"
        yield from (f"  {_gap(gap)}" for gap in loud)
    notes = [f"{rule.host.text}: {plain(note)}" for rule in active(found, target) for note in rule.notes]
    yield ""
    yield "What this list cannot enforce:"
    yield from (f"  {text}" for text in (*target.limits, *notes))


def _gap(gap: EgressGap) -> str:
    calls = "1 call" if len(gap.references) == 1 else f"{len(gap.references)} calls"
    subject = "" if f"`{gap.subject}`" in gap.text else f"{plain(gap.subject)}: "
    where = f"{calls}, {shown_all(gap.services)}; {plain(places(gap.references))}"
    return f"{gap.kind.value}  {subject}{plain(gap.text)} ({where})"


def comments(found: EgressList, target: EgressTarget, sign: str = "#") -> list[str]:
    """The preamble as comment lines."""
    return [f"{sign} {line}".rstrip() for line in preamble(found, target)]


def page(found: EgressList, target: EgressTarget) -> str:
    """Markdown page with every reason, for targets whose language has no comments."""
    lines = [f"# Egress allow-list for {target.title}", ""]
    lines += [f"Release: {escape_markdown(found.release)}. Checked: {escape_markdown(target.checked)}.", ""]
    lines += ["| host | services | need | feature | code | notes |", "|---|---|---|---|---|---|"]
    for rule in found.rules:
        state = rule.held and f"held back: {rule.held}"
        beyond = target.enforces(rule)
        notes = [state, beyond and f"not enforced here: {beyond}", *rule.notes]
        if not rule.known:
            notes.append("not known as a host of this product")
        code = ", ".join(map(place, rule.references[:_MOST_REFERENCES]))
        code += (
            f" and {len(rule.references) - _MOST_REFERENCES} more" if len(rule.references) > _MOST_REFERENCES else ""
        )
        need = rule.need.value + (", not in use" if rule.unused else "")
        cells = (rule.host.text, shown_all(rule.services), need, rule.feature, code, "; ".join(filter(None, notes)))
        lines.append("| " + " | ".join(escape_markdown(cell, 500) for cell in cells) + " |")
    lines += ["", "## Without a line of their own", ""]
    lines += [f"- {escape_markdown(_gap(gap), 500)}" for gap in found.gaps] or ["Nothing."]
    lines += ["", "## Contacted by the visitor's browser, not by the server", ""]
    lines += [f"- {escape_markdown(item.host)}" for item in found.browser] or ["Nothing."]
    lines += ["", "## What this list cannot enforce", ""]
    lines += [f"- {escape_markdown(text, 500)}" for text in target.limits]
    return "\n".join([*lines, ""])
