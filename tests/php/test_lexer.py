"""What the lexer calls code, against the table of PHP's own scanner, and against files that want to mislead it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.php.lexer import lex

TABLE = json.loads(Path(__file__).with_name("masks.json").read_text("utf-8"))["cases"]
PIECES = (
    b"<?php ", b"<?php\n", b"<?=", b"<?", b"?>", b'"', b"'", b"`", b"\\", b"{$", b"${", b"}", b"{", b"$a", b"$b[", b"]",
    b"->", b"->p", b"?->q", b"//", b"#", b"#[", b"/*", b"*/", b"\n", b"\r", b" ", b"<<<A\n", b"<<<'A'\n", b'<<<"A"\r',
    b"A", b"\nA", b"\n  A;", b"f(", b")", b";", b".", b"??", b"__halt_compiler", b"__HALT_COMPILER();", b"$", b"{$a}",
    b"function f(){", b"<?xml version='1.0'?>", b"\xff",
)  # fmt: skip
soup = st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join)
php_soup = soup.map(b"<?php ".__add__)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: repr(case["source"])[:60])
def test_code_is_what_php_reads_as_code(case: dict[str, str | bool]) -> None:
    lexed = lex(str(case["source"]).encode("latin-1"))
    assert lexed.ok == case["certain"]
    if lexed.ok:
        assert lexed.masked.decode("latin-1") == case["masked"]


@given(st.binary(max_size=200) | soup | php_soup)
def test_any_bytes_give_masks_that_fit_the_source(source: bytes) -> None:
    lexed = lex(source)
    assert len(lexed.masked) == len(lexed.uncommented) == len(source)
    for original, code, plain in zip(source, lexed.masked, lexed.uncommented, strict=True):
        assert code in (original, 32, 34)
        assert plain in (original, 32)
        if original in b"\r\n":
            assert code == plain == original


@given(php_soup, st.sampled_from([b"\n;evil();", b"\r;evil();"]))
def test_code_behind_a_certain_file_that_ends_in_code_is_visible(start: bytes, code: bytes) -> None:
    probe = lex(start + b"\n$probe;")
    if probe.ok and probe.masked.endswith(b"$probe;") and probe.halt is None:
        assert lex(start + code).masked.endswith(b"evil();")


@given(soup, php_soup)
def test_the_masks_of_a_start_do_not_depend_on_what_follows_a_statement(start: bytes, rest: bytes) -> None:
    head = b"<?php " + start + b";"
    alone, whole = lex(head), lex(head + b"\n" + rest)
    if alone.ok and whole.ok and alone.halt is None:
        assert whole.masked.startswith(alone.masked)


@pytest.mark.parametrize(
    "source",
    [
        b"<? evil();",
        b"<?php(1);",
        b"text <? a ?>",
        b"<?xml a::b();",
        b"<?php $a = 'open",
        b'<?php $a = "{$b["c";',
        b"<?php /* open",
        b"<?php $a = <<<E\n open",
        b"<?php $a ??> 1;",
        b'<?php $a = "$b["; evil(); // "]',
        b"<?php 1 <<<2;",
        b"<?php declare(ticks=1, Encoding='UTF-7');",
        b"#!<?php /*\n<?php evil();",
        b"\xff\xfe<?php ",
        b"<?php \0",
        b"<?php $a->/* b */\n#[ c\nd;",
        b"<?php if (__halt_compiler) {}",
    ],
)
def test_a_file_with_two_readings_is_not_certain(source: bytes) -> None:
    assert not lex(source).ok


def test_php_stops_reading_at_halt_compiler() -> None:
    lexed = lex(b"<?php a();\n__HALT_Compiler ( );evil();\n<?php '")
    assert lexed.ok
    assert lexed.halt == 31
    assert b"evil" not in lexed.masked
    assert b"evil" not in lexed.uncommented
    assert lexed.masked.count(b"\n") == 2


def test_a_member_of_that_name_stops_nothing() -> None:
    lexed = lex(b"<?php $a->" + b" " * 300 + b"__halt_compiler(); evil();")
    assert lexed.ok
    assert lexed.halt is None
    assert b"evil" in lexed.masked


def test_has_php_tells_template_from_program() -> None:
    assert not lex(b"<p>text</p>").has_php
    assert not lex(b"<?xml version='1.0'?><p/>").has_php
    assert all(lex(source).has_php for source in (b"<p><?=1?>", b"<?php", b"a <? b"))


@pytest.mark.parametrize(
    ("source", "line", "kind"),
    [
        ("<?php\n/* \u202e */", 2, "bidi-character"),
        ('<?php\n\n$a = "\u2066";', 3, "bidi-character"),
        ("<?php\n$a\u200b = 1;", 2, "invisible-character"),
        ("<?php\n$\u3164 = 1;", 2, "invisible-character"),
        ("<?php\n$a\u00a0= 1;", 2, "invisible-character"),
        ("<?php\n\n" + "$a=1;" * 1001, 3, "long-line"),
        ("<?php\n$a;" + "\t " * 101 + "evil();", 2, "far-right-code"),
        ("<?php\n\n\0", 3, "nul-byte"),
    ],
)
def test_characters_that_mislead_a_reader_are_noted(source: str, line: int, kind: str) -> None:
    assert (line, kind) in [(note.line, note.kind) for note in lex(source.encode()).notes]


def test_encodings_are_noted() -> None:
    assert [note.kind for note in lex(b"<?php // \xe9t\xe9").notes] == ["invalid-utf-8"]
    assert "utf-16" in [note.kind for note in lex("\ufeff<?php ".encode("utf-16-le")).notes]


@pytest.mark.parametrize(
    "source",
    [
        "<?php\n$a = '\u200b\u00a0'; // \u200b",
        "\ufeff<?php f();",
        "<?php\n" + " " * 300 + "\n" + "$a;" + " " * 300 + "// far",
        "<?php\n" + ("$a=1;" * 900 + "\n") * 5,
    ],
)
def test_harmless_text_is_not_noted(source: str) -> None:
    assert lex(source.encode()).notes == ()


HOSTILE = {
    "one line": b"$a=1;",
    "parentheses": b"(",
    "double quotes": b'"',
    "single quotes": b"'",
    "escapes": b'"\\',
    "interpolation": b'"{$a["k"]}";',
    "nested interpolation": b'"{$a[',
    "heredoc heads": b"<<<A\n",
    "heredocs": b"<<<A\n{$a['x']}\nA;\n",
    "almost closing labels": b"AA\n",
    "comment heads": b"/*",
    "tags": b"?><?php ",
    "open tags": b"?><? ",
    "halt": b"$a->__halt_compiler();",
    "declare": b"declare(",
    "attributes": b"#[",
    "subscripts": b'"$a[',
    "blanks": b"  \t",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_hostile_repetition_takes_linear_time(piece: bytes) -> None:
    """Bound: 200,000 bytes in three seconds of CPU, some twenty times what they need; a square would take minutes."""
    source = b"<?php " + piece * (200_000 // len(piece))
    start = time.process_time()
    lex(source)
    assert time.process_time() - start < 3
