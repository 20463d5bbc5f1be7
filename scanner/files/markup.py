"""Pages: the addresses that HTML makes a browser contact, and the scripts and styles in it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from scanner.files.addresses import Text, is_elsewhere, is_open, normalise, page_text
from scanner.files.grammars import Node, nodes_of, parse, text_of
from scanner.files.payloads import in_address
from scanner.files.pieces import Apis, Found, Piece

_TAGS = frozenset({"start_tag", "self_closing_tag", "raw_text", "erroneous_end_tag"})
_SCRIPT_TYPES = re.compile(
    r"(?:|module|(?:text|application)/(?:x-)?(?:java|ecma)script|text/babel|jsx?)\Z", re.IGNORECASE
)
_TYPESCRIPT = re.compile(r"tsx?\Z|text/typescript\Z", re.IGNORECASE)
_DATA_TYPES = re.compile(r"(?:importmap|speculationrules)\Z", re.IGNORECASE)
_TEMPLATE_TYPES = re.compile(r"text/(?:html|template|x-(?=.*template).*|ng-template)\Z|x-template\Z", re.IGNORECASE)
_BOUND = re.compile(
    r"(?:v-bind)?:(src|href|action|data|poster|srcset)(?:\.[\w.]+)?\Z|\[(?:attr\.)?(src|href|action)\]\Z"
)
_ADDRESS = re.compile(
    r"(?:https?|wss?):[/\\]+[^\s\"'<>;,)]+|(?<![\w:/])//[\w-]+(?:\.[\w-]+)+[^\s\"'<>;,)]*", re.IGNORECASE
)
_REFRESH = re.compile(r"url\s*+=\s*+[\"']?+\s*+([^\"'\s>]+)", re.IGNORECASE)
_PASSWORD = re.compile(rb"type\s*=\s*[\"']?password", re.IGNORECASE)
_TOKEN = re.compile(rb"name\s*=\s*[\"']?\w*(?:csrf|token)", re.IGNORECASE)
_FORM_END = re.compile(rb"</form", re.IGNORECASE)
_CODE = frozenset({"script", "embed", "object", "applet"})
_LISTS = frozenset({"srcset", "imagesrcset"})
_QUIET_LINKS = frozenset(
    {"license", "canonical", "alternate", "author", "help", "profile", "bookmark", "me", "pingback"}
)
_MAX_TAGS = 20_000
_NEEDS = re.compile(rb"//|/\\|\\\\|&#|&[a-z]+;|zq[0-9a-z]{4}q|(?i:<script|<style|\son[a-z]+\s*=|srcdoc|h\s*t\s*t\s*p)")
"""What a page must hold to name another host or to hold a script."""


def read_markup(piece: Piece, apis: Apis) -> Iterator[Found | Piece]:
    """Requests of one page, and its scripts and styles."""
    source = piece.source
    if b"<" not in source or not _NEEDS.search(source):
        return
    seen = 0
    opened: dict[str, str] = {}
    name = ""
    for node in nodes_of(parse(source, "html"), _TAGS):
        seen += 1
        if seen > _MAX_TAGS:
            yield Found(piece.place(node.start_byte), piece.place(node.start_byte), "cut", "tags")
            return
        if node.type == "raw_text":
            yield from _raw(piece, node, name, opened)
            continue
        name, opened = _tag(node, source)
        yield from _element(piece, apis, node, name, opened)


def _tag(node: Node, source: bytes) -> tuple[str, dict[str, str]]:
    """Name and attributes of a tag, entities decoded."""
    name = ""
    attributes: dict[str, str] = {}
    for child in node.named_children:
        if child.type == "tag_name":
            name = text_of(child, source).decode("utf-8", "replace").lower()
        elif child.type == "attribute":
            key, value = _attribute(child, source)
            attributes.setdefault(key, value)
    return name, attributes


def _attribute(node: Node, source: bytes) -> tuple[str, str]:
    key, value = "", ""
    for child in node.named_children:
        text = text_of(child, source).decode("utf-8", "replace")
        if child.type == "attribute_name":
            key = text.lower()
        elif child.type in ("attribute_value", "quoted_attribute_value"):
            value = html.unescape(text[1:-1] if child.type == "quoted_attribute_value" else text)
    return key, value


def _raw(piece: Piece, node: Node, name: str, attributes: dict[str, str]) -> Iterator[Found | Piece]:
    """Content of a script or a style."""
    source = text_of(node, piece.source)
    if name == "style":
        yield piece.inner("style", source, node.start_byte)
        return
    kind = attributes.get("type", "").strip()
    if _TYPESCRIPT.match(attributes.get("lang", "") or kind):
        yield piece.inner("typescript", source, node.start_byte)
    elif _SCRIPT_TYPES.match(kind):
        yield piece.inner("script", source, node.start_byte)
    elif _TEMPLATE_TYPES.match(kind):
        yield piece.inner("markup", source, node.start_byte)
    elif _DATA_TYPES.match(kind):
        for match in _ADDRESS.finditer(source.decode("utf-8", "replace")):
            address = normalise(page_text(match[0], piece.expressions))
            place = piece.place(node.start_byte)
            yield Found(place, place, "request", f"script[type={kind.lower()}]", address, grade="code")


def _element(piece: Piece, apis: Apis, node: Node, name: str, attributes: dict[str, str]) -> Iterator[Found | Piece]:
    for key, value in attributes.items():
        yield from _inner(piece, node, name, key, value)
    if name == "meta":
        yield from _meta(piece, node, attributes)
        return
    for conditions, attribute, api in (*apis.elements.get(name, ()), *apis.elements.get("*", ())):
        if all(_holds(attributes, key, value) for key, value in conditions):
            yield from _requests(piece, node, name, attribute, attributes[attribute], api)


def _inner(piece: Piece, node: Node, name: str, key: str, value: str) -> Iterator[Piece]:
    """The script, style or page in an attribute."""
    bound = _BOUND.match(key)
    if key == "style":
        language, text = "style", f"x{{{value}}}"
    elif key == "srcdoc":
        language, text = "markup", value
    elif bound and name != "a":
        language, text = "script", f"{'script' if name == 'script' else 'element'}.src = {value}"
    elif key.startswith(("on", "@", "v-on:", "(")):
        language, text = "script", value
    elif value[:11].lower() == "javascript:":
        language, text = "script", value[11:]
    else:
        return
    yield piece.inner(language, text.encode("utf-8", "replace"), node.start_byte, made=True)


def _holds(attributes: dict[str, str], key: str, value: str) -> bool:
    return key in attributes and (not value or value in attributes[key].lower().split())


def _meta(piece: Piece, node: Node, attributes: dict[str, str]) -> Iterator[Found]:
    content, what = attributes.get("content", ""), attributes.get("http-equiv", "").lower()
    if what == "refresh" and (match := _REFRESH.search(content)):
        address = normalise(page_text(match[1], piece.expressions))
        if is_elsewhere(address) or is_open(address):
            yield _found(piece, node, "meta[http-equiv=refresh]", address, "navigation")
    elif what.startswith("content-security-policy"):
        yield from policy(piece, node.start_byte, node.end_byte, content)


def policy(piece: Piece, start: int, end: int, content: str) -> Iterator[Found]:
    """Hosts that a content security policy lets pages contact."""
    for directive in content.split(";"):
        name, *sources = directive.split()[:60] or [""]
        for source in sources:
            bare = source.partition("://")[2] or source
            if re.match(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)+", bare):
                grade = "code" if name.lower().startswith(("script-src", "default-src")) else "policy"
                host = source if "://" in source else f"https://{source}"
                address = normalise(page_text(host, piece.expressions))
                yield Found(
                    piece.place(start), piece.place(end), "request", f"csp {name.lower()}", address, grade=grade
                )


def _requests(piece: Piece, node: Node, name: str, attribute: str, value: str, api: str) -> Iterator[Found]:
    texts = [part.split()[0] for part in value.split(",") if part.split()] if attribute in _LISTS else [value.strip()]
    shown = f"{name}[{attribute}]" if "=" not in api else api
    if name == "form" or attribute == "formaction":
        grade, sends = "form", _form_fields(piece.source, node)
    else:
        grade, sends = "code" if name in _CODE or "modulepreload" in api else "", ()
    for text in texts[:20]:
        address = normalise(page_text(text, piece.expressions))
        if is_elsewhere(address):
            yield _found(piece, node, shown, address, grade, (*sends, *in_address(address)))
        elif is_open(address):
            yield _found(piece, node, shown, address, grade)


def _form_fields(source: bytes, node: Node) -> tuple[str, ...]:
    """What a form surely sends: its password and its token."""
    end = _FORM_END.search(source, node.end_byte)
    inside = source[node.end_byte : end.start() if end else node.end_byte + 20_000]
    found = [("browser.password", _PASSWORD), ("browser.csrf-token", _TOKEN)]
    return tuple(label for label, pattern in found if pattern.search(inside))


def _found(piece: Piece, node: Node, api: str, address: Text, grade: str, sends: tuple[str, ...] = ()) -> Found:
    if piece.api:
        api = f"{api} {piece.api}"
    start, end = piece.place(node.start_byte), piece.place(node.end_byte)
    return Found(start, max(start, end), "request", api, address, tuple(sorted(set(sends))), grade=grade)
