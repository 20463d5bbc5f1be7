"""What the lowering keeps of each PHP construct, seen through the facts of a file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.model.facts import (
    Arg,
    ArrayLit,
    Assign,
    AssignExpr,
    Branch,
    Call,
    Callable,
    CallKind,
    Choice,
    ClassConst,
    Closure,
    Concat,
    Const,
    ConstRef,
    Define,
    DynVar,
    Expr,
    FileFacts,
    Globals,
    Index,
    Item,
    Loop,
    Op,
    Prop,
    Return,
    Statement,
    StaticProp,
    StaticVar,
    Unset,
    Value,
    Var,
    decode_body,
)
from scanner.php import extract
from scanner.php.interest import Vocabulary

A, B, F, OBJ, X = Var("a"), Var("b"), Var("f"), Var("o"), Var("x")
ONE, TWO = Const(1), Const(2)


def call(kind: CallKind, name: str | Value, *args: Value | Arg, on: str | Value | None = None) -> Call:
    """A call without its place."""
    return Call(kind, name, on, tuple(arg if isinstance(arg, Arg) else Arg(arg) for arg in args), 0, 0, 0, 0)


def function(name: str, *args: Value | Arg, on: str | None = None) -> Call:
    return call(CallKind.FUNCTION, name, *args, on=on)


def construct(name: str, *args: Value) -> Call:
    return call(CallKind.CONSTRUCT, name, *args)


def leaving(word: str, loops: int = 1) -> tuple[Statement, ...]:
    return (Expr(Op(word, (Const(str(loops)),)), 1),)


def facts(code: str) -> FileFacts:
    return extract(b"<?php " + code.encode())


def body(code: str, number: int = 0) -> tuple[Statement, ...]:
    return decode_body(facts(code).functions[number].body)


def placeless(value: object) -> object:
    """The same value with all places of calls set to zero."""
    if isinstance(value, Call):
        name, on = placeless(value.name), placeless(value.receiver)
        return Call(value.kind, name, on, placeless(value.args), 0, 0, 0, 0)  # type: ignore[arg-type]
    if isinstance(value, tuple):
        return tuple(placeless(item) for item in value)
    fields = getattr(value, "__struct_fields__", ())
    return type(value)(*(placeless(getattr(value, name)) for name in fields)) if fields else value


def value_of(code: str) -> object:
    """What `$x = <code>;` assigns."""
    statement = body(f"$x = {code};")[0]
    assert isinstance(statement, Assign)
    return placeless(statement.value)


EXPRESSIONS: list[tuple[str, Value]] = [
    # literals
    ("'it\\'s \\\\ \\n'", Const("it's \\ \\n")),
    ('"\\x41\\101\\u{41}\\n\\$"', Const("AAA\n$")),
    ("1_000", Const(1000)),
    ("0x2712", Const(10002)),
    ("0b11", Const(3)),
    ("0o17", Const(15)),
    ("017", Const(15)),
    ("9223372036854775808", Const(float(2**63))),
    ("1.5e3", Const(1500.0)),
    ("-1", Const(-1)),
    ("TRUE", Const(value=True)),
    ("NULL", Const(None)),
    # strings
    ('"a$b"', Concat((Const("a"), B))),
    ('"${b}"', Concat((B,))),
    ('"{$a}-{$o->p}"', Concat((A, Const("-"), Prop(OBJ, "p")))),
    ('"$o->p"', Concat((Prop(OBJ, "p"),))),
    ('"$a[k]"', Concat((Index(A, Const("k")),))),
    ('"{$a[K]}"', Concat((Index(A, ConstRef("K")),))),
    ("<<<A\n  x\n    y$b\n  A", Concat((Const("x\n  y"), B))),
    ("<<<'A'\n$a\\n\nA", Const("$a\\n")),
    ("<<<A\nA", Const("")),
    ("<<<A\nx\r\n\ty\\n\nA", Const("x\r\n\ty\n")),
    ("<<<A\n {$a}\n\n  {$b[ 'k' ]}z\n A", Concat((A, Const("\n\n "), Index(B, Const("k")), Const("z")))),
    ("<<<A\n$a[k]\n$b\nA", Concat((Index(A, Const("k")), Const("\n"), B))),
    ("'a' . $b . 'c'", Concat((Const("a"), B, Const("c")))),
    # names
    ("\\strlen($a)", function("strlen", A)),
    ("STRLEN($a)", function("STRLEN", A)),
    ("f/* why */($a)", function("f", A)),
    ("A\\g()", function("A\\g")),
    ("__LINE__", ONE),
    ("K", ConstRef("K")),
    ("C::class", Const("C")),
    ("static::class", ClassConst("static", "class")),
    ("$o::class", ClassConst(OBJ, "class")),
    ("C::K", ClassConst("C", "K")),
    ("C::{$a}", ClassConst("C", A)),
    ("$o::K", ClassConst(OBJ, "K")),
    # calls
    ("$f($a)", call(CallKind.DYNAMIC, "", A, on=F)),
    ("('cu' . 'rl')($a)", call(CallKind.DYNAMIC, "", A, on=Concat((Const("cu"), Const("rl"))))),
    ("'system'('id')", call(CallKind.DYNAMIC, "", Const("id"), on=Const("system"))),
    ("[$o, 'm']()", call(CallKind.DYNAMIC, "", on=ArrayLit((Item(None, OBJ), Item(None, Const("m")))))),
    ("$a['f']()", call(CallKind.DYNAMIC, "", on=Index(A, Const("f")))),
    ("f()()", call(CallKind.DYNAMIC, "", on=function("f"))),
    ("f(...)", Callable(function("f"))),
    ("$o->m(...)", Callable(call(CallKind.METHOD, "m", on=OBJ))),
    ("C::m(...)", Callable(call(CallKind.STATIC, "m", on="C"))),
    ("$a |> f(...)", function("f", A)),
    ("$a |> f(...) |> g(...)", function("g", function("f", A))),
    ("$a |> $f", call(CallKind.DYNAMIC, "", A, on=F)),
    ("f(url: $a)", function("f", Arg(A, "url"))),
    ("f(...$a)", function("f", Arg(A, spread=True))),
    ("f(&$a)", function("f", Arg(A, by_ref=True))),
    ("$o?->m($a)", call(CallKind.METHOD, "m", A, on=OBJ)),
    ("$o->$f($a)", call(CallKind.METHOD, F, A, on=OBJ)),
    ("$o->{'m'}($a)", call(CallKind.METHOD, "m", A, on=OBJ)),
    ("C::m($a)", call(CallKind.STATIC, "m", A, on="C")),
    ("C::$f()", call(CallKind.STATIC, F, on="C")),
    ("C::{'m'}()", call(CallKind.STATIC, "m", on="C")),
    ("$o::m()", call(CallKind.STATIC, "m", on=OBJ)),
    ("SELF::m()", call(CallKind.STATIC, "m", on="self")),
    ("parent::m()", call(CallKind.STATIC, "m", on="parent")),
    ("new C($a)", call(CallKind.NEW, "C", A)),
    ("new $f", call(CallKind.NEW, F)),
    ("new ($a . $b)", call(CallKind.NEW, Concat((A, B)))),
    ("new static", call(CallKind.NEW, "static")),
    ("new class($a) {}", call(CallKind.NEW, "class@anonymous:0", A)),
    # language constructs
    ("EVAL($a)", construct("eval", A)),
    ("die($a)", construct("exit", A)),
    ("(f() or exit(1))", Op("or", (function("f"), construct("exit", ONE)))),
    ("`ls $a`", construct("backtick", Concat((Const("ls "), A)))),
    ("print $a", construct("print", A)),
    ("clone $a", construct("clone", A)),
    ("include 'a' . 'b'", construct("include", Concat((Const("a"), Const("b"))))),
    ("REQUIRE_ONCE $a", construct("require_once", A)),
    ("isset($a, $b)", Op("isset", (A, B))),
    ("empty($a)", Op("empty", (A,))),
    ("@f()", function("f")),
    ("((($a)))", A),
    # operators
    ("$a ?? $b", Choice((A, B))),
    ("$a ?: $b", Choice((A, B))),
    ("$o ? $a : $b", Choice((A, B, Op("condition", (OBJ,))))),
    ("f() ? $a : $b", Choice((A, B, Op("condition", (function("f"),))))),
    ("match($o) {1 => $a, default => $b}", Choice((A, B, Op("condition", (OBJ, ONE))))),
    ("$a ^ $b", Op("^", (A, B))),
    ("~$a", Op("~", (A,))),
    ("$a++", Op("x++", (A,))),
    ("++$a", Op("++", (A,))),
    ("(int) $a", Op("(int)", (A,))),
    ("( STRING ) $a", Op("(string)", (A,))),
    ("$a instanceof C", Op("instanceof", (A,))),
    ("$a instanceof $b", Op("instanceof", (A, B))),
    ("$a = $b", AssignExpr(Assign(A, B, "=", 1))),
    # variables
    ("$$a", DynVar(A)),
    ("${'a'}", A),
    ("${'a' . $b}", DynVar(Concat((Const("a"), B)))),
    ("$a['k']", Index(A, Const("k"))),
    ("$o->p", Prop(OBJ, "p")),
    ("$o?->p", Prop(OBJ, "p")),
    ("$o->$a", Prop(OBJ, A)),
    ("$o->{'p'}", Prop(OBJ, "p")),
    ("C::$p", StaticProp("C", "p")),
    ("C::$$p", StaticProp("C", Var("p"))),
    ("$o::$p", StaticProp(OBJ, "p")),
    # arrays and closures
    ("[1, 'k' => $a, ...$b]", ArrayLit((Item(None, ONE), Item(Const("k"), A), Item(None, B, spread=True)))),
    ("array($a, &$b)", ArrayLit((Item(None, A), Item(None, B, by_ref=True)))),
    ("function () {}", Closure(1)),
    ("fn() => 1", Closure(1)),
    ("static fn() => 1", Closure(1)),
]


@pytest.mark.parametrize(("code", "expected"), EXPRESSIONS, ids=[code for code, _ in EXPRESSIONS])
def test_expression(code: str, expected: Value) -> None:
    assert value_of(code) == expected


STATEMENTS: list[tuple[str, tuple[Statement, ...]]] = [
    ("$a = 1;", (Assign(A, ONE, "=", 1),)),
    ("$a .= $b;", (Assign(A, B, ".=", 1),)),
    ("$a ??= $b;", (Assign(A, B, "??=", 1),)),
    ("$a = &$b;", (Assign(A, B, "&", 1),)),
    ("$a[] = 1;", (Assign(Index(A, None), ONE, "=", 1),)),
    ("[$a, , $b] = $x;", (Assign(ArrayLit((Item(Const(0), A), Item(Const(2), B))), X, "=", 1),)),
    ("list('k' => $a) = $x;", (Assign(ArrayLit((Item(Const("k"), A),)), X, "=", 1),)),
    ("[, [$a]] = $x;", (Assign(ArrayLit((Item(Const(1), ArrayLit((Item(Const(0), A),))),)), X, "=", 1),)),
    ("echo $a, $b;", (Expr(construct("echo", A, B), 1),)),
    ("exit;", (Expr(construct("exit"), 1),)),
    ("throw $a;", (Expr(construct("throw", A), 1),)),
    ("return $a;", (Return(A, 1),)),
    ("global $a, $$b;", (Globals(("a", DynVar(B)), 1),)),
    ("static $a = 1, $b;", (StaticVar("a", ONE, 1), StaticVar("b", None, 1))),
    ("unset($a, $o->p);", (Unset((A, Prop(OBJ, "p")), 1),)),
    ("if ($a) f(); else g();", (
        Expr(A, 1), Branch(((Expr(function("f"), 1),), (Expr(function("g"), 1),)), total=True, tested=True),
    )),
    ("if ($a): f(); elseif ($b): g(); endif;", (
        Expr(A, 1), Expr(B, 1), Branch(((Expr(function("f"), 1),), (Expr(function("g"), 1),)), tested=True),
    )),
    ("if ($a) f(); else if ($b) g();", (
        Expr(A, 1), Expr(B, 1), Branch(((Expr(function("f"), 1),), (Expr(function("g"), 1),)), tested=True),
    )),
    ("while ($a) f();", (Expr(A, 1), Loop((Expr(function("f"), 1), Expr(A, 1)), 1))),
    ("do f(); while ($a);", (Expr(A, 1), Loop((Expr(function("f"), 1), Expr(A, 1)), 1, late=True))),
    ("for ($a; $b; $x) f();", (
        Expr(A, 1), Expr(B, 1), Loop((Expr(function("f"), 1), Expr(X, 1), Expr(B, 1)), 1, updates=1),
    )),
    ("while ($a) { if ($b) break; continue; }", (
        Expr(A, 1),
        Loop((Expr(B, 1), Branch((leaving("break"),), tested=True), *leaving("continue"), Expr(A, 1)), 1),
    )),
    ("while ($a) { switch ($b) { case 1: break; default: continue 2; } }", (
        Expr(A, 1),
        Loop((Expr(B, 1), Expr(ONE, 1), Branch(((), leaving("continue")), total=True), Expr(A, 1)), 1),
    )),
    ("for (;;) foreach ($a as $b) break 2;", (
        Loop((Loop((Assign(B, A, "foreach", 1), *leaving("break", 2))),)),
    )),
    ("foreach ($a as $k => $b) f();", (
        Loop((Assign(Var("k"), A, "foreach-key", 1), Assign(B, A, "foreach", 1), Expr(function("f"), 1))),
    )),
    ("foreach ($a as &$b);", (Loop((Assign(B, A, "foreach-ref", 1),)),)),
    ("foreach ($x as [$a]);", (Loop((Assign(ArrayLit((Item(Const(0), A),)), X, "foreach", 1),)),)),
    ("switch ($x) {case 1: f(); case 2: g(); break; default: h();}", (
        Expr(X, 1), Expr(ONE, 1), Expr(TWO, 1),
        Branch((
            (Expr(function("f"), 1),),
            (Expr(function("f"), 1), Expr(function("g"), 1)),
            (Expr(function("h"), 1),),
        ), total=True),
    )),
    ("try { f(); } catch (E) { g(); } finally { h(); }", (
        Expr(Op("try", ()), 1),
        Expr(function("f"), 1),
        Expr(Op("tried", ()), 1),
        Branch(((Expr(construct("caught", ClassConst("E", "class")), 1), Expr(function("g"), 1)),)),
        Expr(function("h"), 1),
    )),
    ("a: f(); goto a;", (
        Loop((Branch(((Expr(function("f"), 1),),)), Branch(((Expr(Op("goto", ()), 1),),)))),
    )),
    ("declare(ticks=1) { f(); }", (Expr(function("f"), 1),)),
    ("function f() {}", (Define("f", 1),)),
    ("if ($a) { class C {} }", (Expr(A, 1), Branch(((Define("C", 1),),), tested=True))),
    ("?><p><?= $a ?></p>", (Expr(construct("echo", A), 1),)),
    ("if ($a): ?><?= $b ?><?php endif;", (Expr(A, 1), Branch(((Expr(construct("echo", B), 1),),), tested=True))),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), STATEMENTS, ids=[code for code, _ in STATEMENTS])
def test_statement(code: str, expected: tuple[Statement, ...]) -> None:
    assert placeless(body(code)) == expected


NAMES = [
    ("namespace N; f();", ("f", "N\\f")),
    ("namespace N; \\f();", ("f", None)),
    ("namespace N; namespace\\f();", ("N\\f", None)),
    ("namespace N; use function A\\f as g; G();", ("A\\f", None)),
    ("namespace N; use A\\{B, function h as g}; g();", ("A\\h", None)),
    ("namespace N; use A\\B; B\\f();", ("A\\B\\f", None)),
    ("namespace N { use function A\\f; } namespace M { f(); }", ("f", "M\\f")),
    ("namespace N {} namespace { f(); }", ("f", None)),
]


@pytest.mark.parametrize(("code", "expected"), NAMES)
def test_function_names_are_resolved(code: str, expected: tuple[str, str | None]) -> None:
    statement = body(code)[-1]
    assert isinstance(statement, Expr)
    assert isinstance(statement.value, Call)
    assert (statement.value.name, statement.value.receiver) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("namespace N; use A\\B as C; new C;", "A\\B"),
        ("namespace N; use A\\B; new B\\D;", "A\\B\\D"),
        ("namespace N; new C;", "N\\C"),
        ("namespace N; new \\C;", "C"),
        ("namespace N; use A\\{B as C, D}; new D;", "A\\D"),
    ],
)
def test_class_names_are_resolved(code: str, expected: str) -> None:
    statement = body(code)[-1]
    assert isinstance(statement, Expr)
    assert isinstance(statement.value, Call)
    assert statement.value.name == expected


def test_a_constant_import_counts_for_constants_only() -> None:
    assert body("namespace N; use const A\\K; $x = K;")[-1] == Assign(X, ConstRef("A\\K"), "=", 1)


def test_a_class_with_everything() -> None:
    code = """abstract class C extends P implements I, J {
        use T, U { T::m as protected n; U::m insteadof T; }
        const K = 1;
        public static int $s = 2;
        private ?D $d;
        public function __construct(private D|string $p = 'x', &$r = null, ...$v) {}
        abstract function a();
    }
    interface I2 extends I {}
    enum E: string { case One = 'a'; const K = 1; static function f() {} }"""
    cls, interface, enum = facts(code).classes
    assert (cls.name, cls.kind, cls.parent, cls.interfaces, cls.traits) == ("C", "class", "P", ("I", "J"), ("T", "U"))
    assert [(rule.trait, rule.method, rule.alias, rule.instead_of) for rule in cls.trait_rules] == [
        ("T", "m", "n", ()),
        ("U", "m", "", ("T",)),
    ]
    assert cls.constants == (("K", ONE),)
    assert [(item.name, item.types, item.default, item.is_static) for item in cls.properties] == [
        ("s", ("int",), TWO, True),
        ("d", ("D",), None, False),
    ]
    assert (interface.kind, interface.interfaces) == ("interface", ("I",))
    assert (enum.kind, enum.constants) == ("enum", (("One", Const("a")), ("K", ONE)))
    made, abstract = (facts(code).functions[number] for number in cls.methods)
    first, second, third = made.params
    assert (first.name, first.types, first.promoted, first.default) == ("p", ("D", "string"), True, Const("x"))
    assert (second.by_ref, third.variadic) == (True, True)
    assert abstract.is_abstract


def test_property_hooks_are_methods() -> None:
    cls = facts("class C { public string $p { get => f(); set($v) { g(); } } }")
    assert [function.name for function in cls.functions[1:]] == ["$p::get", "$p::set"]


def test_captures_of_closures() -> None:
    found = facts("$f = function () use ($a, &$b) {}; $g = fn() => $a;")
    assert [item.captures for item in found.functions[1:]] == [(("a", False), ("b", True)), (("*", False),)]
    assert [item.owner for item in found.functions[1:]] == [0, 0]


def test_a_generator_is_known_by_its_yield() -> None:
    found = facts("function f() { $x = yield 1; } function g() { yield from [1]; } function h() { return 1; }")
    assert [item.is_generator for item in found.functions[1:]] == [True, True, False]


def test_a_sensitive_parameter_is_marked() -> None:
    (param,) = facts("function f(#[\\SensitiveParameter] $p) {}").functions[1].params
    assert param.sensitive


def test_constants_of_a_file() -> None:
    found = facts("namespace N; const A = 1; define('B', 2);")
    assert found.constants == (("N\\A", ONE, 1),)
    assert found.defines == (("B", TWO, 1, 0),)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("$username = 1; $other = 2;", ("username",)),
        ("function f() { $username = 1; }", ()),
        ("function f() { $GLOBALS['username'] = 1; }", ("username",)),
        ("function f() { global $username; $username = 1; } function g() { $hostname = 2; }", ("username",)),
        ("function f() { global $username; [$username, $hostname] = h(); }", ("username",)),
        ("function f() { global $username; return $username; }", ()),
    ],
)
def test_globals_that_the_program_sets(code: str, expected: tuple[str, ...]) -> None:
    names = frozenset({b"username", b"hostname"})
    known = Vocabulary(variables=names, words=names)
    assert extract(b"<?php " + code.encode(), known).assigned == expected


def test_calls_of_closures_count_for_their_owner() -> None:
    found = facts("function f() { $g = function () { h(); $o->M(); new \\A\\C(); }; }")
    assert found.functions[1].called == ("c", "h", "m")
    assert found.functions[0].called == ()


def test_lines_and_offsets() -> None:
    source = "<?php\n\n$x =\n  f(\n 1);"
    statement = decode_body(extract(source.encode()).functions[0].body)[0]
    assert isinstance(statement, Assign)
    assert isinstance(statement.value, Call)
    made = statement.value
    assert (statement.line, made.line, made.end_line, source[made.start : made.end]) == (3, 4, 5, "f(\n 1)")


BROKEN = [
    "echo $s{0}; kept();",
    "(void) kept();",
    "class C { function f() { kept(); } ) }",
    "if (1) { kept();",
    "f(((kept()",
    "<<<A\n{$o->kept()}",
]


@pytest.mark.parametrize("code", BROKEN)
def test_calls_in_broken_code_are_kept(code: str) -> None:
    found = facts(code)
    assert found.gaps
    assert "kept" in known_names(found)


def known_names(found: FileFacts) -> set[str]:
    """Names that are called somewhere, parsed or not."""
    called = {name for item in found.functions for name in item.called}
    return called | {name for gap in found.gaps for name in gap.names}


DEEP = {
    "parentheses": ("(", 10_000, "kept()", ")"),
    "concatenations": ("'a' . ", 10_000, "kept()", ""),
    "nested concatenations": ("'a' . (", 3_000, "kept()", ")"),
    "arrays": ("[", 5_000, "kept()", "]"),
    "old arrays": ("array(", 3_000, "kept()", ")"),
    "calls": ("f(", 3_000, "kept()", ")"),
    "methods": ("$o->m(", 2_000, "kept()", ")"),
    "objects": ("new C(", 2_000, "kept()", ")"),
    "closures": ("function () { return ", 1_500, "kept()", ";}"),
    "arrow functions": ("fn() => ", 1_500, "kept()", ""),
    "anonymous classes": ("new class { function f() { return ", 1_000, "kept()", ";} }"),
    "property defaults": ("new class { public $p = ", 1_000, "kept()", ";}"),
    "ternaries": ("$a ? 1 : (", 2_000, "kept()", ")"),
    "matches": ("match(1) {1 => ", 1_500, "kept()", "}"),
    "negations": ("!", 5_000, "kept()", ""),
    "casts": ("(int)", 3_000, "kept()", ""),
    "assignments": ("$a = ", 5_000, "kept()", ""),
    "strings": ('"{$a[', 200, "kept()", ']}"'),
    "variables": ("${", 2_000, "kept()", "}"),
}


@pytest.mark.parametrize(("opening", "count", "inside", "closing"), DEEP.values(), ids=DEEP)
def test_deep_expressions_lose_no_call(opening: str, count: int, inside: str, closing: str) -> None:
    found = facts(f"$x = {opening * count}{inside}{closing * count};")
    assert "kept" in {name for item in found.functions for name in item.called}


DEEP_STATEMENTS = {
    "ifs": ("if ($a) {", 3_000, "}"),
    "else ifs": ("if ($a) {} else ", 3_000, ""),
    "switches": ("switch ($a) {case 1:", 1_500, "}"),
    "loops": ("foreach ($a as $b) {", 2_000, "}"),
    "tries": ("try {", 1_500, "} finally {}"),
    "catches": ("try {} catch (E $e) {", 1_500, "}"),
    "functions": ("function f() {", 1_500, "}"),
    "classes": ("class C { function f() {", 1_000, "}}"),
}


@pytest.mark.parametrize(("opening", "count", "closing"), DEEP_STATEMENTS.values(), ids=DEEP_STATEMENTS)
def test_deep_statements_lose_no_call(opening: str, count: int, closing: str) -> None:
    found = facts(f"{opening * count} kept(); {closing * count}")
    assert "kept" in {name for item in found.functions for name in item.called}


def test_a_cut_for_depth_is_recorded() -> None:
    assert [gap.reason for gap in facts(f"$x = {'f(' * 500}{')' * 500};").gaps] == ["depth"]


def test_cases_that_fall_through_stay_linear() -> None:
    found = facts("switch ($a) {" + "case 1: g();" * 5_000 + "default: kept();}")
    assert len(found.functions[0].body) < 10_000_000
    assert "kept" in found.functions[0].called


@pytest.mark.parametrize("line", ["$x = '" + "a" * 5_000_000 + "'; kept();", "$a;" * 100_000 + " kept();"])
def test_one_long_line_loses_no_call(line: str) -> None:
    assert "kept" in facts(line).functions[0].called


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_facts(content: bytes) -> None:
    found = extract(b"<?php " + content)
    assert found.functions[0].name == ""
    assert all(item.start <= item.end <= len(content) + 6 for item in found.functions)


TOKENS = r"""<?php <?= ?> ( ) [ ] { } ; , $a $o-> :: " ' ` <<<A f( function class new fn => = . .= & && ?? ? : match
switch case if else foreach as yield use namespace const static global eval include __halt_compiler(); #[A] /* */ // #
\\ ... |> enum trait insteadof goto a: 1 0x"""
PIECES = st.lists(st.sampled_from([*TOKENS.split(), "\nA\n", "\x00", "\xff"]), max_size=60)


@given(PIECES)
@settings(max_examples=400, deadline=None)
def test_any_tokens_give_facts(pieces: list[str]) -> None:
    content = " ".join(pieces).encode("latin-1")
    found = extract(b"<?php " + content)
    assert found == extract(b"<?php " + content)
    for item in found.functions:
        decode_body(item.body)


def called(source: bytes) -> set[str]:
    return {name for function in extract(source).functions for name in function.called}


def test_the_fences_of_a_text_run_no_command() -> None:
    text = b"<?php\n$a = f($b);\n```\n\nAnd show it as an image:\n\n```php\n<img src='<?php echo g($q); ?> '/>\n```\n"
    assert "backtick" not in called(text)
    assert {"f", "g"} <= called(text)
    assert "backtick" in called(b"<?php $x = '`' . `id` . '`'; // ``")
    assert "backtick" in called(b"<?php $x = ``\n. `id`;")
