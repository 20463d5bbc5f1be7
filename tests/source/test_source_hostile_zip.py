"""Zip archives made to hide, to escape, to exhaust or to confuse."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scanner.errors import SourceError
from scanner.source import DEFAULT, NOTE_CODES, SourceLimits
from tests.source.builders import (
    FULL,
    PHP,
    Member,
    code_of,
    codes,
    incomplete,
    raw_zip,
    reads_or_says_why,
    scan,
    write_zip,
    zip_with_library,
)

GOOD: Member = (b"a.php", PHP, {})


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (b"../evil.php", "traversal"),
        (b"a/../../evil.php", "traversal"),
        (b"a/..", "traversal"),
        (b"..\\evil.php", "traversal"),
        (b"/etc/evil.php", "absolute-path"),
        (b"\\\\host\\share\\evil.php", "absolute-path"),
        (b"C:\\evil.php", "drive-letter"),
        (b"c:evil.php", "drive-letter"),
        (b"evil.php\0.txt", "nul-in-name"),
        (b"", "empty-name"),
        (b"./.", "empty-name"),
        (b"x" * 5000, "name-too-long"),
    ],
)
def test_a_member_with_a_name_that_leaves_the_release_is_refused(tmp_path: Path, name: bytes, code: str) -> None:
    release, contents = scan(raw_zip(tmp_path / "z", GOOD, (name, PHP + b"evil", {})))
    assert contents == {"a.php": PHP}
    (refusal,) = release.refused
    assert refusal.reason.startswith(code)
    assert refusal.incomplete
    assert refusal.path.isprintable()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"flags": 1}, "encrypted"),
        ({"crc": 1}, "bad-crc"),
        ({"method": 9}, "compression-method"),
        ({"method": 12}, "damaged"),
        ({"method": 0}, "bad-size"),
        ({"size": 3, "crc": zlib.crc32(b"<?p")}, "bad-size"),
        ({"size": 3}, "bad-size"),
        ({"size": 300}, "bad-size"),
        ({"rename_local": 1}, "header-mismatch"),
    ],
)
def test_a_member_that_cannot_be_trusted_is_refused_alone(tmp_path: Path, fields: dict[str, int], code: str) -> None:
    release, contents = scan(raw_zip(tmp_path / "z", GOOD, (b"b.php", PHP * 9, fields)))
    assert list(contents) == ["a.php"]
    assert codes(release) == {"b.php": code}
    assert incomplete(release) == {"b.php"}


def test_a_member_whose_local_header_states_another_size_is_refused(tmp_path: Path) -> None:
    path = raw_zip(tmp_path / "z", GOOD, (b"b.php", PHP, {}))
    data = bytearray(path.read_bytes())
    start = data.find(b"PK\x03\x04", 4)
    data[start + 22] ^= 0xFF
    path.write_bytes(data)
    assert codes(scan(path)[0]) == {"b.php": "header-mismatch"}


def test_members_that_share_their_data_are_reported(tmp_path: Path) -> None:
    path = raw_zip(tmp_path / "z", GOOD, GOOD, (b"b.php", PHP, {}))
    data = path.read_bytes()
    first, second = data.find(b"PK\x01\x02"), data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 4)
    path.write_bytes(data[: second + 42] + data[first + 42 : first + 46] + data[second + 46 :])
    found = codes(scan(path)[0])
    assert "overlap" in found.values()


def test_data_that_belong_to_no_member_are_reported(tmp_path: Path) -> None:
    before, _ = scan(raw_zip(tmp_path / "before", GOOD, before=b"#!/bin/sh\n"))
    after, _ = scan(raw_zip(tmp_path / "after", GOOD, after=b"<?php evil();"))
    assert codes(before) == {"before": "data-before-archive"}
    assert codes(after) == {"after": "data-after-archive"}
    assert incomplete(after) == {"after"}


def test_a_member_that_the_directory_does_not_list_is_reported(tmp_path: Path) -> None:
    three = raw_zip(tmp_path / "z", GOOD, (b"evil.php", PHP, {}), (b"b.php", PHP, {})).read_bytes()
    start = three.find(b"PK\x01\x02")
    second = three.find(b"PK\x01\x02", start + 4)
    third = three.find(b"PK\x01\x02", second + 4)
    end = three.find(b"PK\x05\x06")
    directory = three[start:second] + three[third:end]
    tail = bytearray(three[end:])
    tail[8:12] = b"\2\0\2\0"
    tail[12:16] = len(directory).to_bytes(4, "little")
    path = tmp_path / "hidden.zip"
    path.write_bytes(three[:start] + directory + tail)
    release, contents = scan(path)
    assert sorted(contents) == ["a.php", "b.php"]
    assert codes(release) == {"hidden.zip": "unlisted-data"}


def test_an_ordinary_archive_has_nothing_to_report(tmp_path: Path) -> None:
    assert scan(zip_with_library(tmp_path / "z", FULL))[0].refused == ()

    class Pipe(io.BytesIO):
        """Cannot tell its position, so that zipfile writes data descriptors."""

        def tell(self) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"a comment"
        archive.mkdir("redcap/empty")
        for name, content in FULL.items():
            archive.writestr(name, content)
    (tmp_path / "streamed").write_bytes(pipe.getvalue())
    assert scan(tmp_path / "streamed")[0].refused == ()


def test_links_are_reported_and_not_followed(tmp_path: Path) -> None:
    link = {"mode": 0o120777}
    path = raw_zip(
        tmp_path / "z",
        GOOD,
        (b"in", b"a.php", link),
        (b"out", b"../../etc/passwd", link),
        (b"gone", b"nowhere", link),
        (b"fifo", b"", {"mode": 0o010644}),
    )
    release, contents = scan(path)
    assert list(contents) == ["a.php"]
    assert codes(release) == {"in": "symlink", "out": "symlink", "gone": "symlink", "fifo": "special-file"}
    assert incomplete(release) == set()


def test_names_with_backslashes_from_windows_are_folders(tmp_path: Path) -> None:
    path = tmp_path / "z"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("redcap_v15.7.6\\Classes\\a.php", "index.php"):
            info = zipfile.ZipInfo(name)
            info.create_system = 0
            archive.writestr(info, PHP)
    release, contents = scan(path)
    assert sorted(contents) == ["index.php", "redcap_v@/Classes/a.php"]
    assert release.version == "15.7.6"


def test_a_bomb_is_refused_by_its_ratio_and_repetitive_text_is_not(tmp_path: Path) -> None:
    limits = SourceLimits(ratio_floor=1000, max_ratio=100)
    text = b"".join(b"<?php echo %d;\n" % number for number in range(2000))
    tree = {"bomb.php": bytes(1_000_000), "text.php": text, "small.php": bytes(900)}
    release, contents = scan(write_zip(tmp_path / "z", tree), limits=limits)
    assert sorted(contents) == ["small.php", "text.php"]
    assert codes(release) == {"bomb.php": "compression-ratio"}


def test_totals_are_bounded(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "z", {f"{number}.php": PHP for number in range(10)})
    release, contents = scan(path, limits=SourceLimits(max_total=5 * len(PHP)))
    assert len(contents) == 5
    assert set(codes(release).values()) == {"total-limit"}
    with pytest.raises(SourceError, match="more than 9 members"):
        scan(path, limits=SourceLimits(max_members=9))


def test_a_truncated_archive_is_one_error(tmp_path: Path) -> None:
    data = write_zip(tmp_path / "z", FULL).read_bytes()
    for cut in (5, 60, len(data) // 2, len(data) - 30):
        (tmp_path / "cut.zip").write_bytes(data[:cut])
        with pytest.raises(SourceError, match=r"cut\.zip is a damaged or truncated zip"):
            scan(tmp_path / "cut.zip")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400), st.sampled_from([0, 1]))
def test_damage_anywhere_gives_a_release_or_one_error(noise: bytes, position: int, insert: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = write_zip(Path(place) / "z", FULL)
        data = path.read_bytes()
        path.write_bytes(data[:position] + noise + data[position + (1 - insert) * len(noise) :])
        assert reads_or_says_why(path)


HOSTILE_NAMES = st.one_of(
    st.binary(max_size=12),
    st.lists(
        st.sampled_from([b"..", b".", b"", b"a", b"redcap_v1.2.3", b"redcap_v@", b"@outside", b"C:", b"\\", b"\xff"]),
        max_size=5,
    ).map(b"/".join),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(HOSTILE_NAMES, max_size=10))
@example([b"a.php", b"a.php", b"a (duplicate 1).php"])
def test_every_member_is_accounted_for_whatever_its_name(names: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        members: list[Member] = [(name, PHP + b"%d" % index, {}) for index, name in enumerate(names)]
        release, contents = scan(raw_zip(Path(place) / "z", GOOD, *members), limits=DEFAULT)
    notes = [item for item in release.refused if code_of(item) in NOTE_CODES]
    assert len(release.files) + len(release.refused) - len(notes) == 1 + len(names)
    paths = [file.path for file in release.files]
    assert paths == sorted(set(paths))
    for path in paths:
        assert path.isprintable()
        assert not path.startswith("/")
        assert not {"", ".", ".."} & set(path.split("/"))
        assert contents[path].startswith(PHP)
    assert len(set(contents.values())) == len(paths)
