"""# identity-from-request.

## What it does
Reports that a value which said who somebody is, or which project is meant, and came from a constant of the application
(`USERID`, `PROJECT_ID`), comes from the request first: `$_REQUEST['pid'] ?? PROJECT_ID`.

## Why is this bad
The constant was set once the rights were checked. What a request says is not checked: whoever sends the field works in
another project, or as somebody else.

## Example
```php
$project_id = $_REQUEST['pid'] ?? PROJECT_ID;   // was PROJECT_ID
```

## References
- CWE-639, CWE-290
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.analysis.gates import Gate
from scanner.analysis.units import Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings import gate_loosened
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("identity-from-request", Category.WEAKENING, "A request says who or which project is meant", __doc__)
_CONSTANT = r"(?:USERID|PROJECT_ID|SUPER_USER|ACCOUNT_MANAGER|GROUP_ID|UI_ID|\w*USER_?(?:ID|NAME))"
_USED = re.compile(rf"ConstRef\('?(?:\w+\\\\)*({_CONSTANT})\b")
_NAMED = re.compile(_CONSTANT)


def find(pair: Pair) -> Iterator[Weakening]:
    """Values that the request decides now, and such a constant decided alone before."""
    if pair.old is None:
        return
    known = {part.text for gate in pair.old.gates for part in gate.parts}
    asking = [gate for gate in pair.new.gates if gate.effect == "value" and _asks(gate, known)]
    for gate in asking:
        constant = _in_its_place(gate, pair.old) or _assigned_elsewhere(gate, pair.old, pair.new)
        if constant and all(other.line != gate.line for other in gate_loosened.find(pair)):
            yield Weakening(
                Severity.HIGH, gate.line, constant,
                f"a request decides in {pair.symbol or 'the file'} what {constant} said before",
                (("old", constant), ("new", "the request")),
            )  # fmt: skip


def _asks(gate: Gate, known: set[str]) -> bool:
    return any(part.asks_visitor and part.text not in known for part in gate.parts)


def _in_its_place(gate: Gate, old: Unit) -> str:
    """The constant that a value falls back to; the baseline used it, too."""
    found = {match for part in gate.parts for match in _USED.findall(part.text)}
    return next((name for name in sorted(found) if name.lower() in old.names), "")


def _assigned_elsewhere(gate: Gate, old: Unit, new: Unit) -> str:
    """The constant that was all that the variable was given which is assigned here."""
    for item in new.bindings:
        if item.line != gate.line or item.kind != "variable":
            continue
        before = {other.value for other in old.bindings if other.kind == "variable" and other.name == item.name}
        if len(before) == 1 and _NAMED.fullmatch(next(iter(before))):
            return next(iter(before))
    return ""
