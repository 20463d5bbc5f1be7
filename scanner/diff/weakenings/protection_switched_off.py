"""# protection-switched-off.

## What it does
Reports a setting with two states that was safe in the baseline and is not now: `verify`, `secure`, `csrf`, `httponly`
and the like switched off, `debug`, `allow`, `skip`, `display_errors` and the like switched on. The setting is a
constant, a property, an option, the default of a parameter or of a configuration. Both values are shown.

## Why is this bad
A guard that is switched off is still in the code, so a reader sees it and trusts it.

## Example
```php
ini_set('display_errors', '1');   // was '0'
```

## References
- CWE-1188, CWE-489, CWE-209
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from scanner.analysis.units import Binding, Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.diff.weakenings.tls_verification_off import is_off
from scanner.model.finding import Category, Severity

RULE = rule("protection-switched-off", Category.WEAKENING, "A protection is switched off", __doc__)

_OFF = frozenset({"0", "false", "off", "no", "none", "null", ""})
_ON = frozenset({"1", "true", "on", "yes"})
_GUARD = re.compile(
    r"csrf|xsrf|auth(?!or)|httponly|samesite|secure|encrypt|sanitiz|escap|signature|two_?factor|2fa|mfa|captcha"
    r"|require_?(?:login|https|ssl|auth)|verif|nonce|strict_?mode|safe_?mode|validat|open_basedir|restrict|protect"
)
_HOLE = re.compile(
    r"no_?auth|skip_?(?:auth|login|check|verif|csrf)|bypass|insecure|unsafe|disable_?(?:auth|csrf|check|security)"
    r"|display_(?:startup_)?errors|expose_php|allow_url_(?:fopen|include)|anonymous|allow_?(?:guest|remote|all|unsafe)"
    r"|phar\.readonly"
)
_DIAGNOSTIC = re.compile(r"^(?:\$|ini:)?(?:app_?|wp_?)?debug(?:_?mode)?$|debug_?display|trace_?log|verbose_?errors")

_ORIGIN = "access-control-allow-origin:"
_WITH_LOGIN = "access-control-allow-credentials: true"


def find(pair: Pair) -> Iterator[Weakening]:
    """Settings whose state turned against the site."""
    if pair.old is None:
        return
    yield from _opened(pair.old, pair.new)
    before = _values(pair.old)
    for name, items in _values(pair.new).items():
        old = before.get(name, [])
        known = {item.value for item in old}
        for item in items:
            if item.value in known or is_off(item) or len(items) < len(old):
                continue
            severity = _turned(old[0] if old else None, item)
            if severity is not None:
                was = ", ".join(sorted(known)) or "not set"
                yield Weakening(
                    severity, item.line, name, f"{name} is {item.value} now, it was {was}",
                    (("old", was), ("new", item.value)),
                )  # fmt: skip


def _opened(old: Unit, new: Unit) -> Iterator[Weakening]:
    """Pages of other sites may read what a visitor who is logged in gets, and might not before."""
    before = {text.lower() for text, _line in old.strings}
    texts = {text.lower(): line for text, line in new.strings}
    origins = [text for text in texts if text.startswith(_ORIGIN)]
    if _WITH_LOGIN in texts and origins and not (_WITH_LOGIN in before and before.issuperset(origins)):
        message = "pages of other origins may read answers with the visitor's session"
        yield Weakening(Severity.HIGH, texts[_WITH_LOGIN], "header", message, (("old", "not set"), ("new", origins[0])))


def _values(unit: Unit) -> dict[str, list[Binding]]:
    """Settings by name. A local variable is none: its value depends on where the code stands."""
    found: dict[str, list[Binding]] = defaultdict(list)
    for item in unit.bindings:
        if item.kind != "element" and (item.kind != "variable" or not unit.symbol):
            found[item.name].append(item)
    return found


def _turned(old: Binding | None, new: Binding) -> Severity | None:
    """How bad the turn is; None when it is none."""
    key, value = new.key, new.value.lower()
    was = old.value.lower() if old else ""
    if new.name.startswith("ini:"):
        if old is None or was != value:
            loud = _HOLE.search(key) and value in _ON
            of_session = new.name.startswith("ini:session.") and _GUARD.search(key) and value in _OFF
            found = loud or (_GUARD.search(key) and value in _OFF)
            return Severity.HIGH if of_session else Severity.MEDIUM if found else None
        return None
    if old is None or was == value:
        return None
    if _HOLE.search(key):
        return Severity.HIGH if was in _OFF and value in _ON else None
    if _DIAGNOSTIC.search(key):
        return Severity.MEDIUM if was in _OFF and value in _ON else None
    return Severity.HIGH if _GUARD.search(key) and was in _ON and value in _OFF - {"null", ""} else None
