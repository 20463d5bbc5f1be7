"""The project's frame: lock files, CI script and packaging say the same and name no machine."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = [ROOT / "requirements.lock", ROOT / "benchmarks" / "requirements.lock"]


def tracked_text() -> list[Path]:
    """Text files of the repository that people write, fixtures and locks left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    kinds = {".py", ".sh", ".toml", ".md", ".lock", ".in", ""}
    paths = [ROOT / name for name in listed if name and not name.startswith("fixtures/")]
    return [path for path in paths if path.suffix in kinds and path.is_file()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_locked_package_is_pinned_and_hashed_and_names_no_registry(lock: Path) -> None:
    text = lock.read_text("utf-8")
    requirements = re.split(r"\n(?=[a-z])", text)[1:]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9-]+==[^\s]+ \\\n", requirement), requirement
        assert "--hash=sha256:" in requirement
    assert "://" not in text
    assert "-index" not in text


def test_the_lock_satisfies_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
    ]
    names = {re.split(r"[^A-Za-z0-9.-]", item)[0].lower().replace(".", "-") for item in wanted}
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCKS[0].read_text("utf-8"), re.MULTILINE))
    assert {"click", "pytest", "hatchling", "types-pyyaml"} <= names
    assert names <= locked


def test_ci_runs_the_test_command_of_the_readme() -> None:
    commands = (ROOT / ".ci" / "run").read_text("utf-8").split("\n")
    assert "make test" in (ROOT / "README.md").read_text("utf-8")
    assert {"set -euo pipefail", "make test"} <= set(commands)
    assert any(re.fullmatch(r"make [a-z0-9= -]*\blint\b[a-z ]*", command) for command in commands)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert named <= targets
    assert {"demo", "test", "check", "bench", "fuzz", "golden", "docs", "corpus", "clean", "help"} <= targets


def test_no_file_names_a_machine_or_a_package_mirror() -> None:
    machine = re.compile(
        r"/(?:work|root|home)/[a-z]|/tmp/[a-z]/|\b(?:deb|ftp|pypi|files)\.[a-z]+hosted|deb\.debian|pypi\."
    )
    own = Path(__file__)
    found = {
        path.relative_to(ROOT).as_posix(): match.group()
        for path in tracked_text()
        if path != own and (match := machine.search(path.read_text("utf-8", "replace")))
    }
    assert found == {}


def test_no_unfinished_work_is_marked() -> None:
    marks = re.compile(r"\b(?:TODO|FIXME|XXX)\b|pytest\.mark\.(?:skip|xfail)|pytest\.skip\(")
    own = Path(__file__)
    python = [path for path in tracked_text() if path.suffix == ".py" and path != own]
    found = [path.relative_to(ROOT).as_posix() for path in python if marks.search(path.read_text("utf-8"))]
    assert found == []
