"""What the analysis computes is what PHP computes, or nothing: a wrong text hides the host that a program contacts.

`expressions.txt` holds one expression a line, all of our own. PHP runs them in one process.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner import pipeline
from scanner.analysis.solver import Result, solve
from scanner.analysis.state import State
from scanner.analysis.templates import is_known
from scanner.analysis.values import Val
from scanner.model.facts import Return, decode_body

pytestmark = pytest.mark.servers  # PHP is installed with them
EXPRESSIONS = Path(__file__).parent / "expressions.txt"
BATCH = r"""<?php
error_reporting(0);
$names = ['NULL' => 'null', 'boolean' => 'bool', 'integer' => 'int', 'double' => 'float', 'string' => 'string'];
foreach (json_decode(file_get_contents('php://stdin')) as $code) {
    try {
        $value = eval('return ' . base64_decode($code) . ';');
        $scalar = is_scalar($value) || $value === null;
        $told = $scalar ? [$names[gettype($value)], base64_encode((string) $value)] : null;
    } catch (\Throwable $e) {
        $told = null;
    }
    echo json_encode($told), "\n";
}
"""
Told = tuple[str, str] | None
KNOWN_AT_LEAST = 0.8
"""Share of the expressions whose value is found: all of them unknown would be right, too."""


def of_php(expressions: list[str]) -> list[Told]:
    """Kind and text of each expression's value; None where PHP throws, or where it is no scalar."""
    codes = json.dumps([base64.b64encode(one.encode("latin-1")).decode() for one in expressions])
    run = subprocess.run(["php", "-r", BATCH[6:]], input=codes, capture_output=True, text=True, check=True, timeout=60)
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    return [None if told is None else (told[0], base64.b64decode(told[1]).decode("latin-1")) for told in lines]


def of_analysis(expressions: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Val]:
    """Value of each expression where code is run as PHP would run it."""
    states: list[State] = []

    def kept(*args: object) -> Result:
        result = solve(*args)  # type: ignore[arg-type]
        states.append(result.state)
        return result

    functions = "".join(f"function f{number}() {{ return {one}; }}\n" for number, one in enumerate(expressions))
    folder.mkdir(exist_ok=True)
    (folder / "all.php").write_bytes(f"<?php\n{functions}file_get_contents('https://a.example/');\n".encode("latin-1"))
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "solve", kept)
        pipeline.scan(str(folder), pipeline.ScanOptions(cache=None, jobs=0))
    return [_value(states[0], f"f{number}") for number in range(len(expressions))]


def _value(state: State, name: str) -> Val:
    number = state.program.with_body(state.program.by_name[name][0])
    evaluator = state.interpreter.evaluator(number)
    evaluator.concrete = True
    (statement,) = (one for one in decode_body(evaluator.fact.body) if isinstance(one, Return))
    return evaluator.value(statement.value)


def difference(value: Val, told: Told) -> str | None:
    """How a value contradicts what PHP says; None where it does not."""
    if told is None or not value.texts or not all(map(is_known, value.texts)):
        return None
    if told[1] not in value.texts:
        return f"PHP has {told}, here it is {sorted(value.texts)}"
    return f"PHP has {told}, here it is {value.scalar}" if value.scalar and value.scalar != told[0] else None


def problems(expressions: list[str], values: list[Val]) -> dict[str, str]:
    pairs = zip(expressions, values, of_php(expressions), strict=True)
    found = ((one, difference(value, told)) for one, value, told in pairs)
    return {one: problem for one, problem in found if problem is not None}


def test_every_expression_has_the_value_that_php_gives_it_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expressions = [line for line in EXPRESSIONS.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    values = of_analysis([one.encode().decode("latin-1") for one in expressions], tmp_path / "a", monkeypatch)
    assert problems([one.encode().decode("latin-1") for one in expressions], values) == {}
    known = [value for value in values if value.texts and all(map(is_known, value.texts))]
    assert len(known) > KNOWN_AT_LEAST * len(expressions)


TEXT = st.text(st.sampled_from("abxABX019 .-/&;%\\'\"<>+=_~\n\té"), max_size=9)
MARK = st.text(st.sampled_from("abX01./-\\ "), min_size=1, max_size=3)
NUMBER = st.integers(-6, 9)
NUMERIC = st.one_of(
    st.integers(-300, 300), st.sampled_from([1.5, -2.5, 0.25, 1e3, 7.0]), st.sampled_from(["12", "-3", "1e2"])
)
FLAG = st.booleans()
PLACES = st.sampled_from(["%s", "%5s", "%-5s|", "%.2s", "%03d", "%+d", "%x", "%'*6s", "%1$s", "%.1f", "%%", "ab"])
FORMAT = st.lists(PLACES, min_size=1, max_size=3).map("".join)
CALLS: dict[str, tuple[st.SearchStrategy[object], ...]] = {
    **dict.fromkeys(
        ["strrev", "ucfirst", "lcfirst", "ucwords", "strtolower", "strtoupper", "trim", "addslashes", "stripslashes",
         "stripcslashes", "urlencode", "rawurlencode", "urldecode", "rawurldecode", "base64_encode", "base64_decode",
         "bin2hex", "hex2bin", "str_rot13", "htmlspecialchars", "htmlspecialchars_decode", "html_entity_decode",
         "strip_tags", "nl2br", "quoted_printable_decode", "convert_uuencode", "basename", "dirname", "strlen", "ord",
         "is_numeric", "ctype_digit", "ctype_alpha", "ctype_punct", "ctype_space", "intval", "floatval", "md5", "crc32",
         "escapeshellcmd", "utf8_encode", "str_word_count", "hexdec", "bindec", "octdec", "preg_quote", "boolval",
         "is_string", "filter_var", "ip2long", "mb_strlen", "mb_strtolower", "wordwrap", "chunk_split"], (TEXT,)
    ),
    **dict.fromkeys(["ltrim", "rtrim", "strstr", "stristr", "strrchr", "strpbrk", "strtok", "strpos", "stripos",
                     "strrpos", "substr_count", "strspn", "strcspn", "strcmp", "strcasecmp", "str_contains",
                     "levenshtein", "similar_text", "basename"], (TEXT, MARK)),
    "substr": (TEXT, NUMBER, NUMBER), "mb_substr": (TEXT, NUMBER, NUMBER),
    "substr_replace": (TEXT, MARK, NUMBER, NUMBER),
    "str_pad": (TEXT, NUMBER, MARK, st.integers(0, 2)), "str_repeat": (TEXT, st.integers(0, 4)),
    "wordwrap": (TEXT, st.integers(1, 6), MARK, FLAG), "chunk_split": (TEXT, st.integers(1, 4), MARK),
    "str_replace": (MARK, TEXT, TEXT), "str_ireplace": (MARK, TEXT, TEXT), "strtr": (TEXT, MARK, MARK),
    "sprintf": (FORMAT, NUMERIC, TEXT, NUMERIC), "number_format": (NUMERIC, st.integers(0, 3)),
    "base_convert": (TEXT, st.integers(2, 36), st.integers(2, 36)), "intval": (TEXT, st.integers(2, 36)),
    "abs": (NUMERIC,), "floor": (NUMERIC,), "ceil": (NUMERIC,), "round": (NUMERIC, st.integers(0, 2)),
    "intdiv": (NUMERIC, NUMBER), "fmod": (NUMERIC, NUMBER), "pow": (NUMERIC, st.integers(-2, 4)), "dechex": (NUMBER,),
    "chr": (NUMERIC,), "strncmp": (TEXT, TEXT, st.integers(0, 4)), "count_chars": (TEXT, st.just(3)),
    "gmdate": (st.text(st.sampled_from("dDjlNwzWmMnFYyoaAgGhHisU:- "), max_size=5), st.integers(0, 2**33)),
    "strstr": (TEXT, MARK, FLAG), "stristr": (TEXT, MARK, FLAG), "dirname": (TEXT, st.integers(1, 3)),
    "var_export": (st.one_of(TEXT, NUMERIC, FLAG), st.just(True)), "strval": (NUMERIC,),
    "version_compare": (TEXT, TEXT),
}  # fmt: skip
VALUE = st.one_of(
    TEXT, NUMERIC, FLAG, st.none(), st.sampled_from(["", "0", "1", "1.0", " 1", "1 ", "1e1", "abc", "0x1A"])
)
OPERATORS = ["==", "!=", "===", "!==", "<", "<=", ">", ">=", "<=>", "+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|",
             "^", "&&", "||", "xor"]  # fmt: skip


def spelled(value: object) -> str:
    """A value as PHP code."""
    if value is None or isinstance(value, bool):
        return repr(value).lower().replace("none", "null")
    if isinstance(value, str):
        return "'" + value.encode().decode("latin-1").replace("\\", "\\\\").replace("'", "\\'") + "'"
    return f"({value!r})"


def a_call() -> st.SearchStrategy[str]:
    def of(name: str) -> st.SearchStrategy[str]:
        return st.tuples(*CALLS[name]).map(lambda args: f"{name}({', '.join(map(spelled, args))})")

    return st.sampled_from(sorted(CALLS)).flatmap(of)


def an_operation() -> st.SearchStrategy[str]:
    return st.builds(
        lambda one, operator, two: f"({spelled(one)} {operator} {spelled(two)})",
        VALUE,
        st.sampled_from(OPERATORS),
        VALUE,
    )


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(expressions=st.lists(st.one_of(a_call(), an_operation()), min_size=250, max_size=250))
def test_functions_and_operators_on_any_values(
    expressions: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        values = of_analysis(expressions, tmp_path_factory.mktemp("any"), monkeypatch)
    assert problems(expressions, values) == {}
