"""Generated findings, reports and comparisons with hostile text in every field: the vocabulary of property tests."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

from scanner.model.finding import Category, Confidence, Finding, Rule, Severity, TraceStep
from scanner.model.report import (
    BaselineState,
    Comparison,
    Coverage,
    DestinationChange,
    DestinationSummary,
    EndpointChange,
    EndpointSummary,
    FindingChange,
    LimitHit,
    PackageChange,
    PackageSummary,
    PartialFile,
    ReleaseInfo,
    Report,
    SecretChange,
    SecretSummary,
    SkippedFile,
)

Row = TypeVar("Row")
HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x9b2J",
    "a\r\nb\tc\x00\x7f",
    "\u202egnp.exe\u2066\u200b\ufeff\U000e0041",
    "\udcff\ud800",
    "[bold red]x[/] [/nope]",
    "<script>alert(1)</script><img src=x onerror=y>",
    "</details>\n# head\n- [ ] @octocat #1 GH-1 www.evil.example https://evil.example",
    "[click](javascript:alert(1)) ![x](//evil.example)",
    "a|b`c``d```\n```\n~~~",
    "../../../etc/passwd",
    "//evil.example/a b?c#d%",
    "{0} {{x}} [link](1)",
    "x" * 5000,
)


def texts() -> st.SearchStrategy[str]:
    """Any text: lone surrogates, controls, markup of every output, and ordinary words."""
    anything = st.text(st.characters(codec=None, categories=None), max_size=12)
    words = st.sampled_from(["curl_exec", "db.password", "api.example.com", "redcap_v@/a.php", ""])
    return st.one_of(words, st.sampled_from(HOSTILE), anything)


def lists_of(values: st.SearchStrategy[str], size: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    """Sorted tuples without duplicates."""
    return st.lists(values, max_size=size, unique=True).map(lambda found: tuple(sorted(found)))


def named(rows: st.SearchStrategy[Row]) -> st.SearchStrategy[tuple[Row, ...]]:
    """Roll-ups: each host, name or path stands once, in any order."""
    return st.lists(rows, max_size=3, unique_by=_name).map(tuple)


def _name(row: object) -> str:
    return str(next(getattr(row, key) for key in ("host", "path", "name") if hasattr(row, key)))


def steps() -> st.SearchStrategy[TraceStep]:
    return st.builds(TraceStep, texts(), st.integers(0, 9999), texts())


def findings() -> st.SearchStrategy[Finding]:
    """Any finding."""
    return st.builds(
        Finding,
        rule=st.sampled_from(["outbound-call", "secret-to-network", "open-endpoint"]) | texts(),
        category=st.sampled_from(Category),
        severity=st.sampled_from(Severity),
        confidence=st.sampled_from(Confidence),
        path=texts(),
        line=st.integers(0, 99999),
        end_line=st.integers(0, 99999),
        symbol=texts(),
        api=texts(),
        message=texts(),
        destinations=lists_of(texts()),
        secrets=lists_of(texts()),
        details=st.lists(st.tuples(texts(), texts()), max_size=2).map(tuple),
        trace=st.lists(steps(), max_size=3).map(tuple),
        callee=texts(),
        code=texts(),
        package=texts(),
        excerpt=st.lists(texts(), max_size=3).map(tuple),
        identity=st.text("0123456789abcdef", min_size=8, max_size=8),
        evidence=st.text("0123456789abcdef", min_size=8, max_size=8),
    )


def coverages() -> st.SearchStrategy[Coverage]:
    """Any coverage account, consistent or not."""
    lines = st.lists(st.tuples(st.integers(1, 50), st.integers(50, 99)), max_size=2).map(tuple)
    numbers = st.integers(0, 99999)
    return st.builds(
        Coverage,
        files=numbers,
        php_files=numbers,
        parsed=numbers,
        partial=st.lists(st.builds(PartialFile, texts(), lines), max_size=2).map(tuple),
        skipped=st.lists(st.builds(SkippedFile, texts(), texts(), st.booleans()), max_size=2).map(tuple),
        other_files=numbers,
        cached=numbers,
        unresolved_calls=numbers,
        unresolved_includes=numbers,
        unresolved_destinations=numbers,
        limits_hit=st.lists(st.builds(LimitHit, texts(), texts(), numbers, numbers), max_size=2).map(tuple),
    )


def reports() -> st.SearchStrategy[Report]:
    """Any report; the order of its parts is arbitrary, as the formats sort."""
    rules = st.lists(st.builds(Rule, texts(), st.sampled_from(Category), texts(), texts()), max_size=2)
    names = st.builds(ReleaseInfo, texts(), st.none() | texts(), st.sampled_from(["full", "plain"]), st.integers(0, 99))
    pages = st.builds(EndpointSummary, texts(), st.sampled_from(["none", "login", "token"]) | texts(), texts())
    return st.builds(
        Report,
        tool_version=st.just("0.0.0") | texts(),
        release=names,
        coverage=coverages(),
        findings=st.lists(findings(), max_size=4, unique_by=lambda finding: finding.identity).map(tuple),
        rules=rules.map(tuple),
        destinations=named(st.builds(DestinationSummary, texts(), st.integers(0, 9))),
        secrets=named(st.builds(SecretSummary, texts(), st.integers(0, 9))),
        endpoints=named(pages),
        packages=named(st.builds(PackageSummary, texts(), texts(), lists_of(texts()))),
    )


def changes() -> st.SearchStrategy[FindingChange]:
    """Any change, with the sides that its state has."""
    return st.one_of(
        st.builds(FindingChange, st.just(BaselineState.NEW), st.none(), findings()),
        st.builds(FindingChange, st.just(BaselineState.ABSENT), findings(), st.none()),
        st.builds(FindingChange, st.just(BaselineState.UPDATED), findings(), findings()),
        findings().flatmap(
            lambda finding: st.builds(
                FindingChange, st.just(BaselineState.UNCHANGED), st.just(finding), st.just(finding), st.none() | texts()
            )
        ),
    )


def comparisons() -> st.SearchStrategy[Comparison]:
    """Any comparison; its parts need not agree with each other."""
    states = st.sampled_from(BaselineState)
    versions = st.none() | texts()
    endpoints = st.builds(EndpointChange, states, texts(), texts(), versions)
    packages = st.builds(PackageChange, states, texts(), versions, versions, lists_of(texts()), lists_of(texts()))
    return st.builds(
        Comparison,
        baseline=reports(),
        current=reports(),
        changes=st.lists(changes(), max_size=4, unique_by=lambda change: change.finding.identity).map(tuple),
        destinations=named(st.builds(DestinationChange, states, texts(), st.integers(0, 9))),
        secrets=named(st.builds(SecretChange, states, texts(), st.integers(0, 9))),
        endpoints=named(endpoints),
        packages=named(packages),
        files_added=st.integers(0, 9999),
        not_in_archive=st.integers(0, 9),
        not_compared=st.lists(findings(), max_size=2).map(tuple),
    )
