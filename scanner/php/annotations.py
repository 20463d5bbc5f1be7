"""What a declaration says of itself: its doc comment and its attributes, which code reads through reflection."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.model.facts import Annotation, Arg, Call, CallKind
from scanner.php.nodes import K_ARGUMENTS, K_PLAIN_NAMES
from scanner.php.parser import Node, kind_ids
from scanner.php.statements import StatementLowering

K_COMMENT = frozenset(kind_ids("comment"))
K_ATTRIBUTE = frozenset(kind_ids("attribute"))
_MAX_COMMENT = 10_000


class AnnotationLowering(StatementLowering):
    """Notes what declarations say of themselves, for the few that are asked for it."""

    def __init__(self, source: bytes, words: frozenset[str] = frozenset()) -> None:
        super().__init__(source, words)
        self.annotations: list[Annotation] | None = None
        """None where nobody asks."""

    def annotate(self, node: Node, owner: str) -> None:
        """Note the doc comment and the attributes of a declaration. `owner`: see `Annotation`."""
        if self.annotations is None:
            return
        comment, attributes = self._doc_comment(node), tuple(self._attributes(node))
        if comment or attributes:
            self.annotations.append(Annotation(owner.lower(), comment, attributes))

    def _doc_comment(self, node: Node) -> str:
        """The last comment before a declaration that begins with `/**`."""
        before = node.prev_sibling
        while before is not None and before.kind_id in K_COMMENT:
            text = self.text(before)
            if text.startswith("/**"):
                return text[:_MAX_COMMENT]
            before = before.prev_sibling
        return ""

    def _attributes(self, node: Node) -> Iterator[Call]:
        """Each attribute as the object that it makes."""
        written = node.child_by_field_name("attributes")
        for group in written.named_children if written is not None else ():
            for attribute in group.named_children:
                if attribute.kind_id in K_ATTRIBUTE:
                    yield self._attribute(attribute)

    def _attribute(self, node: Node) -> Call:
        name, parameters = "", tuple[Arg, ...]()
        for child in self.named(node):
            if child.kind_id in K_PLAIN_NAMES:
                name = self.names.resolve_class(self.text(child))
            elif child.kind_id in K_ARGUMENTS:
                parameters = self.arguments(child)[0]
        return self.call(CallKind.NEW, name, None, parameters, node)
