"""A web ACL against the requests of a release: what gets through without the secret, and what is refused by mistake.

Every request is evaluated in every reading of the documentation. `through` and `blocked` hold in all of them; what
holds only in some, or depends on what a file cannot tell (addresses, countries, rates, managed rules), is `perhaps`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

import msgspec

from scanner.model.protection import Mode, ProtectedScript, Protection, RequestSpelling
from scanner.protect.secrets import ENOUGH_BITS, bits
from scanner.protect.spellings import UNREACHED, addresses, attacks, legitimate, mutations
from scanner.protect.wafv2.acl import WebAcl
from scanner.protect.wafv2.capacity import Capacity, of_rules
from scanner.protect.wafv2.engine import Result, evaluate
from scanner.protect.wafv2.openings import Opening, openings
from scanner.protect.wafv2.readings import readings

EXAMPLES = 3
"""Requests shown for each script and family."""
_DEFAULT = "the default action"


class Verdict(StrEnum):
    """What the simulation says."""

    PASS = "pass"  # noqa: S105  a verdict
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Requests of one family that fare badly in the same way."""

    script: str
    family: str
    certain: bool
    count: int
    rules: tuple[str, ...]
    """Rules that let them through, or refused them."""
    readings: tuple[str, ...]
    """Readings in which it happens; empty for all."""
    examples: tuple[str, ...]
    """Method and target, with `\\xHH` for what is no visible ASCII."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a script can be called on purpose."""

    script: str
    places: tuple[str, ...]
    """Places of a secret that opens it; empty for none."""
    expected: bool
    """The plan wants it to be opened by a secret."""


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one web ACL for one release."""

    schema: str = "redcap-scanner/waf-simulation/1"
    release: str
    acl: str
    verdict: Verdict
    server: str
    attacks: int
    """Spellings tried."""
    evaluations: int
    """Spellings times readings."""
    through: int
    """Attacks that get through in every reading."""
    perhaps_through: int
    legitimate: int
    blocked: int
    """Legitimate requests refused in every reading."""
    perhaps_blocked: int
    not_counted: dict[str, int]
    """Family -> spellings that get through but that no server maps to the script."""
    let_through: tuple[Case, ...]
    refused: tuple[Case, ...]
    allowed_by: dict[str, int]
    """Rule, or the default action -> attacks it let through."""
    only_counted: dict[str, int]
    """Rule -> attacks that it matches without stopping them."""
    ways: tuple[Way, ...]
    weak: tuple[str, ...]
    """Places of secrets that can be guessed."""
    capacity: Capacity
    notes: tuple[str, ...]


class _Tally:
    """Cases by script, family, certainty and rules."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, bool, tuple[str, ...], tuple[str, ...]]] = Counter()
        self.examples: dict[tuple[str, str, bool, tuple[str, ...], tuple[str, ...]], list[str]] = {}
        self.total: Counter[bool] = Counter()

    def add(self, request: RequestSpelling, fate: _Fate) -> None:
        key = (request.script, request.family, fate.certain, fate.rules, fate.readings)
        self.counts[key] += 1
        self.total[fate.certain] += 1
        shown = self.examples.setdefault(key, [])
        if len(shown) < EXAMPLES:
            shown.append(visible(request))

    def cases(self) -> tuple[Case, ...]:
        return tuple(
            Case(
                script=key[0], family=key[1], certain=key[2], rules=key[3], readings=key[4], count=count,
                examples=tuple(self.examples[key]),
            )
            for key, count in sorted(self.counts.items(), key=lambda item: (not item[0][2], item[0]))
        )  # fmt: skip


class _Fate(msgspec.Struct, frozen=True):
    """That something happens to a request: surely or perhaps, by which rules, in which readings."""

    certain: bool
    rules: tuple[str, ...]
    readings: tuple[str, ...]


def visible(request: RequestSpelling) -> str:
    """Method and target for people."""
    line = request.method + b" " + request.target
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in line)  # noqa: PLR2004  visible ASCII
    extra = ", ".join(name.decode("latin-1") for name, _ in request.headers)
    return text + (f" ({extra})" if extra else "")


def simulate(
    acl: WebAcl,
    protection: Protection,
    files: Sequence[str],
    *,
    release: str,
    versions: Sequence[str],
    aside: frozenset[str] = frozenset(),
    server: str = "any",
    reaches: Callable[[RequestSpelling], bool] | None = None,
    random_count: int = 1000,
) -> Simulation:
    """Evaluate a web ACL against the spellings of a release.

    `protection` says which scripts and where; its places and values of secrets are not used, the web ACL's own are.
    `reaches` tells which attacks a known server maps to the script; without it all do, but for `UNREACHED`.
    """
    return _Simulation(acl, protection, versions, aside, reaches).run(files, release, server, random_count)


class _Simulation:
    def __init__(
        self,
        acl: WebAcl,
        protection: Protection,
        versions: Sequence[str],
        aside: frozenset[str],
        reaches: Callable[[RequestSpelling], bool] | None,
    ) -> None:
        self.acl = acl
        self.protection = protection
        self.versions = versions
        self.aside = aside
        self.reaches = reaches
        self.through = _Tally()
        self.refused = _Tally()
        self.not_counted: Counter[str] = Counter()
        self.allowed_by: Counter[str] = Counter()
        self.only_counted: Counter[str] = Counter()
        self.evaluations = 0
        self.weak: list[str] = []

    def run(self, files: Sequence[str], release: str, server: str, random_count: int) -> Simulation:
        ways = tuple(self._way(script) for script in self.protection.scripts)
        tried = sum(
            self._attack(request)
            for source in (
                attacks(self.protection, versions=self.versions),
                mutations(self.protection, seed=0, count=random_count, versions=self.versions),
            )
            for request in source
        )
        passing = self._legitimate(legitimate(files, self.protection, versions=self.versions))
        names = {rule.name for rule in self.acl.rules} | {
            rule.name for group in self.acl.groups for rule in group.rules
        }
        unknown = sorted(self.aside - names)
        return Simulation(
            release=release,
            acl=self.acl.name,
            verdict=self._verdict(ways),
            server=server,
            attacks=tried,
            evaluations=self.evaluations,
            through=self.through.total[True],
            perhaps_through=self.through.total[False],
            legitimate=passing,
            blocked=self.refused.total[True],
            perhaps_blocked=self.refused.total[False],
            not_counted=dict(sorted(self.not_counted.items())),
            let_through=self.through.cases(),
            refused=self.refused.cases(),
            allowed_by=dict(sorted(self.allowed_by.items())),
            only_counted=dict(sorted(self.only_counted.items())),
            ways=ways,
            weak=tuple(self.weak),
            capacity=self._capacity(),
            notes=(
                *self.acl.notes,
                *self._sampled(),
                *(f"no rule is named {name}: nothing is set aside" for name in unknown),
            ),
        )

    def _capacity(self) -> Capacity:
        groups = [rule for group in self.acl.groups if group.rules != self.acl.rules for rule in group.rules]
        own = [rule for rule in self.acl.rules if "RuleGroupReferenceStatement" not in rule.statement]
        counted = ({"Statement": rule.statement, "RuleLabels": rule.labels} for rule in (*own, *groups))
        return of_rules(counted)

    def _sampled(self) -> Iterable[str]:
        for rule in self.acl.rules:
            if rule.sampled and openings(WebAcl(name="", rules=(rule,))):
                yield f"sampled requests of rule {rule.name} are kept with the secret in them: switch them off"

    def _fate(self, request: RequestSpelling, *, allowed: bool) -> tuple[_Fate | None, tuple[Result, ...]]:
        """Whether the request ends as `allowed` says, over all readings."""
        which = readings(request)
        results = tuple(evaluate(self.acl, request, reading, self.aside) for reading in which)
        self.evaluations += len(which)
        hits = [
            (reading, outcome)
            for reading, result in zip(which, results, strict=True)
            for outcome in result.outcomes
            if outcome.allowed is allowed
        ]
        if not hits:
            return None, results
        others = any(outcome.allowed is not allowed for result in results for outcome in result.outcomes)
        in_readings = dict.fromkeys(reading for reading, _ in hits)
        everywhere = len(in_readings) == len(which)
        rules = tuple(dict.fromkeys(outcome.rule or _DEFAULT for _, outcome in hits))
        texts = () if everywhere else tuple(reading.text or "the likely reading" for reading in in_readings)
        return _Fate(not others, rules, texts), results

    def _attack(self, request: RequestSpelling) -> bool:
        """Note what becomes of an attack. False when it cannot reach a script at all."""
        if self.reaches is not None and not self.reaches(request):
            return False
        fate, results = self._fate(request, allowed=True)
        if fate is None:
            return True
        if self.reaches is None and request.family in UNREACHED:
            self.not_counted[request.family] += 1
            return True
        self.through.add(request, fate)
        self.allowed_by.update(fate.rules)
        self.only_counted.update({name for result in results for name in result.counted})
        return True

    def _legitimate(self, requests: Iterable[RequestSpelling]) -> int:
        count = 0
        for request in requests:
            count += 1
            fate, _ = self._fate(request, allowed=False)
            if fate is not None:
                self.refused.add(request, fate)
        return count

    def _way(self, script: ProtectedScript) -> Way:
        """Which of the web ACL's own secrets open a script at all its addresses."""
        found = []
        for opening in openings(self.acl):
            calls = [
                opening.applied(_call(script, address, method))
                for address in addresses(script, self.protection.base_path, self.versions)
                for method in (b"GET", b"POST")
            ]
            bare = [
                _call(script, address, b"GET")
                for address in addresses(script, self.protection.base_path, self.versions)
            ]
            if self._pass(calls) and not self._open(bare):
                found.append(opening)
        self._note_weak(script, found)
        places = tuple(dict.fromkeys(opening.place for opening in found))
        return Way(
            script=script.name, places=places, expected=script.mode is not Mode.BLOCK and bool(openings(self.acl))
        )

    def _pass(self, requests: Iterable[RequestSpelling]) -> bool:
        """Whether all of them may pass."""
        return all(self._fate(request, allowed=True)[0] is not None for request in requests)

    def _open(self, requests: Iterable[RequestSpelling]) -> bool:
        """Whether all of them pass for certain."""
        fates = [self._fate(request, allowed=True)[0] for request in requests]
        return all(fate is not None and fate.certain for fate in fates)

    def _note_weak(self, script: ProtectedScript, found: Iterable[Opening]) -> None:
        for opening in found:
            text = opening.value.decode("utf-8", "replace")
            if "${" in text or "{{" in text:
                self.weak.append(f"{opening.place} opens {script.name} with a placeholder that was never filled in")
                continue
            strength = bits(text)
            if strength < ENOUGH_BITS:
                text = f"{opening.place} opens {script.name} with a value of at most {strength:.0f} bits"
                self.weak.append(text)

    def _verdict(self, ways: Iterable[Way]) -> Verdict:
        closed = any(way.expected and not way.places for way in ways)
        if self.through.total[True] or self.refused.total[True] or self.weak or closed:
            return Verdict.FAIL
        if self.through.total[False] or self.refused.total[False]:
            return Verdict.CANNOT_TELL
        return Verdict.PASS


def _call(script: ProtectedScript, address: bytes, method: bytes) -> RequestSpelling:
    return RequestSpelling(method=method, target=address, family="call", script=script.name, legitimate=True)
