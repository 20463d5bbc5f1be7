"""Secrets that leave by way of conditions: code compares pieces of one and builds the copy from what it compared with.

`if ($password[$i] === chr($c)) $copy .= chr($c);` moves no data from the secret to the copy. A test *tells* a secret
when it looks at a piece of it (`$p[$i]`, `substr($p, $i, 1)`, `ord($c) >> $n & 1`), compares it with one letter, or, in
a loop, with anything that is no constant. What is built, passed or returned where such a test decides carries the
labels of the secret. Asking whether a setting is there, or has a certain value, tells nothing.

Data that only a caller knows is followed in the same way through pieces and letters, but only into what is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.analysis.frame import Frame
from scanner.analysis.origins import DIGEST, RETURNED
from scanner.analysis.summary import PARAM
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join, merge_labels, stepped
from scanner.model.facts import Assign, Call, CallKind, Const, Index, Op, Value, Var

COMPARING = frozenset(
    {"strcmp", "strcasecmp", "strncmp", "strncasecmp", "strnatcmp", "strnatcasecmp", "strcoll", "substr_compare",
     "strpos", "stripos", "strrpos", "strripos", "mb_strpos", "mb_stripos", "mb_strrpos", "str_contains",
     "str_starts_with", "str_ends_with", "strspn", "strcspn", "substr_count", "preg_match", "mb_ereg_match", "fnmatch",
     "similar_text", "levenshtein", "in_array", "array_search", "array_key_exists", "hash_equals", "version_compare",
     "ctype_alpha", "ctype_digit", "ctype_lower", "ctype_upper", "ctype_xdigit", "ctype_alnum",
     "ctype_punct", "is_numeric", "str_repeat", "str_pad", "array_fill", "array_pad"}
)  # fmt: skip
"""Functions of PHP whose result says how two texts, or a text and a set, compare, or how large a number is."""
_PLACES = frozenset(
    {"strpos", "stripos", "strrpos", "strripos", "mb_strpos", "mb_stripos", "mb_strrpos", "array_search"}
)
"""Of these, functions whose result is a place."""
_PIECES = frozenset({"substr", "mb_substr", "iconv_substr", "substr_replace"})
_NUMBERS = frozenset({"ord", "mb_ord"})
_LETTERS = frozenset({"chr", "mb_chr", "dechex"})
_FEW_LETTERS, _MANY_LETTERS = 10, 256
"""Letters of an alphabet."""
_BITS = frozenset({"&", ">>", "<<", "%", "^", "|", "-", "+", "(int)"})
_COMPARISONS = frozenset({"==", "===", "!=", "!==", "<>", "<", ">", "<=", ">=", "<=>", "condition"})
_JOINING = frozenset({"!", "&&", "||", "and", "or", "xor", "(bool)", "(boolean)", "condition"})
_NOT_OF_SITE = (RETURNED, DIGEST)
_ALL_GLOBALS = Var("GLOBALS")
_MAX_DEPTH = 6
_MAX_WAY = 8
"""Steps of a secret up to which a test of it tells: what came a long way is hardly what is tested there."""
_SHORT = 1_000
"""Bytes of an encoded body up to which a function may be one that guesses letters for its caller."""
_FEW_CASES = 3
"""Letters that a `match` or `switch` compares with, from which on it looks a letter up."""


def _short(node: Value | None) -> str:
    """Lower-case name of a called function, `` for anything else."""
    return node.short_name if isinstance(node, Call) and node.kind == CallKind.FUNCTION else ""


def is_piece(node: Value | None, depth: int = _MAX_DEPTH) -> bool:
    """Whether an expression is one piece of a text at a computed place, or the number of a character."""
    if isinstance(node, Index):
        return node.key is not None and not isinstance(node.key, Const)
    if isinstance(node, Op):
        return depth > 0 and node.op in _BITS and any(is_piece(operand, depth - 1) for operand in node.operands)
    name = _short(node)
    if not name:
        return False
    args = node.args if isinstance(node, Call) else ()
    if name in _PIECES:
        return len(args) > 1 and not isinstance(args[1].value, Const)
    return name in _NUMBERS and bool(args)


def _is_letter(node: Value) -> bool:
    """Whether an expression is one letter: what it is compared with is looked at letter by letter."""
    if isinstance(node, Const):
        return isinstance(node.value, str) and len(node.value) == 1 and node.value not in "01"
    return _short(node) in _LETTERS


def _is_open(node: Value) -> bool:
    """Whether an expression is no constant: something that changes from round to round, perhaps."""
    return not isinstance(node, Const)


def specific(evaluator: Frame, labels: Mapping[str, Trace]) -> Mapping[str, Trace]:
    """Those labels that name one secret of the site, which came a short way."""
    state = evaluator.state
    return {
        label: trace
        for label, trace in labels.items()
        if trace.length <= _MAX_WAY and not label.startswith(_NOT_OF_SITE) and state.is_specific(label)
    }


def _followed(evaluator: Frame, labels: Mapping[str, Trace]) -> Mapping[str, Trace]:
    """Secrets, and in short functions what only a caller knows: long ones that look at letters are parsers."""
    if len(evaluator.fact.body) > _SHORT:
        return specific(evaluator, labels)
    open_labels = {label: trace for label, trace in labels.items() if label.startswith(PARAM)}
    return {**specific(evaluator, labels), **open_labels}


def compared(evaluator: Frame, operator: str, nodes: Sequence[Value], operands: Sequence[Val]) -> Val:
    """Value of a comparison or of one that is made of others: the secrets that it tells, nothing else."""
    labels: Mapping[str, Trace] = {}
    if operator in _COMPARISONS and len(nodes) > 1:
        labels = _of_comparison(evaluator, nodes, operands)
    elif operator in _JOINING:
        for node, operand in zip(nodes, operands, strict=True):
            if operand.labels:
                labels = merge_labels(labels, of_test(evaluator, node, operand))
    return Val(labels=labels) if labels else NOTHING


def _tells(node: Value, others: Sequence[Value]) -> bool:
    """Whether what is compared is a piece; an element of an array is one, too, unless it may be a word.

    Or it is the answer of a comparison: `strncmp($p, $known . $c, $n) === 0`.
    """
    if isinstance(node, Index):
        return is_piece(node) and all(isinstance(other, Var) or _is_letter(other) for other in others)
    return is_piece(node) or _short(node) in COMPARING


def _of_comparison(evaluator: Frame, nodes: Sequence[Value], operands: Sequence[Val]) -> Mapping[str, Trace]:
    found: Mapping[str, Trace] = {}
    for position, (node, operand) in enumerate(zip(nodes, operands, strict=True)):
        if not operand.labels:
            continue
        others = [other for place, other in enumerate(nodes) if place != position]
        letters = sum(map(_is_letter, others))
        made = any(_short(other) in _LETTERS for other in others)
        if _tells(node, others) or made or letters >= _FEW_CASES:
            found = merge_labels(found, _followed(evaluator, operand.labels))
        elif letters == len(others) == 1 or (evaluator.looping and any(map(_is_open, others))):
            found = merge_labels(found, specific(evaluator, operand.labels))
    return found


def of_test(evaluator: Frame, node: Value, value: Val) -> Mapping[str, Trace]:
    """Labels that the outcome of a test tells: of a comparison, or of a variable that holds the outcome of one."""
    if not value.labels:
        return {}
    if isinstance(node, Op):
        if node.op in _COMPARISONS or node.op in _JOINING:
            return value.labels
        return _followed(evaluator, value.labels) if is_piece(node) else {}
    if isinstance(node, Call):
        return _followed(evaluator, value.labels) if _short(node) in COMPARING or is_piece(node) else {}
    if is_piece(node) or (isinstance(node, Var) and not value.texts):
        return specific(evaluator, value.labels)
    return {}


def of_function(evaluator: Frame, node: Call, args: Sequence[Val]) -> Mapping[str, Trace]:
    """Labels of what a comparing function gives back."""
    found: Mapping[str, Trace] = {}
    for position, (arg, value) in enumerate(zip(node.args, args, strict=False)):
        labels = all_labels(value)
        if not labels:
            continue
        others = [other.value for place, other in enumerate(node.args) if place != position]
        made = any(_short(other) in _LETTERS for other in others)
        found_in = (other for place, other in enumerate(args) if place != position and node.short_name in _PLACES)
        if made or (is_piece(arg.value) and not isinstance(arg.value, Index)) or any(map(_has_all_letters, found_in)):
            found = merge_labels(found, _followed(evaluator, labels))
        elif evaluator.looping and any(map(_is_open, others)):
            found = merge_labels(found, specific(evaluator, labels))
    return found


def _is_alphabet(base: Val) -> bool:
    """Whether a value is one known text that can be an alphabet: its letters are taken by number."""
    return (
        len(base.texts) == 1
        and base.items is None
        and all(is_known(text) and _FEW_LETTERS <= len(text) <= _MANY_LETTERS for text in base.texts)
    )


def _has_all_letters(value: Val) -> bool:
    """Whether a value is an alphabet, as a text or a list, that has each letter once: a place in it is a letter."""
    items = (value.items or {}).values() if value.rest is None else ()
    letters = [text for item in items for text in item.texts] or [letter for text in value.texts for letter in text]
    is_one = _is_alphabet(value) or _is_table(value)
    return is_one and len(set(letters)) == len(letters) and all(len(letter) == 1 for letter in letters)


def _is_table(base: Val) -> bool:
    """Whether a value is a list of known texts, one for each of many letters."""
    items = base.items or {}
    return (
        base.rest is None
        and len(items) >= _FEW_LETTERS
        and all(item.texts and all(map(is_known, item.texts)) for item in items.values())
    )


def looked_up(evaluator: Frame, node: Index, base: Val, key: Val) -> Val:
    """What an element tells of the key that it is found by: `$map[$p[$i]]` is a letter in disguise.

    So is any letter of an alphabet: `$alphabet[bindec($bits)]`.

    Under the keys of all globals stand all globals: `foreach (array_keys($GLOBALS) as $key) ... $GLOBALS[$key]`.
    """
    if "globals" in key.labels and node.base == _ALL_GLOBALS:
        return Val(labels={"globals": key.labels["globals"]})
    of_text = _is_alphabet(base) or (is_piece(node.key) and (isinstance(node.key, Call) or _is_table(base)))
    labels = _followed(evaluator, key.labels) if of_text else specific(evaluator, key.labels)
    return Val(labels=labels) if labels else NOTHING


def decide(evaluator: Frame, told: Mapping[str, Trace]) -> None:
    """From here on, what is built depends on what a test has told."""
    line = evaluator.line
    steps = {
        label: trace
        if label in evaluator.deciding
        else stepped(trace, evaluator.path, line, "a test of it decides what is built")
        for label, trace in told.items()
    }
    evaluator.deciding = merge_labels(evaluator.deciding, steps)


def assigned(evaluator: Frame, node: Assign, value: Val) -> Val:
    """What is assigned where a test decides. A flag or a number says little of what only a caller knows."""
    if node.op.startswith("foreach") or (isinstance(node.value, Const) and not isinstance(node.value.value, str | int)):
        return value
    if isinstance(node.value, Const) and isinstance(node.value.value, bool):
        return value
    building = node.op == ".=" or (isinstance(node.target, Index) and node.target.key is None)
    labels = evaluator.deciding if building else specific(evaluator, evaluator.deciding)
    return join(value, Val(labels=labels), evaluator.state.overflow) if labels else value


def passed(evaluator: Frame, args: list[Val]) -> list[Val]:
    """Arguments of a call that is made only where a test says so."""
    labels = specific(evaluator, evaluator.deciding)
    if not labels:
        return args
    told = Val(labels=labels)
    return [join(arg, told, evaluator.state.overflow) for arg in args]


def returned(evaluator: Frame, node: Value, value: Val) -> Val:
    """What is returned where a test decides; that it is so, or not, is for the caller to ask again."""
    if isinstance(node, Const) and (node.value is None or isinstance(node.value, bool)):
        return value
    return join(value, Val(labels=evaluator.deciding), evaluator.state.overflow)


def counted(evaluator: Frame, value: Val) -> Val:
    """A counter that runs as long as a test says so."""
    labels = specific(evaluator, evaluator.deciding)
    return join(value, Val(labels=labels), evaluator.state.overflow) if labels else value
