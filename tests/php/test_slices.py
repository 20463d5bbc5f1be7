"""What a slice keeps and what it blanks: nothing that can matter may vanish."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.php.extents import functions
from scanner.php.interest import Vocabulary
from scanner.php.lexer import lex
from scanner.php.parser import Node, parse
from scanner.php.slices import Slice, slice_source
from tests.php.test_lexer import php_soup, soup

CORPUS = Path(__file__).resolve().parents[2] / ".corpus"
VOCABULARY = Vocabulary(
    functions=frozenset((b"curl_exec", b"mail")),
    methods=frozenset((b"send",)),
    classes=frozenset((b"soapclient",)),
    variables=frozenset((b"salt", b"globals")),
    words=frozenset((b"db_password",)),
)
BORING = (
    b"$x = strtoupper($a) . 'text'; if ($x && $b) { return trim($x, \"\\n\"); } /* curl_exec($salt) */ return [1, $b];"
)


def body_of(statements: bytes, sliced: Slice | None = None) -> bytes:
    """What is left of the statements when they are the body of a function."""
    source = b"<?php function f($a, $b) {" + statements + b"}"
    result = sliced or slice_source(source, VOCABULARY)
    assert len(result.blanked) == len(source)
    return result.blanked[26:-1]


def test_a_body_without_interest_is_blanked_and_outlined() -> None:
    result = slice_source(
        b"<?php\nfunction F($a, $b)\n{\n" + BORING + b"\n  Foo::Bar(); new \\N\\Baz; }\n$x();", VOCABULARY
    )
    assert re.sub(rb" +", b" ", result.blanked) == b"<?php\nfunction F($a, $b)\n{\n \n }\n$x();"
    assert [result.functions[item.index].name for item in result.outlines] == [b"f"]
    assert result.outlines[0].called == ("bar", "baz", "strtoupper", "trim")


INTERESTING = {
    "function": b"curl_exec($a);",
    "function in other case": b"\\Curl_Exec /* x */\n($a);",
    "function by name": b"array_map('mail', $a);",
    "function by name in quotes": b'array_map("\\\\mail", $a);',
    "name from parts": b"array_map('ma' . 'il', $a);",
    "name from escapes": b'array_map("ma\\x69l", $a);',
    "name from octal": b'array_map("ma\\151l", $a);',
    "method": b"$a->send();",
    "method far away": b"$a->" + b" " * 200 + b"send" + b" " * 200 + b"();",
    "static method": b"A::SEND();",
    "method by name": b"array_map([$a, 'send'], $b);",
    "method by string": b"array_map('A::send', $b);",
    "class": b"return new \\SoapClient($a);",
    "class by name": b"return is_a($a, 'SoapClient');",
    "variable": b"return $SALT . $salt;",
    "variable in a string": b'return "a $salt";',
    "superglobal": b"return $GLOBALS;",
    "word in a string": b"return $a['db_password'];",
    "word in an interpolation": b'return "$a[db_password]";',
    "property": b"return $a->db_password;",
    "constant": b"return DB_PASSWORD;",
    "url": b"return 'ftp://' . $a;",
    "url from parts": b"return 'ftp:' . '//' . $a;",
    "payload": b"return '" + b"QUJD" * 60 + b"';",
    "payload from parts": b"return '" + b"' .\n'".join([b"QUJD" * 8] * 8) + b"';",
    "call of a variable": b"$a('x');",
    "call of a string": b"'x' ('y');",
    "call of a value": b"($a)($b);",
    "call of an element": b"$a['x']($b);",
    "computed method": b"$a->$b();",
    "computed method in braces": b"$a->{'x' . $b}();",
    "computed static method": b"A::$b();",
    "computed static method in braces": b"A::{$b}();",
    "computed class": b"return new $a;",
    "computed class in parentheses": b"return new ($a . 'x');",
    "anonymous class": b"return new class { public $y; };",
    "variable variable": b"return $$a;",
    "variable by expression": b"return ${'x' . $a};",
    "variable by expression in a string": b'return "${a}";',
    "call in a string": b'return "{$a($b)}";',
    "call in a heredoc": b"return <<<E\n{$b}\nE;",
    "backticks": b"return `ls`;",
    "include": b"include $a;",
    "require once": b"REQUIRE_ONCE 'x.php';",
    "eval": b"eval($a);",
    "template text": b"?> text <?php ",
    "echo tag": b"?><?= $a ?><?php ",
    "global": b"global $x;",
    "static variable": b"static $x;",
    "goto": b"goto end; end:",
    "reference": b"$x = &$a;",
    "reference in foreach": b"foreach ($a as & $x) {}",
    "reference to a result": b"$x =& f();",
    "pipe": b"return $a |> trim(...);",
    "extract": b"extract($a);",
    "compact": b"return compact('a');",
    "nested function": b"function g() {}",
    "nested class": b"class G {}",
    "nested interface": b"interface G {}",
    "property store": b"$this->x = $a;",
    "property store by key": b"$this->x[$a[1]][] .= $a;",
    "property store by deep key": b"$this->x[$a[$b[$c[1]]]] = $a;",
    "static store": b"self::$x ??= $a;",
    "destructuring": b"[$this->x, $y] = $a;",
    "list": b"list($this->x) = $a;",
    "destructuring in a condition": b"if ([$this->x] = $a) {}",
    "loop into a property": b"foreach ($a as $this->x) {}",
}


@pytest.mark.parametrize("statements", INTERESTING.values(), ids=INTERESTING)
def test_a_body_that_can_matter_is_kept(statements: bytes) -> None:
    for body in (
        statements,
        BORING + statements,
        statements + BORING,
        b"$f = fn($x) => function() {" + statements + b"};",
    ):
        source = b"<?php function f($a, $b) {" + body + b"}"
        result = slice_source(source, VOCABULARY)
        assert result.outlines == ()
        assert result.blanked == lex(source).uncommented


@pytest.mark.parametrize(
    "statements",
    [
        b"return 'we send mail to the db';",
        b"return $this->mail . Mail::SEND;",
        b"return [$a['send'], 'send' => 1, 'mail it', \"e-mail\"];",
        b"$mail = $send; return $mail;",
        b"return $a && $b & 1 and new Foo($a);",
        b"return self::salt() + self::$x;",
        b"return $a == $b ? $this->x : $this->y[1];",
        b"return array_map(function ($x) use ($a) { return fn($y) => $x + $y; }, $b);",
        b"// ?\xc2\xa0> curl_exec() https://a.example/\n",
        b"return \"$a[k] {$b->c} {$a['d']}\\t\";",
    ],
)
def test_look_alikes_do_not_keep_a_body(statements: bytes) -> None:
    assert body_of(statements).strip() == b""


def test_parameters_by_reference_keep_a_body() -> None:
    for params in (b"&$a", b"array & ...$a", b"$b, ?X &$a = null"):
        assert slice_source(b"<?php function f(" + params + b") { $a = 1; }", VOCABULARY).outlines == ()


def test_a_stored_value_without_parameters_is_not_kept() -> None:
    assert len(slice_source(b"<?php class A { function f() { $this->x = 1; } }", VOCABULARY).outlines) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"use function curl_exec as harmless;",
        b"use function A\\{b, curl_exec as harmless};",
        b"use SoapClient as Harmless;",
        b"class A { use T { send as harmless; } }",
        b"class A { use T { T::send as" + b" " * 600 + b"harmless; } }",
        b"use function curl_exec" + b" " * 600 + b"as harmless;",
    ],
)
def test_a_renamed_import_keeps_its_callers(head: bytes) -> None:
    call = b"return $a->harmless();" if b"class" in head else b"return new Harmless(harmless($a));"
    source = b"<?php " + head + b" function f($a) {" + call + b"}"
    assert slice_source(source, VOCABULARY).outlines == ()
    assert len(slice_source(source.replace(b" as", b" AX"), VOCABULARY).outlines) == 1


def test_a_body_is_kept_on_request() -> None:
    source = b"<?php function f($a) { return function() { return 1; }; } function g() { return 2; }"
    assert [item.index for item in slice_source(source, VOCABULARY).outlines] == [0, 2]
    for asked in (0, 1):
        result = slice_source(source, VOCABULARY, keep=frozenset((asked,)))
        assert [item.index for item in result.outlines] == [2]
        assert b"return function() { return 1; };" in result.blanked


def test_top_level_code_stays() -> None:
    source = b"<p><?php $x = 'a'; # c\nclass A { const B = 'c'; public $d = [1]; abstract function e(); } ?></p>"
    assert slice_source(source, VOCABULARY).blanked == source.replace(b"# c", b"   ")


@pytest.mark.parametrize(
    "source", [b"<?php function f() { ", b"<?php } function f() { }", b"<? function f() { }", b"<?php 'a"]
)
def test_an_uncertain_file_stays_whole(source: bytes) -> None:
    result = slice_source(source + b" // comment", VOCABULARY)
    assert result.blanked == source + b" // comment"
    assert (result.functions, result.outlines, result.literal_only) == ((), (), False)


def test_xml_declarations_do_not_reach_the_parser_but_strings_do() -> None:
    source = b"<?xml version='1.0'?>\n<a/><?php $a = '<?xml version=1 ?>'; ?><?xml version='1.0'?>"
    blanked = slice_source(source, VOCABULARY).blanked
    assert blanked == source.replace(b"<?xml version='", b"  xml version='")
    assert not parse(blanked).root_node.has_error


def test_extents_of_functions_methods_and_closures() -> None:
    source = b"""<?php namespace N; use function a\\b;
    #[A('{')] function &Foo(array $a = ['}'], #[B(1)] $c = (1)): ?\\X { return '{'; }
    abstract class K {
        abstract function m(int $x): (A&B)|null;
        const FUNCTION = 1;
        function List() { $this->function("}"); return static function($q) use (&$r): int { return 1; }; }
    }
    K::function(); $o?-> function(1);"""
    found = functions(lex(source))
    assert found.ok
    described = [
        (item.name, item.parent, source[slice(*item.params)], source[slice(*item.body)] if item.body else None)
        for item in found.items
    ]
    assert described == [
        (b"foo", -1, b"(array $a = ['}'], #[B(1)] $c = (1))", b"{ return '{'; }"),
        (b"m", -1, b"(int $x)", None),
        (b"list", -1, b"()", source[source.index(b"{ $this->") : source.index(b"}; }") + 4]),
        (b"", 2, b"($q)", b"{ return 1; }"),
    ]


def test_braces_deeper_than_one_expression_reaches_are_paired() -> None:
    deep = b"{" * 40 + b"}" * 40
    source = b"<?php function f() " + deep + b" function g() { function h() " + deep + b" }"
    assert [item.body and item.body[1] - item.body[0] for item in functions(lex(source)).items] == [80, 97, 80]


def test_files_of_literals_are_told_and_their_urls_listed() -> None:
    rows = b"\n".join(b"  'key%d' => \"it's %d\", // http://comment.example" % (n, n) for n in range(100))
    source = (
        b"<?php declare(strict_types=1);\nreturn [\n"
        + rows
        + b"\n 'a' => ['https://a.example/\xe9', A\\B::C, -1.5, NULL],\n];\n"
    )
    result = slice_source(source, VOCABULARY)
    assert result.literal_only
    assert result.urls == (("https://a.example/\u00e9", 103),)


ALMOST_LITERAL = {
    "call": b"f('x')",
    "call of a string": b"'x'('y')",
    "call of an array": b"['x', 'y']()",
    "call of a group": b"('x')('y')",
    "static call": b"A::b('y')",
    "named constant of interest": b"DB_PASSWORD",
    "object": b"new A",
    "include": b"include 'x'",
    "variable": b"$x",
    "interpolation": b'"$x"',
    "interpolation in braces": b'"{$x}"',
    "backticks": b"`x`",
    "arrow function": b"fn() => 1",
    "heredoc": b"<<<E\n{$x}\nE",
    "reference": b"&$x",
    "magic print": b"print 'x'",
    "exit": b"exit",
    "tag": b"1]; ?><?= 'x' ?><?php $a = [1",
}


@pytest.mark.parametrize("value", ALMOST_LITERAL.values(), ids=ALMOST_LITERAL)
@pytest.mark.parametrize("start", [b"return ", b"$rows = "])
def test_a_file_with_anything_else_is_not_literal(start: bytes, value: bytes) -> None:
    rows = b"'k' => 'v'," * 300
    assert slice_source(b"<?php " + start + b"[" + rows + b"];", VOCABULARY).literal_only
    for place in (
        b"[" + value + b"," + rows + b"];",
        b"[" + rows + value + b"];",
        b"[" + rows + b"]; $x = " + value + b";",
    ):
        assert not slice_source(b"<?php " + start + place, VOCABULARY).literal_only


def test_settings_and_small_files_are_not_literal() -> None:
    rows = b"'k' => 'v'," * 300
    assert not slice_source(b"<?php $salt = [" + rows + b"];", VOCABULARY).literal_only
    assert not slice_source(b"<?php $GLOBALS['x'] = [" + rows + b"];", VOCABULARY).literal_only
    assert not slice_source(b"<?php return ['k' => 'v'];", VOCABULARY).literal_only


block = st.recursive(
    st.sampled_from(
        [b"$x = '}';", b"$y = \"{$x['{']}\";", b"if ($a) { b(); }", b"// }\n", b"return 1;", b"$z = <<<E\n }\n E;"]
    ),
    lambda inner: st.tuples(
        st.sampled_from([b"$f = function($q = ')') use ($x)", b"function f%d(?A &$b)", b"if ($a)"]),
        st.lists(inner, max_size=3),
    ).map(lambda pair: pair[0].replace(b"%d", b"%d" % len(pair[1])) + b" { " + b"\n".join(pair[1]) + b" };\n"),
    max_leaves=12,
)


def parsed_functions(root: Node) -> list[tuple[tuple[int, int], tuple[int, int] | None]]:
    kinds = ("function_definition", "method_declaration", "anonymous_function")
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        stack.extend(node.children)
        if node.type in kinds:
            params, body = node.child_by_field_name("parameters"), node.child_by_field_name("body")
            assert params is not None
            found.append(((params.start_byte, params.end_byte), (body.start_byte, body.end_byte) if body else None))
    return sorted(found)


@given(st.lists(block, max_size=4))
def test_extents_are_those_of_the_parser(blocks: list[bytes]) -> None:
    source = b"<?php\n" + b"\n".join(blocks)
    found = functions(lex(source))
    assert found.ok
    assert sorted((item.params, item.body) for item in found.items) == parsed_functions(parse(source).root_node)


@given(st.binary(max_size=200) | soup | php_soup)
def test_any_bytes_give_a_slice_of_the_same_shape(source: bytes) -> None:
    result = slice_source(source, VOCABULARY)
    assert len(result.blanked) == len(source)
    assert [at for at, byte in enumerate(source) if byte == 10] == [
        at for at, byte in enumerate(result.blanked) if byte == 10
    ]
    for item in result.outlines:
        body = result.functions[item.index].body
        assert body is not None
        assert result.blanked[body[0] + 1 : body[1] - 1].strip() == b""


@given(st.lists(block, max_size=3), st.sampled_from(sorted(INTERESTING.values())), st.lists(block, max_size=3))
def test_what_matters_is_kept_wherever_it_stands(before: list[bytes], statement: bytes, after: list[bytes]) -> None:
    source = b"<?php function outer($a) {\n" + b"\n".join((*before, statement, *after)) + b"\n}"
    assert statement in slice_source(source, VOCABULARY).blanked or b"/*" in statement


def test_hostile_bodies_take_linear_time() -> None:
    """Bound: 200,000 bytes in three seconds of CPU, some twenty times what they need; a square would take minutes."""
    pieces = (
        b"function f(){",
        b"function f(",
        b"function () use (",
        b"$a->x[",
        b"as y ",
        b"new ",
        b"mail ",
        b"&",
        b"b(",
        b"a\\",
        b"[1,",
    )
    for piece in pieces:
        for start in (b"<?php ", b"<?php function g($a) {", b"<?php return ["):
            start_time = time.process_time()
            repeated = piece * (200_000 // len(piece))
            slice_source(start + repeated, VOCABULARY)
            slice_source(start + repeated + b"}", VOCABULARY)
            assert time.process_time() - start_time < 3


@pytest.mark.corpus
def test_real_applications_parse_the_same_after_slicing() -> None:
    paths = sorted(path for path in CORPUS.rglob("*.php") if path.is_file() and not path.is_symlink())[::40]
    assert paths
    outlines = 0
    for path in paths:
        source = path.read_bytes()
        tree = parse(source)
        if tree.root_node.has_error:
            continue
        result = slice_source(source, VOCABULARY)
        outlines += len(result.outlines)
        assert not parse(result.blanked).root_node.has_error, path
        found = functions(result.lexed)
        assert sorted((item.params, item.body) for item in found.items) == parsed_functions(tree.root_node), path
    assert outlines
