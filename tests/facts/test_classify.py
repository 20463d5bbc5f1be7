"""Which contents are PHP, in which encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.facts.classify import holds_php, php_suffix
from scanner.facts.encoding import as_php, wide_encoding

WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize(("path", "named"), [
    ("a.php", True), ("A.PHP", True), ("a.inc", True), ("a.phar", True), ("a.php.txt", False), ("php", False),
    ("a.png", False), ("a.phtml", True), ("a.php5", True), ("php/a.js", False),
])  # fmt: skip
def test_names_that_say_php(path: str, named: bool) -> None:  # noqa: FBT001  a column of the table
    assert php_suffix(path) is named


@pytest.mark.parametrize(("content", "in_php", "elsewhere"), [
    (b"<?php f();", True, True),
    (b"text <?PHP\nf();", True, True),
    (b"<?= f() ?>", True, True),
    (b"<? f(); ?>", True, False),
    (b"<?xml version='1.0'?>", False, False),
    (b"\x89PNG\0\0<?php f();", True, True),
    (b"\x89PNG\xff\0<?= f() ?>", True, False),
    (b"GIF89a<?php(f());", True, True),
    (b"<?phpx", True, False),
    (b"no code", False, False),
    (b"", False, False),
])  # fmt: skip
def test_contents_that_are_php(content: bytes, in_php: bool, elsewhere: bool) -> None:  # noqa: FBT001  columns of the table
    assert holds_php(True, content) is in_php
    assert holds_php(False, content) is elsewhere


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_code_in_wide_encodings_is_read_as_text(encoding: str, mark: str, text: str) -> None:
    source = f"{mark}<?php {text} /* code */"
    assert wide_encoding(source.encode(encoding)) == encoding
    assert as_php(source.encode(encoding)) == source.encode()


@given(st.binary())
def test_other_contents_stay_as_they_are(content: bytes) -> None:
    assert wide_encoding(content) != "" or as_php(content) == content


@pytest.mark.parametrize("content", [b"x<\0?\0p\0h\0p\0 \0", b"<?php \0 ?>", "no tag".encode("utf-16"), bytes(100)])
def test_what_no_server_would_run_is_not_wide(content: bytes) -> None:
    assert wide_encoding(content) == ""
