"""The stages depend in one direction only, and only named modules may reach out of the process."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("layers")  # one process parses each module once

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "scanner"
MODULES = sorted(PACKAGE.rglob("*.py"))
ORDER = (
    "errors",
    "model",
    "source",
    "php",
    "files",
    "facts",
    "signatures",
    "analysis",
    "detectors",
    "findings",
    "diff",
    "triage",
    "report",
    "protect",
    "pipeline",
    "selftest",
    "commands",
    "cli",
)
# Modules that stand outside the order and may import everything: the package's face and how it is run.
OUTSIDE = {"__init__", "__main__"}
FORBIDDEN = {
    "asyncio",
    "ftplib",
    "http.client",
    "http.server",
    "httpx",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "urllib.request",
    "urllib3",
}
# Module -> forbidden import -> why it is allowed there all the same.
ALLOWED = {
    "source/git_objects": {"subprocess": "git itself reads its object database; fixed arguments, no checkout"},
    "source/git_history": {
        "subprocess": "git itself reads refs and commits; fixed commands, nothing is run or fetched"
    },
    "protect/probe": {
        "socket": "`waf test` sends requests at the server that the user names, after asking",
        "ssl": "the same over TLS, with the certificate checked",
    },
}
MAX_LINES = 500


@cache
def imports(path: Path) -> frozenset[str]:
    """Absolute dotted names that a module imports, `from a import b` as `a.b`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join((*path.relative_to(ROOT).parts[: -node.level], node.module or "")).strip(".")
            module = base if node.level else node.module or ""
            names.update(f"{module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def stage(dotted: str) -> str:
    """Stage that a dotted name below `scanner` belongs to."""
    return dotted.split(".")[1] if "." in dotted else ""


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_stage_imports_only_stages_to_its_left(path: Path) -> None:
    own = relative(path).split("/")[0]
    if own in OUTSIDE:
        return
    allowed = ORDER[: ORDER.index(own) + 1]
    assert {stage(name) for name in imports(path) if name.startswith("scanner.")} <= {*allowed, "__version__"}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_only_the_parsers_know_tree_sitter(path: Path) -> None:
    used = any(name.split(".")[0].startswith("tree_sitter") for name in imports(path))
    assert not used or relative(path) in {"php/parser", "files/grammars"}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_no_module_reaches_the_network_or_starts_programs(path: Path) -> None:
    used = {bad for bad in FORBIDDEN for name in imports(path) if f"{name}.".startswith(f"{bad}.")}
    assert used == set(ALLOWED.get(relative(path), {}))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_bytes().splitlines()) <= MAX_LINES


def test_every_stage_of_the_order_is_known_and_every_module_belongs_to_one() -> None:
    found = {relative(path).split("/")[0] for path in MODULES}
    assert found - OUTSIDE <= set(ORDER)


def test_the_check_sees_every_form_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    path = tmp_path / "scanner" / "model" / "value.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import socket\nfrom scanner.cli import main\nfrom ..report import json\ndef f():\n import http.client\n"
    )
    assert imports(path) == {"socket", "scanner.cli.main", "scanner.report.json", "http.client"}
