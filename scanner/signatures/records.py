"""Records of the catalogue from nodes: signatures, secrets, propagators, sources."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from scanner.model.signature import (
    Argument,
    CallableKind,
    Certainty,
    Example,
    LocalSink,
    Propagator,
    Secret,
    SecretOrigin,
    Signature,
    Source,
)
from scanner.signatures import vocabulary
from scanner.signatures.document import Node
from scanner.signatures.fields import Fields

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_QUALIFIED: Final = rf"{_NAME}(?:\\{_NAME})*"
_CALLABLE: Final = {
    CallableKind.FUNCTION: re.compile(rf"{_QUALIFIED}\Z"),
    CallableKind.METHOD: re.compile(rf"{_QUALIFIED}::(?:{_NAME}\*?|\*)\Z"),
    CallableKind.STATIC: re.compile(rf"{_QUALIFIED}::(?:{_NAME}\*?|\*)\Z"),
    CallableKind.NEW: re.compile(rf"{_QUALIFIED}\Z"),
    CallableKind.CONSTRUCT: re.compile(r"[a-z_]+\Z"),
}
CALLABLE: Final = re.compile(rf"{_QUALIFIED}(?:::{_NAME})?\Z")
"""A function or `Class::method`."""
_TARGET: Final = re.compile(r"return\Z|receiver\Z|locals\Z|globals\Z|store\Z|output\Z|content\Z|value\Z|arg:\d{1,2}\Z")
_DESTINATION: Final = re.compile(r"config:[A-Za-z0-9_]+\Z|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+\Z")
_HOST: Final = re.compile(r"(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+\Z")

SIGNATURE_FIELDS: Final = (
    "id",
    "callable",
    "type",
    "kind",
    "lib",
    "phase",
    "certainty",
    "params",
    "arguments",
    "option_table",
    "returns_handle",
    "operation",
    "destinations",
    "note",
    "reference",
    "examples",
)
SECRET_FIELDS: Final = (
    "label",
    "kind",
    "origin",
    "name",
    "table",
    "destinations",
    "digest_destinations",
    "severity_floor",
    "note",
    "reference",
    "examples",
)
FLOW_FIELDS: Final = ("from", "to", "transform", "params")
SOURCE_FIELDS: Final = ("id", "name", "type", "taints", "label", "note")


class Defaults(msgspec.Struct, frozen=True):
    """Values that hold for every entry of a file which does not say otherwise."""

    lib: str = ""
    reference: str = ""


def signature(fields: Fields, node: Node, defaults: Defaults) -> Signature:
    """One entry of `signatures:`.

    Raises: SignatureError when a field is missing, unknown, of the wrong type or contradicts another.
    """
    got = fields.mapping(node, "a signature", SIGNATURE_FIELDS)
    _require(fields, node, got, ("id", "callable", "type", "kind", "phase", "certainty", "examples"))
    params = fields.texts(got["params"], "params") if "params" in got else ()
    lib = fields.text(got["lib"], "lib") if "lib" in got else defaults.lib
    reference = fields.text(got["reference"], "reference") if "reference" in got else defaults.reference
    if not lib or not reference:
        fields.fail(node, "lib and reference must be given here or under `defaults:` of the file")
    kind = CallableKind(fields.word(got["type"], "type", [item.value for item in CallableKind]))
    operation = got.get("operation")
    return Signature(
        id=fields.text(got["id"], "id"),
        callable=_callable(fields, got["callable"], kind),
        type=kind,
        kind=fields.word(got["kind"], "kind", vocabulary.KINDS),
        lib=lib,
        phase=fields.word(got["phase"], "phase", vocabulary.PHASES),
        certainty=Certainty(fields.word(got["certainty"], "certainty", [item.value for item in Certainty])),
        params=params,
        arguments=_arguments(fields, got["arguments"], params) if "arguments" in got else (),
        option_table=fields.text(got["option_table"], "option_table") if "option_table" in got else "",
        returns_handle="returns_handle" in got and fields.flag(got["returns_handle"], "returns_handle"),
        operation=fields.word(operation, "operation", vocabulary.OPERATIONS) if operation is not None else "",
        destinations=_matching(fields, got["destinations"], _HOST, "a host") if "destinations" in got else (),
        note=fields.text(got["note"], "note") if "note" in got else "",
        reference=reference,
        examples=_examples(fields, got["examples"]),
    )


def secret(fields: Fields, node: Node, defaults: Defaults) -> Secret:
    """One entry of `secrets:`. `destinations: []` says that it goes nowhere, so the field must be there."""
    got = fields.mapping(node, "a secret", SECRET_FIELDS)
    _require(fields, node, got, ("label", "kind", "origin", "name", "destinations", "examples"))
    origin = SecretOrigin(fields.word(got["origin"], "origin", [item.value for item in SecretOrigin]))
    if (origin is SecretOrigin.TABLE) is not ("table" in got):
        fields.fail(node, "origin `table` needs a field `table`, and only that origin has one")
    floor = got.get("severity_floor")
    return Secret(
        label=fields.text(got["label"], "label"),
        kind=fields.word(got["kind"], "kind of secret", vocabulary.SECRET_KINDS),
        origin=origin,
        name=fields.text(got["name"], "name"),
        table=fields.text(got["table"], "table") if "table" in got else "",
        destinations=_matching(fields, got["destinations"], _DESTINATION, "a host, `*.pattern` or `config:setting`"),
        digest_destinations=_matching(fields, got["digest_destinations"], _DESTINATION, "a host or `*.pattern`")
        if "digest_destinations" in got
        else (),
        severity_floor=fields.word(floor, "severity_floor", vocabulary.SEVERITY_FLOORS) if floor is not None else "",
        note=fields.text(got["note"], "note") if "note" in got else "",
        reference=fields.text(got["reference"], "reference") if "reference" in got else defaults.reference,
        examples=_examples(fields, got["examples"]),
    )


def propagator(fields: Fields, name: str, node: Node) -> Propagator:
    """One entry of `propagators:` or `one_way:`."""
    got = fields.mapping(node, f"the entry of {name}", FLOW_FIELDS)
    _require(fields, node, got, ("from", "transform"))
    single: list[int] = []
    rest = -1
    for item in fields.items(got["from"], "from"):
        index, later = fields.index(item, "from")
        if later:
            rest = index
        else:
            single.append(index)
    return Propagator(
        callable=name.lower(),
        from_args=tuple(single),
        rest_from=rest,
        to=_target(fields, got["to"]) if "to" in got else "return",
        transform=fields.word(got["transform"], "transform", vocabulary.TRANSFORMS),
        params=fields.texts(got["params"], "params") if "params" in got else (),
    )


def local_sink(fields: Fields, name: str, node: Node) -> LocalSink:
    """One entry of `local_sinks:`."""
    got = fields.mapping(node, f"the entry of {name}", ("effect", "data", "path", "unless", "reads", "by_name"))
    _require(fields, node, got, ("effect", "data"))
    return LocalSink(
        callable=name.lower(),
        effect=fields.word(got["effect"], "effect", vocabulary.EFFECTS),
        data=fields.indexes(got["data"], "data"),
        path=fields.index(got["path"], "path")[0] if "path" in got else None,
        unless=fields.index(got["unless"], "unless")[0] if "unless" in got else None,
        reads="reads" in got and fields.flag(got["reads"], "reads"),
        by_name="by_name" in got and fields.flag(got["by_name"], "by_name"),
    )


def source(fields: Fields, node: Node) -> Source:
    """One entry of `sources:`."""
    got = fields.mapping(node, "a source", SOURCE_FIELDS)
    _require(fields, node, got, ("id", "name", "type", "taints", "label"))
    return Source(
        id=fields.text(got["id"], "id"),
        name=fields.text(got["name"], "name"),
        type=fields.word(got["type"], "type", vocabulary.SOURCE_TYPES),
        taints=_target(fields, got["taints"]),
        label=fields.word(got["label"], "label", vocabulary.SOURCE_LABELS),
        note=fields.text(got["note"], "note") if "note" in got else "",
    )


def _require(fields: Fields, node: Node, got: dict[str, Node], names: tuple[str, ...]) -> None:
    """All of the named fields are there."""
    for name in names:
        if name not in got:
            fields.fail(node, f"field `{name}` is missing; add it")


def _callable(fields: Fields, node: Node, kind: CallableKind) -> str:
    """A callable that is spelled as its type asks for."""
    text = fields.text(node, "callable")
    pattern = _CALLABLE.get(kind)
    if pattern is not None and pattern.match(text) is None:
        fields.fail(node, f"`{text}` is no {kind.value}; write it as in PHP, without leading backslash, `new` or `()`")
    return text


def _arguments(fields: Fields, node: Node, params: tuple[str, ...]) -> tuple[Argument, ...]:
    """`{0: url, 1+: payload}`; an index beyond the parameters is an error when parameters are given."""
    found: list[Argument] = []
    roles = fields.mapping(node, "arguments")
    for text, key in fields.keys(node).items():
        index, rest = fields.index(key, "a key of arguments")
        if params and index >= len(params):
            fields.fail(key, f"argument {text} does not exist: there are {len(params)} params")
        found.append(Argument(index, fields.word(roles[text], "role", vocabulary.ROLES), rest))
    return tuple(sorted(found, key=lambda item: item.index))


def _target(fields: Fields, node: Node) -> str:
    """Where data ends up."""
    text = fields.text(node, "to or taints")
    if _TARGET.match(text) is None:
        fields.fail(
            node,
            f"unknown target `{text}`; use return, receiver, value, locals, globals, store, output, content or arg:n",
        )
    return text


def _matching(fields: Fields, node: Node, pattern: re.Pattern[str], what: str) -> tuple[str, ...]:
    """A list whose texts all match."""
    for item in fields.items(node, "destinations"):
        if pattern.match(fields.text(item, "a destination")) is None:
            fields.fail(item, f"`{fields.text(item, 'a destination')}` is not {what}")
    return fields.texts(node, "destinations")


def _examples(fields: Fields, node: Node) -> Example:
    """Both kinds of example, at least one of each."""
    got = fields.mapping(node, "examples", ("vulnerable", "safe"))
    _require(fields, node, got, ("vulnerable", "safe"))
    example = Example(fields.texts(got["vulnerable"], "vulnerable"), fields.texts(got["safe"], "safe"))
    if not example.vulnerable or not example.safe:
        fields.fail(node, "examples need at least one `vulnerable` and one `safe` statement")
    return example
