"""Findings in decoded code, told at the place in the release where that code is run."""

from __future__ import annotations

import msgspec

from scanner.analysis.program import CodeUnit
from scanner.detectors.base import Scene, printable
from scanner.model.finding import Category, Finding, Severity, TraceStep

MAX_SHOWN = 400
"""Characters of decoded text that a finding shows."""
_RAISED = frozenset({Category.EGRESS, Category.EXFILTRATION, Category.PAYLOAD})


def innermost(scene: Scene, host: int, start: int) -> tuple[str, int]:
    """The last layer of the code that is run at a place, clipped, and the number of layers; ("", 0) for none."""
    program = scene.program
    by_host = {(program.path(unit.host), unit.start): (path, unit) for path, unit in program.code.items()}
    text, layers = "", 0
    found = by_host.get((program.path(host), start))
    while found is not None:
        path, unit = found
        text, layers = unit.text, layers + 1
        found = next((item for key, item in by_host.items() if key[0] == path), None)
    return clipped(scene, text), layers


def clipped(scene: Scene, text: str) -> str:
    """Text of the scanned program for a report: holes by their names, blanks folded, bounded."""
    shown = " ".join(scene.result.state.holes.show(text[: 2 * MAX_SHOWN]).split())
    return shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + "..."


def relocate(scene: Scene, finding: Finding) -> Finding:
    """The finding as it stands; one in decoded code moves to the `eval` that runs the code."""
    code = scene.program.code
    steps = tuple(_step(scene, step) for step in finding.trace) if code else finding.trace
    if finding.path not in code:
        return finding if steps == finding.trace else msgspec.structs.replace(finding, trace=steps)
    unit = code[finding.path]
    outer = _outermost(scene, unit)
    severity = finding.severity
    if finding.category in _RAISED and severity in (Severity.MEDIUM, Severity.LOW) and _names_host(finding):
        severity = Severity.HIGH
    return msgspec.structs.replace(
        finding,
        path=scene.program.path(outer.host),
        line=outer.line,
        end_line=outer.end_line,
        span=(outer.start, outer.end),
        symbol=printable(scene.program.symbol(outer.host)),
        severity=severity,
        message=f"in decoded code: {finding.message}",
        details=tuple(sorted({*finding.details, ("decoded", printable(clipped(scene, unit.text)))})),
        trace=steps,
    )


def _names_host(finding: Finding) -> bool:
    return any("." in name and not name.startswith(("config:", "env:")) for name in finding.destinations)


def _outermost(scene: Scene, unit: CodeUnit) -> CodeUnit:
    code = scene.program.code
    path = scene.program.path(unit.host)
    while path in code:
        unit = code[path]
        path = scene.program.path(unit.host)
    return unit


def _step(scene: Scene, step: TraceStep) -> TraceStep:
    unit = scene.program.code.get(step.path)
    if unit is None:
        return step
    outer = _outermost(scene, unit)
    return TraceStep(scene.program.path(outer.host), outer.line, f"in decoded code: {step.text}")
