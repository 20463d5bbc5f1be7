"""Bytes of a file to its facts: the front end's only entry."""

from __future__ import annotations

from scanner.model.facts import FACTS_VERSION, FileFacts, FunctionFact, Gap, Statement, encode_body
from scanner.php.declarations import DeclarationLowering
from scanner.php.parser import Node, parse


def extract(content: bytes, words: frozenset[str] = frozenset()) -> FileFacts:
    """Facts of one PHP file; never raises for any bytes.

    Shape: `functions[0]` is the file's own code. Lines are 1-based. `words` are the names whose use as variable, key
    or property is recorded in `FunctionFact.mentions`.
    """
    tree = parse(content)
    root = tree.root_node
    lowering = DeclarationLowering(content, words)
    body: list[Statement] = list(lowering.block(root.named_children))
    lowering.flush_pending(body)
    lines = content.count(b"\n") + 1
    lowering.functions[0] = FunctionFact(
        "", "", -1, (), (), (), encode_body(tuple(body)), 1, lines, 0, len(content),
        called=tuple(sorted(lowering.called)), mentions=tuple(sorted(lowering.mentions)),
    )  # fmt: skip
    return FileFacts(
        FACTS_VERSION,
        tuple(function for function in lowering.functions if function is not None),
        tuple(lowering.classes),
        tuple(lowering.constants),
        tuple(lowering.defines),
        tuple(dict.fromkeys(lowering.namespaces)),
        _gaps(root, lowering),
        lines,
        has_php=b"<?" in content,
    )


def _gaps(root: Node, lowering: DeclarationLowering) -> tuple[Gap, ...]:
    found = {Gap(line, line, "depth") for line in lowering.cuts}
    if root.has_error:
        found |= {Gap(node.start_point[0] + 1, node.end_point[0] + 1, "syntax") for node in _broken(root)}
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
