"""Bytes of a file to its facts: the front end's only entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from scanner.model.facts import FACTS_VERSION, NO_BODY, FileFacts, FunctionFact, Gap, Statement, encode_body
from scanner.php.declarations import DeclarationLowering
from scanner.php.interest import Vocabulary
from scanner.php.lexer import code_size, lex
from scanner.php.parser import Node, parse
from scanner.php.slices import Slice, slice_source

MAX_BYTES = 16 * 1024**2
"""Larger PHP files are not parsed: a syntax tree takes some thirty times the bytes of its source."""
_CALLED = re.compile(rb"(?<![\w\x80-\xff])[0-9]*+([A-Za-z_\x80-\xff][\w\x80-\xff]*+)\s*+\(")
_MAX_NAMES = 200
_OF_CODE = frozenset({"long-line", "encoded-literal"})
"""Observations that say nothing about a file of nothing but literals."""


def extract(content: bytes, vocabulary: Vocabulary | None = None) -> FileFacts:
    """Facts of one PHP file; never raises for any bytes.

    With a vocabulary, function bodies in which nothing of it occurs stay outlines (see `slices`); the words of the
    vocabulary are recorded where they are used. Without one, doc comments and attributes are kept as well.

    Shape: `functions[0]` is the file's own code. Lines are 1-based.
    """
    if len(content) > MAX_BYTES:
        return _too_large(content)
    sliced = slice_source(content, vocabulary) if vocabulary is not None else None
    if sliced is not None and sliced.literal_only:
        return _literal_file(content, sliced)
    source = content if sliced is None else sliced.blanked
    root = parse(source).root_node
    lowering = DeclarationLowering(source, _words(vocabulary))
    lowering.annotations = [] if vocabulary is None else None
    body: list[Statement] = list(lowering.block(root.named_children))
    lowering.flush_pending(body)
    called, mentions = tuple(sorted(lowering.called)), tuple(sorted(lowering.mentions))
    lines = content.count(b"\n") + 1
    lowering.functions[0] = FunctionFact(
        "", "", -1, (), (), (), encode_body(tuple(body)), 1, lines, 0, len(content),
        called=called, mentions=mentions,
    )  # fmt: skip
    lowering.finish()
    code = sliced.lexed.uncommented if sliced is not None else lex(content).uncommented
    functions = _measured([function for function in lowering.functions if function is not None], code)
    return FileFacts(
        FACTS_VERSION,
        tuple(functions) if sliced is None else tuple(_outlined(functions, sliced)),
        tuple(lowering.classes),
        tuple(lowering.constants),
        tuple(lowering.defines),
        tuple(dict.fromkeys(lowering.namespaces)),
        _gaps(root, lowering, source),
        lines,
        has_php=b"<?" in content,
        assigned=tuple(sorted(lowering.assigned)),
        notes=tuple((note.kind, note.line) for note in sliced.lexed.notes) if sliced is not None else (),
        annotations=tuple(lowering.annotations or ()),
    )


@lru_cache(maxsize=4)
def _words(vocabulary: Vocabulary | None) -> frozenset[str]:
    if vocabulary is None:
        return frozenset()
    return frozenset(word.decode("latin-1") for word in vocabulary.variables | vocabulary.words)


def _measured(functions: list[FunctionFact], code: bytes) -> list[FunctionFact]:
    """Functions with their sizes."""
    sizes = [code_size(code[function.start : function.end]) for function in functions]
    sizes[0] -= sum(size for function, size in zip(functions[1:], sizes[1:], strict=True) if function.owner < 0)
    return [msgspec.structs.replace(one, size=max(0, size)) for one, size in zip(functions, sizes, strict=True)]


def _outlined(functions: list[FunctionFact], sliced: Slice) -> Iterator[FunctionFact]:
    """Functions whose body was blanked, marked as outlines with the names that they call."""
    called = {
        extent.body[1]: outline.called
        for outline in sliced.outlines
        if (extent := sliced.functions[outline.index]).body is not None
    }
    for function in functions:
        names = called.get(function.end) if function.name else None
        yield function if names is None else msgspec.structs.replace(function, outline=True, called=names)


def _literal_file(content: bytes, sliced: Slice) -> FileFacts:
    lines = content.count(b"\n") + 1
    body = FunctionFact("", "", -1, (), (), (), NO_BODY, 1, lines, 0, len(content))
    notes = tuple((note.kind, note.line) for note in sliced.lexed.notes if note.kind not in _OF_CODE)
    return FileFacts(FACTS_VERSION, (body,), (), (), (), (), (), lines, has_php=True, urls=sliced.urls, notes=notes)


def _too_large(content: bytes) -> FileFacts:
    """A file beyond the parser's limit: only the names that are called in it are known."""
    lines = content.count(b"\n") + 1
    names = _called(content)
    body = FunctionFact("", "", -1, (), (), (), NO_BODY, 1, lines, 0, len(content), called=names)
    gap = Gap(1, lines, "size", names)
    return FileFacts(FACTS_VERSION, (body,), (), (), (), (), (gap,), lines, has_php=True)


def _called(source: bytes) -> tuple[str, ...]:
    """Names in front of `(`, for code that was not parsed."""
    return tuple(sorted({name.decode("latin-1").lower() for name in _CALLED.findall(source)}))[:_MAX_NAMES]


def _gaps(root: Node, lowering: DeclarationLowering, source: bytes) -> tuple[Gap, ...]:
    found = {Gap(line, line, "depth") for line in lowering.cuts}
    if root.has_error:
        for node in _broken(root):
            names = _called(source[node.start_byte : node.end_byte])
            found.add(Gap(node.start_point[0] + 1, node.end_point[0] + 1, "syntax", names))
    return tuple(sorted(found))


def _broken(root: Node) -> list[Node]:
    """ERROR and MISSING nodes, found with a cursor that only descends where an error is."""
    found: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            found.append(node)
        elif node.has_error:
            stack.extend(node.children)
    return found
