"""What the program reads from files of the release: addresses and code that stand in its data.

`parse_ini_file(__DIR__ . '/x.ini')`, `json_decode(file_get_contents(...))`, `simplexml_load_file`, lines of a list, the
end of a picture: the text is in the release, so that what is made of it is known as if it stood in the code. Of large
files only what can be an address, or code, is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from xml.parsers import expat

from scanner.analysis.code import of_stream
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import handles, labels_of
from scanner.analysis.includes import known_tail
from scanner.analysis.origins import DATABASE_FILE
from scanner.analysis.release_data import MAX_WHOLE
from scanner.analysis.remote import is_remote
from scanner.analysis.values import MAX_ITEMS, NOTHING, Val, join_all, text_value
from scanner.model.facts import Call

_SHIPPED = "shipped"
"""Role of a stream: text of the file of the release that it reads."""
_STREAMS = frozenset({"fopen", "gzopen", "popen"})
_READS_STREAM = frozenset({"fgets", "fread", "fgetcsv", "stream_get_contents", "stream_get_line", "fgetss", "fscanf"})
_HALT = "__halt_compiler();"
_MAX_PATHS = 4
_MAX_LINES = 24
_MAX_ENTRIES = 20_000
_MAX_NODES = 2_000
_MAX_DEPTH = 12
_ADDRESS = re.compile(r"(?:https?|ftps?|ssl|tls|tcp|udp|wss?|smtp|ldaps?)://[^\s\"'<>()\\]{3,300}", re.IGNORECASE)
_TELLING = re.compile(r"[^\s]{1,63}[./:=][^\s]{1,337}|[A-Za-z0-9+/=_-]{16,400}")
"""One word that can be a host, an address, a path, or text that is encoded."""
_INI_LINE = re.compile(
    r"\s*+([^=\[\];#\s](?:[^=\s]|\s++(?!=))*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|((?:[^;\s]|\s++(?!;|$))*+))\s*+(?:;.*)?$"
)


def texts_of(evaluator: Evaluator, path: Val) -> list[str]:
    """Texts of the files of the release that a path names; none when it may name anything else."""
    data = evaluator.state.program.data
    found: list[str] = []
    for template in sorted(path.texts)[:_MAX_PATHS]:
        held = of_stream(template) if template[:5].lower() == "data:" else None
        if held is not None:
            found.append(held)
            continue
        if "://" in template:
            template = template.rpartition("=")[2] if template.startswith("php://filter") else template[8:]  # noqa: PLW2901
        tail = known_tail(evaluator, template)
        if not tail.strip("./") or tail.endswith(DATABASE_FILE):
            return []
        files = [text for text in map(data.text, data.find(tail, evaluator.path)) if text is not None]
        if not files:
            return []
        found += files
    return found


def read(evaluator: Evaluator, name: str, args: list[Val], result: Val) -> Val:
    """Value of a function that reads, with the text of the release in the place of what is not known."""
    if not args:
        return result
    if name in _READS_STREAM:
        texts = [text for site in sorted(args[0].sites) for text in _on_stream(evaluator, site)]
        made = _formed(name, tuple(texts))
    else:
        texts = texts_of(evaluator, args[0])
        if name in _STREAMS:
            for site in sorted(result.sites) if texts else ():
                evaluator.set_site(site, _SHIPPED, _whole(texts))
            return result
        made = _formed(name, tuple(texts))
    if made is NOTHING:
        return result
    labels = {label: way for label, way in result.labels.items() if not is_remote(label)}
    return Val(made.texts, labels, result.types, result.refs, result.sites, made.items, made.rest)


@lru_cache(maxsize=64)
def _formed(name: str, texts: tuple[str, ...]) -> Val:
    """What a function makes of texts; the same file is read again in every round."""
    return _FORMS.get(name, _whole)(texts) if texts else NOTHING


def _on_stream(evaluator: Evaluator, site: int) -> list[str]:
    held = evaluator.sites.get(site, {}).get(_SHIPPED)
    return sorted(held.texts) if held is not None else []


# -- forms of files --------------------------------------------------------------------------------------------------


def addresses(text: str) -> list[str]:
    """Addresses in a text, as they stand, bounded."""
    return sorted(set(_ADDRESS.findall(text)))[:_MAX_LINES]


def matches(subject: Val) -> Val:
    """What a pattern may find in a text: the addresses in it."""
    found = [one for text in sorted(subject.texts) if len(text) <= MAX_WHOLE for one in addresses(text)]
    return Val(rest=Val(frozenset(found[:_MAX_LINES]))) if found else NOTHING


def _whole(texts: Iterable[str]) -> Val:
    """Short files as they are, and what stands behind the end of their code; of long ones the addresses in them."""
    texts = [part for text in texts for part in dict.fromkeys((text, text.rpartition(_HALT)[2]))]
    found = [one for text in texts for one in ([text] if len(text) <= MAX_WHOLE else addresses(text))]
    return Val(frozenset(found[:_MAX_LINES])) if found else NOTHING


def _worth(texts: Iterable[str], limit: int) -> list[str]:
    """Texts in their order, those that can be addresses or code first kept where they are too many."""
    found = list(texts)
    if len(found) <= limit:
        return found
    return [text for text in found if _TELLING.fullmatch(text.strip())][:limit]


def _lines(texts: Iterable[str]) -> Val:
    """`file()`: lines by number."""
    lines = [line for text in texts for line in text.splitlines(keepends=True)[:_MAX_ENTRIES]]
    if len(lines) <= MAX_ITEMS:
        return Val(items={str(number): text_value(line) for number, line in enumerate(lines)})
    kept = set(_worth(lines, MAX_ITEMS))
    return Val(items={str(number): text_value(line) for number, line in enumerate(lines) if line in kept})


def _one_line(texts: Iterable[str]) -> Val:
    lines = [line for text in texts for line in text.splitlines()[:_MAX_ENTRIES] if line.strip()]
    return Val(frozenset(_worth(lines, _MAX_LINES)))


def _cells(texts: Iterable[str]) -> Val:
    """`fgetcsv`: any cell of the column."""
    columns: dict[str, list[str]] = {}
    for line in (line for text in texts for line in text.splitlines()[:_MAX_ENTRIES]):
        for number, cell in enumerate(re.split(r"[,;\t]", line)[:_MAX_LINES]):
            columns.setdefault(str(number), []).append(cell.strip().strip("\"'"))
    items = {number: Val(frozenset(_worth(cells, _MAX_LINES))) for number, cells in columns.items()}
    return Val(items=items) if items else NOTHING


def ini(text: str) -> Val:
    """Settings of an INI file; those of a section under its name, and as if there were no sections."""
    plain: dict[str, Val] = {}
    sections: dict[str, dict[str, Val]] = {}
    current = plain
    pairs = [*_pairs(text)]
    many = len(pairs) > MAX_ITEMS
    for section, key, value in pairs:
        if section is not None:
            current = sections.setdefault(section, {})
        elif not many or _TELLING.fullmatch(value):
            current[key] = plain[key] = text_value(value)
    items = {**{name: Val(items=held) for name, held in sections.items() if held}, **plain}
    return Val(items=items) if items else NOTHING


def _pairs(text: str) -> Iterable[tuple[str | None, str, str]]:
    """(section, ``, ``) where one begins, (None, key, value) for a setting."""
    for line in text.splitlines()[:_MAX_ENTRIES]:
        bare = line.strip()
        if bare.startswith("[") and "]" in bare:
            yield bare[1 : bare.index("]")], "", ""
            continue
        match = _INI_LINE.match(line) if len(line) < MAX_WHOLE and bare[:1] not in (";", "#") else None
        if match is not None:
            value = next((part for part in match.groups()[1:] if part is not None), "")
            yield None, match[1].rstrip("[]"), value


def xml(text: str) -> Val:
    """A document as SimpleXML shows it: elements and attributes by name; the root's name does not count.

    One that declares an entity is not read.
    """
    if len(text) > MAX_WHOLE:
        return _whole([text])
    reader = _Document()
    try:
        reader.parser.Parse(text.encode("latin-1"), True)
    except (expat.ExpatError, _RefusedError):
        return _whole([text]) if not addresses(text) else Val(frozenset(addresses(text)))
    return reader.root


def document(evaluator: Evaluator, text: Val) -> Val:
    """What `new SimpleXMLElement` makes of text that is known."""
    known = [xml(one) for one in evaluator.known_texts(text)[:_MAX_PATHS] if len(one) <= MAX_WHOLE]
    return join_all(known, evaluator.state.overflow)


def parsed(evaluator: Evaluator, name: str, args: list[Val], result: Val) -> Val:
    """Value of a function that makes a document, with what stands in the text that it is given."""
    return evaluator.join(result, document(evaluator, args[0])) if name == "simplexml_load_string" and args else result


class _RefusedError(Exception):
    """A document that declares entities, or nests too deep."""


class _Document:
    """Builds the value of a document from the parser's events."""

    def __init__(self) -> None:
        self.root = NOTHING
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._refuse
        self._open: list[tuple[str, dict[str, list[Val]], list[str]]] = []
        self._count = 0

    def _refuse(self, *_declaration: object) -> None:
        raise _RefusedError

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if self._count > _MAX_NODES or len(self._open) >= _MAX_DEPTH:
            raise _RefusedError
        items = {key: [text_value(_bytes(value))] for key, value in attributes.items()}
        self._open.append((name.rpartition(":")[2], items, []))

    def _end(self, _name: str) -> None:
        name, items, texts = self._open.pop()
        value = Val(
            frozenset(["".join(texts).strip()]),
            items={key: join_all(found, "") for key, found in items.items()} if items else None,
        )
        if self._open:
            self._open[-1][1].setdefault(name, []).append(value)
        else:
            self.root = value

    def _text(self, data: str) -> None:
        self._open[-1][2].append(_bytes(data))


def _bytes(text: str) -> str:
    """Text of a document as PHP holds it: bytes of UTF-8."""
    return text.encode("utf-8", "replace").decode("latin-1")


def _each(form: Callable[[str], Val]) -> Callable[[Iterable[str]], Val]:
    return lambda texts: join_all([form(text) for text in texts], "")


def _named(texts: Iterable[str]) -> Val:
    """`name: value` lines of any plain format, and whatever else has an address in it."""
    found: dict[str, Val] = {}
    for text in texts:
        for line in text.splitlines()[:_MAX_ENTRIES]:
            key, colon, value = line.strip().lstrip("- ").partition(":")
            if colon and value.strip():
                found[key.strip().strip("\"'")] = text_value(value.strip().strip("\"'"))
    kept = {key: value for key, value in found.items() if len(found) <= MAX_ITEMS or _tells(value)}
    return Val(items=kept, rest=Val(frozenset(addresses("\n".join(texts))))) if kept else NOTHING


def _tells(value: Val) -> bool:
    return any(_TELLING.fullmatch(text) for text in value.texts)


_FORMS: Mapping[str, Callable[[Iterable[str]], Val]] = {
    "file_get_contents": _whole,
    "file": _lines,
    "parse_ini_file": _each(ini),
    "simplexml_load_file": _each(xml),
    "yaml_parse_file": _named,
    "fgets": _one_line,
    "stream_get_line": _one_line,
    "fgetss": _one_line,
    "fgetcsv": _cells,
    "fscanf": _each(lambda text: Val(rest=_one_line([text]))),
}
READS = frozenset(_FORMS) | _STREAMS | _READS_STREAM
"""Functions that read a file, or a stream that was opened on one."""


# -- text that is taken apart ----------------------------------------------------------------------------------------


@handles("parse_ini_string")
def _ini_string(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    return _parsed(evaluator, node, args, ini)


@handles("yaml_parse")
def _yaml(evaluator: Evaluator, node: Call, args: list[Val]) -> Val:
    return _parsed(evaluator, node, args, lambda text: _named([text]))


def _parsed(evaluator: Evaluator, node: Call, args: list[Val], form: Callable[[str], Val]) -> Val:
    known = evaluator.known_texts(args[0]) if args else []
    made = join_all([form(text) for text in known if len(text) <= MAX_WHOLE], evaluator.state.overflow)
    labels = Val(labels=labels_of(evaluator, args))
    return evaluator.join(made if made is not NOTHING else evaluator.unknown(node), labels)
