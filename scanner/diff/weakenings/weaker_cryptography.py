"""# weaker-cryptography.

## What it does
Reports a function in which something weak took the place of something strong: `==` for `hash_equals`, `md5` for
`password_hash`, `mt_rand` for `random_bytes`, `md5` for `sha256` in `hash()`, ECB for GCM, a lower cost, fewer bytes, a
text in the code for a key or for random bytes.

## Why is this bad
Tokens can be guessed, passwords can be computed back, signatures can be forged.

## Example
```php
return $given == $expected;   // was hash_equals($expected, $given)
```

## References
- CWE-327, CWE-328, CWE-338, CWE-208
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scanner.analysis.units import KEYS, OF_COUNTS, OPEN, Binding, Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("weaker-cryptography", Category.WEAKENING, "Weaker cryptography than before", __doc__)

_RANDOM = frozenset({"random_bytes", "random_int", "openssl_random_pseudo_bytes"})
_GUESSABLE = frozenset(
    {"rand", "mt_rand", "uniqid", "lcg_value", "microtime", "time", "hrtime", "str_shuffle", "shuffle"}
)
_TELLING_LITTLE = frozenset({"date", "gmdate", "getmypid", "gethostname", "php_uname", "memory_get_usage", "mktime"})
"""Guessable, too, but called for other purposes as well."""
_SHAPING = frozenset(
    {"md5", "sha1", "crc32", "hash", "substr", "bin2hex", "dechex", "base64_encode", "str_pad", "str_repeat", "strrev",
     "strtoupper", "strtolower", "implode", "join", "sprintf", "str_shuffle", "pack", "intval", "mb_substr", "ucfirst"}
)  # fmt: skip
"""Functions that make something else of a text."""
_RANDOM_NAME = re.compile(r"random|nonce|salt|generate\w{0,80}(?:hash|token|key|code|secret|password)")
"""Names of functions that give what nobody can guess."""
_STRICT = {"in_array": 3, "array_search": 3, "base64_decode": 2}
"""Functions with a flag for strictness at the end, and how many arguments there are with it."""
_PASSWORD = frozenset({"password_hash", "sodium_crypto_pwhash_str", "sodium_crypto_pwhash", "hash_pbkdf2"})
_PLAIN_HASH = frozenset({"md5", "sha1", "crc32", "hash", "base64_encode", "md5_file", "sha1_file"})
_COMPARE = frozenset({"hash_equals", "password_verify", "sodium_memcmp", "sodium_crypto_pwhash_str_verify"})
_SIGN = frozenset({"hash_hmac", "openssl_sign", "sodium_crypto_sign_detached", "sodium_crypto_auth"})
_REPLACED = (
    (_RANDOM, _GUESSABLE, "can be guessed"),
    (_PASSWORD, _PLAIN_HASH, "can be computed back"),
    (_SIGN, _PLAIN_HASH, "anybody can compute"),
)
_FIXED = re.compile(r"[!-~]{4,128}")
_EQUAL = ("==", "===", "!=", "!==", "<>")
_ALGORITHM = re.compile(
    r"^(?:md[245]|sha-?1|crc32\w*|adler32|fnv\w+|des(?:-\w+)*|rc[24](?:-\w+)*|bf(?:-\w+)*|[\w-]+-ecb|none|plain(?:text)?)$"
)
_GOOD_ALGORITHM = re.compile(
    r"^(?:sha-?(?:2|3|256|384|512)\w*(?:[-/]\d+)?|aes-\d+-(?:gcm|cbc|ctr|ccm)|chacha20\w*|xchacha20\w*|bcrypt|argon2\w*|whirlpool|hs(?:256|384|512)|rs(?:256|384|512)|es(?:256|384|512)|blake2\w*)$"
)
_SECURITY = re.compile(
    r"auth|login|passw|token|csrf|nonce|verif|valid|check|sign|hmac|secret|crypt|hash|permission|allowed|session|secur"
)

_SECRETS = re.compile(r"passw|token|csrf|nonce|verif|sign|hmac|secret|crypt|hash|digest|checksum")


def find(pair: Pair) -> Iterator[Weakening]:
    """Replacements of strong by weak in one function."""
    if pair.old is None:
        return
    old, new = Counter(site.name for site in pair.old.calls), Counter(site.name for site in pair.new.calls)
    lost, gained = old - new, new - old
    for strong, weak, why in _REPLACED:
        before, after = sorted(strong & lost.keys()), sorted(weak & gained.keys())
        if before and after and not strong & gained.keys():
            yield _weakening(pair.new, f"{before[0]}()", f"{after[0]}()", after[0], f"what it makes {why}")
    yield from _told_by_the_clock(pair.new, lost, gained)
    yield from _flags(pair, pair.old)
    if (gone := sorted(_RANDOM & lost.keys())) and not (_RANDOM | _GUESSABLE) & gained.keys():
        yield from _fixed(pair.old, pair.new, gone[0])
    yield from _keys(pair.old, pair.new)
    yield from _comparisons(pair, lost)
    yield from _algorithms(pair.old, pair.new)
    yield from _costs(pair.old, pair.new)


def _told_by_the_clock(new: Unit, lost: Counter[str], gained: Counter[str]) -> Iterator[Weakening]:
    """The clock, the process or the machine in the place of random bytes, and nothing else."""
    named = sorted(name for name in lost if name not in _RANDOM and _RANDOM_NAME.search(name))
    gone = sorted(_RANDOM & lost.keys()) or named
    guessable = _TELLING_LITTLE | (_GUESSABLE if named else frozenset())
    weak = sorted(guessable & gained.keys())
    if gone and weak and gained.keys() <= _TELLING_LITTLE | _GUESSABLE | _SHAPING:
        yield _weakening(new, f"{gone[0]}()", f"{weak[0]}()", weak[0], "what it makes can be guessed")


def _flags(pair: Pair, old: Unit) -> Iterator[Weakening]:
    """`in_array($role, $allowed, true)` without its last argument, in a function about rights or secrets."""
    name = pair.symbol.rpartition("::")[2].lower()
    for function, arity in _STRICT.items():
        before, after = (
            Counter(site.arity >= arity for site in unit.calls if site.name == function) for unit in (old, pair.new)
        )
        lost = before[True] > after[True] and after[False] > before[False]
        if lost and (not name or _SECURITY.search(name)):
            found = _weakening(pair.new, f"strict {function}()", f"{function}()", function, "other types are equal now")
            yield found if name else found._replace(severity=Severity.MEDIUM)


def _fixed(old: Unit, new: Unit, gone: str) -> Iterator[Weakening]:
    """A text of the code in the place of random bytes, in a function that calls nothing else than before."""
    before = {text for text, _line in old.strings}
    texts = [(text, line) for text, line in new.strings if text not in before and _FIXED.fullmatch(text)]
    more = Counter(site.name for site in new.calls) - Counter(site.name for site in old.calls)
    if texts and not more:
        yield _weakening(new, f"{gone}()", "a text in the code", gone, "everybody knows it", texts[0][1])


def _keys(old: Unit, new: Unit) -> Iterator[Weakening]:
    """A key or salt that stands in the code, where something that it does not say was."""
    before, after = (Counter((item.name, item.value) for item in unit.bindings) for unit in (old, new))
    for item in new.bindings:
        function = item.name.partition(".")[0]
        if function not in KEYS or item.name != f"{function}.key" or item.value == OPEN:
            continue
        is_new = (item.name, item.value) not in before  # one of several calls, which the others do not excuse
        if is_new and after[item.name, OPEN] < before[item.name, OPEN]:
            yield _weakening(new, "its key", "a text in the code", function, "everybody knows it", item.line)


def _comparisons(pair: Pair, lost: Counter[str]) -> Iterator[Weakening]:
    """A comparison in constant time, or a strict one, replaced by a plain one."""
    old = pair.old.comparisons if pair.old else Counter[str]()
    gained = pair.new.comparisons - old
    gone = sorted(_COMPARE & lost.keys())
    calls = {site.name for site in pair.new.calls} - {site.name for site in (pair.old.calls if pair.old else ())}
    written = [name for name in _EQUAL if gained[name] or gained[name + OF_COUNTS]] + sorted(
        calls & {"strcmp", "strcasecmp", "strncmp"}
    )
    if gone and written and not _COMPARE & calls:
        yield _weakening(pair.new, f"{gone[0]}()", written[0], gone[0], "the comparison is no longer safe")
    fewer = old - pair.new.comparisons
    safer = Counter(site.name for site in pair.new.calls) - Counter(site.name for site in (pair.old or pair.new).calls)
    for strict, loose in (("===", "=="), ("!==", "!=")):
        replaced = fewer[strict] <= sum(safer[name] for name in _COMPARE) and not _compared_before(pair, strict, loose)
        about = _SECURITY.search(pair.symbol.rpartition("::")[2].lower()) or _of_secrets(pair, strict, loose)
        if replaced or not about:
            continue  # a comparison in constant time took its place, and what is compared now is something else
        if fewer[strict] and gained[loose]:
            found = _weakening(pair.new, strict, loose, strict, "values of other types are equal now")
            yield found if _same_matter(pair, strict, loose) else found._replace(severity=Severity.MEDIUM)


def _of_secrets(pair: Pair, strict: str, loose: str) -> bool:
    """Whether a secret, by its name, was compared by the strict operator and is compared by the plain one."""
    old, new = pair.old.operands if pair.old else frozenset[tuple[str, str]](), pair.new.operands
    gone = {name for operator, name in old - new if operator == strict}
    return any(_SECRETS.search(name.lower()) and (loose, name) in new - old for name in gone)


def _same_matter(pair: Pair, strict: str, loose: str) -> bool:
    """Whether the plain comparison may be the strict one from before: something that only that one compared is in it.

    In a function about secrets it is taken to be, whatever the names.
    """
    if _SECRETS.search(pair.symbol.rpartition("::")[2].lower()):
        return True
    old, new = pair.old.operands if pair.old else frozenset[tuple[str, str]](), pair.new.operands
    gone = {name for operator, name in old - new if operator == strict}
    return any((loose, name) in new - old or _SECRETS.search(name.lower()) for name in gone)


def _compared_before(pair: Pair, strict: str, loose: str) -> bool:
    """Whether something that the strict operator compared before is compared by the plain one."""
    old = pair.old.operands if pair.old else frozenset[tuple[str, str]]()
    before = {name for operator, name in old if operator == strict}
    return any(operator == loose and name in before for operator, name in pair.new.operands)


def _algorithms(old: Unit, new: Unit) -> Iterator[Weakening]:
    """A weak algorithm named where a good one was."""
    before, after = {text.lower() for text, _ in old.strings}, {text.lower(): line for text, line in new.strings}
    good = sorted(text for text in before - after.keys() if _GOOD_ALGORITHM.match(text))
    weak = sorted(text for text in after.keys() - before if _ALGORITHM.match(text))
    if good and weak:
        yield _weakening(new, good[0], weak[0], weak[0], "a weaker algorithm", after[weak[0]])


def _costs(old: Unit, new: Unit) -> Iterator[Weakening]:
    before = {item.name: item.value for item in _work(old)}
    for item in _work(new):
        was = before.get(item.name, "")
        if was.isdecimal() and item.value.isdecimal() and int(item.value[:9]) * 10 < int(was[:9]) * 9:
            what = f"{item.key} {item.value}"
            yield _weakening(new, f"{item.key} {was}", what, item.key, "less work to guess", item.line)


def _work(unit: Unit) -> list[Binding]:
    """Settings of how much work a hash is; a name that is set more than once says nothing."""
    found = [item for item in unit.bindings if item.key in ("cost", "iterations", "rounds", "bytes")]
    return [item for item in found if sum(other.name == item.name for other in found) == 1]


def _weakening(unit: Unit, old: str, new: str, api: str, why: str, line: int = 0) -> Weakening:
    place = line or next((site.line for site in unit.calls if f"{site.name}()" == new), unit.line)
    return Weakening(
        Severity.HIGH, place, api, f"{new} took the place of {old} in {unit.symbol or 'the file'}: {why}",
        (("old", old), ("new", new)),
    )  # fmt: skip
