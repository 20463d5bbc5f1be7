"""# check-removed.

## What it does
Reports a function that called a check or a sanitizer in the baseline and does not any more, while what the call guarded
is still there: a sink, or the rest of the function. The check is told by its name: `verify`, `isAllowed`, `csrf`,
`redactToken`, `escapeshellarg`, `current_user_can` and the like.

Severity is by what is gone: a check of identity, permission or signature and a sanitizer of secrets or commands in a
function that is otherwise the same is `high`; another one is `medium`. One step less where the check went into another
function of the file, where another check came in its place, or where it is still called and other calls went together
with one of its own, as a whole branch does; `low` where the function was written anew.

## Why is this bad
One line less is easily overlooked, and everybody may pass.

## Example
```php
function send($url, $data) {
    if (!outbound_allowed($url)) { return false; }   // this line is gone
    return http_post($url, $data);
}
```

## References
- CWE-862, CWE-352, CWE-116, CWE-532
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from scanner.analysis.units import Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("check-removed", Category.WEAKENING, "A check or a sanitizer is gone", __doc__)

_STRONG = re.compile(
    r"csrf|xsrf|nonce|authenticat|authori[sz]|is_?auth|check_?auth|permission|privilege|capabilit|current_user_can"
    r"|user_?can|has_?(?:right|access|role)|redact|escapeshell|hash_equals|password_verify"
    r"|openssl_verify|sodium_crypto_\w{0,80}(?:verify|open)|verify_?(?:sig|token|hmac|hash|pass|host|origin|cert|session|login|user)\w*"
    r"|(?:check|valid(?:ate)?)_?(?:sig|token|login|session|user|access|rights|host|origin|url|path|upload|file)\w*"
    r"|allow\w{0,80}(?:outbound|request|url|host)|outbound_?allowed|is_?allowed|is_?permitted|require_?(?:login|auth|admin|user|token)"
    r"|is_?(?:admin|super_?user|logged_?in|trusted|safe|internal|private)"
    r"|session_regenerate_id|(?:db|sql|mysqli?|pg|real)_?escape(?!\w{0,80}(?:html|name|identifier))|is_uploaded_file|sanitiz(?!\w{0,80}(?:title|slug|dash|class|case|whitespace))|^(?:filter_var|basename|realpath)$"
)
"""Checks without which everybody may, and sanitizers without which anything goes, in lower case, `_` or not."""
_COMPARES = re.compile(r"^(?:hash_equals|password_verify|openssl_verify|sodium_crypto_\w*(?:verify|open))$")
"""Checks of PHP's own of what somebody signed or knows: what they guard is the value that comes back."""
_GUARD = re.compile(
    r"session_regenerate|verif|valid|check|allow|auth|permit|sanitiz|escape|redact|mask|filter|quote|strip_?tags|html(?:special|entit)|purif|clean"
    r"|ensure|require|assert|forbid|deny|reject|guard|protect|secure|trusted|is_safe|token|limit|throttle|confirm"
)
_NO_GUARD = re.compile(
    r"^(?:get|set|fetch|load|create|make|generate|new|add|build|print|render|log|count|init|define|reset|include|require(?:_once)?$"
    r"|assert$|ob_|stream_|is_?next|next|peek|composer)"
)
"""Also assertions of PHP's own, which no server at work runs, buffers, readers of tokens, and loaders."""
_NOUN = re.compile(
    r"invalidat|check_?box|uncheck|(?:error|exception|message|html|link|form|page|cache|title|(?<!file)(?<!file_)name|info|list|label|status)s?$"
)
"""Names that speak of a check, but of what comes of it, or of a box to be ticked."""
_OUTPUT = frozenset(
    {"echo", "print", "printf", "header", "include", "require", "include_once", "require_once", "eval", "exec"}
)
_EFFECT = re.compile(
    r"query|execute|insert|update|delete|save|store|unlink|write|upload|mail|send|cookie|fetch|request|post"
)
"""Names of calls that do something a check may stand before."""
_LEAVING = frozenset({"exit", "die", "throw", "http_response_code", "error", "abort", "deny"})
"""What goes together with a check: leaving when it fails."""
_NAMED = 8
_MANY = 4
"""Functions that lost the same check from which on it is a change of the whole release, reported once."""
_FEWEST = 0.7
"""Share of the calls that must have stayed for the function to count as the same."""


def find(pair: Pair) -> Iterator[Weakening]:
    """Guards of the namesake that are called less often now."""
    if pair.old is None:
        return
    old, new = _counts(pair.old), _counts(pair.new)
    lost, gained = old - new, new - old
    guards = sorted(name for name in lost if is_guard(name))
    if not guards or not (new.keys() & old.keys()):
        return
    gone = sum(count for name, count in lost.items() if is_guard(name) or name in _LEAVING)
    kept = sum((old & new).values()) / max(1, sum(old.values()) - gone)
    replaced = any(is_guard(name) for name in gained) or _passes_more(pair.old, pair.new)
    for name in guards:
        moved = _moved(pair, name, new, old)
        partly = new[name] > 0 and any(not is_guard(other) and other not in _LEAVING for other in lost)
        severity = _severity(pair, name, kept=kept, replaced=replaced or moved or partly, gained=gained)
        sink = next((item for item in sorted(new) if item in pair.sinks or item in _OUTPUT), "")
        still = f", {sink}() is still called" if sink else ""
        line = next((site.line for site in pair.new.calls if site.name == sink), pair.new.line)
        evidence = {
            "instead": " ".join(sorted(gained)[:_NAMED]),
            "new": f"{new[name]} calls",
            "old": f"{old[name]} calls",
        }
        yield Weakening(
            severity, line, name, f"{pair.symbol or 'the file'} {_how(name, old, new)}{still}",
            tuple(evidence.items()), Confidence.LIKELY,
        )  # fmt: skip


def _passes_more(old: Unit, new: Unit) -> bool:
    """Whether a call that runs a statement gets one argument more: the values of a prepared one."""
    before = {site.name: site.arity for site in old.calls if _EFFECT.search(site.name)}
    return any(before.get(site.name, site.arity) < site.arity for site in new.calls)


def _how(name: str, old: Counter[str], new: Counter[str]) -> str:
    if not new[name]:
        return f"no longer calls {name}()"
    return f"calls {name}() less often than before ({new[name]} of {old[name]} calls are left)"


def is_guard(name: str) -> bool:
    """Whether a name says that the call checks or cleans something."""
    flat = name.lstrip("_")
    named = _GUARD.search(flat) or _STRONG.search(flat)
    return named is not None and not _NO_GUARD.match(flat) and not _NOUN.search(flat)


def is_strong(name: str) -> bool:
    """Whether a guard is one without which everybody may, or anything goes."""
    return _STRONG.search(name) is not None


def _counts(unit: Unit) -> Counter[str]:
    return Counter(site.name for site in unit.calls if site.name)


def _moved(pair: Pair, name: str, new: Counter[str], old: Counter[str]) -> bool:
    """Whether the rest of the file calls it more often than before."""
    return pair.new_file.calls[name] - new[name] > pair.old_file.calls[name] - old[name]


def _severity(pair: Pair, name: str, *, kept: float, replaced: bool, gained: Counter[str]) -> Severity:
    sinks = any(site.name in pair.sinks or site.name in _OUTPUT or _EFFECT.search(site.name) for site in pair.new.calls)
    itself = is_guard(pair.symbol.rpartition("::")[2].lower())
    if kept < _FEWEST or sum(gained.values()) > max(1, len(pair.new.calls) // 5):
        return Severity.LOW
    levels = (Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.LOW)
    itself = itself or _COMPARES.search(name) is not None
    step = (0 if is_strong(name) else 1) + (0 if sinks else 1 if itself else 2) + (1 if replaced else 0)
    return levels[min(step, 3)]


def together(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings with a check that left many functions told once; the others stay, as `low`.

    Nobody removes a check in many places and hopes that it is not seen: a function was renamed, or its work went
    elsewhere. Where the same new call came in most of these places it took over, and the one finding is `medium`.
    """
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        loud = finding.rule == RULE.id and finding.severity is not Severity.LOW
        groups[finding.callee if loud else ""].append(finding)
    for name, group in groups.items():
        yield from _rolled_up(group) if name and len(group) >= _MANY else group


def _rolled_up(group: list[Finding]) -> Iterator[Finding]:
    first, *rest = sorted(group, key=lambda item: (item.severity.rank, item.path, item.line))
    instead = Counter(name for item in group for name in dict(item.details).get("instead", "").split())
    name, count = max(instead.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
    taken = count * 3 >= len(group) * 2
    text = f"{first.message}, and so do {len(rest)} other functions"
    yield msgspec.structs.replace(
        first,
        message=f"{text}: {name}() took its place in {count} of them" if taken else text,
        severity=Severity.MEDIUM if taken else first.severity,
    )
    for item in rest:
        yield msgspec.structs.replace(item, severity=Severity.LOW)
