"""Code that runs when a package is installed, or on every request because a manifest says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from scanner.files.pieces import Found

MAX_BYTES = 24 * 1024**2
_COMPOSER = re.compile(r"(?:pre|post)-\w[\w-]*\Z")
_NPM = frozenset(
    {"preinstall", "install", "postinstall", "prepare", "prepublish", "preprepare", "postprepare", "dependencies"}
)
RISKY = re.compile(
    r"\bcurl\b|\bwget\b|\bnc\b|https?://|@php|\bphp\s+-r|\bnode\s+-e|\beval\b|base64|/dev/tcp|\bpython\d?\s+-c|Invoke-|\|\s*(?:ba)?sh\b",
    re.IGNORECASE,
)
_RUN = re.compile(r"^\s*(?:-\s+)?(?:run|script|command|before_script|after_script|sh)\s*:\s*(.*)", re.IGNORECASE)
_GIT = re.compile(r"^\s*(?:url|fsmonitor|hookspath|sshcommand)\s*=\s*(.+)|\bfilter=(\S+)", re.IGNORECASE)
_MAX_SHOWN = 300


def read_composer(content: bytes) -> Iterator[Found]:
    """`composer.json`: scripts and files that are loaded on every request."""
    document = _json(content)
    if isinstance(document, dict):
        yield from _composer(content, document)


def _composer(content: bytes, document: dict[str, object]) -> Iterator[Found]:
    scripts = document.get("scripts")
    for name, value in scripts.items() if isinstance(scripts, dict) else ():
        commands = value if isinstance(value, list) else [value]
        text = "; ".join(item for item in commands if isinstance(item, str))
        if text and _COMPOSER.match(name):
            yield _found(content, name, f"composer {name}", text)
    for path in _autoload(document):
        yield _found(content, path, "autoload.files", path, grade="autoload")


def _autoload(document: dict[str, object]) -> Iterator[str]:
    autoload = document.get("autoload")
    files = autoload.get("files") if isinstance(autoload, dict) else None
    yield from (path for path in files if isinstance(path, str)) if isinstance(files, list) else ()


def read_installed(content: bytes) -> Iterator[Found]:
    """`installed.json`: the files that each package loads on every request."""
    document = _json(content)
    packages = document.get("packages") if isinstance(document, dict) else document
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, dict):
            for path in _autoload(package):
                yield _found(content, path, "autoload.files", f"{package.get('name')}: {path}", grade="autoload")


def read_npm(content: bytes) -> Iterator[Found]:
    """`package.json`: scripts of the installation."""
    document = _json(content)
    scripts = document.get("scripts") if isinstance(document, dict) else None
    for name, value in scripts.items() if isinstance(scripts, dict) else ():
        if name in _NPM and isinstance(value, str) and value.strip():
            yield _found(content, name, f"npm {name}", value)


def read_hook(content: bytes) -> Iterator[Found]:
    """A hook of git: it runs on the machine of whoever has the repository."""
    if content.strip() and not content.startswith(b"\0"):
        text = content[:4000].decode("utf-8", "replace")
        yield Found(
            0,
            0,
            "install",
            "git hook",
            text=" ".join(text.split())[:_MAX_SHOWN],
            grade="risk" if RISKY.search(text) else "",
        )


def read_pipeline(content: bytes) -> Iterator[Found]:
    """A pipeline of continuous integration: one remark, with its risky lines."""
    lines = content[:200_000].decode("utf-8", "replace").splitlines()
    risky = [line.strip() for line in lines if RISKY.search(line) and not line.lstrip().startswith("#")]
    shown = "; ".join(risky)[:_MAX_SHOWN] or next((match[1] for line in lines if (match := _RUN.match(line))), "")
    if shown:
        yield Found(0, 0, "install", "pipeline", text=shown[:_MAX_SHOWN], grade="pipeline")


def read_git(content: bytes) -> Iterator[Found]:
    """`.gitmodules` and `.gitattributes`: filters and addresses."""
    for line in content[:200_000].decode("utf-8", "replace").splitlines():
        if (match := _GIT.search(line)) and (match[2] or not line.strip().lower().startswith("url")):
            yield Found(0, 0, "install", "git setting", text=line.strip()[:_MAX_SHOWN], grade="")


def _json(content: bytes) -> object:
    if len(content) > MAX_BYTES:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _found(content: bytes, key: str, api: str, text: str, grade: str = "") -> Found:
    place = max(content.find(json.dumps(key).encode()), 0)
    return Found(
        place, place, "install", api, text=text[:_MAX_SHOWN], grade=grade or ("risk" if RISKY.search(text) else "")
    )
