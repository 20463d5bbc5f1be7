"""Tar archives made to hide, to escape, to exhaust or to confuse."""

from __future__ import annotations

import gzip
import tarfile
import tempfile
from pathlib import Path
from typing import IO

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.errors import SourceError
from scanner.source import NOTE_CODES, SourceLimits
from scanner.source.tar_header import BLOCK
from tests.source.builders import (
    COMPRESSORS,
    FULL,
    PHP,
    code_of,
    codes,
    incomplete,
    reads_or_says_why,
    scan,
    tar_bytes,
    tar_member,
    tar_of,
)

GOOD = tar_member("a.php", PHP)


def tar_file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "r.tar"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../evil.php", "traversal"),
        ("a/../../evil.php", "traversal"),
        ("/etc/evil.php", "absolute-path"),
        ("C:/evil.php", "drive-letter"),
        ("..\\evil.php", "traversal"),
        ("./.", "empty-name"),
        ("d/" * 3000 + "x", "name-too-long"),
    ],
)
def test_a_member_with_a_name_that_leaves_the_release_is_refused(tmp_path: Path, name: str, code: str) -> None:
    for kind in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        release, contents = scan(tar_file(tmp_path, tar_bytes(GOOD, tar_member(name, PHP + b"x"), kind=kind)))
        assert contents == {"a.php": PHP}
        (refusal,) = release.refused
        assert refusal.reason.startswith(code)
        assert refusal.incomplete


def test_a_nul_in_an_extended_name_is_refused(tmp_path: Path) -> None:
    member = tar_member("b.php", PHP, pax_headers={"path": "evil.php\0.txt"})
    release, contents = scan(tar_file(tmp_path, tar_bytes(GOOD, member, kind=tarfile.PAX_FORMAT)))
    assert list(contents) == ["a.php"]
    assert [item.reason.partition(":")[0] for item in release.refused] == ["nul-in-name"]


def test_links_devices_and_folders(tmp_path: Path) -> None:
    data = tar_bytes(
        GOOD,
        tar_member("folder", type=tarfile.DIRTYPE),
        tar_member("same.php", type=tarfile.LNKTYPE, linkname="a.php"),
        tar_member("stolen.php", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),
        tar_member("lost.php", type=tarfile.LNKTYPE, linkname="nowhere"),
        tar_member("in", type=tarfile.SYMTYPE, linkname="a.php"),
        tar_member("out", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        tar_member("one", type=tarfile.SYMTYPE, linkname="two"),
        tar_member("two", type=tarfile.SYMTYPE, linkname="one"),
        tar_member("null", type=tarfile.CHRTYPE),
        tar_member("pipe", type=tarfile.FIFOTYPE),
    )
    release, contents = scan(tar_file(tmp_path, data))
    assert contents == {"a.php": PHP, "same.php": PHP}
    reasons = {item.path: item.reason for item in release.refused}
    assert "outside" in reasons["stolen.php"]
    assert "no earlier member" in reasons["lost.php"]
    assert "part of the release" in reasons["in"]
    assert "outside" in reasons["out"]
    assert "circle" in reasons["one"]
    assert codes(release)["null"] == codes(release)["pipe"] == "special-file"
    assert incomplete(release) == set()


def test_members_behind_a_damaged_header_are_not_lost_silently(tmp_path: Path) -> None:
    data = bytearray(tar_bytes(GOOD, tar_member("b.php", PHP), tar_member("evil.php", PHP)))
    data[2 * BLOCK] ^= 0xFF
    with pytest.raises(SourceError, match=r"r\.tar is damaged at byte 1536"):
        scan(tar_file(tmp_path, bytes(data)))


def test_members_behind_a_single_empty_block_are_read(tmp_path: Path) -> None:
    first, second = tar_bytes(GOOD), tar_of({"b.php": PHP})
    _, contents = scan(tar_file(tmp_path, first[: 2 * BLOCK] + bytes(BLOCK) + second))
    assert sorted(contents) == ["a.php", "b.php"]


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_data_behind_the_end_are_reported(tmp_path: Path, kind: str) -> None:
    data = COMPRESSORS[kind](tar_bytes(GOOD) + tar_of({"evil.php": PHP}))
    release, contents = scan(tar_file(tmp_path, data))
    assert list(contents) == ["a.php"]
    assert codes(release) == {"r.tar": "data-after-archive"}
    assert incomplete(release) == {"r.tar"}


def test_a_missing_end_mark_is_reported(tmp_path: Path) -> None:
    release, contents = scan(tar_file(tmp_path, tar_bytes(GOOD)[: 2 * BLOCK]))
    assert list(contents) == ["a.php"]
    assert codes(release) == {"r.tar": "no-end-mark"}


@pytest.mark.parametrize("kind", sorted(COMPRESSORS))
def test_a_truncated_archive_is_one_error(tmp_path: Path, kind: str) -> None:
    noise = bytes(number * number % 251 for number in range(20_000))
    data = COMPRESSORS[kind](tar_bytes(GOOD, tar_member("b.php", noise)))
    for cut in (3 * BLOCK + 7, 10 * BLOCK):
        if cut < len(data):
            with pytest.raises(SourceError, match=r"r\.tar is (damaged|no tar)"):
                scan(tar_file(tmp_path, data[:cut]))


def test_a_large_file_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    data = tar_bytes(tar_member("large.php", PHP * 100), GOOD)
    for compress in (bytes, gzip.compress):
        release, contents = scan(tar_file(tmp_path, compress(data)), limits=SourceLimits(max_file=1000))
        assert contents == {"a.php": PHP}
        assert codes(release) == {"large.php": "too-large"}
        assert incomplete(release) == {"large.php"}


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_a_bomb_is_one_error(tmp_path: Path, kind: str) -> None:
    path = tar_file(tmp_path, COMPRESSORS[kind](tar_bytes(GOOD, tar_member("zero.php", bytes(8 << 20)))))
    with pytest.raises(SourceError, match="bomb"):
        scan(path, limits=SourceLimits(ratio_floor=1 << 20))


def test_totals_are_bounded(tmp_path: Path) -> None:
    path = tar_file(tmp_path, tar_of({f"{number}.php": PHP for number in range(10)}))
    release, contents = scan(path, limits=SourceLimits(max_total=5 * len(PHP)))
    assert len(contents) == 5
    assert set(codes(release).values()) == {"total-limit"}
    with pytest.raises(SourceError, match="more than 9 members"):
        scan(path, limits=SourceLimits(max_members=9))
    packed = tar_file(tmp_path, gzip.compress(tar_bytes(GOOD, tar_member("b.php", bytes(1 << 20)))))
    with pytest.raises(SourceError, match="unpacks to more than"):
        scan(packed, limits=SourceLimits(max_total=1 << 10, max_members=10))


def test_a_long_extended_header_is_one_error(tmp_path: Path) -> None:
    path = tar_file(tmp_path, tar_bytes(GOOD, tar_member("x" * 5000, PHP)))
    with pytest.raises(SourceError, match="extended header is too long"):
        scan(path, limits=SourceLimits(max_header=1000))


def test_sparse_members_are_refused(tmp_path: Path) -> None:
    old = tar_member("old.php", PHP, type=tarfile.GNUTYPE_SPARSE)
    new = tar_member("new.php", PHP, pax_headers={"GNU.sparse.major": "1"})
    release, contents = scan(tar_file(tmp_path, tar_bytes(GOOD, old, new, kind=tarfile.PAX_FORMAT)))
    assert list(contents) == ["a.php"]
    assert codes(release) == {"old.php": "sparse", "new.php": "sparse"}
    assert incomplete(release) == {"old.php", "new.php"}


def test_an_unknown_kind_of_member_is_a_file(tmp_path: Path) -> None:
    assert scan(tar_file(tmp_path, tar_bytes(tar_member("a.php", PHP, type=b"Q"))))[1] == {"a.php": PHP}


def test_a_link_that_announces_data_is_refused_as_ambiguous(tmp_path: Path) -> None:
    data = bytearray(
        tar_bytes(GOOD, tar_member("b.php", type=tarfile.SYMTYPE, linkname="a.php"), tar_member("c.php", PHP))
    )
    header = data[2 * BLOCK : 3 * BLOCK]
    header[124:136] = b"00000001000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data[2 * BLOCK : 3 * BLOCK] = header
    release, contents = scan(tar_file(tmp_path, bytes(data)))
    assert sorted(contents) == ["a.php", "c.php"]
    assert codes(release) == {"b.php": "ambiguous-size"}


def test_a_decoder_that_asks_for_too_much_memory_is_refused(tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, compression_level=1)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = packed.compress(tar_bytes(GOOD)) + packed.flush()
    for limit, fails in ((1 << 20, True), (1 << 28, False)):
        path = tar_file(tmp_path, data)
        if fails:
            with pytest.raises(SourceError):
                scan(path, limits=SourceLimits(max_memory=limit))
        else:
            assert scan(path, limits=SourceLimits(max_memory=limit))[1] == {"a.php": PHP}


def test_a_full_temporary_folder_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> IO[bytes]:
        return Path("/dev/full").open("w+b")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(SourceError, match="set TMPDIR to a folder with more room"):
        scan(tar_file(tmp_path, gzip.compress(tar_of(FULL))))


def test_a_missing_temporary_folder_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match="set TMPDIR to a folder that can be written"):
        scan(tar_file(tmp_path, gzip.compress(tar_of(FULL))))


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    path = tar_file(tmp_path, gzip.compress(tar_of(FULL)))
    scan(path)
    assert list(place.iterdir()) == []


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 6000), st.sampled_from(sorted(COMPRESSORS)))
def test_damage_anywhere_gives_a_release_or_one_error(noise: bytes, position: int, kind: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        data = COMPRESSORS[kind](tar_of(FULL))
        position %= len(data)
        path = tar_file(Path(place), data[:position] + noise + data[position + len(noise) :])
        assert reads_or_says_why(path)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda name: name.replace("\0", "")),
            st.sampled_from([tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE]),
            st.sampled_from(["a.php", "..", "/x", "b", ""]),
        ),
        max_size=8,
    )
)
def test_every_member_is_accounted_for(members: list[tuple[str, bytes, str]]) -> None:
    infos = [tar_member(name, type=kind, linkname=link) for name, kind, link in members if not name.endswith("/")]
    with tempfile.TemporaryDirectory() as place:
        release, _ = scan(tar_file(Path(place), tar_bytes(GOOD, *infos)))
    notes = [item for item in release.refused if code_of(item) in NOTE_CODES]
    assert len(release.files) + len(release.refused) - len(notes) == 1 + len(infos)
    paths = [file.path for file in release.files]
    assert paths == sorted(set(paths))
    assert not any(part in {"", ".", ".."} for path in paths for part in path.split("/"))
