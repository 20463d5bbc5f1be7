"""Findings for what an upgrade weakened: the changed files of two releases, function by function."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from scanner.detectors.temper import TEXT_SUFFIXES
from scanner.diff.bundles import Bundles, bundle_rules
from scanner.diff.rollup import with_hosts
from scanner.diff.weakenings import Comparer, Weakening, comparers
from scanner.diff.weakenings.check_removed import together
from scanner.diff.weakenings.pairs import Pair, is_code, pairs
from scanner.errors import SourceError
from scanner.facts.cache import Cache
from scanner.findings.collect import collect
from scanner.model.finding import Finding, Rule
from scanner.model.report import ANALYSIS_ERROR, BaselineState, Comparison, FindingChange, LimitHit

Reader = Callable[[str], bytes]
"""Canonical path -> bytes. Raises: SourceError."""
MAX_BYTES = 400 * 1024 * 1024
"""Bytes of changed files that are compared; more are counted in the report."""
MAX_FILE = 32 * 1024 * 1024
LIMIT = "compared-bytes"
_VERSION_FOLDER = "redcap_v@/"
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Finding])


class Inputs(NamedTuple):
    """Both releases as this stage sees them. Files: canonical path -> content digest."""

    baseline: Mapping[str, str]
    current: Mapping[str, str]
    read_old: Reader
    read_new: Reader
    sinks: frozenset[str]
    """Lower-case names of functions and methods that do something to the outside."""
    cache: Cache
    salt: str
    """What the result depends on besides the bytes of the two files."""


def find_weakenings(inputs: Inputs) -> tuple[tuple[Finding, ...], tuple[LimitHit, ...]]:
    """Everything that files of the current release do less safely than the same files of the baseline.

    Shape: findings in the order of a report, and the files that were too much to compare.
    """
    wanted = {_key(inputs, path): path for path in _changed(inputs)}
    known = inputs.cache.read(wanted)
    found: list[Finding] = []
    fresh: dict[str, bytes] = {}
    limits: list[LimitHit] = []
    left = MAX_BYTES
    for key, path in wanted.items():
        findings = _decoded(known.get(key))
        if findings is None:
            sides = _read(inputs, path)
            if sides is None:
                continue
            size = sum(len(side or b"") for side in sides)
            if size > min(left, MAX_FILE):
                limits.append(LimitHit(LIMIT, path))
                continue
            left -= size
            try:
                findings = list(_in_file(path, *sides, inputs.sinks))
            except Exception:  # noqa: BLE001  scanned code is hostile: one file must not end the comparison
                limits.append(LimitHit(ANALYSIS_ERROR, path))
                continue
            fresh[key] = _ENCODER.encode(findings)
        found += findings
    inputs.cache.write(fresh)
    return collect(together(found)), tuple(limits)


def _changed(inputs: Inputs) -> list[str]:
    """Files that differ from their namesake, or whose content the baseline has nowhere; no text for people."""
    known = frozenset(inputs.baseline.values())
    return [
        path
        for path in sorted(inputs.current)
        if (
            inputs.baseline[path] != inputs.current[path]
            if path in inputs.baseline
            else inputs.current[path] not in known
        )
        and not path.lower().endswith(TEXT_SUFFIXES)
    ]


def _key(inputs: Inputs, path: str) -> str:
    """Key of the result for one file: the program, both contents, and the path, which findings carry."""
    parts = (inputs.salt, inputs.baseline.get(path, ""), inputs.current[path], path)
    return f"weakened:{hashlib.blake2b(repr(parts).encode('utf-8', 'surrogatepass'), digest_size=24).hexdigest()}"


def _decoded(data: bytes | None) -> list[Finding] | None:
    """What the cache holds; an entry that makes no sense is none."""
    try:
        return None if data is None else _DECODER.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def _read(inputs: Inputs, path: str) -> tuple[bytes | None, bytes] | None:
    """Old and new bytes of a PHP file. A file that is lost by now is named by the coverage of the scan."""
    try:
        new = inputs.read_new(path)
        old = inputs.read_old(path) if path in inputs.baseline else None
    except SourceError:
        return None
    return (old, new) if is_code(path, new) else (None, b"")


def _in_file(path: str, old: bytes | None, new: bytes, sinks: frozenset[str]) -> Iterator[Finding]:
    for pair in pairs(old, new, sinks):
        for comparer in comparers():
            for weakening in comparer.find(pair):
                yield _finding(path, pair, comparer, weakening)


def _finding(path: str, pair: Pair, comparer: Comparer, weakening: Weakening) -> Finding:
    return Finding(
        rule=comparer.rule.id,
        category=comparer.rule.category,
        severity=weakening.severity,
        confidence=weakening.confidence,
        path=path,
        line=weakening.line,
        end_line=weakening.line,
        symbol=_text(pair.symbol),
        api=_text(weakening.api),
        message=_text(weakening.message),
        details=tuple(sorted((name, _text(value)) for name, value in weakening.details)),
        callee=_text(weakening.api).lower(),
        destinations=weakening.destinations,
    )


def _text(text: str) -> str:
    """Text of the scanned program, one character per byte, as UTF-8 where it is."""
    try:
        return text.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text


def add_findings(
    comparison: Comparison, findings: Iterable[Finding], rules: Iterable[Rule], limits: Iterable[LimitHit] = ()
) -> Comparison:
    """The comparison with findings about the pair: neither release has them alone, so they are new."""
    added = tuple(
        FindingChange(BaselineState.NEW, None, finding)
        for finding in findings
        if not comparison.not_in_archive or finding.path.startswith(_VERSION_FOLDER)
    )
    every = {*comparison.current.rules, *rules}
    coverage = comparison.current.coverage
    coverage = msgspec.structs.replace(coverage, limits_hit=tuple(sorted((*coverage.limits_hit, *limits))))
    current = msgspec.structs.replace(
        comparison.current, rules=tuple(sorted(every, key=lambda item: item.id)), coverage=coverage
    )
    hosts = with_hosts(comparison.destinations, added)
    return msgspec.structs.replace(
        comparison, current=current, changes=(*added, *comparison.changes), destinations=hosts
    )


def with_changes(
    comparison: Comparison, inputs: Inputs, dressed: Callable[[Iterable[Finding]], Iterable[Finding]]
) -> Comparison:
    """The comparison with what only the pair can tell: weakened functions, and packages that are not what they say.

    `dressed` gives findings their excerpts.
    """
    findings, limits = find_weakenings(inputs)
    comparison = add_findings(comparison, dressed(findings), [item.rule for item in comparers()], limits)
    bundles = Bundles(comparison.packages, inputs.baseline, inputs.current, inputs.read_old, inputs.read_new)
    strays: list[Finding] = []
    broken: list[LimitHit] = []
    for item in bundle_rules():
        try:
            strays += item.find(bundles)
        except Exception:  # noqa: BLE001  as above
            broken.append(LimitHit(ANALYSIS_ERROR, ""))
    return add_findings(comparison, collect(strays), [item.rule for item in bundle_rules()], sorted(set(broken)))
