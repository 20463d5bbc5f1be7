"""Pack the synthetic releases `fixtures/releases/redcap*.zip` from their sources in `fixtures/releases/src/`.

Sources: `base/` is the first release, file by file. `tables.yaml` with `templates/` adds the files that a real release
has in bulk (language files, service descriptions, settings pages). `packages.yaml` gives the bundled packages, from
which the lists of composer are written. A later release is the one before it plus its own folder: `files/` (new or
replaced), and `edits.yaml` with `packages` (new versions), `removed` (paths), `moved` (old path: new path), `edits`
(path, find, replace) and `rows` (more rows for the tables).

In paths the version folder is `redcap_v@`; `@VERSION@` in a text is the release's version. The archives are the same
bytes whenever they are made with the same zlib: members are sorted and dated by the release.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

RELEASES = Path(__file__).resolve().parent.parent / "fixtures" / "releases"
SOURCES = RELEASES / "src"
VENDOR = "redcap/redcap_v@/Libraries/vendor"
# A transparent picture of one pixel, with a hole for its colour.
GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00%b\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)

Files = dict[str, bytes]


class Version(NamedTuple):
    """One release and the date of its members."""

    number: str
    date: tuple[int, int, int]


VERSIONS = (Version("15.7.0", (2026, 3, 2)), Version("15.7.1", (2026, 3, 9)), Version("15.8.0", (2026, 4, 6)))


class FixtureError(Exception):
    """The sources do not fit together; the text names the file."""


def load_yaml(path: Path) -> Any:  # noqa: ANN401  the shape differs from file to file
    """Value of a YAML file, an empty mapping when there is none."""
    return yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}


def read_tree(root: Path) -> Files:
    """All files below a folder by POSIX path, whatever their names (dot files too)."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def fill(template: str, row: dict[str, Any]) -> str:
    """A template with the values of a row: `@name@`, and `@each name@ line` once per element of a list.

    In such a line `@item@` is the element and `@item.key@` a value of it.
    """
    lines: list[str] = []
    for line in template.split("\n"):
        match = re.match(r"@each (\w+)@ ?", line)
        if match is None:
            lines.append(line)
            continue
        for item in row[match.group(1)]:
            values = {f"item.{key}": value for key, value in item.items()} if isinstance(item, dict) else {"item": item}
            lines.append(substitute(line[match.end() :], values))
    return substitute("\n".join(lines), row)


def substitute(text: str, values: dict[str, Any]) -> str:
    """Text with `@name@` replaced by the value of that name."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def strings(row: dict[str, Any]) -> list[dict[str, str]]:
    """Language strings: every verb with every noun, numbered."""
    pairs = itertools.product(row["verbs"], row["nouns"])
    return [{"key": f"{row['section']}_{n:03d}", "text": f"{a} {b}"} for n, (a, b) in enumerate(pairs, 1)]


def from_tables(tables: dict[str, Any]) -> Files:
    """Files that the tables describe."""
    files: Files = {}
    for table in tables["tables"]:
        template = (SOURCES / "templates" / table["template"]).read_text("utf-8")
        for row in table["rows"]:
            values = dict(row)
            if "verbs" in row:
                values["strings"] = strings(row)
            files[substitute(table["path"], values)] = fill(template, values).encode()
    for number, name in enumerate(tables["images"]):
        colour = bytes((number * 37 % 256, number * 91 % 256, number * 151 % 256))
        files[f"redcap/redcap_v@/Resources/images/{name}.gif"] = GIF % colour
    return files


def package_lists(packages: dict[str, str]) -> Files:
    """Composer's `installed.json` and `composer.lock` for the bundled packages."""
    entries = [
        {"name": name, "version": version, "type": "library", "install-path": f"../{name}"}
        for name, version in sorted(packages.items())
    ]
    lock = [{key: value for key, value in entry.items() if key != "install-path"} for entry in entries]
    return {
        f"{VENDOR}/composer/installed.json": dump({"packages": entries, "dev": False}),
        f"{VENDOR}/../composer.lock".replace("vendor/../", ""): dump({"packages": lock, "packages-dev": []}),
    }


def dump(value: object) -> bytes:
    """JSON as composer writes it."""
    return (json.dumps(value, indent=4) + "\n").encode()


def apply_edit(files: Files, edit: dict[str, str], where: str) -> None:
    """Replace one place of one file.

    Raises: FixtureError unless the text is there exactly once.
    """
    text = files.get(edit["path"], b"").decode()
    found = text.count(edit["find"])
    if found != 1:
        message = f"{where}: {found} places in {edit['path']} match {edit['find']!r}"
        raise FixtureError(message)
    files[edit["path"]] = text.replace(edit["find"], edit["replace"]).encode()


def take(files: Files, path: str, where: str) -> bytes:
    """Content of a file that leaves the release.

    Raises: FixtureError when it is not there.
    """
    if path not in files:
        message = f"{where}/edits.yaml: there is no {path}"
        raise FixtureError(message)
    return files.pop(path)


def extend_rows(tables: dict[str, Any], rows: dict[str, list[dict[str, Any]]]) -> None:
    """Add rows to tables, by template name."""
    for table in tables["tables"]:
        table["rows"].extend(rows.get(table["template"], ()))


def build() -> dict[str, Files]:
    """Version number -> canonical path -> content, for all releases.

    Raises: FixtureError when an edit or a removal does not fit.
    """
    tables = load_yaml(SOURCES / "tables.yaml")
    packages: dict[str, str] = load_yaml(SOURCES / "packages.yaml")
    written = read_tree(SOURCES / "base")
    releases: dict[str, Files] = {}
    for version in VERSIONS:
        own = SOURCES / version.number
        changes = load_yaml(own / "edits.yaml")
        packages = packages | changes.get("packages", {})
        extend_rows(tables, changes.get("rows", {}))
        for path in changes.get("removed", ()):
            take(written, path, own.name)
        for path, moved in changes.get("moved", {}).items():
            written[moved] = take(written, path, own.name)
        written = written | (read_tree(own / "files") if own.is_dir() else {})
        for edit in changes.get("edits", ()):
            apply_edit(written, edit, f"{own.name}/edits.yaml")
        releases[version.number] = written | from_tables(tables) | package_lists(packages)
    return releases


def member_name(path: str, version: str) -> str:
    """Name in the archive of a canonical path."""
    return path.replace("redcap_v@", f"redcap_v{version}")


def pack(files: Files, version: Version) -> bytes:
    """A release as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(member_name(path, version.number), (*version.date, 12, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            archive.writestr(info, files[path].replace(b"@VERSION@", version.number.encode()))
    return buffer.getvalue()


def archives() -> dict[str, bytes]:
    """File name -> bytes of every archive, made from the sources."""
    releases = build()
    return {f"redcap{version.number}.zip": pack(releases[version.number], version) for version in VERSIONS}


def contents(archive: bytes) -> dict[str, tuple[bytes, tuple[int, ...]]]:
    """Member name -> content and date: what must agree even where zlib packs differently."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {info.filename: (opened.read(info), info.date_time) for info in opened.infolist()}


def main() -> int:
    """Write the archives; with `--check` only say whether those in the repository are fresh."""
    parser = argparse.ArgumentParser(description="Pack the synthetic releases.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail when an archive is not fresh")
    parser.add_argument("--target", type=Path, default=RELEASES)
    options = parser.parse_args()
    try:
        made = archives()
    except (FixtureError, KeyError, OSError, yaml.YAMLError) as error:
        sys.stderr.write(f"error: fixtures: {error}\n")
        return 2
    stale = 0
    for name, archive in made.items():
        path = options.target / name
        if path.exists() and contents(path.read_bytes()) == contents(archive):
            continue
        stale += 1
        print(f"{name}: {'not fresh' if options.check else 'written'}")
        if not options.check:
            path.write_bytes(archive)
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
