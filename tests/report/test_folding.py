"""What the first screen folds: cut ways into one line, calls of one wrapper to one destination into one block."""

from __future__ import annotations

from pathlib import Path

from scanner.cli import run
from scanner.errors import ExitCode

CALLS = 30
CHAIN = 23


def test_calls_of_one_wrapper_to_one_host_are_one_block(tmp_path: Path) -> None:
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        calls = [f"  get('https://one.example.net/a{number}?x=' . $_GET['x']);" for number in range(CALLS)]
        chain = [f"function w{number}($u) {{ return w{number - 1}($u); }}" for number in range(1, CHAIN)]
        code = [
            "<?php", "function get($u) { return curl_exec(curl_init($u)); }",
            "function w0($u) { return curl_exec(curl_init($u)); }", *chain, f"w{CHAIN - 1}('https://deep.example.net/');",
            "function first() { get('https://one.example.net/'); }",
            "function all() {", *(calls if side == "new" else []), "}",
        ]  # fmt: skip
        (tmp_path / side / "page.php").write_text("\n".join(code) + "\n")
    report = tmp_path / "report.txt"
    arguments = ["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--no-cache", "--quiet", "--jobs", "1"]
    assert run([*arguments, "--format", f"terminal={report}", "--fail-on", "never"]) == ExitCode.OK
    text = report.read_text()
    assert f"{CALLS} times" in text
    assert text.count("outbound-call") == 1
    assert "limit hit" not in text
    assert "ways cut short in 1 file, every call is listed: wrapper-depth" in text


def test_what_a_release_no_longer_has_comes_after_what_it_brings(tmp_path: Path) -> None:
    """However bad it was; and one finding `fails` a run."""
    gone, brought = "eval($_POST['x']);", "file_get_contents('https://new.example.net/');"
    for side, code in (("old", gone), ("new", brought)):
        (tmp_path / side).mkdir()
        (tmp_path / side / f"{side}.php").write_text(f"<?php\n{code}\n")
    report = tmp_path / "report.txt"
    arguments = ["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--no-cache", "--quiet", "--jobs", "1"]
    assert run([*arguments, "--format", f"terminal={report}"]) == ExitCode.FINDINGS
    text = report.read_text()
    assert "FAIL  1 new or changed finding fails the run: 1 high." in text
    assert "1 file, 1 with PHP" in text
    assert text.index("HIGH  url-capable-call") < text.index("CRITICAL  dynamic-code")
