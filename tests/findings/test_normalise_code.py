"""One spelling of PHP code: what it folds, what it keeps."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.findings.fingerprint import normalise_code

SAME = {
    "blanks": ("f( $a ,1 )", "f($a, 1)"),
    "line breaks": ("f(\n  $a,\r\n\t1,\n)", "f($a, 1)"),
    "block comment": ("f($a /* ' \" */, 1)", "f($a, 1)"),
    "line comment": ("f($a, // it's\n 1)", "f($a, 1)"),
    "hash comment": ("f($a, # it's\n 1)", "f($a, 1)"),
    "comment at a closing tag": ("f($a) // x ?>b", "f($a) ?>b"),
    "renamed local": ("f($handle, $url)", "f($ch, $u)"),
    "renamed, used twice": ("f($a, $b, $a)", "f($x, $y, $x)"),
    "renamed in a string": ('f("$a->b {$c[0]} $d[k]", $a)', 'f("$x->b {$y[0]} $z[k]", $x)'),
    "renamed in braces": ('f("${a}x", $a)', 'f("${q}x", $q)'),
    "renamed in a heredoc": ("f(<<<T\n a $a\n T, $a)", "f(<<<T\n a $b\n T, $b)"),
    "renamed in backticks": ("`ls $dir`", "`ls $d`"),
    "renamed in a nested string": ('f("{$a["k$b"]}", $b)', 'f("{$x["k$y"]}", $y)'),
    "renamed in a closure": (
        "f(function ($a) use (&$b) { return $a.$b; })",
        "f(function ($c) use (&$d) { return $c . $d; })",
    ),
    "renamed arrow function": ("f(fn($a) => $a)", "f(fn ( $b )=>$b)"),
    "variable static method": ("A::$m($x)", "A::$n($x)"),
    "variable property name": ("$o->$p", "$o->$q"),
    "bytes": ("f($\xe9)", "f($e)"),
    "heredoc with quotes and blanks": ('f(<<< "T"\na\nT)', 'f(<<<"T"\na\nT)'),
    "class constant is no class": ("f(A::class, $a)", "f(A::class, $b)"),
}

OTHER = {
    "other argument": ("f($a, $b, $a)", "f($a, $b, $b)"),
    "literal is no variable": ("f('$a')", "f('$b')"),
    "escaped dollar": (r'f("\$a")', r'f("\$b")'),
    "blank in a string": ("f('a b')", "f('a  b')"),
    "comment in a string": ("f('/* a */')", "f('')"),
    "comment sign in a URL": ('f("https://a")', 'f("https:")'),
    "blank in a heredoc": ("f(<<<T\na b\nT)", "f(<<<T\na  b\nT)"),
    "nowdoc has no variables": ("f(<<<'T'\n$a\nT)", "f(<<<'T'\n$b\nT)"),
    "heredoc and nowdoc": ("f(<<<'T'\n$a\nT)", "f(<<<T\n$a\nT)"),
    "this": ("f($this)", "f($that)"),
    "superglobal": ("f($_GET)", "f($_POST)"),
    "local for superglobal": ("f($a)", "f($_SESSION)"),
    "property": ("f($o->a)", "f($o->b)"),
    "nullsafe": ("f($o->a)", "f($o?->a)"),
    "static property": ("f(A::$a)", "f(A::$b)"),
    "name in $GLOBALS": ("f($GLOBALS['a'], $a)", "f($GLOBALS['a'], $b)"),
    "name in compact": ("f(compact('a'), $a)", "f(compact('a'), $b)"),
    "global of a closure": ("f(function () { global $salt; })", "f(function () { global $hash; })"),
    "property of an anonymous class": (
        "f(new class { public $a = 1; public $b = 2; function m() { return $this->a; } })",
        "f(new class { public $b = 1; public $a = 2; function m() { return $this->a; } })",
    ),
    "variable variable": ("f($$a)", "f($a)"),
    "case of a name": ("F($a)", "f($a)"),
    "sign and increment": ("f(- -$a)", "f(--$a)"),
    "number and concatenation": ("f(1 . 2)", "f(1.2)"),
    "namespaced name": ("new \\A", "newA"),
    "operator": ("f($a . $b)", "f($a + $b)"),
    "attribute is no comment": ("f(#[A] $a)", "f($a)"),
    "text after a closing tag": ("f() ?>a", "f() ?>b"),
    "after a comment ends at a tag": ("f() // ?>a", "f() // ?>b"),
    "code after an inner heredoc": ("f(<<<T\na\nT, $x, 'p')", "f(<<<T\na\nT, $x, 'q')"),
    "backslash before a heredoc's end": ("f(<<<T\na\\\nT, 'p')", "f(<<<T\na\\\nT, 'q')"),
    "dollar digit is text": ("f('a', \"$1\")", "f('a', \"$2\")"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_layout_comments_and_locals_do_not_count(one: str, other: str) -> None:
    assert normalise_code(one) == normalise_code(other)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER.keys())
def test_everything_else_counts(one: str, other: str) -> None:
    assert normalise_code(one) != normalise_code(other)


def test_locals_are_numbered_where_they_first_occur() -> None:
    assert normalise_code("curl_setopt($ch, CURLOPT_URL, $url . $ch)") == "curl_setopt($v1,CURLOPT_URL,$v2 .$v1)"


def test_names_can_be_kept() -> None:
    assert normalise_code("f( $ch /* x */ )", keep_names=True) == "f($ch)"


def test_bytes_are_read_one_by_one() -> None:
    assert normalise_code(b"f('\xe9')") == "f('\xe9')"
    assert normalise_code(b"f('\xa0')") != normalise_code(b"f('\x85')")


def test_bytes_that_are_letters_to_php_are_no_blanks() -> None:
    assert normalise_code(b"$\xa0a") == "$v1"


PIECES = st.sampled_from(
    (
        *("$a", "$b", "$1", "'", '"', "`", "\\", "{", "}", "${", "{$", "[", "]", "(", ")", ",", "<<<A\n", "<<<'A'\n"),
        *("\nA", "A", "/*", "*/", "//", "#", "#[", "?>", "<?php", "<?=", "\n", " ", ".", "5", "1.", "-", "+", "->"),
        *("::", "?", ":", "=", "class", "global", "compact", "f", "$", "<", ">", "&", "\r", "e5", "0x", "é", "\xa0"),
    )
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_twice_is_once(text: str) -> None:
    once = normalise_code(text)
    assert normalise_code(once) == once


@given(st.lists(PIECES).map("".join))
def test_strings_and_names_are_never_invented(text: str) -> None:
    kept = re.sub(r"\s", "", normalise_code(text, keep_names=True))
    assert len(kept) <= len(re.sub(r"\s", "", text))


NAMES = st.sampled_from(["a", "b", "v1", "v2", "url", "ch", "x9"])


@given(st.lists(NAMES, min_size=1, max_size=8), st.permutations(["p", "q", "v2", "v1", "s", "t", "u"]))
def test_any_consistent_renaming_gives_the_same_code(names: list[str], fresh: list[str]) -> None:
    renamed = dict(zip(["a", "b", "v1", "v2", "url", "ch", "x9"], fresh, strict=True))
    one = "f(" + ", ".join(f'${name}, "{{${name}}} ${name}"' for name in names) + ")"
    other = "f(" + ",".join(f'${renamed[name]}, "{{${renamed[name]}}} ${renamed[name]}"' for name in names) + ")"
    assert normalise_code(one) == normalise_code(other)


@given(st.lists(NAMES, min_size=1, max_size=6), st.lists(NAMES, min_size=1, max_size=6))
def test_code_is_the_same_only_after_a_consistent_renaming(one: list[str], other: list[str]) -> None:
    def shape(names: list[str]) -> list[int]:
        return [names.index(name) for name in names]

    def code(names: list[str]) -> str:
        return "f(" + ", ".join(f"${name}" for name in names) + ")"

    assert (normalise_code(code(one)) == normalise_code(code(other))) == (shape(one) == shape(other))


@pytest.mark.parametrize(
    "piece", ['"{$a[', "(", "{", "/*", "'", "<<<A\n", "\nA", "?>", "\\", "//", ",", '"$a', "0.", "[,"]
)
def test_code_of_any_shape_and_length_comes_to_an_end(piece: str) -> None:
    """A search that went back and forth in it would not end in the time of a test run."""
    assert isinstance(normalise_code(piece * 50_000), str)
