"""Files whose name a request says, in a folder that the code names: `readfile(FOLDER . $_GET['file'])`.

With `../` in the name that may be any file of the server, the one with the credentials among them. A name that the
function around it looks at (`basename`, `in_array`, a table, a comparison) is not taken for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from scanner.analysis.describe import describe
from scanner.analysis.frame import Frame
from scanner.analysis.origins import BY_REQUEST, DATABASE_FILE, FILE, REQUEST_GLOBALS
from scanner.analysis.templates import is_known
from scanner.analysis.values import Trace, Val
from scanner.model.facts import Assign, Call, Choice, Index, Op, Value, Var, decode_body, nodes
from scanner.model.signature import Signature

_LOOKS = frozenset(
    {"basename", "in_array", "array_key_exists", "array_search", "isset", "preg_match", "preg_match_all",
     "preg_replace", "realpath", "strpos", "stripos", "str_contains", "str_starts_with", "str_ends_with", "strstr",
     "str_replace", "pathinfo", "ctype_alnum", "ctype_digit", "ctype_alpha", "is_numeric", "intval", "filter_var",
     "hash_equals", "substr", "explode", "strcmp", "switch", "fnmatch", "validate_file"}
)  # fmt: skip
"""Functions that look at a name, or make another of it."""
_COMPARES = frozenset({"==", "===", "!=", "!==", "<>", "isset", "empty"})
_READS = frozenset({"file_get_contents", "file", "fopen", "readfile", "gzfile", "SplFileObject", "highlight_file"})
"""Functions whose result is what the file holds, or that show it."""
_SOURCES = REQUEST_GLOBALS - {"_FILES"}


def credentials(
    frame: Frame,
    call: Call,
    signature: Signature,
    roles: Mapping[str, Val],
    handles: frozenset[int],
    api: str,
) -> Iterator[Val]:
    """What a file on the list of credential paths holds, when one is opened or read; nothing for who asks about it."""
    if signature.kind == "http" and signature.phase in ("execute", "send"):  # `curl_init('file:///...')`
        roles = frame.with_sites(roles, handles)
    elif signature.kind not in ("file-url", "xml-url"):
        return
    if signature.operation not in ("", "open"):
        return
    texts = {text for role in ("url", "path", "file") if role in roles for text in roles[role].texts}
    for text in sorted(texts):
        name = frame.state.origins.credential_file(text)
        if name:
            yield Val(labels={FILE + name: Trace(frame.path, call.line, f"{api}() reads {name}", None, 1)})
        elif signature.callable in _READS and may_be_any(frame, call, text):
            way = Trace(frame.path, call.line, f"{api}() {BY_REQUEST}", None, 1)
            yield Val(labels={FILE + DATABASE_FILE: way})


def may_be_any(frame: Frame, call: Call, path: str) -> bool:
    """Whether a path that a call opens is a known folder and a name that a request says, unlooked at."""
    if "://" in path or len(path) < 2 or is_known(path):  # noqa: PLR2004  a folder and a name
        return False
    end = path.removesuffix(".php").removesuffix(".inc")
    hole = frame.state.holes.hole(end[-1])
    if hole is None or hole.kind != "user-input" or "/" not in path.replace("\\", "/"):
        return False
    if not any(hole.text.startswith(f"${name}") for name in _SOURCES):
        return False
    return not _looked_at(frame, call, hole.text)


def _looked_at(frame: Frame, call: Call, field: str) -> bool:
    """Whether the function around a call looks at the field of the request, or at a variable with it."""
    body = list(nodes(decode_body(frame.fact.body)))
    names = {field, *_variables(body, field), *(f"${one.name}" for one in nodes(*call.args) if isinstance(one, Var))}
    for node in body:
        if isinstance(node, Call) and node is not call and str(node.name).lower() in _LOOKS:
            looked: Iterable[object] = [arg.value for arg in node.args]
        elif isinstance(node, Op) and node.op in _COMPARES:
            looked = node.operands
        elif isinstance(node, Index) and not (isinstance(node.base, Var) and node.base.name in REQUEST_GLOBALS):
            looked = [node.key]
        else:
            continue
        if any(isinstance(one, Var | Index) and describe(one) in names for one in nodes(*looked)):
            return True
    return False


def _variables(body: Iterable[object], field: str) -> set[str]:
    """Variables to which the field is assigned as it is."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, Assign) and isinstance(node.target, Var) and _is_field(node.value, field):
            found.add(f"${node.target.name}")
    return found


def _is_field(value: Value, field: str) -> bool:
    options = value.options if isinstance(value, Choice) else (value,)
    return any(describe(one) == field for one in options)
