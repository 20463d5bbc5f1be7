"""Recognises code that moved: files with the same content, functions in another file, renamed functions.

A move hides an addition behind a removal, so it is accepted only where chance or intent could hardly fake it. What
is accepted here is `unchanged`; when in doubt the two findings stay `absent` and `new`, which a reviewer sees.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from posixpath import basename
from typing import NamedTuple

from scanner.diff.join import Key
from scanner.findings.fingerprint import callee_of
from scanner.model.finding import Finding
from scanner.model.report import BaselineState

_VAGUE = frozenset(("unresolved", "user-input", "own-server", "local"))
"""Destinations that many calls have in common."""

_Unit = tuple[str, str]
"""Path and symbol: one function, or the top-level code of one file."""
_Profile = tuple[tuple[str, ...], ...]


class Move(NamedTuple):
    """One way to join findings that stand in different places."""

    state: BaselineState
    baseline_key: Key[Finding]
    current_key: Key[Finding]


class Files(NamedTuple):
    """Path -> digest of both releases; the digest is empty where only the path is known."""

    baseline: Mapping[str, str]
    current: Mapping[str, str]
    baseline_units: frozenset[_Unit]
    current_units: frozenset[_Unit]

    @classmethod
    def of(
        cls,
        baseline: Iterable[Finding],
        current: Iterable[Finding],
        baseline_files: Mapping[str, str] | None,
        current_files: Mapping[str, str] | None,
    ) -> Files:
        """What is known of the files: the mappings as given, and every path that has a finding."""
        units = [frozenset((finding.path, finding.symbol) for finding in side) for side in (baseline, current)]
        paths = [
            {path: "" for path, _ in of_side} | dict(files or {})
            for of_side, files in zip(units, (baseline_files, current_files), strict=True)
        ]
        return cls(paths[0], paths[1], units[0], units[1])


def moved_files(files: Files) -> Iterator[Move]:
    """Files of which the same content stands under another path."""
    new_path = _same_content(files)
    if not new_path:
        return
    arrived = frozenset(new_path.values())

    def place(finding: Finding, path: str | None) -> tuple[str, ...] | None:
        return None if path is None else (path, finding.rule, finding.symbol, callee_of(finding))

    def old(finding: Finding) -> tuple[str, ...] | None:
        return place(finding, new_path.get(finding.path))

    def new(finding: Finding) -> tuple[str, ...] | None:
        return place(finding, finding.path if finding.path in arrived else None)

    yield Move(
        BaselineState.UNCHANGED,
        lambda finding: _with(old(finding), finding.evidence, finding.severity),
        lambda finding: _with(new(finding), finding.evidence, finding.severity),
    )
    yield Move(BaselineState.UPDATED, old, new)


def _with(place: tuple[str, ...] | None, *more: str) -> tuple[str, ...] | None:
    """A longer key, or none."""
    return None if place is None else (*place, *more)


def _same_content(files: Files) -> dict[str, str]:
    """Old path -> new path of files with equal digests, equal names first, then in order of path."""
    gone = _by_digest(files.baseline, files.current)
    arrived = _by_digest(files.current, files.baseline)
    pairs: dict[str, str] = {}
    for digest in gone.keys() & arrived.keys():
        pairs |= _pair_paths(gone[digest], arrived[digest])
    return pairs


def _by_digest(files: Mapping[str, str], others: Mapping[str, str]) -> dict[str, list[str]]:
    """Digest -> sorted paths where the other release has not the same content."""
    paths: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files):
        digest = files[path]
        if digest and others.get(path) != digest:
            paths[digest].append(path)
    return paths


def _pair_paths(old: list[str], new: list[str]) -> dict[str, str]:
    """Each path at most once: equal base names first, then in order."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in reversed(new):
        by_name[basename(path)].append(path)
    pairs = {path: by_name[basename(path)].pop() for path in old if by_name[basename(path)]}
    used = frozenset(pairs.values())
    rest = (path for path in new if path not in used)
    return pairs | dict(zip((path for path in old if path not in pairs), rest, strict=False))


def moved_functions(baseline: Iterable[Finding], current: Iterable[Finding], files: Files) -> Iterator[Move]:
    """Functions and methods that keep their name in another file, and left nothing behind.

    Where the same call can be paired in several ways, calls that left one file together arrive in one file together.
    """

    def old(finding: Finding) -> tuple[str, ...] | None:
        return _function_key(finding, files.current_units)

    def new(finding: Finding) -> tuple[str, ...] | None:
        return _function_key(finding, files.baseline_units)

    partner = _file_partners(
        [finding for finding in baseline if old(finding)], [finding for finding in current if new(finding)]
    )
    arrived = frozenset(partner.values())
    yield Move(
        BaselineState.UNCHANGED,
        lambda finding: _with(old(finding), partner[finding.path]) if finding.path in partner else None,
        lambda finding: _with(new(finding), finding.path) if finding.path in arrived else None,
    )
    yield Move(
        BaselineState.UNCHANGED,
        lambda finding: _with(old(finding), basename(finding.path)),
        lambda finding: _with(new(finding), basename(finding.path)),
    )
    yield Move(BaselineState.UNCHANGED, old, new)
    yield Move(
        BaselineState.UNCHANGED,
        lambda finding: _renamespaced(finding, files.current_units),
        lambda finding: _renamespaced(finding, files.baseline_units),
    )


def _renamespaced(finding: Finding, others: frozenset[_Unit]) -> tuple[str, ...] | None:
    """As `_function_key` for a method whose class got into another namespace: its short name and all the evidence."""
    owner, separator, method = finding.symbol.rpartition("::")
    if not separator or (finding.path, finding.symbol) in others:
        return None
    short = owner.rpartition("\\")[2]
    return (short, method, *_trait(finding))


def _function_key(finding: Finding, others: frozenset[_Unit]) -> tuple[str, ...] | None:
    """What a finding in a moved function shares with its counterpart; none if the other side has its function."""
    if not _is_named(finding.symbol) or (finding.path, finding.symbol) in others:
        return None
    return (finding.moved_key, finding.severity)


def _is_named(symbol: str) -> bool:
    """Whether the name is the author's: neither top-level code nor a closure outside any function."""
    return bool(symbol) and not symbol.startswith("{")


def _file_partners(baseline: Iterable[Finding], current: Iterable[Finding]) -> dict[str, str]:
    """Old path -> new path, by the calls that can be paired in one way only; the most such calls first."""
    places: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for side, findings in enumerate((baseline, current)):
        for finding in findings:
            places[finding.moved_key][side].add(finding.path)
    votes = Counter((*old, *new) for old, new in places.values() if len(old) == len(new) == 1)
    partners: dict[str, str] = {}
    taken: set[str] = set()
    # Ties are broken by the two paths as a set, so that the baseline and the current release may change places.
    for old_path, new_path in sorted(votes, key=lambda pair: (-votes[pair], sorted(pair))):
        if old_path not in partners and new_path not in taken:
            partners[old_path] = new_path
            taken.add(new_path)
    return partners


def renamed_units(baseline: Iterable[Finding], current: Iterable[Finding], files: Files) -> Move:
    """A function under another name in its file, or a file with other top-level code under another name.

    The whole unit must be gone on one side and be new on the other, with the same findings, and these must tell more
    than a call to somewhere: at least one known destination or secret.
    """
    old = _profiles(baseline, files.current_units)
    new = _profiles(current, files.baseline_units)
    labels: tuple[dict[_Unit, _Unit], dict[_Unit, _Unit]] = ({}, {})
    for where in _same_file, _other_file:
        _link(where, old, new, files, labels)
    old_label, new_label = labels
    return Move(
        BaselineState.UNCHANGED,
        lambda finding: _unit_key(finding, old_label),
        lambda finding: _unit_key(finding, new_label),
    )


def _unit_key(finding: Finding, labels: Mapping[_Unit, _Unit]) -> tuple[str, ...] | None:
    """What a finding of a renamed unit and its counterpart share."""
    label = labels.get((finding.path, finding.symbol))
    return None if label is None else (*label, *_trait(finding))


def _trait(finding: Finding) -> tuple[str, ...]:
    """What a finding is, wherever it stands."""
    return (finding.rule, callee_of(finding), finding.evidence, finding.severity)


def _profiles(findings: Iterable[Finding], others: frozenset[_Unit]) -> dict[_Unit, _Profile]:
    """Unit -> its findings, for units that the other side has not and that tell enough to be recognised."""
    traits: dict[_Unit, list[tuple[str, ...]]] = defaultdict(list)
    telling: set[_Unit] = set()
    for finding in findings:
        unit = (finding.path, finding.symbol)
        if unit not in others:
            traits[unit].append(_trait(finding))
            if finding.secrets or not _VAGUE.issuperset(finding.destinations):
                telling.add(unit)
    return {unit: tuple(sorted(traits[unit])) for unit in sorted(telling)}


def _same_file(unit: _Unit, _others: Mapping[str, str]) -> str | None:
    """Where a renamed function must be found again: in its file."""
    return unit[0] if _is_named(unit[1]) else None


def _other_file(unit: _Unit, others: Mapping[str, str]) -> str | None:
    """Where top-level code must be found again: in any file, if its own is not there any more."""
    return None if _is_named(unit[1]) or unit[0] in others else unit[1]


def _link(
    where: Callable[[_Unit, Mapping[str, str]], str | None],
    old: Mapping[_Unit, _Profile],
    new: Mapping[_Unit, _Profile],
    files: Files,
    labels: tuple[dict[_Unit, _Unit], dict[_Unit, _Unit]],
) -> None:
    """Give two units with the same profile one label. A profile that several units have links none of them."""
    sides: tuple[dict[Hashable, list[_Unit]], dict[Hashable, list[_Unit]]] = (defaultdict(list), defaultdict(list))
    for side, profiles, others in ((0, old, files.current), (1, new, files.baseline)):
        for unit, profile in profiles.items():
            place = where(unit, others)
            if place is not None:
                sides[side][place, profile].append(unit)
    for key, units in sides[0].items():
        partners = sides[1].get(key, [])
        if len(units) == len(partners) == 1:
            labels[0][units[0]] = labels[1][partners[0]] = units[0]
