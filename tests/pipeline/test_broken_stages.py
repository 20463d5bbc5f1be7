"""An error of the analyser in a rule, a page or a comparison costs what it is about, and the scan says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from scanner import pipeline
from scanner.analysis.pages.walk import Walk
from scanner.cli import run
from scanner.detectors import Detector, Scene, detectors
from scanner.diff import weakened
from scanner.diff.weakenings.pairs import pairs
from scanner.errors import ExitCode
from scanner.model.finding import Finding
from scanner.model.report import Report
from scanner.pipeline import ScanOptions, diff, scan
from tests.analysis.test_pages import BOOT, LOAD

OPTIONS = ScanOptions(cache=None, jobs=0)
PAGE = f"<?php\n{LOAD}print Records::delete(1);"
CALL = '<?php\nfile_get_contents("https://{}.example/");\n'


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Eight pages that each call a host of their own."""
    for name in "abcdefgh":
        (tmp_path / f"{name}.php").write_text(CALL.format(name))
    return tmp_path


def broken_by(*names: str) -> Callable[[], tuple[Detector, ...]]:
    """All detectors; the one of outbound calls raises at calls in some files, with no name whatever it sees."""

    def failing(find: Callable[[Scene], Iterable[Finding]], scene: Scene) -> Iterable[Finding]:
        yield from find(scene)
        if not names or any(scene.program.path(hit.function) in names for hit in scene.result.hits):
            raise RecursionError

    def replaced(item: Detector) -> Detector:
        return item._replace(find=lambda scene: failing(item.find, scene))

    return lambda: tuple(replaced(item) if item.rule.id == "url-capable-call" else item for item in detectors())


def hosts(report: Report) -> set[str]:
    return {name for item in report.findings if item.rule == "url-capable-call" for name in item.destinations}


def test_a_rule_that_breaks_over_two_files_finds_what_stands_in_the_others(
    release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scan(str(release), OPTIONS)
    monkeypatch.setattr(pipeline, "detectors", broken_by("b.php", "g.php"))
    report = scan(str(release), OPTIONS)
    assert hosts(whole) - hosts(report) == {"b.example", "g.example"}
    assert [(item.limit, item.path) for item in report.coverage.limits_hit] == [
        ("analysis-error", "b.php"),
        ("analysis-error", "g.php"),
    ]
    assert report.coverage.incomplete
    assert not whole.coverage.incomplete


def test_a_rule_that_always_breaks_leaves_the_others(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (release / "x.php").write_text('<?php\neval(base64_decode($_POST["c"]));\n')
    monkeypatch.setattr(pipeline, "detectors", broken_by())
    report = scan(str(release), OPTIONS)
    assert not hosts(report)
    assert "dynamic-code" in {item.rule for item in report.findings}
    assert [(item.limit, item.path) for item in report.coverage.limits_hit] == [("analysis-error", "")]


def test_the_command_line_says_incomplete(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["scan", str(release), "--no-cache", "--quiet", "--jobs", "1"]
    assert run(arguments) == ExitCode.OK
    monkeypatch.setattr(pipeline, "detectors", broken_by("c.php"))
    assert run(arguments) == ExitCode.INCOMPLETE
    assert run([*arguments, "--allow-incomplete"]) == ExitCode.OK


def test_a_page_that_cannot_be_followed_counts_as_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, code in {**BOOT, "Pages/one.php": PAGE, "Pages/two.php": PAGE}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(code)
    run = Walk.run

    def failing(self: Walk) -> None:
        run(self)
        if self._program.files[self._page].path == "Pages/one.php":
            raise KeyError

    before = {item.path: item.auth for item in scan(str(tmp_path), OPTIONS).endpoints}
    monkeypatch.setattr(Walk, "run", failing)
    report = scan(str(tmp_path), OPTIONS)
    after = {item.path: item.auth for item in report.endpoints}
    assert (before["Pages/one.php"], after["Pages/one.php"]) == ("login", "none")
    assert before["Pages/two.php"] == after["Pages/two.php"] == "login"
    assert [(item.limit, item.path) for item in report.coverage.limits_hit] == [("analysis-error", "Pages/one.php")]


def test_a_comparison_that_breaks_over_one_file_names_it(
    release: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path_factory.mktemp("old")
    for name in "ab":
        (old / f"{name}.php").write_text(f"<?php\nfunction f{name}($u) {{ return 1; }}\n")

    def failing(before: bytes | None, *rest: object) -> object:
        if before is not None and b"fa" in before:
            raise ValueError
        return pairs(before, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(weakened, "pairs", failing)
    coverage = diff(str(old), str(release), OPTIONS).current.coverage
    assert [(item.limit, item.path) for item in coverage.limits_hit] == [("analysis-error", "a.php")]
