"""What `decrypt()` gave back, found behind a guess in many places, is told once for each sink, with a count."""

from __future__ import annotations

from pathlib import Path

from scanner import pipeline
from scanner.model.finding import Finding
from tests.pipeline.trees import write_tree

WRAPPER = b"<?php\nfunction put($text) { file_get_contents(get_cfg_var('there') . '?' . $text); }\n"
KEEPS = b"<?php\nfunction keep($row) { $GLOBALS['note'] = decrypt($row['note']); }\nkeep($rows[0]);\n"
TAKES = b"<?php\nfunction take_{n}() { global $note; put($note); }\ntake_{n}();\n"
NEAR = b"<?php\nfunction near($row) { put(decrypt($row['note'])); }\nnear($rows[0]);\n"


def found(root: Path) -> list[Finding]:
    report = pipeline.scan(str(root), pipeline.ScanOptions(jobs=1, cache=None))
    return [item for item in report.findings if item.rule == "secret-to-network" and "decrypt" in str(item.secrets)]


def test_ways_that_no_call_explains_are_one_finding(tmp_path: Path) -> None:
    pages = {f"Pages/take_{n}.php": TAKES.replace(b"{n}", b"%d" % n) for n in range(5)}
    root = write_tree(tmp_path, {"Config/put.php": WRAPPER, "Config/keep.php": KEEPS, **pages})
    (item,) = found(root)
    assert "; 4 further ways lead there" in item.message


def test_a_way_by_calls_alone_has_its_own(tmp_path: Path) -> None:
    page = {"Pages/take_0.php": TAKES.replace(b"{n}", b"0"), "Pages/near.php": NEAR}
    root = write_tree(tmp_path, {"Config/put.php": WRAPPER, "Config/keep.php": KEEPS, **page})
    assert {item.path for item in found(root)} == {"Pages/take_0.php", "Pages/near.php"}


MIXED = b"<?php\nfunction keep($row) { $GLOBALS['note'] = decrypt($row['n']) . session_id() . %s; }\nkeep($rows[0]);\n"


def leaks(root: Path) -> list[tuple[tuple[str, ...], str]]:
    report = pipeline.scan(str(root), pipeline.ScanOptions(jobs=1, cache=None))
    return [(item.secrets, item.message) for item in report.findings if item.rule == "secret-to-network"]


def test_what_comes_together_is_told_together(tmp_path: Path) -> None:
    page = {"Pages/take_0.php": TAKES.replace(b"{n}", b"0")}
    root = write_tree(tmp_path, {"Config/put.php": WRAPPER, "Config/keep.php": MIXED % b"''", **page})
    ((secrets, message),) = leaks(root)
    assert secrets == ("function.decrypt", "session.id")
    assert "function.decrypt and session.id reach file_get_contents()" in message
    assert "not a known destination of them" in message


def test_a_secret_with_a_name_is_told_by_itself(tmp_path: Path) -> None:
    page = {"Pages/take_0.php": TAKES.replace(b"{n}", b"0")}
    root = write_tree(tmp_path, {"Config/put.php": WRAPPER, "Config/keep.php": MIXED % b"$GLOBALS['password']", **page})
    assert sorted(secrets for secrets, _message in leaks(root)) == [
        ("db.password",), ("function.decrypt", "session.id"),
    ]  # fmt: skip


PASSES = b"<?php\nfunction pass_%d($text) { %s($text); }\n"


def test_what_comes_to_one_place_is_told_together(tmp_path: Path) -> None:
    chain = {f"Lib/p{n}.php": PASSES % (n, b"pass_%d" % (n - 1) if n else b"error_log") for n in range(5)}
    page = b"<?php\nfunction take() { global $note; pass_4($note); }\ntake();\n"
    files = {"Config/keep.php": MIXED % b"implode($_SERVER)", "Pages/take.php": page, **chain}
    report = pipeline.scan(str(write_tree(tmp_path, files)), pipeline.ScanOptions(jobs=1, cache=None))
    (item,) = [item for item in report.findings if item.rule == "secret-in-log"]
    assert item.secrets == ("environment", "function.decrypt")
    assert "environment and function.decrypt reach a log: they are given to error_log" in item.message
