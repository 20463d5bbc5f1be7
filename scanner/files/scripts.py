"""Scripts: the addresses that JavaScript makes a browser contact, and the code that it decodes and runs.

Only places that hold a name from the signatures are looked at; a script without one is not even parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from scanner.files.addresses import Text, hole, is_elsewhere, is_open, normalise
from scanner.files.concealment import concealed
from scanner.files.folding import Folding, arguments
from scanner.files.grammars import Node, parse, text_of
from scanner.files.payloads import sent, sent_by_client, sent_later
from scanner.files.pieces import Apis, Found, Piece

_MAX_HITS = 4000
"""Names in one script that are looked at."""
_CHANNELS = frozenset({"WebSocket", "WebTransport", "Worker", "SharedWorker", "RTCPeerConnection"})
"""Classes whose objects send what their methods are given."""
_ROOTS = ("window", "self", "globalThis", "top", "parent", "global", "document")
_CODE = frozenset(
    {"import", "importScripts", "Worker", "SharedWorker", "jQuery.getScript", "navigator.serviceWorker.register",
     "addModule", "WebAssembly.instantiateStreaming"}
)  # fmt: skip
"""What loads code from the address."""
_NAVIGATION = frozenset({"window.open", "location", "location.assign", "location.replace", "href", "location.href"})
_URL_KEYS = (b"url", b"baseURL", b"src", b"href", b"endpoint", b"uri")
_METHOD = re.compile(r"(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS)\Z", re.IGNORECASE)
_COMPUTED = re.compile(rb"\b(?:window|self|globalThis|top|parent|navigator|document|this|jQuery|\$)\s*+(?:\?\.)?\[")
_MARKUP = re.compile(
    rb"<(?:script|img|iframe|frame|link|form|object|embed|video|audio|source|meta|base|svg|input|style)\b",
    re.IGNORECASE,
)
_MADE = re.compile(rb"\bnew\s++Blob\s*+\(\s*+\[\s*+(?=[\"'`])")
"""A file made of a text: what a worker runs."""
_STYLE = re.compile(rb"\burl\(|@import\b")
_SOURCE_MAP = re.compile(rb"//[#@] ?sourceMappingURL=([^\s'\"]{1,2000})")
_FOREIGN = re.compile(
    rb"(?i:https?:|wss?:)|[\"'`(=]\\?/\\?/|[\"'`:]\\?/[\"'`]|\\x|\\u00|zq[0-9a-z]{4}q"
    rb"|atob|unescape|fromC|decodeURI|reverse\(|TextDecoder"
)
"""What a script must hold to name another host: an address, a piece of one, or a decoder."""
_DOTTED = re.compile(r"[\w$]+(?:\.[\w$]+)*\Z")


def read_script(piece: Piece, apis: Apis) -> Iterator[Found | Piece]:
    """Requests of one script."""
    source = piece.source
    if match := _SOURCE_MAP.search(source, max(0, len(source) - 3000)):
        address = normalise(Text(match[1].decode("utf-8", "replace")))
        if is_elsewhere(address):
            yield Found(
                piece.place(match.start()),
                piece.place(match.end()),
                "request",
                "sourceMappingURL",
                address,
                grade="quiet",
            )
    places = _places(source, apis)
    if not (places or concealed(source) or any(one.search(source) for one in (_MARKUP, _STYLE, _MADE))):
        return
    foreign = _FOREIGN.search(source) is not None
    root = parse(source, "typescript" if piece.language == "typescript" else "javascript")
    folding = Folding(source, root, piece.expressions, typed=piece.language == "typescript")
    reader = _Reader(piece, apis, folding, foreign=foreign)
    for start, end in places[:_MAX_HITS]:
        leaf = folding.leaf(start, end)
        if leaf is not None:
            yield from reader.at(leaf)
    if len(places) > _MAX_HITS:
        yield Found(piece.base, piece.base, "cut", "names")
    yield from concealed_code(piece, folding)
    if foreign:
        yield from reader.embedded(_MADE, "script")
        yield from reader.embedded(_MARKUP, "markup")
        yield from reader.embedded(_STYLE, "style")


def _places(source: bytes, apis: Apis) -> list[tuple[int, int]]:
    """Where names of the signatures stand. Searching single words first is many times faster than one expression."""
    present = tuple(word for word in apis.words if word in source)
    found = [match.span() for match in _expression(present).finditer(source)] if present else []
    found += [(match.end() - 1, match.end()) for match in _COMPUTED.finditer(source)]
    return sorted(found)


@lru_cache(maxsize=256)
def _expression(words: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![\w$-])(?:" + b"|".join(map(re.escape, words)) + rb")(?![\w$])")


def concealed_code(piece: Piece, folding: Folding) -> Iterator[Found | Piece]:
    """Code that is decoded and run, and what it does."""
    for item in concealed(piece.source, folding):
        if item.grade != "read":
            start, end = piece.place(item.start), piece.place(item.end)
            yield Found(start, end, "browser-code", item.api, text=item.shown, grade=item.grade)
        if item.code:
            language = "markup" if item.code.lstrip()[:1] == "<" else "script"
            yield piece.inner(language, item.code.encode("utf-8", "replace"), item.start, made=True, api=item.api)


class _Reader:
    """Finds out what is done with a name."""

    def __init__(self, piece: Piece, apis: Apis, folding: Folding, *, foreign: bool) -> None:
        self._piece = piece
        self._apis = apis
        self._folding = folding
        self._foreign = foreign
        self._seen: set[int] = set()

    def at(self, leaf: Node) -> Iterator[Found]:
        """Requests of the call or assignment that a name belongs to."""
        while leaf.parent is not None and (leaf.parent.start_byte, leaf.parent.end_byte) == (
            leaf.start_byte,
            leaf.end_byte,
        ):
            leaf = leaf.parent
        callee = leaf
        parent = leaf.parent
        if leaf.type == "[" and parent is not None:
            callee, parent = parent, parent.parent
        elif parent is not None and parent.type in ("member_expression", "subscript_expression"):
            if parent.child_by_field_name("property") != leaf:
                return
            callee, parent = parent, parent.parent
        if parent is None or callee.id in self._seen:
            return
        self._seen.add(callee.id)
        if parent.type == "call_expression" and parent.child_by_field_name("function") == callee:
            yield from self._call(parent, callee)
        elif parent.type == "new_expression" and parent.child_by_field_name("constructor") == callee:
            yield from self._new(parent, callee)
        elif parent.type == "assignment_expression" and parent.child_by_field_name("left") == callee:
            yield from self._assignment(parent, callee)

    def _name(self, callee: Node) -> str:
        """Dotted name of a callee, without `window.` and the like; `?.name` where what stands before is not a name."""
        parts: list[str] = []
        current: Node | None = callee
        while current is not None and current.type in ("member_expression", "subscript_expression"):
            parts.append(self._folding.property(current) or "?")
            current = current.child_by_field_name("object")
        head = text_of(current, self._folding.source).decode("utf-8", "replace") if current is not None else "?"
        parts.append(head if _DOTTED.match(head) else "?")
        parts.reverse()
        while len(parts) > 1 and parts[0] in _ROOTS and not (parts[0] == "window" and parts[1] == "open"):
            parts = parts[1:]
        if parts[0] == "$":
            parts[0] = "jQuery"
        if parts == ["open"]:
            parts = ["window", "open"]
        return ".".join(parts)

    def _call(self, call: Node, callee: Node) -> Iterator[Found]:
        name, given = self._name(callee), arguments(call)
        last = name.rpartition(".")[2]
        position = self._apis.functions.get(name)
        if name == "document.open" or not given:
            return
        if position is not None and (name != "postMessage"):
            later = sent_by_client(self._folding, call) if last in ("create", "extend", "defaults") else ()
            yield from self._request(call, name, given, max(position, 0), strict=position >= 0, sends=later)
        elif last == "open" and len(given) > 1:
            later = sent_later(self._folding, call, callee)
            known = any(_METHOD.match(value.text) for value in self._folding.values(given[0]))
            yield from self._request(call, "XMLHttpRequest.open", given, 1, strict=known, sends=later)
        elif last in ("setAttribute", "attr", "prop") and len(given) > 1:
            yield from self._attribute(call, callee, last, given)
        elif last == "postMessage" and len(given) > 1:
            yield from self._request(call, "postMessage", given, 1, strict=False)
        elif last in self._loose:
            yield from self._request(call, self._loose[last], given, 0, strict=False)

    @property
    def _loose(self) -> dict[str, str]:
        """Last parts of names that count on any object, when they are given a foreign address."""
        return _last_parts(tuple(self._apis.functions), tuple(self._apis.methods))

    def _new(self, call: Node, callee: Node) -> Iterator[Found]:
        name, given = self._name(callee), arguments(call)
        position = self._apis.constructors.get(name)
        if position is not None and given:
            later = sent_by_client(self._folding, call) if name in _CHANNELS else ()
            strict = name not in ("Request", "Image", "Audio")
            yield from self._request(call, f"new {name}", given, max(position, 0), strict=strict, sends=later)

    def _assignment(self, node: Node, callee: Node) -> Iterator[Found]:
        name = self._name(callee)
        last = name.rpartition(".")[2]
        if last not in self._apis.assigned or not self._foreign:
            return
        value = node.child_by_field_name("right")
        if last == "href" and not name.endswith("location.href") and not self._is_made(callee, b"link|base"):
            return  # a link that a person may click
        code = last == "src" and self._is_made(callee, b"script")
        for address in self._addresses(value):
            if is_elsewhere(address):
                labels = sent(self._folding, [value]) if value is not None and not code else ()
                yield self._found(node, "script.src" if code else last, address, labels, code=code)

    def _attribute(self, call: Node, callee: Node, last: str, given: list[Node]) -> Iterator[Found]:
        names = {value.text.lower() for value in self._folding.values(given[0])}
        wanted = names & {"src", "href", "action", "data", "srcset", "poster", "formaction", "xlink:href"}
        if not wanted or not self._foreign:
            return
        if wanted <= {"href", "xlink:href"} and not self._is_made(callee, b"link|base"):
            return
        code = "src" in wanted and self._is_made(callee, b"script")
        for address in self._addresses(given[1]):
            if is_elsewhere(address):
                yield self._found(call, "script.src" if code else f"{last} {min(wanted)}", address, (), code=code)

    def _is_made(self, callee: Node, tags: bytes) -> bool:
        """Whether the element may be one of these: made as one, or of unknown origin in a file that makes one."""
        source = self._folding.source
        base = callee.child_by_field_name("object")
        made = re.compile(rb"createElement(?:NS)?\((?:[^()]{0,60},)?\s*+[\"'`](?:" + tags + rb")\b", re.IGNORECASE)
        origins = [base, *self._folding.definitions(text_of(base, source), base)] if base is not None else []
        texts = [text_of(node, source)[:200] for node in origins]
        known = [text for text in texts if b"createElement" in text or text.startswith(b"new ")]
        return any(made.search(text) for text in known) if known else made.search(source) is not None

    def _request(
        self, call: Node, name: str, given: list[Node], position: int, *, strict: bool, sends: tuple[str, ...] = ()
    ) -> Iterator[Found]:
        """The addresses of a call; where none is known and the name leaves no doubt, that."""
        if not (strict or self._foreign):
            return
        node = given[position] if position < len(given) else None
        if node is None:
            return
        code = name.removeprefix("new ") in _CODE
        addresses = [address for item in self._inside(node) for address in self._addresses(item)]
        foreign = [address for address in addresses if is_elsewhere(address)]
        if foreign:
            labels = tuple(sorted({*sends, *sent(self._folding, given)}))
            for address in foreign:
                yield self._found(call, name, address, labels, code=code)
        elif strict and any(is_open(address) for address in addresses):
            yield self._found(call, name, next(address for address in addresses if is_open(address)), (), code=False)

    def _inside(self, node: Node) -> list[Node]:
        """The node of an address: the argument, or what an object of options holds."""
        if node.type == "identifier":
            objects = [
                item
                for item in self._folding.definitions(text_of(node, self._folding.source), node)
                if item.type == "object"
            ]
            node = objects[0] if objects else node
        if node.type == "object":
            return [entry for key in _URL_KEYS if (entry := self._folding.entry(node, key)) is not None]
        if node.type == "new_expression":
            return arguments(node)[:1] or [node]
        return [node]

    def _addresses(self, node: Node | None) -> list[Text]:
        return [normalise(value) for value in self._folding.values(node)] if node is not None else [hole("")]

    def _found(self, node: Node, api: str, address: Text, sends: tuple[str, ...], *, code: bool) -> Found:
        grade = "code" if code else "navigation" if api in _NAVIGATION else ""
        start, end = self._piece.place(node.start_byte), self._piece.place(node.end_byte)
        return Found(start, max(start, end), "request", api, address, sends, grade=grade)

    def embedded(self, pattern: re.Pattern[bytes], language: str) -> Iterator[Piece]:
        """Pages and styles in strings of the script."""
        seen: set[int] = set()
        for match, _ in zip(pattern.finditer(self._folding.source), range(200), strict=False):
            made = language == "script"
            node = self._folding.leaf(match.end(), match.end() + 1) if made else self._folding.leaf(*match.span())
            node = _whole_string(node)
            if node is None or node.id in seen:
                continue
            seen.add(node.id)
            for value in self._folding.values(node)[:2]:
                text = _marked(value)
                if _FOREIGN.search(text) and not (language == "style" and _MARKUP.search(text)):
                    yield self._piece.inner(language, text, node.start_byte, made=True, api="made by a script")


def _marked(value: Text) -> bytes:
    """A folded text as a page again; what is not known becomes a word."""
    return value.text.replace("\ufffc", "zqhole").encode("utf-8", "replace")


def _whole_string(node: Node | None) -> Node | None:
    """The outermost concatenation around a node in a string."""
    while node is not None and node.type not in ("string", "template_string"):
        node = node.parent
    while (
        node is not None
        and node.parent is not None
        and node.parent.type in ("binary_expression", "parenthesized_expression")
    ):
        node = node.parent
    return node


@lru_cache(maxsize=4)
def _last_parts(functions: tuple[str, ...], methods: tuple[str, ...]) -> dict[str, str]:
    found = {method: method for method in methods}
    found.update({name.rpartition(".")[2]: f".{name.rpartition('.')[2]}" for name in functions if "." in name})
    return found
