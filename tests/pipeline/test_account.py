"""The account of files, the choice of versions, and options of the pipeline."""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import pipeline
from scanner.facts.engine import engine_digest
from scanner.model.report import BaselineState, Report, SkippedFile
from scanner.model.source import SourceFile
from scanner.pipeline import ScanOptions, diff, scan
from scanner.source import OpenRelease
from tests.pipeline.trees import CALL, RELEASE, commit_tree, write_tree, zip_tree

HERE = ScanOptions(cache=None, jobs=0)
OTHER = CALL.replace(b"api.example.net", b"other.example.net")


def assert_accounted(report: Report, files: int) -> None:
    coverage = report.coverage
    assert coverage.files == files == coverage.php_files + coverage.other_files + len(coverage.skipped)
    assert coverage.php_files == coverage.parsed + len(coverage.partial)


def test_every_file_is_php_other_or_skipped(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**RELEASE, "a.txt": b"text", "Index.php": b"<?php", "broken.php": b"<?php f(("})
    (root / "link.php").symlink_to("index.php")
    report = scan(str(root), HERE)
    assert_accounted(report, 7)
    assert [item.path for item in report.coverage.skipped] == ["link.php"]
    assert [item.reason.partition(":")[0] for item in report.coverage.remarks] == ["case-collision"]
    assert not report.coverage.incomplete


def test_examples_in_documentation_are_no_php_that_was_read_in_part(tmp_path: Path) -> None:
    """Unless some code loads the file."""
    text = b"Call it so:\n<?php f(... ?>\n"
    texts = dict.fromkeys(("guide.rst.txt", "README.md", "loaded.md", "odd.gif"), text)
    tree = write_tree(tmp_path, {**texts, "a.php": b"<?php include __DIR__ . '/loaded.md';"})
    report = scan(str(tree), HERE)
    assert_accounted(report, 5)
    assert [item.path for item in report.coverage.partial] == ["loaded.md", "odd.gif"]
    assert {item.path for item in report.findings if item.rule == "unparsed-region"} >= {"guide.rst.txt", "README.md"}


def test_hosts_of_prose_that_php_refuses_are_no_destinations(tmp_path: Path) -> None:
    """Whole code in a text stays one: something may include it."""
    prose = b"```php\n<?php\nf();\n```\nIt has `a`. See [docs](https://prose.example.net/) for `more`, and no end.\n"
    code = b"<?php file_get_contents('https://code.example.net/');\n"
    old, new = ({"a.php": b"<?php"}, {"a.php": b"<?php", "guide.md": prose, "notes.txt": code})
    compared = diff(str(write_tree(tmp_path / "a", old)), str(write_tree(tmp_path / "b", new)), HERE)
    assert [item.host for item in compared.current.destinations] == ["code.example.net"]
    assert [item.host for item in compared.destinations] == ["code.example.net"]
    assert not {item.path for item in compared.current.findings if item.rule == "process-execution"}


def test_a_member_that_hides_another_is_counted_and_remarked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("page.php", CALL)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("page.php", OTHER)
    report = scan(str(tmp_path / "a.zip"), HERE)
    assert_accounted(report, 2)
    assert [item.reason.partition(":")[0] for item in report.coverage.remarks] == ["duplicate-name"]
    assert {item.host for item in report.destinations} == {"api.example.net", "other.example.net"}


def test_data_behind_an_archive_make_it_incomplete_but_are_no_file(tmp_path: Path) -> None:
    path = zip_tree(tmp_path / "a.zip", RELEASE)
    path.write_bytes(path.read_bytes() + b"<?php // behind the end")
    report = scan(str(path), HERE)
    assert_accounted(report, 3)
    assert [item.reason.partition(":")[0] for item in report.coverage.remarks] == ["data-after-archive"]
    assert report.coverage.incomplete


def test_git_data_in_a_folder_are_no_files(tmp_path: Path) -> None:
    report = scan(str(commit_tree(write_tree(tmp_path, RELEASE))), HERE)
    assert_accounted(report, 3)
    assert [item.reason.partition(":")[0] for item in report.coverage.remarks] == ["git-data"]


class Meddler(OpenRelease):
    """A release whose files change between opening and reading."""

    victims: dict[str, bytes]

    def disk_path(self, file: SourceFile) -> str | None:
        path = super().disk_path(file)
        if path is not None and file.path in self.victims:
            Path(path).write_bytes(self.victims[file.path])
        return path


@pytest.mark.parametrize("jobs", [0, 2])
@pytest.mark.parametrize("content", [OTHER, CALL.replace(b"v1", b"v2"), b""], ids=["longer", "same-size", "emptied"])
def test_a_file_that_changes_during_the_scan_is_skipped_and_never_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, content: bytes
) -> None:
    root = write_tree(tmp_path / "release", {**RELEASE, "other.php": b"<?php /* untouched */"})
    options = ScanOptions(cache=tmp_path / "cache", jobs=jobs)
    path = "redcap_v@/Classes/Sender.php"
    with monkeypatch.context() as patch:
        patch.setattr("scanner.source.opening.OpenRelease", Meddler)
        Meddler.victims = {path: content}
        report = scan(str(root), options)
    assert_accounted(report, 4)
    problem = f"unreadable: {path} changed during the scan: scan a copy that nothing writes to"
    assert report.coverage.skipped == (SkippedFile(path, problem),)
    assert report.destinations == ()
    (root / "redcap_v15.7.1/Classes/Sender.php").write_bytes(CALL)
    again = scan(str(root), options)
    assert [item.host for item in again.destinations] == ["api.example.net"]
    assert not again.coverage.incomplete


def test_a_copy_of_a_changed_file_is_still_analysed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(tmp_path, {"a.php": CALL, "b.php": CALL, "c.php": CALL})
    monkeypatch.setattr("scanner.source.opening.OpenRelease", Meddler)
    Meddler.victims = {"a.php": b"<?php"}
    report = scan(str(root), HERE)
    assert [item.path for item in report.coverage.skipped] == ["a.php"]
    assert {item.path for item in report.findings if item.destinations} == {"b.php", "c.php"}


def test_a_short_tag_counts_by_the_name_of_each_file_of_one_content(tmp_path: Path) -> None:
    """A file called `php` is not named as PHP, `a.php` is: what is known of one must not be taken for the other."""
    code = CALL.replace(b"<?php", b"<?")
    for first in ("php", "a.php"):
        options = ScanOptions(cache=tmp_path / first, jobs=0)
        tree = write_tree(tmp_path / f"tree-{first}", {first: code, "z.php": b"<?php"})
        scan(str(tree), options)
        report = scan(str(write_tree(tree, {"php": code, "a.php": code})), options)
        assert {item.path for item in report.findings if item.destinations} == {"a.php"}
        assert_accounted(report, 3)


def test_each_side_of_a_comparison_has_its_own_version(tmp_path: Path) -> None:
    tree = {"redcap_v1.0.0/a.php": CALL, "redcap_v1.1.0/a.php": OTHER, "redcap_v1.2.0/a.php": b"<?php"}
    root = str(write_tree(tmp_path, tree))
    chosen = diff(root, root, ScanOptions(cache=None, jobs=0, baseline_version="1.0.0", version="1.1.0"))
    assert (chosen.baseline.release.version, chosen.current.release.version) == ("1.0.0", "1.1.0")
    assert {(item.host, item.state) for item in chosen.destinations} == {
        ("api.example.net", BaselineState.ABSENT),
        ("other.example.net", BaselineState.NEW),
    }
    only_current = diff(root, root, ScanOptions(cache=None, jobs=0, version="1.1.0"))
    assert (only_current.baseline.release.version, only_current.current.release.version) == ("1.2.0", "1.1.0")


def test_a_scan_works_outside_of_the_main_thread(tmp_path: Path) -> None:
    root = str(write_tree(tmp_path, RELEASE))
    found: list[Report] = []
    for jobs in (0, 1):
        thread = threading.Thread(target=lambda: found.append(scan(root, ScanOptions(cache=None, jobs=jobs))))  # noqa: B023  joined at once
        thread.start()
        thread.join()
    assert found == [scan(root, HERE)] * 2


def test_a_result_of_another_program_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(write_tree(tmp_path / "release", RELEASE))
    options = ScanOptions(cache=tmp_path / "cache", jobs=0)
    scan(root, options)
    assert scan(root, options).coverage.cached == 3
    monkeypatch.setattr(pipeline, "engine_digest", lambda: "another")
    monkeypatch.setattr("scanner.facts.known.engine_digest", lambda *_: "another")
    assert scan(root, options).coverage.cached == 0
    assert engine_digest("facts") != engine_digest("php")


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [b"<?php ", b"<?", b"?>", b"curl_exec($c);", b"\0", b"\xff\xfe", b"'", b'"', b"{", b"}", b"(", b"/*"]
        )
        | st.binary(max_size=8),
        max_size=30,
    )
)
def test_no_bytes_stop_a_scan(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    tree = {"a.php": b"".join(pieces), "b.txt": b"".join(pieces), "c.php": CALL}
    cache = tmp_path_factory.getbasetemp() / "bytes-cache"
    report = scan(str(write_tree(tmp_path_factory.mktemp("bytes"), tree)), ScanOptions(cache=cache, jobs=0))
    assert_accounted(report, 3)
    assert not report.coverage.incomplete
    assert "api.example.net" in {item.host for item in report.destinations}


def test_no_report_shows_what_the_site_has_put_into_database_php() -> None:
    program = Path(__file__).parents[2] / "fixtures" / "php" / "secrets" / "values_of_the_site"
    text = msgspec.json.encode(scan(str(program), HERE)).decode()
    assert "db.password" in text
    for value in ("S1te-Pa55word", b"S1te-Pa55word".hex(), "a0b1c2d3", b"a0b1c2d3".hex()):
        assert value not in text
