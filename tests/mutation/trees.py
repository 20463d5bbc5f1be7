"""Places in a tree of PHP files where code can be planted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from scanner.php.parser import kind_ids, parse

_BLOCK = frozenset(kind_ids("compound_statement"))
_FUNCTIONS = frozenset(kind_ids("function_definition") + kind_ids("method_declaration"))
_CLASS = frozenset(kind_ids("class_declaration"))
_MEMBERS = frozenset(kind_ids("declaration_list"))
_NAMESPACE = frozenset(kind_ids("namespace_definition"))
_NAMES = frozenset(kind_ids("namespace_name"))
_NAME = frozenset(kind_ids("name"))
_MAX_BYTES = 150_000
_FOLDER = "redcap_v99.9.9"
"""The tree is planted as the version folder of a release: names of database.php mean what they mean there."""


class Body(NamedTuple):
    """Inside of a function's or method's braces."""

    start: int


class ClassBody(NamedTuple):
    """Inside of a class's braces."""

    start: int
    name: str
    """With namespace, without leading backslash."""


class Place(NamedTuple):
    """One file."""

    path: str
    source: bytes
    namespace: str
    bodies: tuple[Body, ...]
    classes: tuple[ClassBody, ...]


class Edit(NamedTuple):
    """Text to put into a file at an offset; `owner` is the plant it belongs to."""

    path: str
    offset: int
    text: str
    owner: int


def lay_out(tree: Path, folder: Path) -> Path:
    """A copy of a tree as a release, of hard links where that is possible."""
    root = folder / _FOLDER
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            target = root / path.relative_to(tree)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)
    return folder


def files(release: Path) -> list[str]:
    """PHP files of a laid-out release that are fit for planting, by path relative to it."""
    return sorted(
        path.relative_to(release).as_posix()
        for path in release.rglob("*.php")
        if path.is_file() and path.stat().st_size <= _MAX_BYTES and _fit(path.read_bytes())
    )


def _fit(source: bytes) -> bool:
    return source.startswith(b"<?php") and b"?>" not in source and b"__halt_compiler" not in source


def place(release: Path, path: str) -> Place | None:
    """What a file offers; None when it does not parse whole or has several namespaces."""
    source = (release / path).read_bytes()
    tree = parse(source)
    if tree.root_node.has_error:
        return None
    namespaces: list[str] = []
    bodies: list[Body] = []
    classes: list[ClassBody] = []
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.kind_id in _NAMESPACE:
            names = [child for child in node.children if child.kind_id in _NAMES]
            namespaces.append((names[0].text or b"").decode("latin-1") if names else "")
            if any(child.kind_id in _BLOCK for child in node.children):
                return None
        elif node.kind_id in _FUNCTIONS:
            block = node.child_by_field_name("body")
            if block is not None and block.kind_id in _BLOCK:
                bodies.append(Body(block.start_byte + 1))
        elif node.kind_id in _CLASS:
            block, name = node.child_by_field_name("body"), node.child_by_field_name("name")
            if block is not None and name is not None:
                classes.append(ClassBody(block.start_byte + 1, (name.text or b"").decode("latin-1")))
        stack.extend(node.children)
    if len(namespaces) > 1:
        return None
    namespace = namespaces[0] if namespaces else ""
    prefix = f"{namespace}\\" if namespace else ""
    return Place(
        path,
        source,
        namespace,
        tuple(sorted(bodies)),
        tuple(sorted(item._replace(name=prefix + item.name) for item in classes)),
    )


def places(release: Path, random: Random, wanted: int) -> list[Place]:
    """Some files of a release, at random."""
    names = files(release)
    random.shuffle(names)
    found = (place(release, name) for name in names)
    return [item for item, _number in zip((one for one in found if one is not None), range(wanted), strict=False)]


def apply(release: Path, edits: list[Edit], new_files: dict[str, str]) -> Iterator[tuple[str, int, int, int]]:
    """Write edits into a release: (path, first line, last line, owner) of each piece as it stands afterwards."""
    by_path: dict[str, list[Edit]] = {}
    for edit in edits:
        by_path.setdefault(edit.path, []).append(edit)
    for path, own in sorted(by_path.items()):
        source = (release / path).read_bytes()
        parts: list[bytes] = []
        position = line = 0
        line = 1
        for edit in sorted(own, key=lambda item: (item.offset, item.owner)):
            before, text = source[position : edit.offset], f"\n{edit.text}\n".encode("latin-1")
            line += before.count(b"\n")
            yield path, line + 1, line + text.count(b"\n"), edit.owner
            line += text.count(b"\n")
            parts += [before, text]
            position = edit.offset
        (release / path).unlink()
        (release / path).write_bytes(b"".join([*parts, source[position:]]))
    for path, content in sorted(new_files.items()):
        target = release / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, "latin-1")
