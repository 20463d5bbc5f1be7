"""# check-overridden.

## What it does
Reports a check that is still called but decides nothing any more: its condition has a constant in it (`false && ...`,
`... || true`), its result is dropped or negated, it compares a value with itself, or the function that checks begins
with `return true`.

## Why is this bad
Who searches for the call still finds it.

## Example
```php
if (false && !hash_equals($expected, $given)) { exit; }
```

## References
- CWE-561, CWE-570, CWE-571, CWE-287
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scanner.analysis.units import Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.check_removed import is_guard, is_strong
from scanner.diff.weakenings.pairs import Pair, Side, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("check-overridden", Category.WEAKENING, "A check that decides nothing any more", __doc__)
_REFUSES = re.compile(r"block|forbid|deny|denied|reject|banned|restricted|expired|revoked|require|needs")
"""Names of functions whose answer `false` lets pass."""
_THROWS = re.compile(r"throw|exception|^(?:exit|die|abort)")
"""Names of calls that do not come back."""
_COMPARE = frozenset({"hash_equals", "strcmp", "strcasecmp", "strncmp", "sodium_memcmp"})


def find(pair: Pair) -> Iterator[Weakening]:
    """Checks that lost their effect against the namesake."""
    yield from _constant_conditions(pair)
    yield from _with_itself(pair)
    if pair.old is not None:
        yield from _forced(pair, pair.old)
        yield from _dropped(pair, pair.old)


def _constant_conditions(pair: Pair) -> Iterator[Weakening]:
    known = Counter(item.text for item in pair.old.overrides) if pair.old else Counter[str]()
    for item in pair.new.overrides:
        if known[item.text]:
            known[item.text] -= 1
        elif any(is_guard(name) for name in item.calls) or is_guard(pair.symbol.rpartition("::")[2].lower()):
            names = ", ".join(f"{name}()" for name in item.calls if name) or "the rest of it"
            api = item.calls[0] if item.calls else pair.symbol
            message = f"a constant decides the condition ({item.text}): {names} does not count"
            yield _weakening(item.line, api, message, item.text)


def _with_itself(pair: Pair) -> Iterator[Weakening]:
    for site in pair.new.calls:
        if site.same and site.name in _COMPARE:
            yield _weakening(site.line, site.name, f"{site.name}() compares a value with itself", "same value twice")


def _forced(pair: Pair, old: Unit) -> Iterator[Weakening]:
    line, value = pair.new.forced
    name = pair.symbol.rpartition("::")[2].lower()
    ends = value == "null" and any(_THROWS.search(site.name) for site in old.calls)  # `return;` where it refused
    lets_pass = ends or value in ("true", "1") or (value in ("false", "0") and _REFUSES.search(name) is not None)
    if lets_pass and value != old.forced[1] and is_guard(name) and (old.calls or sum(old.comparisons.values())):
        yield _weakening(line, name, f"{pair.symbol}() always returns {value} now", f"return {value}")


def _dropped(pair: Pair, old: Unit) -> Iterator[Weakening]:
    """Guards that are called as before, but whose result is not used, or is used the other way round.

    Who swaps the two arms of a condition negates it as well, but moves calls: so for a negation all calls must have
    stayed in their order. `if ($ok) { return $x; }` that became `if (!$ok) { return; } return $x;` has one end more.
    """
    new = pair.new
    before, after = (Counter(site.name for site in unit.calls) for unit in (old, new))
    idle = _unused(new) - _unused(old)
    for name, arity in sorted(idle):
        answered = any(site.name == name and site.arity == arity and site.used for site in old.calls)
        if before[name] == after[name] and is_guard(name) and answered:
            grades = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)
            throws = _throws_instead(pair, name)
            severity = grades[(not is_strong(name)) + throws]
            message = f"nothing uses the result of {name}() any more"
            message += "; it gives none now, and throws" if throws else ""
            yield _weakening(_line(new, name), name, message, "unused", severity)
    if idle or [site.name for site in old.calls] != [site.name for site in new.calls]:
        return
    for name in sorted(
        {one.name for one, other in zip(old.calls, new.calls, strict=True) if one.negated != other.negated}
    ):
        if is_guard(name):
            severity = Severity.MEDIUM if old.ends == new.ends else Severity.LOW
            yield _weakening(
                _line(new, name), name, f"the result of {name}() counts the other way round", "negated", severity
            )


def _throws_instead(pair: Pair, name: str) -> bool:
    """Whether the guard stands in this file, gave an answer before, and gives none now but ends by an exception."""
    answered, silent = (_named(side, name) for side in (pair.old_file, pair.new_file))
    refuses = any(_THROWS.search(site.name) for unit in silent for site in unit.calls)
    return refuses and any(unit.ends for unit in answered) and not any(unit.ends for unit in silent)


def _named(side: Side, name: str) -> list[Unit]:
    return [unit for symbol, unit in side.units.items() if symbol.rpartition("::")[2].lower() == name]


def _unused(unit: Unit) -> Counter[tuple[str, int]]:
    return Counter((site.name, site.arity) for site in unit.calls if not site.used)


def _line(unit: Unit, name: str) -> int:
    return next(site.line for site in unit.calls if site.name == name)


def _weakening(line: int, api: str, message: str, evidence: str, severity: Severity = Severity.HIGH) -> Weakening:
    return Weakening(severity, line, api, message, (("how", evidence),))
