"""Identity, evidence and moved key of findings: see `docs/fingerprints.md`, which is the promise to users.

Three hashes answer three questions. Identity: which finding is this, in any release? Evidence: is what a reviewer
decided about still the same? Moved key: is this the same code in another file?
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

import msgspec

from scanner.findings.normalise import normalise_code
from scanner.model.finding import Finding

__all__ = ["FINGERPRINT_VERSION", "Group", "callee_of", "fingerprint", "group_of", "normalise_code"]

FINGERPRINT_VERSION = "v2"
"""Raise it whenever the same finding may get another hash: it is part of each of them."""

Group = tuple[str, str, str, str]
"""Rule, canonical path, enclosing symbol, normalised callee: what equal findings have in common."""

_VERSION_FOLDER = re.compile(r"redcap_v\d+\.\d+\.\d+(?![\w.])", re.ASCII)
_DIGEST_BYTES = 16
_LOCAL = re.compile(
    r"(?<!::)\$(?!(?:this|globals|_(?:get|post|request|server|env|cookie|files|session))\b)[a-z_\x80-\U0010ffff]"
    r"[\w\x80-\U0010ffff]*",
    re.IGNORECASE | re.ASCII,
)
"""A variable, save `$this` and those of all code: the `$class` of `new $class`, the `$client` of `$client->send`."""


def fingerprint(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same findings, in the same order, with `identity`, `evidence` and `moved_key` filled in.

    All findings of a release must be given at once: the ordinal in an identity counts equals. Which ordinal a
    finding gets does not depend on the order of the input.
    """
    found = tuple(findings)
    evidence = [evidence_of(finding) for finding in found]
    ordinals = _ordinals(found, evidence)
    equals = Counter((group_of(finding), hash_) for finding, hash_ in zip(found, evidence, strict=True))
    return tuple(
        msgspec.structs.replace(
            finding,
            identity=_identity(group_of(finding), ordinal, equals[group_of(finding), hash_]),
            evidence=hash_,
            moved_key=_hash("moved", finding.rule, finding.symbol, callee_of(finding), hash_),
        )
        for finding, hash_, ordinal in zip(found, evidence, ordinals, strict=True)
    )


def group_of(finding: Finding) -> Group:
    """What the finding shares with its equals: its identity without the ordinal."""
    return (finding.rule, finding.path, finding.symbol, callee_of(finding))


def callee_of(finding: Finding) -> str:
    """The normalised callee, in lower case and without names of locals; else what is called or read, likewise."""
    return _LOCAL.sub("$", finding.callee or finding.api.lower())


def evidence_of(finding: Finding) -> str:
    """Hash of destinations, secrets, details and normalised code. Not of lines, message, trace or severity."""
    parts: list[str] = []
    for values in (finding.destinations, finding.secrets):
        distinct = sorted(set(values))
        parts += (str(len(distinct)), *distinct)
    details = sorted(set(finding.details))
    parts.append(str(len(details)))
    for key, value in details:
        parts += (key, _without_version(value))
    return _hash("evidence", *parts, _normalised(finding.code))


@lru_cache(maxsize=65_536)
def _normalised(code: str) -> str:
    """Code as the evidence sees it. Equal calls are many, and normalising costs more than looking up."""
    return _without_version(normalise_code(code))


def _without_version(text: str) -> str:
    """Text with REDCap's version folder written as in canonical paths."""
    return _VERSION_FOLDER.sub("redcap_v@", text)


def _identity(group: Group, ordinal: int, equals: int) -> str:
    """Hash of the group and the ordinal in it.

    Findings that equal each other in evidence too also carry their number. Put one more among them, and nobody can
    tell which of them is the addition: all get another identity, and no decision about one of them covers it.
    """
    return _hash("identity", *group, str(ordinal), str(equals))


def _ordinals(found: tuple[Finding, ...], evidence: list[str]) -> list[int]:
    """For each finding, how many of its group stand before it in the file."""
    order = sorted(range(len(found)), key=lambda index: _place(found[index], evidence[index]))
    seen: Counter[Group] = Counter()
    ordinals = [0] * len(found)
    for index in order:
        group = group_of(found[index])
        ordinals[index] = seen[group]
        seen[group] += 1
    return ordinals


def _place(finding: Finding, evidence: str) -> tuple[int | str | tuple[tuple[str, str], ...], ...]:
    """Sort key by position; on one line by content."""
    return (
        finding.line,
        finding.end_line,
        evidence,
        finding.code,
        finding.api,
        finding.category,
        finding.details,
        finding.message,
    )


def _hash(purpose: str, *parts: str) -> str:
    """Hexadecimal digest of texts, each with its length before it so that no two lists of texts read alike."""
    octets = [part.encode("utf-8", "surrogatepass") for part in (FINGERPRINT_VERSION, purpose, *parts)]
    return blake2b(b"".join([b"%d:%b" % (len(each), each) for each in octets]), digest_size=_DIGEST_BYTES).hexdigest()
