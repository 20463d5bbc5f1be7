"""Small releases for tests of the whole way, and a scan through the command line."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

from scanner.cli import run

CALL = b"""<?php
class Sender
{
    public function send($text)
    {
        $ch = curl_init("https://api.example.net/v1");
        curl_setopt($ch, CURLOPT_POSTFIELDS, $text);
        return curl_exec($ch);
    }
}
"""
RELEASE = {
    "index.php": b"<?php require 'redcap_v15.7.1/Classes/Sender.php'; (new Sender())->send('x');",
    "redcap_v15.7.1/Classes/Sender.php": CALL,
    "redcap_v15.7.1/Resources/readme.txt": b"no code",
}


def write_tree(root: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def zip_tree(path: Path, files: dict[str, bytes]) -> Path:
    """A zip archive with these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_tree(path: Path, root: Path) -> Path:
    """A compressed tar archive of a folder."""
    with tarfile.open(path, "w:gz") as archive:
        archive.add(root, arcname=root.name)
    return path


def commit_tree(root: Path) -> Path:
    """Make a folder a git repository with one commit, tagged `v1`."""
    own = ["-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "-f", "."], [*own, "commit", "-q", "-m", "release"], ["tag", "v1"]):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


def scan_json(tmp_path: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report of a command; an empty report when none was written."""
    report = tmp_path / "report.json"
    report.unlink(missing_ok=True)
    code = run([*arguments, "--quiet", "--format", f"json={report}"])
    return code, json.loads(report.read_bytes()) if report.exists() else {}


def accounted(coverage: dict[str, Any]) -> bool:
    """Whether every file is PHP, other or skipped, and every PHP file parsed whole or in part."""
    files = coverage["php_files"] + coverage["other_files"] + len(coverage["skipped"])
    parsed = coverage["parsed"] + len(coverage["partial"])
    return bool(coverage["files"] == files and coverage["php_files"] == parsed)
