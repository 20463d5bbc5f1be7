"""Odd files in a release: each is counted, none stops the scan, and the exit code says whether all was read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scanner.cli import run
from tests.pipeline.trees import RELEASE, accounted, scan_json, write_tree

SINK = b"curl_exec(curl_init('https://odd.example.net/'));"


class Odd(NamedTuple):
    """A file, what the account says of it, and the exit code."""

    make: Callable[[Path], object]
    entry: str
    """`whole`, `partial`, `other`, or the code of a skipped file."""
    code: int
    found: bool = False
    """Whether the call in it is still listed."""


def write(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def sparse(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)


def circle(path: Path) -> None:
    (path.parent / "other.php").symlink_to(path.name)
    path.symlink_to("other.php")


LINE = b"<?php $text = '" + b"x" * 5_000_000 + b"'; " + SINK
CALLS = b"<?php " + b"$a['k'] = f($b) . \"x $c y\"; " * 3_000 + SINK
UTF_16 = f"\ufeff<?php\n{SINK.decode()}\n"
CASES = {
    "large": Odd(sparse, "too-large", 3),
    "parentheses": Odd(
        write(b"<?php $x = " + b"(" * 10_000 + b"1" + b")" * 10_000 + b"; " + SINK), "whole", 0, found=True
    ),
    "arrays": Odd(
        write(b"<?php $x = " + b"[" * 10_000 + b"1" + b"]" * 10_000 + b"; " + SINK), "partial", 0, found=True
    ),
    "long-line": Odd(write(LINE), "whole", 0, found=True),
    "dense-line": Odd(write(CALLS), "whole", 0, found=True),
    "nul-bytes": Odd(write(b'<?php $x = "\0\0"; ' + SINK + b"\n"), "whole", 0, found=True),
    "no-utf-8": Odd(write(b'<?php $x = "\xff\xfe\xc3\x28"; // \xe9\n' + SINK), "whole", 0, found=True),
    "utf-16-le": Odd(write(UTF_16.encode("utf-16-le")), "partial", 0, found=True),
    "utf-16-be": Odd(write(UTF_16.encode("utf-16-be")), "partial", 0, found=True),
    "utf-32": Odd(write(UTF_16.encode("utf-32-le")), "partial", 0, found=True),
    "nothing-but-nul": Odd(write(bytes(1000)), "other", 0),
    "empty": Odd(write(b""), "other", 0),
    "never-closed": Odd(write(b"<?php " + SINK + b" function f() { if (1) { $x = '"), "partial", 0, found=True),
    "pipe": Odd(os.mkfifo, "special-file", 0),
    "circle": Odd(circle, "symlink", 0),
    "link-out": Odd(lambda path: path.symlink_to("/etc/passwd"), "symlink", 0),
}


def entry_of(coverage: dict[str, Any], path: str) -> str:
    skipped = {item["path"]: item["reason"].partition(":")[0] for item in coverage["skipped"]}
    if path in skipped:
        return str(skipped[path])
    return "partial" if path in {item["path"] for item in coverage["partial"]} else "read"


@pytest.mark.parametrize("name", CASES)
def test_an_odd_file_is_accounted_for(name: str, tmp_path: Path) -> None:
    odd = CASES[name]
    root = write_tree(tmp_path / "release", RELEASE)
    odd.make(root / "odd.php")
    code, report = scan_json(tmp_path, "scan", str(root), "--no-cache", "--fail-on", "never")
    coverage = report["coverage"]
    assert code == odd.code
    assert accounted(coverage)
    assert entry_of(coverage, "odd.php") == {"whole": "read", "other": "read"}.get(odd.entry, odd.entry)
    assert coverage["other_files"] == 1 + (odd.entry == "other")
    hosts = {host for item in report["findings"] if item["path"] == "odd.php" for host in item["destinations"]}
    assert ("odd.example.net" in hosts) == odd.found
    assert "api.example.net" in {item["host"] for item in report["destinations"]}
    assert scan_json(tmp_path, "scan", str(root), "--no-cache", "--fail-on", "never", "--allow-incomplete")[0] == 0


def test_an_unreadable_file_is_accounted_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: the superuser can read every file, so permissions alone would show nothing."""
    root = write_tree(tmp_path / "release", {**RELEASE, "secret.php": b"<?php"})
    opened = os.open

    def refuse(path: str, *arguments: int, **options: int) -> int:
        if str(path).endswith("secret.php"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)
    code, report = scan_json(tmp_path, "scan", str(root), "--no-cache")
    assert code == 3
    assert accounted(report["coverage"])
    assert report["coverage"]["skipped"] == [
        {"path": "secret.php", "reason": "unreadable: permission denied", "incomplete": True}
    ]


def test_the_baseline_may_be_the_incomplete_one(tmp_path: Path) -> None:
    good = write_tree(tmp_path / "good", RELEASE)
    large = write_tree(tmp_path / "large", RELEASE)
    sparse(large / "odd.php")
    for pair in ((good, large), (large, good)):
        arguments = ["diff", *map(str, pair), "--no-cache", "--quiet"]
        assert run(arguments) == 3
        assert run([*arguments, "--allow-incomplete"]) == 0
