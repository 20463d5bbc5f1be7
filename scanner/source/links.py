"""Where a symbolic link points, judged by names alone: no link is ever followed on disk."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.source.entries import Entry, Problem
from scanner.source.names import printable

_MAX_HOPS = 40


def judge_links(entries: Iterable[Entry]) -> None:
    """Give every entry with a link its problem. Links are never content of their own: not incomplete."""
    entries = list(entries)
    links = {entry.name: entry.link for entry in entries if entry.link is not None}
    if not links:
        return
    known = _names_and_folders(entry.name for entry in entries if entry.link is None)
    for entry in entries:
        if entry.link is not None:
            entry.problem = Problem(f"symlink: {_verdict(entry.name, links, known)}", incomplete=False)


def _names_and_folders(names: Iterable[str]) -> set[str]:
    known = {""}
    for name in names:
        known.add(name)
        folder = name
        while "/" in folder:
            folder = folder.rpartition("/")[0]
            if folder in known:
                break
            known.add(folder)
    return known


def _verdict(name: str, links: dict[str, str], known: set[str]) -> str:
    """One sentence on the target of a link."""
    current = name
    shown = printable(links[name])
    for _ in range(_MAX_HOPS):
        step = _link_on(current, links)
        if step is None:
            break
        target = join_link(step, links[step])
        if target is None:
            return f"points outside the release, to {shown}"
        rest = current[len(step) :].lstrip("/")
        current = f"{target}/{rest}".strip("/") if rest else target
    else:
        return f"runs in a circle, to {shown}"
    if current in known:
        return f"its target {shown} is part of the release"
    return f"its target {shown} is not in the release"


def _link_on(path: str, links: dict[str, str]) -> str | None:
    """The first leading part of a path that is a link."""
    end = path.find("/")
    while end != -1:
        if path[:end] in links:
            return path[:end]
        end = path.find("/", end + 1)
    return path if path in links else None


def join_link(name: str, target: str) -> str | None:
    """Name that a link's target means, relative to the release; None when it lies outside."""
    if target.startswith("/") or "\0" in target:
        return None
    parts = name.split("/")[:-1]
    for part in target.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return None
    return "/".join(parts)
