"""Small PHP programs with their expected findings in comments beside the code.

A program is one file, or a folder with several, below `fixtures/php/<topic>/`. A comment
`// expect: <rule> [host=<a>+<b>] [secret=<label>] [severity=<level>]` stands on the line of the finding or alone on the
line above; `;` separates several. Every finding of a strict category must be expected. Known gaps are strict, too:
`todo-expect:` fails as soon as the finding is there, `todo-ok:` (a finding that should not be) as soon as it is gone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from scanner.model.finding import Category, Finding
from scanner.pipeline import ScanOptions, scan

PROGRAMS = Path(__file__).resolve().parents[2] / "fixtures" / "php"
STRICT = frozenset({Category.EGRESS, Category.EXFILTRATION, Category.CONCEALMENT, Category.PAYLOAD})
COMMENT = re.compile(r"(?://|#|/\*)\s*(todo-ok|todo-expect|expect):\s*(.*?)\s*(?:\*/|\?>|$)")
FEWEST_PROGRAMS = 120


class Expectation(NamedTuple):
    """One finding that a comment names."""

    kind: str
    """`expect`, `todo-expect` or `todo-ok`."""
    path: str
    line: int
    rule: str
    wanted: tuple[tuple[str, str], ...]

    def fits(self, finding: Finding) -> bool:
        return (self.path, self.line, self.rule) == (finding.path, finding.line, finding.rule) and all(
            _shown(finding, key) == value for key, value in self.wanted
        )

    def __str__(self) -> str:
        wanted = " ".join(f"{key}={value}" for key, value in self.wanted)
        return f"{self.path}:{self.line}: {self.rule} {wanted}".rstrip()


def _shown(finding: Finding, key: str) -> str:
    """What an expectation can say about a finding, as it is written there."""
    return {
        "host": "+".join(finding.destinations),
        "secret": "+".join(finding.secrets),
        "severity": finding.severity.value,
        "api": finding.api,
        "tls": "+".join(name.removeprefix("tls-") for name, text in finding.details if name.startswith("tls-")),
    }[key]


def _place(finding: Finding) -> str:
    words = (f"{key}={_shown(finding, key)}" for key in ("host", "secret", "severity", "api"))
    return f"{finding.path}:{finding.line}: {finding.rule} {' '.join(words)}"


def expectations(path: str, text: str) -> Iterator[Expectation]:
    """Expectations of one file; a comment alone on its line is about the next line that has code."""
    waiting: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        found = [(match[1], one) for match in COMMENT.finditer(line) for one in match[2].split(";")]
        alone = found and not COMMENT.sub("", line).replace("<?php", "").replace("?>", "").strip()
        if alone:
            waiting += found
            continue
        for kind, one in (*waiting, *found):
            rule, *wanted = one.split()
            pairs = (word.partition("=") for word in wanted)
            yield Expectation(kind, path, number, rule, tuple((key, value) for key, _, value in pairs))
        waiting = []
    assert not waiting, f"{path}: an expectation without a line of code"


def problems(expected: list[Expectation], findings: tuple[Finding, ...]) -> list[str]:
    """What differs between the comments and the findings; empty when nothing does."""
    left = list(findings)
    found: list[str] = []
    for item in sorted(expected, key=lambda one: len(one.wanted), reverse=True):
        hit = next((finding for finding in left if item.fits(finding)), None)
        if hit is not None:
            left.remove(hit)
        if item.kind == "todo-expect" and hit is not None:
            found.append(f"works now, make it `expect`: {item}")
        elif item.kind == "todo-ok" and hit is None:
            found.append(f"is gone now, remove it: {item}")
        elif item.kind == "expect" and hit is None:
            found.append(f"missing: {item}")
    asked = {item.rule for item in expected}
    found += [f"unexpected: {_place(item)}" for item in left if item.category in STRICT or item.rule in asked]
    return found


def _programs() -> list[Path]:
    return sorted(entry for topic in PROGRAMS.iterdir() for entry in topic.iterdir())


def _files(program: Path) -> Iterator[tuple[str, str]]:
    for path in [program] if program.is_file() else sorted(program.rglob("*")):
        if path.is_file():
            name = path.name if program.is_file() else path.relative_to(program).as_posix()
            yield name, path.read_text("latin-1")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the compiled signatures; no two programs share a file's content."""
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("program", _programs(), ids=lambda path: path.relative_to(PROGRAMS).as_posix())
def test_program(program: Path, cache: Path, tmp_path: Path) -> None:
    release = tmp_path / "release"
    if program.is_dir():
        shutil.copytree(program, release)
    else:
        release.mkdir()
        shutil.copy(program, release)
    expected = [item for name, text in _files(program) for item in expectations(name, text)]
    report = scan(str(release), ScanOptions(cache=cache, jobs=1))
    assert not problems(expected, report.findings)
    assert not [item for item in report.coverage.limits_hit if item.limit == "analysis-error"]


def test_the_suite_is_complete() -> None:
    assert len(_programs()) >= FEWEST_PROGRAMS


def test_a_missing_finding_fails() -> None:
    (item,) = expectations("a.php", "<?php\nf(); // expect: outbound-call host=a.example\n")
    assert problems([item], ()) == ["missing: a.php:2: outbound-call host=a.example"]


def test_a_comment_alone_is_about_the_next_line() -> None:
    found = list(
        expectations("a.php", "<?php\n// expect: dynamic-code; outbound-call\n// todo-ok: dynamic-code\nf();\n")
    )
    assert [(item.kind, item.line, item.rule) for item in found] == [
        ("expect", 4, "dynamic-code"),
        ("expect", 4, "outbound-call"),
        ("todo-ok", 4, "dynamic-code"),
    ]
