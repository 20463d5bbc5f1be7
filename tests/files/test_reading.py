"""Any bytes of any kind are read without an exception, and equal bytes give equal remarks."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.facts.extract import all_facts
from scanner.files.kinds import kind_of
from scanner.files.reading import Entries, read_other
from scanner.php import Vocabulary

ENTRIES: Entries = (
    ("javascript", "fetch", 0),
    ("javascript", "jQuery.ajax", 0),
    ("javascript", "new WebSocket", 0),
    ("javascript", "XMLHttpRequest#open", 1),
    ("html", "script[src]", -1),
    ("html", "form[action]", -1),
)
KINDS = [
    "script", "typescript", "style", "markup", "map", "sql", "shell", "batch", "powershell", "python", "perl", "ruby",
    "make", "server", "nginx", "iis", "phpini", "composer", "npm", "composer-installed", "hook", "ci", "git", "twig",
    "smarty", "blade", "sqlphp", "",
]  # fmt: skip
PARTS = [
    b"fetch(", b"'https://a.example/'", b"var x = ", b"<script src=", b">", b"</script>", b"atob('aA==')", b"eval(",
    b"url(", b"<?= $x ?>", b"<?php echo '", b"';", b"{{", b"}}", b"@php", b"@endphp", b"\n", b"+", b"x", b"(", b")",
    b"`", b"${", b"}", b"\xff\xfe", b"\0", b"UPDATE redcap_config SET ", b"curl $X", b"X=http://b.example\n",
    b"zq0000q",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=40).map(b"".join), st.sampled_from(KINDS), st.booleans())
def test_any_bytes_are_read(content: bytes, kind: str, php: bool) -> None:  # noqa: FBT001  drawn by hypothesis
    found = read_other(content, kind, ENTRIES, php=php)
    assert found == read_other(content, kind, ENTRIES, php=php)
    lines = content.count(b"\n") + 1
    assert all(1 <= item.line <= item.end_line <= lines and 0 <= item.start <= len(content) for item in found.remarks)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("script", b"fetch(" + b"a+" * 20_000 + b"'https://a.example')"),
        ("script", b"fetch(" * 5_000),
        ("script", b"var a=b;var b=a;fetch(a)"),
        ("script", b"function f(){return f()}fetch(f())"),
        ("markup", b"<div>" * 3_000 + b"<script src='//a.example'>"),
        ("markup", b"<iframe srcdoc='<iframe srcdoc=" * 1_000),
        ("style", b"a{b:url(" * 10_000),
        ("server", b"AddHandler " + b"\\\n" * 50_000),
        ("sql", b"update config set '" * 5_000),
        ("blade", b"@if(" * 5_000),
    ],
)
def test_hostile_shapes_end(kind: str, content: bytes) -> None:
    read_other(content, kind, ENTRIES)


def test_a_name_says_the_kind() -> None:
    wanted = {
        "a/b.JS": "script", "x.vue": "markup", ".htaccess": "server", "conf/nginx.conf": "nginx",
        ".user.ini": "phpini", "Dockerfile": "docker", "a/composer.json": "composer",
        ".github/workflows/x.yml": "ci", ".husky/pre-commit": "hook", "v/x.blade.php": "blade",
        "sql/upgrade_1.php": "sqlphp", "a/x.php": "", "dump.sql.gz": "archive.sql", "notes.txt": "text",
        "etc/cron.d/x": "shell",
    }  # fmt: skip
    assert {path: kind_of(path) for path in wanted} == wanted


def test_facts_depend_on_the_kind_and_the_bytes_alone() -> None:
    content = b"fetch('https://a.example/')"
    vocabulary = Vocabulary(browser=ENTRIES)
    assert all_facts(content, "a/x.js", vocabulary) == all_facts(content, "b/y.mjs", vocabulary)
    assert all_facts(content, "a/x.txt", vocabulary) is None


def test_random_bytes_say_nothing() -> None:
    noise = random.Random(5).randbytes(20_000)  # noqa: S311  a test
    assert read_other(noise, "", ENTRIES).remarks == ()
