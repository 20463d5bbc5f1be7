"""Measure scan and diff against ast-grep and Semgrep on real code, and write `RESULTS.md`.

Everything runs interleaved in one session, so that the machine's mood falls on all alike; of three rounds the median
counts. Ratios are what to read: absolute times differ from machine to machine. Memory is the largest sum of the
proportional set sizes of all processes of a run, sampled while it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv-bench" / "bin"
ROUNDS = 3
TREE_FILES = 10_000
TREE_SOURCES = (
    "mediawiki-trixie",
    "wordpress-trixie",
    "phpmyadmin-trixie",
    "roundcube-core-trixie",
    "mediawiki-bookworm",
)
SAMPLE_SECONDS = 0.05
SCAN_OK = {0, 1, 3}
"""Exit codes of a scan that ran to its end: findings and counted gaps are no failure here."""


class Measured(NamedTuple):
    """One run: wall time in seconds, memory in bytes."""

    seconds: float
    memory: int


class Case(NamedTuple):
    """One thing to run, once per round."""

    name: str
    command: list[str]
    prepare: Callable[[], None]
    environment: dict[str, str]
    accepted: set[int]


class Phases(NamedTuple):
    """One cold scan by phases (`phases.py`): processor seconds of all processes, and what it was over."""

    files: int
    size: int
    extraction: float
    program: float
    whole: float
    memory: int


class Table(NamedTuple):
    """One tree, its cases, and the case that ratios refer to."""

    title: str
    files: int
    size: int
    cases: list[Case]


def children_of() -> dict[int, list[int]]:
    """Process -> its children, of all processes now."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        found.setdefault(parent, []).append(int(entry.name))
    return found


def memory_of(process: int) -> int:
    """Proportional set size of a process and all its descendants, bytes."""
    children = children_of()
    total, pending = 0, [process]
    while pending:
        current = pending.pop()
        pending.extend(children.get(current, ()))
        try:
            rollup = Path(f"/proc/{current}/smaps_rollup").read_text("ascii")
        except OSError:
            continue
        if match := re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE):
            total += int(match.group(1)) * 1024
    return total


def run(case: Case) -> Measured:
    """Run a case once.

    Raises: RuntimeError when it ends with an exit code that it must not have.
    """
    case.prepare()
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            case.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=os.environ | case.environment,
        )
        peak = 0
        stop = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not stop.is_set():
                peak = max(peak, memory_of(process.pid))
                stop.wait(SAMPLE_SECONDS)

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        seconds = time.perf_counter() - start
        stop.set()
        watcher.join()
        errors.seek(0)
        text = errors.read().decode("utf-8", "replace").strip()
    if code not in case.accepted:
        message = f"{case.name} ended with {code}: {text[-300:]}"
        raise RuntimeError(message)
    return Measured(seconds, peak)


def php_files(folder: Path) -> Iterator[Path]:
    """PHP files below a folder, sorted, links left out."""
    for directory, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = Path(directory, name)
            if name.endswith(".php") and not path.is_symlink():
                yield path


def make_tree(corpus: Path, target: Path) -> None:
    """A tree of 10,000 PHP files from the corpora (fewer when they hold fewer)."""
    left = TREE_FILES
    for source in TREE_SOURCES:
        for path in php_files(corpus / source):
            if left == 0:
                return
            left -= 1
            copy = target / path.relative_to(corpus)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def copy_tree(source: Path, target: Path) -> None:
    """A copy without links to elsewhere, so that all tools see the same files."""
    shutil.copytree(source, target, symlinks=True)
    for directory, folders, names in os.walk(target):
        for name in (*folders, *names):
            path = Path(directory, name)
            if path.is_symlink():
                path.unlink()


def size_of(tree: Path) -> tuple[int, int]:
    """PHP files of a tree and their bytes."""
    sizes = [path.stat().st_size for path in php_files(tree)]
    return len(sizes), sum(sizes)


def scanner_case(name: str, arguments: list[str], cache: Path, prepare: Callable[[], None]) -> Case:
    """A run of the scanner with two workers and a cache of its own."""
    command = [sys.executable, "-m", "scanner", *arguments, "--jobs", "2", "--cache", str(cache)]
    command += ["--quiet", "--format", f"json={os.devnull}"]
    return Case(name, command, prepare, {"PYTHONPATH": str(ROOT)}, SCAN_OK)


def forget(cache: Path) -> Callable[[], None]:
    """Empties a cache."""
    return lambda: shutil.rmtree(cache, ignore_errors=True)


def touch_one(tree: Path) -> Callable[[], None]:
    """Changes one file of a tree."""

    def change() -> None:
        with next(php_files(tree)).open("ab") as file:
            file.write(b"\n// changed\n")

    return change


def part_of(tree: Path, target: Path, share: int) -> None:
    """Every `share`-th PHP file of a tree."""
    for path in list(php_files(tree))[::share]:
        copy = target / path.relative_to(tree)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def phases_of(tree: Path) -> Phases:
    """A cold scan of a tree, its phases apart.

    Raises: RuntimeError when the scan fails.
    """
    command = [sys.executable, str(ROOT / "benchmarks" / "phases.py"), str(tree)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, memory_of(process.pid))
            time.sleep(10 * SAMPLE_SECONDS)
        text = process.stdout.read() if process.stdout else ""
    if process.returncode:
        message = f"phases of {tree.name} ended with {process.returncode}"
        raise RuntimeError(message)
    found = json.loads(text)
    extraction, program, whole = (float(found[name]["processor"]) for name in ("extraction", "program", "all"))
    return Phases(*size_of(tree), extraction, program, whole, peak)


def growth(tree: Path, work: Path) -> list[Phases]:
    """A quarter, a half and the whole of a tree."""
    measured = []
    for share in (4, 2):
        part_of(tree, work / f"part-{share}", share)
        measured.append(phases_of(work / f"part-{share}"))
    return [*measured, phases_of(tree)]


def grown(measured: list[Phases]) -> list[str]:
    """The table of growth."""
    lines = [
        "",
        "## Growth: a quarter, a half and the whole of the 10,000 files",
        "",
        "Processor time of all processes, of one cold scan each.",
        "",
        "| PHP files | MB | program x extraction | all, ms a file | extraction, s | program, s | all, s | memory, MB |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.files:,} | {row.size / 1e6:.1f} | {row.program / row.extraction:.2f} "
        f"| {1000 * row.whole / row.files:.1f} | {row.extraction:.1f} | {row.program:.1f} | {row.whole:.1f} "
        f"| {row.memory / 1e6:,.0f} |"
        for row in measured
    ]
    return lines


def nothing() -> None:
    """Needs no preparation."""


def other_tools(tree: Path) -> list[Case]:
    """The tools that the scanner is compared with, over the same tree and without their ignore files."""
    ignored = [
        part for kind in ("hidden", "dot", "exclude", "global", "parent", "vcs") for part in ("--no-ignore", kind)
    ]
    rules = str(ROOT / "benchmarks" / "patterns.yml")
    search = [str(TOOLS / "ast-grep"), "scan", "--rule", rules, "--json=stream", "--threads", "2", *ignored, str(tree)]
    config = str(ROOT / "benchmarks" / "semgrep.yml")
    semgrep = [
        str(TOOLS / "semgrep"),
        "scan",
        "--metrics=off",
        "--disable-version-check",
        "--config",
        config,
        "--quiet",
    ]
    semgrep += ["--no-git-ignore", "--x-ignore-semgrepignore-files", "--jobs", "2", "--json", str(tree)]
    path = {"PATH": f"{TOOLS}:{os.environ.get('PATH', '')}"}
    return [
        Case("ast-grep, seven patterns", search, nothing, path, {0, 1}),
        Case("Semgrep CE, two rules", semgrep, nothing, path, {0, 1, 2}),
    ]


def scan_cases(tree: Path, caches: Path) -> list[Case]:
    """Cold, warm and after one changed file; the order matters: the cold run fills the cache."""
    cache = caches / tree.name
    return [
        scanner_case("scan, cold", ["scan", str(tree)], cache, forget(cache)),
        scanner_case("scan, nothing changed", ["scan", str(tree)], cache, nothing),
        scanner_case("scan, one file changed", ["scan", str(tree)], cache, touch_one(tree)),
    ]


def tables(corpus: Path, work: Path) -> list[Table]:
    """The trees and what runs on each."""
    caches = work / "caches"
    media = {suite: work / f"mediawiki-{suite}" for suite in ("bookworm", "trixie")}
    for tree in media.values():
        copy_tree(corpus / tree.name, tree)
    ten = work / "ten-thousand"
    make_tree(corpus, ten)
    difference = caches / "difference"
    pair = ["diff", str(media["bookworm"]), str(media["trixie"])]
    diffs = [
        scanner_case("diff from bookworm, cold", pair, difference, forget(difference)),
        scanner_case("diff from bookworm, warm", pair, difference, nothing),
    ]
    ast_grep, semgrep = other_tools(media["trixie"])
    return [
        Table(
            "MediaWiki (trixie)",
            *size_of(media["trixie"]),
            [ast_grep, *scan_cases(media["trixie"], caches), *diffs, semgrep],
        ),
        Table(
            "10,000 PHP files", *size_of(ten), [*other_tools(ten)[:1], *scan_cases(ten, caches), *other_tools(ten)[1:]]
        ),
    ]


def version_of(tool: str) -> str:
    """Version that a tool of the benchmark reports."""
    environment = os.environ | {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
    done = subprocess.run(
        [str(TOOLS / tool), "--version"], check=True, capture_output=True, text=True, env=environment, timeout=60
    )
    return done.stdout.split()[-1]


def median(runs: list[Measured]) -> Measured:
    """Median time, largest memory."""
    return Measured(statistics.median(run.seconds for run in runs), max(run.memory for run in runs))


def render(measured: list[tuple[Table, dict[str, Measured]]], rounds: int, grew: list[Phases]) -> str:
    """The page: ratios first."""
    lines = [
        "# Results",
        "",
        "Written by `make bench`. `x` is the wall time as a multiple of ast-grep's search for seven patterns over the",
        "same tree; ast-grep, Semgrep and the scanner run interleaved with two workers each, the median of",
        f"{rounds} rounds counts. Memory is the largest sum over all processes of a run.",
    ]
    for table, results in measured:
        base = results[table.cases[0].name].seconds
        semgrep = results[table.cases[-1].name].seconds
        cold = results["scan, cold"].seconds
        lines += ["", f"## {table.title}: {table.files:,} PHP files, {table.size / 1e6:.1f} MB", ""]
        lines += ["| run | x ast-grep | x Semgrep | x cold scan | seconds | memory, MB |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {name} | {run.seconds / base:.2f} | {run.seconds / semgrep:.2f} | {run.seconds / cold:.2f} "
            f"| {run.seconds:.1f} | {run.memory / 1e6:,.0f} |"
            for name, run in results.items()
        ]
    lines += grown(grew)
    tools = ", ".join(f"{name} {version_of(name)}" for name in ("ast-grep", "semgrep"))
    lines += ["", f"{os.cpu_count()} cores, Python {platform.python_version()}, {tools}.", ""]
    return "\n".join(lines)


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder outside of the repository, so that no tool's ignore files apply; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="redcap-scanner-bench-") as folder:
        yield Path(folder)


def main() -> int:
    """Run all cases and write the results."""
    parser = argparse.ArgumentParser(description="Measure scan and diff against ast-grep and Semgrep.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--output", type=Path, default=ROOT / "benchmarks" / "RESULTS.md")
    parser.add_argument("--corpus", type=Path, default=ROOT / ".corpus")
    options = parser.parse_args()
    missing = [source for source in TREE_SOURCES if not (options.corpus / source).is_dir()]
    if missing:
        sys.stderr.write(f"error: no {missing[0]} in {options.corpus.name}: run `make corpus` first\n")
        return 2
    with workspace() as work:
        measured = []
        for table in tables(options.corpus, work):
            runs: dict[str, list[Measured]] = {case.name: [] for case in table.cases}
            for number in range(options.rounds):
                for case in table.cases:
                    done = run(case)
                    runs[case.name].append(done)
                    print(f"{table.title}, round {number + 1}: {case.name}: {done.seconds:.1f} s", flush=True)
            measured.append((table, {name: median(done) for name, done in runs.items()}))
        text = render(measured, options.rounds, growth(work / "ten-thousand", work))
    options.output.write_text(text, "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
