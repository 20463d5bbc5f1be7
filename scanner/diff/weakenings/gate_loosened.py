"""# gate-loosened.

## What it does
Reports a condition that lets more pass than in the baseline, in code that is about logging in, rights, tokens or
sessions, or that checks something:

- one more way in: `... || $user === 'site_admin'`, `... || isset($_GET['su'])`, or one more thing that must be so
  before the request is refused: `if (!SUPER_USER && empty($_SERVER['HTTP_X_SUPPORT'])) { exit; }`
- a branch that ended the request or refused, and does so no longer: the `exit` behind a redirect is gone,
  `return false` became `return true`, or the condition is gone and nothing else changed
- a value of the session in whose place one of the request comes: `$_REQUEST['as'] ?? $_SESSION['username']`
- a check that is made for another word than before: `$method == 'PUT' && !hash_equals(...)`

## Why is this bad
One word more in a condition is easily overlooked, and whoever knows it gets in.

## Example
```php
if (defined('NOAUTH') || isset($_GET['NOAUTH'])) { return true; }   // what the request asks for is new
```

## References
- CWE-287, CWE-698, CWE-863, CWE-912
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scanner.analysis.gates import Gate, Part
from scanner.analysis.units import Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.check_removed import is_guard, is_strong
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("gate-loosened", Category.WEAKENING, "A condition lets more pass than before", __doc__)
_ABOUT = re.compile(
    r"auth|log_?[io]n(?![a-z])|passw|session|privileg|permission|super_?user|is_?admin|credential|user_?rights|token|csrf"
    r"|user_?id|allowed|sudo|impersonat",
    re.IGNORECASE,
)
_REFUSES = frozenset({"leaves", "false"})
_FEW = 4
"""New conditions up to which a function is the same as before but for them."""
_ENDS = frozenset({"true", "null"})
"""What a branch returns that lets pass, or passes over what follows."""
_IDENTITY = re.compile(r"'\w*(?:user|login|auth|admin|uid|role)\w*'", re.IGNORECASE)
_ONE_USER = re.compile(r"ConstRef\(USERID|Var\(\w*user(?:_?id|_?name)?\)|'user(?:_?id|_?name)'", re.IGNORECASE)
_CONSTANT = re.compile(r"'[^']*'")
_FILE = re.compile(r"'[^']*[./ ][^']*'")
"""A text that is no name: a file, a sentence."""
_ADDRESS = r"(?-i:(?<![a-z])(?:ip|IP)(?![a-z])|(?<=[a-z])I[pP](?![a-z]))"
"""`ip`, `clientIp`, `REMOTE_IP`, and not `stripped`."""
_NAMES_WHO = rf"\w*(?:user|login|name|mail|pass|token|key|secret|role|{_ADDRESS}|addr)"
_WHO = re.compile(rf"'\$?{_NAMES_WHO}\w*'|(?:Var|ConstRef)\({_NAMES_WHO}", re.IGNORECASE)
"""Who somebody is, or what only one knows."""
_EQUALITY = re.compile(r"Op\(([!=])==?,")
_CALL = re.compile(r"Call\([^,]*,(\w+)")
_CHECK = re.compile(r"hash_equals|password_verify|csrf|nonce|token|verify", re.IGNORECASE)


def find(pair: Pair) -> Iterator[Weakening]:
    """Conditions of the namesake that let pass less."""
    if pair.old is None:
        return
    old, new = _without(pair.old.gates, pair.new.gates), _without(pair.new.gates, pair.old.gates)
    about, own = is_about_access(pair.symbol), _ABOUT.search(pair.symbol.rpartition("::")[2]) is not None
    alone = not old and len(new) <= _FEW and _calls_as_before(pair.old, pair.new)
    for gate in new:
        found = list(_changed(gate, old, about=about, own=own))
        if not found and alone:
            found = list(_one_more(pair, gate, about=about))
        yield from found[:1]
    yield from _gone(pair, pair.old, old, new, about=about)


def _gone(pair: Pair, unit: Unit, old: list[Gate], new: list[Gate], *, about: bool) -> Iterator[Weakening]:
    """The one condition that refused and is gone, in a function that is otherwise the same."""
    before, after = (Counter(site.name for site in one.calls) for one in (unit, pair.new))
    if new or len(old) != 1 or after - before or old[0].effect not in _REFUSES:
        return
    text = " ".join(part.text for part in old[0].parts).lower()
    if any(is_guard(name) and name in text for name in before):
        return  # `check-removed` and `check-overridden` tell it
    if (about and _is_about(pair.symbol.rpartition("::")[2])) or _names_access(old[0]):
        yield _weakening(old[0]._replace(line=pair.new.line), "it refused, and is gone")


def _without(gates: tuple[Gate, ...], others: tuple[Gate, ...]) -> list[Gate]:
    """Those of some conditions that are not among others, wherever these stand."""
    known = Counter(gate._replace(line=0) for gate in others)
    found: list[Gate] = []
    for gate in gates:
        bare = gate._replace(line=0)
        if known[bare]:
            known[bare] -= 1
        else:
            found.append(gate)
    return found


def _is_about(name: str) -> bool:
    """Whether a function's own name says that it is about who may do what."""
    return _ABOUT.search(name) is not None or is_strong(name.lower())


def _calls_as_before(old: Unit, new: Unit) -> bool:
    """Whether everything that was called still is: nothing was written anew."""
    return not Counter(site.name for site in old.calls) - Counter(site.name for site in new.calls)


def _one_more(pair: Pair, gate: Gate, *, about: bool) -> Iterator[Weakening]:
    """A branch that is new and passes over the rest, or an identity that the session is given in one more place."""
    name = pair.symbol.rpartition("::")[2]
    if gate.effect == "session":
        whole, key = gate.parts
        said = whole.asks_visitor or not key.text.startswith("'") or _IDENTITY.search(key.text)
        if about and said:
            yield _weakening(gate, "the session is given who somebody is, or a field that a request names")
        return
    one_user = any(part.names_constant and _ONE_USER.search(part.text) for part in gate.parts)
    if gate.effect in (*_ENDS, "false", "leaves") and one_user:
        yield _weakening(gate, "one user is treated apart")
    elif gate.effect in _ENDS and _is_about(name):
        opened = any(part.asks_visitor or part.names_constant for part in gate.parts)
        how = "what follows is passed over in one more case"
        yield _weakening(gate, how)._replace(
            severity=Severity.HIGH if opened or gate.effect == "true" else Severity.MEDIUM
        )


def is_about_access(symbol: str) -> bool:
    """Whether a function is about who may do what, by its name or that of its class."""
    return _ABOUT.search(symbol) is not None or is_guard(symbol.rpartition("::")[2].lower())


def _changed(gate: Gate, old: list[Gate], *, about: bool, own: bool) -> Iterator[Weakening]:
    """What a condition became, against the ones that are gone. `own`: the function's own name says who may do what."""
    texts = {part.text for part in gate.parts}
    for before in old:
        known = {part.text for part in before.parts}
        if known == texts and before.joiner == gate.joiner:
            found = _other_effect(before, gate, about=about or _names_access(before))
        elif known < texts and (before.effect in _REFUSES) == (gate.effect in _REFUSES):
            around = {_alike(part.text) for other in old for part in other.parts}
            more = [part for part in gate.parts if part.text not in known and _alike(part.text) not in around]
            named = gate.effect != "other" and _names_access(before)
            found = _more_parts(before, gate, more, about=about or named, own=own)
        elif len(before.parts) == len(gate.parts) and before.effect == gate.effect:
            found = _other_constant(before, gate) or _other_value(before, gate, about=about)
        else:
            continue
        if found is not None:
            yield found
            return


def _alike(text: str) -> str:
    """A part of a condition whatever kind of equality it asks for: it may have stood around the other one."""
    return _EQUALITY.sub(r"Op(\1=,", text)


def _names_access(gate: Gate) -> bool:
    return any(_ABOUT.search(_FILE.sub("", part.text)) for part in gate.parts)


def _other_effect(before: Gate, gate: Gate, *, about: bool) -> Weakening | None:
    """The same condition, behind which the request is no longer refused."""
    if before.effect == "leaves" and gate.effect == "other" and before.redirects and gate.redirects:
        return _weakening(gate, "the request goes on behind the redirect, where it ended before")
    if about and before.effect == "false" and gate.effect == "true":
        return _weakening(gate, "true is returned where it was false")
    return None


def _other_constant(before: Gate, gate: Gate) -> Weakening | None:
    """A condition with a check in it that is made for another word than before."""
    pairs = [(one.text, two.text) for one, two in zip(before.parts, gate.parts, strict=True)]
    changed = [(one, two) for one, two in pairs if one != two]
    alike = all(_CONSTANT.sub("", one) == _CONSTANT.sub("", two) for one, two in changed)
    checked = any(_CHECK.search(one) for one, two in pairs if one == two)
    refuses = gate.joiner == "and" and gate.effect in _REFUSES
    return _weakening(gate, "it refuses for another word than before") if alike and checked and refuses else None


def _other_value(before: Gate, gate: Gate, *, about: bool) -> Weakening | None:
    """The same check, asked about what a request says, or about a piece of what it was asked about."""
    for one, two in zip(before.parts, gate.parts, strict=True):
        name = _CALL.match(one.text)
        if one.text == two.text or name is None or not two.text.startswith(name[0]):
            continue
        if not _is_about(name[1]):
            continue
        if about and two.asks_visitor and not one.asks_visitor:
            return _weakening(gate, "a request says what a check is asked about")
        if _CHECK.search(name[0]) and "Call(0,substr," in two.text and "substr" not in one.text:
            return _weakening(gate, "only a piece is compared")
    return None


def _more_parts(before: Gate, gate: Gate, more: list[Part], *, about: bool, own: bool) -> Weakening | None:
    """A condition with more parts than before."""
    refuses = gate.effect in _REFUSES
    if gate.joiner == "else":
        replaced = (
            about and gate.effect == "value" and gate.parts[0].asks_visitor and "_SESSION" in before.parts[0].text
        )
        return _weakening(gate, "a request says what the session said") if replaced else None
    joiner = "and" if refuses else "or"
    loosened = gate.joiner == joiner and before.joiner in ("", joiner)
    own = own and gate.effect != "other"
    opened = [part for part in more if part.asks_visitor or (part.names_constant and (own or _WHO.search(part.text)))]
    if not loosened or not about or not opened:
        return None
    what = "what a request sends" if any(part.asks_visitor for part in opened) else "a word in the code"
    return _weakening(gate, f"{what} keeps it from refusing" if refuses else f"{what} lets pass as well")


def _weakening(gate: Gate, how: str) -> Weakening:
    return Weakening(Severity.HIGH, gate.line, "condition", f"a condition lets more pass: {how}", (("how", how),))
