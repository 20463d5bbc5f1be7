# ruff: noqa: E501  each program stands in one line
"""Small programs in which a value takes a way of one kind, any number of levels deep, and comes out again.

Each way is written with `{x}` for the value, `{n}` for the level, `{p}` for the level below.
"""

from __future__ import annotations

from typing import NamedTuple


class Way(NamedTuple):
    """How a value is carried."""

    ground: str
    """Declarations of level 0."""
    level: str
    """Declarations of every further level."""
    taken: str
    """Expression that sends `{x}` down all levels and gives what comes back."""


_AGAIN = "function f{n}($x) { return f{p}($x); }"
_BOX = "class Box { public $v; private $w; function __construct($w = null) { $this->w = $w; } function get() { return $this->w; } }"

RETURNED: dict[str, Way] = {
    "value": Way("function f0($x) { return $x; }", _AGAIN, "f{n}({x})"),
    "by reference": Way(
        "function f0($x, &$o) { $o = $x; }",
        "function f{n}($x, &$o) { f{p}($x, $o); }",
        "(function () { f{n}({x}, $o); return $o; })()",
    ),
    "element": Way(
        'function f0($x) { return ["k" => $x]; }',
        'function f{n}($x) { $a = f{p}($x); return ["k" => $a["k"]]; }',
        'f{n}({x})["k"]',
    ),
    "list": Way(
        "function f0($x) { return [$x, 1]; }",
        "function f{n}($x) { [$a, $b] = f{p}($x); return [$a, $b]; }",
        "f{n}({x})[0]",
    ),
    "object": Way(_BOX + "function f0($x) { $o = new Box; $o->v = $x; return $o; }", _AGAIN, "f{n}({x})->v"),
    "constructor": Way(_BOX + "function f0($x) { return new Box($x); }", _AGAIN, "f{n}({x})->get()"),
    "promoted property": Way(
        "class P { function __construct(public readonly string $v) {} } function f0($x) { return new P(v: $x); }",
        _AGAIN,
        "f{n}({x})->v",
    ),
    "fluent setter": Way(
        "class S { private $v; function set($v) { $this->v = $v; return $this; } function get() { return $this->v; } }"
        "function f0($x) { return (new S)->set($x); }",
        _AGAIN,
        "f{n}({x})->get()",
    ),
    "changed clone": Way(
        "class W { private $v; function with($v) { $c = clone $this; $c->v = $v; return $c; } function v() { return $this->v; } }"
        "function f0($x) { return (new W)->with($x); }",
        _AGAIN,
        "f{n}({x})->v()",
    ),
    "clone": Way(
        _BOX + "function f0($x) { $o = new Box; $o->v = $x; return clone $o; }",
        "function f{n}($x) { return clone f{p}($x); }",
        "f{n}({x})->v",
    ),
    "collection": Way(
        "class L { private $i = []; function add($v) { $this->i[] = $v; return $this; } function first() { return reset($this->i); } }"
        "function f0($x) { return (new L)->add($x); }",
        _AGAIN,
        "f{n}({x})->first()",
    ),
    "object in object": Way(
        _BOX + "class D0 extends Box {}",
        "class D{n} { private $in; function __construct($x) { $this->in = new D{p}($x); } function get() { return $this->in->get(); } }",
        "(new D{n}({x}))->get()",
    ),
    "object in array": Way(
        _BOX + "function f0($x) { $o = new Box; $o->v = $x; return [$o]; }", _AGAIN, "f{n}({x})[0]->v"
    ),
    "closure": Way(
        "function f0($x) { return function () use ($x) { return $x; }; }",
        "function f{n}($x) { $g = f{p}($x); return function () use ($g) { return $g(); }; }",
        "f{n}({x})()",
    ),
    "arrow function": Way("function f0($x) { return fn() => $x; }", _AGAIN, "f{n}({x})()"),
    "generator": Way(
        "function f0($x) { yield $x; }",
        "function f{n}($x) { yield from f{p}($x); }",
        'implode("", iterator_to_array(f{n}({x})))',
    ),
    "loop over generator": Way(
        "function f0($x) { yield $x; }",
        "function f{n}($x) { foreach (f{p}($x) as $v) yield $v; }",
        "(function () { foreach (f{n}({x}) as $v) return $v; })()",
    ),
    "exception": Way(
        "function f0($x) { throw new Exception($x); }",
        "function f{n}($x) { f{p}($x); }",
        "(function () { try { f{n}({x}); } catch (Exception $e) { return $e->getMessage(); } })()",
    ),
    "callback by name": Way(
        "function f0($x) { return $x; }", 'function f{n}($x) { return call_user_func("f{p}", $x); }', "f{n}({x})"
    ),
    "callback with array": Way(
        "function f0($x) { return $x; }",
        'function f{n}(...$x) { return call_user_func_array("f{p}", $x); }',
        "f{n}({x})",
    ),
    "spread": Way("function f0($x) { return $x; }", "function f{n}(...$x) { return f{p}(...$x); }", "f{n}({x})"),
    "array_map": Way(
        "function f0($x) { return $x; }", 'function f{n}($x) { return array_map("f{p}", [$x])[0]; }', "f{n}({x})"
    ),
    "variable function": Way(
        "function f0($x) { return $x; }", 'function f{n}($x) { $g = "f{p}"; return $g($x); }', "f{n}({x})"
    ),
    "first-class callable": Way(
        "function f0($x) { return $x; }", "function f{n}($x) { $g = f{p}(...); return $g($x); }", "f{n}({x})"
    ),
    "reflection": Way(
        "function f0($x) { return $x; }",
        'function f{n}($x) { return (new ReflectionFunction("f{p}"))->invoke($x); }',
        "f{n}({x})",
    ),
    "static method": Way(
        "class F0 { static function go($x) { return $x; } }",
        "class F{n} { static function go($x) { return F{p}::go($x); } }",
        "F{n}::go({x})",
    ),
    "method": Way(
        "class F0 { function go($x) { return $x; } }",
        "class F{n} { function go($x) { return (new F{p})->go($x); } }",
        "(new F{n})->go({x})",
    ),
    "parent": Way(
        "class F0 { function go($x) { return $x; } }",
        "class F{n} extends F{p} { function go($x) { return parent::go($x); } }",
        "(new F{n})->go({x})",
    ),
    "interface": Way(
        "interface I { function go($x); } class F0 implements I { function go($x) { return $x; } }",
        "class F{n} implements I { private I $in; function __construct() { $this->in = new F{p}; } function go($x) { return $this->in->go($x); } }",
        "(new F{n})->go({x})",
    ),
    "trait": Way(
        "trait T0 { function go0($x) { return $x; } }",
        "trait T{n} { use T{p}; function go{n}($x) { return $this->go{p}($x); } }",
        "(new class { use T{n}; })->go{n}({x})",
    ),
    "invokable": Way(
        "class F0 { function __invoke($x) { return $x; } }",
        "class F{n} { function __invoke($x) { $g = new F{p}; return $g($x); } }",
        "(new F{n})({x})",
    ),
    "magic property": Way(
        "class M { private $d = []; function __set($k, $v) { $this->d[$k] = $v; } function __get($k) { return $this->d[$k]; } }"
        "function f0($x) { $m = new M; $m->q = $x; return $m; }",
        _AGAIN,
        "f{n}({x})->q",
    ),
    "magic call": Way(
        "class M { function __call($n, $a) { return $a[0]; } } function f0($x) { return (new M)->any($x); }",
        _AGAIN,
        "f{n}({x})",
    ),
    "ArrayAccess": Way(
        "class A implements ArrayAccess { private $d; function offsetExists($o): bool { return true; }"
        "function offsetGet($o): mixed { return $this->d[$o]; } function offsetSet($o, $v): void { $this->d[$o] = $v; }"
        'function offsetUnset($o): void {} } function f0($x) { $a = new A; $a["k"] = $x; return $a; }',
        _AGAIN,
        'f{n}({x})["k"]',
    ),
    "iterator": Way(
        "class It implements IteratorAggregate { public $a; function getIterator(): Iterator { return new ArrayIterator($this->a); } }"
        "function f0($x) { $i = new It; $i->a = [$x]; return $i; }",
        _AGAIN,
        "(function () { foreach (f{n}({x}) as $v) return $v; })()",
    ),
    "json": Way('function f0($x) { return json_decode(json_encode(["k" => $x]), true)["k"]; }', _AGAIN, "f{n}({x})"),
    "serialize": Way("function f0($x) { return unserialize(serialize([$x]))[0]; }", _AGAIN, "f{n}({x})"),
    "compact": Way(
        'function f0($x) { return compact("x"); }',
        'function f{n}($x) { extract(f{p}($x)); return compact("x"); }',
        'f{n}({x})["x"]',
    ),
    "sprintf": Way(
        'function f0($x) { return sprintf("%s", $x); }',
        'function f{n}($x) { return sprintf("%s", f{p}($x)); }',
        "f{n}({x})",
    ),
    "letters": Way("function f0($x) { return str_split($x); }", _AGAIN, 'implode("", f{n}({x}))'),
    "match": Way("function f0($x) { return match (true) { default => $x }; }", _AGAIN, "f{n}({x})"),
    "choice": Way(
        'function f0($x) { return $x ?: "z"; }', "function f{n}($x) { return f{p}($x) ?? null; }", "f{n}({x})"
    ),
}

_ONE = "class H { private $v = []; private static $one; static function one() { return self::$one ?? (self::$one = new static); } "

KEPT: dict[str, tuple[str, str, str]] = {
    "global": ("", "global $kept; $kept = {x};", "global $kept; return $kept;"),
    "element of global": ("", '$GLOBALS["kept"]["k"] = {x};', 'return $GLOBALS["kept"]["k"];'),
    "list": ("", "global $kept; $kept[] = {x};", 'global $kept; return implode("", $kept);'),
    "static property": ("class H { public static $v; }", "H::$v = {x};", "return H::$v;"),
    "object in global": (
        "class H { public $v; } $held = new H;",
        "global $held; $held->v = {x};",
        "global $held; return $held->v;",
    ),
    "object in static": ("class H { public $v; static $h; } H::$h = new H;", "H::$h->v = {x};", "return H::$h->v;"),
    "singleton": (
        _ONE + "function set($v) { $this->v = $v; } function get() { return $this->v; } }",
        "H::one()->set({x});",
        "return H::one()->get();",
    ),
    "registry": (
        _ONE + "function set($k, $v) { $this->v[$k] = $v; } function get($k) { return $this->v[$k]; } }",
        'H::one()->set("a", {x});',
        'return H::one()->get("a");',
    ),
    "property of singleton": (
        _ONE.replace("private $v", "public $v") + "}",
        "H::one()->v = {x};",
        "return H::one()->v;",
    ),
    "static variable": (
        "function slot($x = null) { static $v; if ($x !== null) $v = $x; return $v; }",
        "slot({x});",
        "return slot();",
    ),
    "session": ("", '$_SESSION["kept"] = {x};', 'return $_SESSION["kept"];'),
    "constant": ("", 'define("KEPT", {x});', "return KEPT;"),
    "environment": ("", 'putenv("KEPT=" . {x});', 'return getenv("KEPT");'),
    "file": ("", 'file_put_contents("/tmp/kept.dat", {x});', 'return file_get_contents("/tmp/kept.dat");'),
    "closure": (
        "class H { static $f; }",
        "$y = {x}; H::$f = function () use ($y) { return $y; };",
        "return (H::$f)();",
    ),
}
"""Places: declarations, a statement that keeps `{x}`, a statement that returns it."""


def returned(way: Way, levels: int, value: str) -> str:
    """Declarations and an expression, for `value` carried through so many levels."""
    declared = [way.ground, *(_at(way.level, level) for level in range(1, levels + 1))]
    return "\n".join(declared) + f"\nfunction got() {{ return {_at(way.taken, levels).replace('{x}', value)}; }}\n"


def kept(place: tuple[str, str, str], levels: int, value: str) -> str:
    """Declarations and a call that keeps `value`, so many levels below; `got()` reads it as many levels below."""
    ground, put, take = place
    lines = [ground, f"function put0($x) {{ {put.replace('{x}', '$x')} }}", f"function take0() {{ {take} }}"]
    lines += [
        _at("function put{n}($x) { put{p}($x); } function take{n}() { return take{p}(); }", n)
        for n in range(1, levels + 1)
    ]
    return "\n".join([*lines, f"function got() {{ return take{levels}(); }}", f"put{levels}({value});"]) + "\n"


def _at(text: str, level: int) -> str:
    return text.replace("{n}", str(level)).replace("{p}", str(level - 1))
