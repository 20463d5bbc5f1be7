"""Slices: a PHP file with everything blanked that the analysis has no interest in, so that parsing it is cheap.

A function body is blanked only when nothing in it can matter (see `interest`). What is blanked is listed as outline,
with the names it calls, so that a later stage can ask for it. Where the lexer is not sure nothing is blanked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from scanner.php.arrays import is_literal_file, url_literals
from scanner.php.extents import Extent, functions
from scanner.php.interest import TO_WORDS, Buffers, Vocabulary, all_names, why_kept
from scanner.php.lexer import Lexed, code_size, lex
from scanner.php.masks import blank
from scanner.php.tokens import LABEL

_NEW = re.compile(rb"new\s++\\?(?:" + LABEL + rb"\\)*+(" + LABEL + rb")")
_ALIAS = re.compile(rb"as\s++(" + LABEL + rb")")
_NO_CALLS = frozenset(
    b"( if elseif while for foreach switch match catch function fn use array list isset empty unset exit die echo "
    b"print return and or xor declare clone throw yield case new static self parent".split()
)
_TO_CALLS = TO_WORDS[:40] + b"(" + TO_WORDS[41:]
_REACH = 512
"""Bytes before `as` in which the renamed name is looked for; if there is none, any name is assumed."""
_BY_REFERENCE = re.compile(rb"&\s*+(?:\.\.\.\s*+)?\$")
_SUBSCRIPT = rb"\[(?:[^\[\];]|\[[^\[\];]*+\])*+\]\s*+"
_STORES = re.compile(
    rb"->\s*+[\w\x80-\xff]++\s*+(?:%(index)b)*+(?:[-.+*/|^&%%]|\?\?|\*\*|<<|>>)?=(?![=>])"
    rb"|::\s*+\$[\w\x80-\xff]++\s*+(?:%(index)b)*+(?:[-.+*/|^&%%]|\?\?|\*\*|<<|>>)?=(?![=>])"
    rb"|->\s*+[\w\x80-\xff]++\s*+\[[^\[\];]*+\[[^\[\];]*+\["  # deeper subscripts may be stored to
    rb"|\)\s*+=(?![=>])|;\s*+\[|\{\s*+\[|\}\s*+\[|as\s*+\[|\(\s*+\[[^\[\]]*+\]\s*+=(?![=>])"  # destructuring
    rb"|as\s*+\$[\w\x80-\xff]++\s*+(?:->|::)" % {b"index": _SUBSCRIPT}
)
"""A store to a property, or a form that could hold one."""
_XML = re.compile(rb"<\?xml")
_MAX_XML = 20


class Outline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A function whose body was blanked."""

    index: int
    """Into `Slice.functions`."""
    called: tuple[str, ...]
    """Lower-case names that are followed by `(` in the body (methods included), or by `new` before; sorted."""


class Slice(msgspec.Struct, frozen=True, gc=False):
    """A file ready for the parser."""

    lexed: Lexed
    functions: tuple[Extent, ...]
    """All functions; empty when their extents are not certain."""
    blanked: bytes
    """As long as the source, all offsets and lines valid. The source itself when the lexer is not sure."""
    outlines: tuple[Outline, ...]
    """Outermost functions whose body is blank in `blanked`, in source order."""
    literal_only: bool
    """The file does nothing but return literal arrays or assign them to variables."""
    urls: tuple[tuple[str, int], ...]
    """For a file of literals: strings with `://` (one character per byte) and their lines."""


def slice_source(source: bytes, vocabulary: Vocabulary, keep: frozenset[int] = frozenset()) -> Slice:
    """The file with comments and uninteresting bodies blanked.

    `keep`: indexes of functions whose outermost body must stay. Never raises.
    """
    lexed = lex(source)
    if not keep and is_literal_file(lexed, vocabulary):
        return Slice(lexed, (), lexed.uncommented, (), True, url_literals(lexed))
    extents = functions(lexed)
    if not extents.ok:
        return Slice(lexed, (), source, (), False, ())
    buffers = Buffers(lexed.masked.lower(), lexed.uncommented)
    vocabulary = _with_aliases(buffers.code, vocabulary)
    declared = [index for index, item in enumerate(extents.items) if item.name and item.parent >= 0]
    kept = _outermost((*keep, *declared), extents.items)
    outlines = [
        (index, item.body)
        for index, item in enumerate(extents.items)
        if item.parent < 0
        and item.body
        and code_size(lexed.uncommented[slice(*item.body)]) > vocabulary.short
        and index not in kept
        and why_kept(buffers, *item.body, vocabulary) is None
        and not _carries_values(buffers.code, item.params, item.body)
    ]
    blanked = _without_declarations(lexed, _blank_bodies(lexed.uncommented, [body for _, body in outlines]))
    listed = tuple(Outline(index, _called(buffers.code, body)) for index, body in outlines)
    return Slice(lexed, extents.items, blanked, listed, False, ())


def _carries_values(code: bytes, params: tuple[int, int], body: tuple[int, int]) -> bool:
    """Whether a call can change what its caller sees: parameters by reference, or stores to properties."""
    if code.find(b"$", *params) < 0:
        return False
    return _BY_REFERENCE.search(code, *params) is not None or _STORES.search(code, *body) is not None


def _outermost(indexes: Iterable[int], items: tuple[Extent, ...]) -> set[int]:
    """Outermost functions around the given ones; indexes that are out of range count for nothing."""
    outermost: list[int] = []
    for index, item in enumerate(items):
        outermost.append(index if item.parent < 0 else outermost[item.parent])
    return {outermost[index] for index in indexes if 0 <= index < len(items)}


def _with_aliases(code: bytes, vocabulary: Vocabulary) -> Vocabulary:
    """The vocabulary and, for this file, what `use ... as ...` and trait rules make of its names."""
    renamed: list[tuple[bytes, bytes]] = []
    for match in _ALIAS.finditer(code):
        before = code[max(0, match.start() - _REACH) : match.start()]
        if before[-1:].isspace() and ((old := _last_word(before)) in all_names(vocabulary) or not old):
            renamed.append((old, match[1]))
    if not renamed:
        return vocabulary

    def extended(names: frozenset[bytes]) -> frozenset[bytes]:
        return names | {new for old, new in renamed if not old or old in names}

    return msgspec.structs.replace(
        vocabulary,
        functions=extended(vocabulary.functions),
        methods=extended(vocabulary.methods),
        classes=extended(vocabulary.classes),
    )


def _last_word(code: bytes) -> bytes:
    words = code.translate(TO_WORDS).split()
    return words[-1] if words else b""


def _blank_bodies(source: bytes, bodies: list[tuple[int, int]]) -> bytes:
    pieces = []
    position = 0
    for start, end in bodies:
        pieces += [source[position : start + 1], blank(source[start + 1 : end - 1])]
        position = end - 1
    return b"".join((*pieces, source[position:]))


def _without_declarations(lexed: Lexed, blanked: bytes) -> bytes:
    """Blank `<?` of XML declarations in template text: the parser takes it for an open tag, PHP does not."""
    for match, _ in zip(_XML.finditer(lexed.uncommented), range(_MAX_XML), strict=False):
        before = lexed.masked[: match.start()].rstrip()
        if not before or before.endswith(b"?>"):
            blanked = b"%b  %b" % (blanked[: match.start()], blanked[match.start() + 2 :])
    return blanked


def _called(code: bytes, body: tuple[int, int]) -> tuple[str, ...]:
    tokens = code[slice(*body)].replace(b"(", b" ( ").translate(_TO_CALLS).split()
    called = {name for name, mark in pairwise(tokens) if mark == b"("}
    called.update(_NEW.findall(code, *body))
    return tuple(sorted(name.decode("latin-1") for name in called - _NO_CALLS))
