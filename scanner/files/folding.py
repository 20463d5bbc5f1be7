"""Which strings an expression of JavaScript can be: constants, joined, chosen, decoded; never run.

Names are looked up within the file: what they are declared or assigned as, what a function of the file returns, and
what its callers pass. Work is bounded by a number of steps for each question that is asked.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from scanner.files.addresses import Text, hole, is_elsewhere, join, page_text
from scanner.files.decoding import CALLS, METHODS, unescape
from scanner.files.grammars import Node, text_of

MAX_VALUES = 6
"""Strings that one expression may be."""
_MAX_STEPS = 400
_MAX_DEPTH = 30
_MAX_NAMED = 2
"""Addresses that a file may give to properties of one name before the name says nothing any more."""
_MAX_PARTS = 1000
"""Operands of one concatenation."""
_MAX_PLACES = 60
"""Places of a name in the file that are looked at."""
_FUNCTIONS = frozenset(
    {"function_declaration", "function_expression", "arrow_function", "method_definition", "generator_function",
     "generator_function_declaration"}
)  # fmt: skip
_TRANSPARENT = {
    "parenthesized_expression": 0, "await_expression": 0, "non_null_expression": 0, "as_expression": 0,
    "satisfies_expression": 0, "sequence_expression": -1, "expression_statement": 0,
}  # fmt: skip
_OWN = re.compile(rb"(?:(?:window|document|self|top|globalThis)\.)?location\.(?:origin|protocol|host|hostname)\Z")
_NAME = re.compile(rb"[\w$]{1,80}\Z")
_PLACE = re.compile(rb"(?<![\w$])[0-9]*+([A-Za-z_$][\w$]*+)[\"']?\s*+(=(?![=>])|:|\()")
_QUOTES = (b'"', b"'", b"`")


class _Places:
    """Where each name of a script stands before `=`, `:` or `(`: one pass over the text, made when first asked for."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._found: dict[tuple[bytes, bytes], list[tuple[int, int]]] | None = None

    def of(self, name: bytes, mark: bytes, near: int = 0) -> list[tuple[int, int]]:
        """Offset of the name and behind the mark, in order: at most `_MAX_PLACES`, those around `near`."""
        if self._found is None:
            self._found = {}
            for match in _PLACE.finditer(self._source):
                self._found.setdefault((match[1], match[2]), []).append((match.start(1), match.end()))
        found = self._found.get((name, mark), [])
        if len(found) <= _MAX_PLACES:
            return found
        first = max(0, min(bisect_left(found, (near, 0)) - _MAX_PLACES * 3 // 4, len(found) - _MAX_PLACES))
        return found[first : first + _MAX_PLACES]


class Folding:
    """Values of expressions in one script.

    Args:
        source: Text of the script.
        root: Its syntax tree.
        expressions: The PHP expressions that marks in the text stand for.
        typed: Whether a type may stand between a name and its value.
    """

    def __init__(self, source: bytes, root: Node, expressions: tuple[str, ...] = (), *, typed: bool = False) -> None:
        self.source = source
        self._typed = typed
        self._declared: dict[int, tuple[int, int, Node] | None] = {}
        self._root = root
        self._expressions = expressions
        self._index = _Places(source)
        self._steps = 0
        self._open: set[tuple[int, int]] = set()

    def values(self, node: Node | None) -> list[Text]:
        """All that an expression can be, at most `MAX_VALUES`."""
        self._steps = 0
        return self._values(node, 0)

    def array(self, node: Node | None) -> list[Text] | None:
        """Elements of an expression that is an array of strings."""
        self._steps = 0
        return self._array(node, 0)

    def leaf(self, start: int, end: int) -> Node | None:
        """The smallest node at some bytes."""
        return self._root.descendant_for_byte_range(start, end)

    def _values(self, node: Node | None, depth: int) -> list[Text]:
        if node is None:
            return [hole("")]
        self._steps += 1
        key = (node.start_byte, node.end_byte)
        if depth > _MAX_DEPTH or self._steps > _MAX_STEPS or key in self._open:
            return [self._hole(node)]
        self._open.add(key)
        try:
            found = self._by_type(node, depth + 1)
        finally:
            self._open.discard(key)
        return list(dict.fromkeys(found))[:MAX_VALUES] or [self._hole(node)]

    def _by_type(self, node: Node, depth: int) -> list[Text]:
        kind = node.type
        if kind in ("string", "template_string"):
            return self._string(node, depth)
        if kind == "number":
            return [Text(text_of(node, self.source).decode("latin-1"))]
        if kind == "binary_expression":
            return self._binary(node, depth)
        if kind in ("ternary_expression", "conditional_expression"):
            return [
                value
                for name in ("consequence", "alternative")
                for value in self._values(node.child_by_field_name(name), depth)
            ]
        if kind in ("assignment_expression", "augmented_assignment_expression"):
            return self._values(node.child_by_field_name("right"), depth)
        if kind in _TRANSPARENT:
            children = [child for child in node.named_children if child.type != "comment"]
            return _alone(children, _TRANSPARENT[kind], lambda child: self._values(child, depth))
        if kind in ("identifier", "shorthand_property_identifier"):
            return self._identifier(node, depth)
        if kind in ("member_expression", "subscript_expression"):
            return self._member(node, depth)
        if kind in ("call_expression", "new_expression"):
            return self._call(node, depth)
        return []

    def _hole(self, node: Node) -> Text:
        return hole(text_of(node, self.source)[:120].decode("utf-8", "replace"))

    def _string(self, node: Node, depth: int) -> list[Text]:
        parts: list[list[Text]] = []
        for child in node.children:
            if child.type == "string_fragment":
                raw = text_of(child, self.source).decode("utf-8", "replace")
                parts.append([page_text(raw, self._expressions)])
            elif child.type == "escape_sequence":
                parts.append([Text(unescape(text_of(child, self.source).decode("utf-8", "replace")))])
            elif child.type == "template_substitution":
                inner = child.named_children
                parts.append(self._values(inner[0] if inner else None, depth))
        return _product(parts)

    def _binary(self, node: Node, depth: int) -> list[Text]:
        """`a + b + c`, nested to the left, taken apart in a loop."""
        operator = node.child_by_field_name("operator")
        name = operator.type if operator is not None else ""
        if name in ("||", "??", "&&"):
            right = self._values(node.child_by_field_name("right"), depth)
            return right if name == "&&" else [*self._values(node.child_by_field_name("left"), depth), *right]
        if name != "+":
            return []
        parts: list[list[Text]] = []
        current: Node | None = node
        while current is not None and current.type == "binary_expression":
            operator = current.child_by_field_name("operator")
            if operator is None or operator.type != "+" or len(parts) >= _MAX_PARTS:
                break
            parts.append(self._values(current.child_by_field_name("right"), depth))
            current = current.child_by_field_name("left")
        parts.append(self._values(current, depth) if len(parts) < _MAX_PARTS else [hole("")])
        return _product(parts[::-1])

    def _identifier(self, node: Node, depth: int) -> list[Text]:
        name = text_of(node, self.source)
        if name.startswith(b"zq"):
            marked = page_text(name.decode("latin-1"), self._expressions)
            if marked.holes:
                return [marked]
        found = [value for item in self.definitions(name, node) for value in self._values(item, depth)]
        return found or [value for item in self._passed(name, node) for value in self._values(item, depth)]

    def definitions(self, name: bytes, use: Node) -> list[Node]:
        """What a name is declared or assigned as, in the innermost function around the use that says so."""
        if not _NAME.match(name):
            return []
        found: list[tuple[int, Node]] = []
        for mark in (b"=", b":") if self._typed else (b"=",):
            for start, _ in self._index.of(name, mark, use.start_byte):
                if start not in self._declared:
                    self._declared[start] = self._declaration(name, start)
                declared = self._declared[start]
                if declared is not None and declared[0] <= use.start_byte and use.end_byte <= declared[1]:
                    found.append((declared[1] - declared[0], declared[2]))
        smallest = min((size for size, _ in found), default=0)
        return [value for size, value in found if size == smallest][:MAX_VALUES]

    def _declaration(self, name: bytes, start: int) -> tuple[int, int, Node] | None:
        """Bytes of the function around a declaration or an assignment, and what is assigned."""
        leaf = self._named_leaf(name, start)
        parent = leaf.parent if leaf is not None else None
        if leaf is None or parent is None:
            return None
        value = parent.child_by_field_name("value" if parent.type == "variable_declarator" else "right")
        if value is None or value.start_byte <= start or parent.start_byte != start:
            return None
        scope = enclosing_function(leaf)
        return (scope.start_byte, scope.end_byte, value) if scope is not None else (0, len(self.source) + 1, value)

    def _named_leaf(self, name: bytes, start: int) -> Node | None:
        """The leaf of a name that is not that of a property."""
        leaf = self.leaf(start, start + len(name)) if self.source[start - 1 : start] != b"." else None
        return leaf if leaf is not None and leaf.end_byte - leaf.start_byte == len(name) else None

    def _passed(self, name: bytes, use: Node) -> list[Node]:
        """What callers in the file pass for a parameter of a named function."""
        function = enclosing_function(use)
        while function is not None:
            position = self._parameter(function, name)
            if position >= 0:
                return self._arguments(function, position)
            function = enclosing_function(function)
        return []

    def _parameter(self, function: Node, name: bytes) -> int:
        parameters = function.child_by_field_name("parameters") or function.child_by_field_name("parameter")
        if parameters is None:
            return -1
        if parameters.type == "identifier":
            return 0 if text_of(parameters, self.source) == name else -1
        for position, parameter in enumerate(parameters.named_children):
            inner = parameter.child_by_field_name("pattern") or parameter.child_by_field_name("left") or parameter
            if text_of(inner, self.source) == name:
                return position
        return -1

    def _arguments(self, function: Node, position: int) -> list[Node]:
        name = self._name_of(function)
        found: list[Node] = []
        if not name:
            return found
        for start, _ in self._index.of(name, b"(", function.start_byte):
            leaf = self.leaf(start, start + len(name))
            call = leaf.parent if leaf is not None else None
            if call is not None and call.type == "member_expression" and function.type != "function_declaration":
                call = call.parent
            if call is not None and call.type in ("call_expression", "new_expression"):
                found += arguments(call)[position : position + 1]
        return found[:MAX_VALUES]

    def _name_of(self, function: Node) -> bytes:
        """Name that a function is called by: its own, or that of what it is assigned to."""
        own = function.child_by_field_name("name")
        parent = function.parent
        if own is None and parent is not None:
            own = (
                parent.child_by_field_name("name")
                or parent.child_by_field_name("key")
                or parent.child_by_field_name("left")
            )
        if own is None:
            return b""
        name = text_of(own, self.source).rpartition(b".")[2]
        return name if _NAME.match(name) else b""

    def _member(self, node: Node, depth: int) -> list[Text]:
        text = text_of(node, self.source) if node.end_byte - node.start_byte <= 80 else b""  # noqa: PLR2004
        if _OWN.match(text):
            return [hole(text.decode("latin-1"))]
        base = node.child_by_field_name("object")
        index = node.child_by_field_name("index")
        if index is not None and index.type == "number":
            elements = self._array(base, depth)
            number = text_of(index, self.source)
            if elements is not None and number.isdigit() and len(number) < 6 and int(number) < len(elements):  # noqa: PLR2004
                return [elements[int(number)]]
        name = self.property(node)
        if base is None or not name or not name.isascii():
            return []
        key = name.encode()
        for value in self.definitions(text_of(base, self.source), node) if base.type == "identifier" else ():
            member = self.entry(value, key)
            if member is not None:
                return self._values(member, depth)
        return self._named(key, depth)

    def property(self, node: Node) -> str:
        """Name of the property that is read, `` if it is not known."""
        own = node.child_by_field_name("property")
        if own is not None:
            return text_of(own, self.source).decode("utf-8", "replace")
        values = self._values(node.child_by_field_name("index"), 1)
        return values[0].text if len(values) == 1 and values[0].known else ""

    def entry(self, value: Node | None, key: bytes) -> Node | None:
        """Value of a key in an object literal."""
        if value is None or value.type != "object":
            return None
        for pair in value.named_children:
            own = pair.child_by_field_name("key")
            if own is not None and text_of(own, self.source).strip(b"'\"") == key:
                return pair.child_by_field_name("value")
            if pair.type == "shorthand_property_identifier" and text_of(pair, self.source) == key:
                return pair
        return None

    def _named(self, key: bytes, depth: int) -> list[Text]:
        """Addresses that the file gives to a property of that name, on whatever object."""
        found: list[Text] = []
        if not _NAME.match(key):
            return found
        for _, end in (*self._index.of(key, b"="), *self._index.of(key, b":")):
            quote = end + len(self.source[end : end + 40]) - len(self.source[end : end + 40].lstrip())
            if self.source[quote : quote + 1] not in _QUOTES:
                continue
            leaf = self.leaf(quote, quote + 1)
            while leaf is not None and leaf.type not in ("string", "template_string"):
                leaf = leaf.parent
            if leaf is not None:
                found += [value for value in self._values(leaf, depth) if is_elsewhere(value)]
        return found if len(set(found)) <= _MAX_NAMED else []

    def _call(self, node: Node, depth: int) -> list[Text]:
        callee = node.child_by_field_name("function") or node.child_by_field_name("constructor")
        if callee is None:
            return []
        given = arguments(node)
        if callee.type in ("member_expression", "subscript_expression"):
            return self._method(callee, given, depth)
        name = text_of(callee, self.source).decode("utf-8", "replace")
        if name == "URL" and given:
            return _relative(*(self._values(item, depth) for item in given[:2]))
        if name in CALLS and given:
            return _applied(CALLS[name], [self._values(item, depth) for item in given])
        if callee.type == "identifier":
            return [value for item in self._returned(name.encode(), callee) for value in self._values(item, depth)]
        return []

    def _method(self, callee: Node, given: list[Node], depth: int) -> list[Text]:
        base, name = callee.child_by_field_name("object"), self.property(callee)
        owner = text_of(base, self.source) if base is not None else b""
        if name in ("fromCharCode", "fromCodePoint") and owner.endswith(b"String"):
            return _applied(CALLS["String.fromCharCode"], [self._values(item, depth) for item in given])
        if name in CALLS and owner in (b"window", b"self", b"globalThis", b"top", b"this"):
            return _applied(CALLS[name], [self._values(item, depth) for item in given])
        if name == "join":
            elements = self._array(base, depth)
            between = self._values(given[0], depth)[0].text if given else ","
            if elements is None:
                return []
            return [join([part for item in elements for part in (Text(between), item)][1:])]
        if name in METHODS:
            return _applied(METHODS[name], [self._values(item, depth) for item in (base, *given)])
        return []

    def _returned(self, name: bytes, use: Node) -> list[Node]:
        """What a function of the file returns."""
        functions = [item for item in self.definitions(name, use) if item.type in _FUNCTIONS]
        leaves = [self._named_leaf(name, start) for start, _ in self._index.of(name, b"(", use.start_byte)]
        parents = [leaf.parent for leaf in leaves if leaf is not None]
        functions += [parent for parent in parents if parent is not None and parent.type in _FUNCTIONS]
        found: list[Node] = []
        for function in functions[:3]:
            body = function.child_by_field_name("body")
            if body is None or body.type != "statement_block":
                found += [body] if body is not None else []
                continue
            for statement in body.named_children:
                if statement.type == "return_statement" and statement.named_children:
                    found.append(statement.named_children[0])
        return found

    def _array(self, node: Node | None, depth: int) -> list[Text] | None:
        self._steps += 1
        if node is None or depth > _MAX_DEPTH or self._steps > _MAX_STEPS:
            return None
        if node.type == "array":
            return [self._values(item, depth + 1)[0] for item in node.named_children if item.type != "comment"]
        if node.type == "parenthesized_expression" and node.named_children:
            return self._array(node.named_children[0], depth + 1)
        if node.type == "identifier":
            found = self.definitions(text_of(node, self.source), node)
            return self._array(found[0], depth + 1) if len(found) == 1 else None
        callee = node.child_by_field_name("function") if node.type == "call_expression" else None
        if callee is None or callee.type != "member_expression":
            return None
        name, base, given = self.property(callee), callee.child_by_field_name("object"), arguments(node)
        if name == "reverse":
            inner = self._array(base, depth + 1)
            return inner[::-1] if inner is not None else None
        if name == "split" and given:
            text, mark = self._values(base, depth + 1)[0], self._values(given[0], depth + 1)[0]
            if text.known and mark.known:
                return [Text(part) for part in (text.text.split(mark.text) if mark.text else text.text)]
        return None


def enclosing_function(node: Node) -> Node | None:
    """The function that a node stands in."""
    current = node.parent
    while current is not None and current.type not in _FUNCTIONS:
        current = current.parent
    return current


def arguments(call: Node) -> list[Node]:
    """Arguments of a call."""
    given = call.child_by_field_name("arguments")
    if given is None:
        return []
    return [child for child in given.named_children if child.type != "comment"] if given.type == "arguments" else []


def _alone(children: list[Node], index: int, fold: object) -> list[Text]:
    return fold(children[index]) if children and callable(fold) else []


def _product(parts: list[list[Text]]) -> list[Text]:
    """Every way to join one of each, at most `MAX_VALUES`."""
    found = [Text("")]
    for options in parts:
        found = [join([before, option]) for before in found for option in options][:MAX_VALUES]
    return found


def _applied(function: object, options: list[list[Text]]) -> list[Text]:
    """A decoder over known texts; nothing when one is not known."""
    first = [values[0] for values in options]
    if not callable(function) or not all(value.known for value in first):
        return []
    decoded = function(*(value.text for value in first))
    return [Text(decoded)] if isinstance(decoded, str) else []


def _relative(paths: list[Text], bases: list[Text] | None = None) -> list[Text]:
    """`new URL(path, base)`."""
    if bases is None:
        return paths
    return [path if is_elsewhere(path) else join([base, path]) for path in paths for base in bases]
