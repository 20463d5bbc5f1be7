"""A vendor branch in a real git repository, with a small release that differs by what is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from scanner.cli import run

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class Branch:
    """A repository on disk; every method is one step of a person."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.scan = ("--cache", str(cache), "--jobs", "1")
        folder.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Ada")
        self.git("config", "user.email", "ada@example.org")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.folder,
            env=os.environ | QUIET,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, text: str, *paths: str) -> str:
        self.git("add", *(paths or ("-A",)))
        self.git("commit", "-q", "-m", text)
        return self.git("rev-parse", "HEAD")

    def unpack(self, version: str, *hosts: str, extra: str = "") -> None:
        """A release that calls these hosts, in place of the one before."""
        for old in self.folder.glob("redcap_v*"):
            shutil.rmtree(old)
        classes = self.folder / f"redcap_v{version}" / "Classes"
        classes.mkdir(parents=True)
        (self.folder / "index.php").write_text(f"<?php require 'redcap_v{version}/Classes/Net.php';\n")
        calls = "".join(
            f"  static function call{number}($d) {{ return file_get_contents('https://{host}/in?d=' . $d); }}\n"
            for number, host in enumerate(hosts)
        )
        (classes / "Net.php").write_text(f"<?php\nclass Net {{\n{calls}{extra}}}\n")

    def ci(self, *options: str) -> int:
        return self.run("ci", *self.scan, *options)

    def run(self, *arguments: str) -> int:
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return run(list(arguments))
        finally:
            os.chdir(before)
