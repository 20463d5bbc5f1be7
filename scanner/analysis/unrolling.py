"""Loops that decode: which of them are run round by round, because all that decides is known.

Obfuscated code builds its strings in loops over constants (`for (...) $s .= chr(ord($d[$i]) ^ $k)`). Such a loop, and a
function whose arguments are all known, is run as PHP would run it, by the same evaluator that joins and approximates
elsewhere. Only code that computes is run that way, and only within a budget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from scanner.analysis.templates import is_known
from scanner.analysis.values import Val
from scanner.model.facts import Assign, Call, CallKind, Concat, DynVar, Index, Prop, Statement, Value, Var, nodes

MAX_ROUNDS = 20_000
"""Rounds of one loop."""
MAX_STEPS = 400_000
"""Statements that are run that way in one release."""
CHECKS = (32, 128, 512)
"""Rounds after which a loop must have built something; from the last on every so many."""
_COUNTER = 8
"""Length up to which a text may be but a counter."""
_MAX_NODES = 400
"""Expressions of a loop's body: what decodes is short."""
_FEW_NODES = 30
DECODERS = frozenset(
    {"base64_decode", "chr", "ord", "hex2bin", "str_rot13", "gzinflate", "gzuncompress", "gzdecode", "strrev", "pack",
     "unpack", "convert_uudecode", "hexdec", "bindec", "octdec", "str_split", "strtr", "rawurldecode", "urldecode",
     "html_entity_decode", "base_convert", "array_flip"}
)  # fmt: skip
"""Functions that a decoder calls: a function of the program that does is run with known arguments."""
RESHAPING = DECODERS | {
    "explode", "implode", "join", "substr", "mb_substr", "str_replace", "str_ireplace", "substr_replace", "vsprintf",
    "sscanf", "preg_split", "preg_match", "preg_replace", "array_map", "array_reverse", "json_decode", "unserialize",
}  # fmt: skip
"""Functions whose result is another text than what they get; without those that take off what stands around it."""
_PRINTS = frozenset({"echo", "print"})
_BUILDING = frozenset({".=", "^="})


def _no_collection(_receiver: Value) -> bool:
    return False


def worth(
    body: Sequence[Statement],
    computes: Callable[[str], bool],
    *,
    prints: bool = False,
    collects: Callable[[Value], bool] = _no_collection,
) -> bool:
    """Whether a loop builds text and calls nothing but functions that compute, as `computes` tells by their names.

    `body`: of the loop, without what `foreach` runs over. `prints`: what is printed builds text, in an output buffer.
    `collects`: whether an object is a collection of PHP whose content is known (see `ordered`).
    """
    builds, calls, number = False, 0, 0
    for number, node in enumerate(nodes(*body)):
        if number > _MAX_NODES:
            return False
        if isinstance(node, Call):
            calls += 1
            if node.kind == CallKind.FUNCTION and isinstance(node.name, str):
                if not computes(node.name.lower().rpartition("\\")[2]):
                    return False
            elif _collects(node, collects) or (prints and node.kind == CallKind.CONSTRUCT and node.name in _PRINTS):
                builds = True
            elif node.kind != CallKind.DYNAMIC:
                return False
        elif isinstance(node, Assign):
            builds = builds or node.op in _BUILDING or _is_place(node.target)
            builds = builds or isinstance(node.value, (Concat, Call))
    return builds or (not calls and number <= _FEW_NODES)  # `for (...) $letter++;`


def _collects(call: Call, collects: Callable[[Value], bool]) -> bool:
    """Whether a call is of a method of a collection whose content is known."""
    return call.kind == CallKind.METHOD and isinstance(call.receiver, Var) and collects(call.receiver)


def _is_place(target: Value) -> bool:
    """Whether what is written to is one of several: an element, a variable or a property that a value names."""
    return isinstance(target, Index | DynVar) or (isinstance(target, Prop) and not isinstance(target.name, str))


def content(env: Mapping[str, Val]) -> dict[str, Val]:
    """Variables that hold something known: a text longer than a counter, or an array of known texts."""
    return {name: value for name, value in env.items() if _is_content(value)}


def _is_content(value: Val) -> bool:
    if value.items:
        return value.rest is None and all(_known(item) is not None for item in value.items.values())
    text = _known(value)
    return text is not None and len(text) > _COUNTER


def _known(value: Val) -> str | None:
    """The only text that a value may be, where it has no holes."""
    if len(value.texts) != 1:
        return None
    (text,) = value.texts
    return text if is_known(text) else None
