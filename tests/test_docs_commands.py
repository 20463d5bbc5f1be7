"""The commands and programs in the pages work: each block marked `test` runs, in the order of its page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(sh|python) test\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXPECTED = re.compile(r"^(?P<command>.*\S)\s+# exit code (?P<code>\d)$")
PAGES = sorted(path for path in (ROOT / "docs").glob("*.md") if BLOCK.search(path.read_text("utf-8")))


def shared(factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that all its workers share: one scan of a release serves all pages."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def script(page: Path) -> str:
    """All marked blocks of a page as one script of bash; programs of one page are one program."""
    blocks = BLOCK.findall(page.read_text("utf-8"))
    parts = ["set -eu"]  # not pipefail: `yes` ends by a broken pipe, which is no failure
    for language, text in blocks:
        if language == "sh":
            parts += [checked(line) for line in text.splitlines()]
    program = "".join(text for language, text in blocks if language == "python")
    if program:
        parts += ['"$PYTHON" - <<"END OF PROGRAM"', program, "END OF PROGRAM"]
    return "\n".join(parts) + "\n"


def checked(line: str) -> str:
    """A line that says its exit code, as a check of it."""
    match = EXPECTED.match(line)
    if match is None:
        return line
    command, code = match["command"], match["code"]
    return (
        f"code=0; {command} || code=$?; "
        f'[ "$code" = {code} ] || {{ echo "exit code $code, not {code}: {command!r}" >&2; exit 99; }}'
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work(page: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    shims = tmp_path / "bin"
    shims.mkdir()
    program = shims / "redcap-scanner"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m scanner "$@"\n')
    program.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    (work / "fixtures").symlink_to(ROOT / "fixtures")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GIT", "CI_"))}
    done = subprocess.run(
        ["bash", "-c", script(page)],
        cwd=work,
        env=clean
        | {
            "PATH": f"{shims}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHON": sys.executable,
            "XDG_CACHE_HOME": str(shared(tmp_path_factory) / "docs-cache"),
            "GIT_CONFIG_GLOBAL": os.devnull,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_vendor_branch_takes_less_than_sixty_lines() -> None:
    (block,) = BLOCK.findall((ROOT / "docs" / "vendor-branch.md").read_text("utf-8"))
    assert len(block[1].splitlines()) < 60
    assert block[1].count("# exit code 0") >= 3


def test_a_wrong_exit_code_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh test\nfalse  # exit code 0\n```\n")
    done = subprocess.run(["bash", "-c", script(page)], capture_output=True, text=True, check=False)
    assert (done.returncode, "exit code 1, not 0" in done.stderr) == (99, True)


def test_the_pages_of_the_guide_are_there() -> None:
    wanted = {"install", "tutorial", "vendor-branch", "reviewers-guide", "python-api", "json", "limits"}
    assert wanted <= {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert {"install", "tutorial", "vendor-branch", "python-api", "json"} <= {path.stem for path in PAGES}
