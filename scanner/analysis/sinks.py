"""What a call described by a signature does: it configures a handle, makes one, or sends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner.analysis import (
    default_context,
    documents,
    fetches,
    holding,
    hooks,
    keeping,
    middleware,
    options,
    processes,
    reaches,
    rows,
    statements,
    traversal,
)
from scanner.analysis.decisive import URL_ROLES, decisive
from scanner.analysis.destinations import LOCAL, url_destination
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.origins import FILE
from scanner.analysis.remote import ANSWER, answers, answers_yes_or_no, is_remote
from scanner.analysis.summary import Hit, depends_on_caller
from scanner.analysis.templates import FIRST_PRIVATE, HoleTable, is_known
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join_all
from scanner.model.facts import Call
from scanner.model.signature import CallableKind, Certainty, Signature

_PLACES = frozenset({"url", "host", "dsn", "path"})
"""Roles of what can be an address or a path."""
KNOWN_HOST = re.compile(rf"://[^/?#{FIRST_PRIVATE}-\U0010ffff]+[/?#]")
"""The host of an address, where it is known."""
_OPENED = frozenset({"file-url", "xml-url", "image-url"})
"""Kinds of functions that open addresses through PHP's streams."""
_ENTITY = re.compile(r"\bSYSTEM\s*[\"']((?:https?|ftps?)://[^\"'>]*)", re.IGNORECASE)
_INCLUDED = re.compile(
    r"<(?:[\w.-]+:)?(?:include|import|redefine|override|externalRef)\b[^>]{0,400}?"
    r"\b(?:schemaLocation|href)\s*=\s*[\"']((?:https?|ftps?)://[^\"'>]*)",
    re.IGNORECASE,
)
"""Another schema that one names (XML Schema 1.1, 4.2; RELAX NG, 4.5 and 4.7)."""
_SCHEMAS = "ValidateSource"
"""End of the names of methods that take the text of a schema."""
"""An address that a document names and its parser may fetch."""
_READ_FROM = ("url", "path", "handle")
"""Roles of what a function reads from: a path or handle may stand for a file with data of another machine."""
_EFFECTS = {"db": ("sql", "payload"), "exec": ("command", "command"), "process": ("command", "command")}
"""Kinds of signatures that are an effect on this machine, too, and the role of what they run."""
_ESCAPES = frozenset({"mysqli_real_escape_string", "mysqli_escape_string", "mysqli::real_escape_string"})
"""Functions that give back the text that they were given, as far as it needs no escaping."""
_STORES = frozenset({"redis", "memcache", "memcached", "couchbase", "mongo", "mongodb", "aerospike", "relay"})
"""Databases that are written to without a statement."""
_NO_SCHEME = frozenset({""})
_ONLY_OPENED = frozenset({"", "http", "https"})
"""Schemes of which PHP's own wrapper opens addresses, and does nothing else with them."""
_ARCHIVES = frozenset({"zip", "phar"})
_CODING = frozenset({"encode", "decode"})


def apply(
    evaluator: Evaluator,
    call: Call,
    signatures: Sequence[Signature],
    args: list[Val],
    receiver: Val | None,
    *,
    api: str,
    certain: bool,
) -> Val:
    """Effect and value of a call that signatures describe."""
    found = (_one(evaluator, call, item, args, receiver, api=api, certain=certain) for item in signatures[:4])
    return join_all([value for values in found for value in values], evaluator.state.overflow)


def _one(
    evaluator: Evaluator,
    call: Call,
    signature: Signature,
    args: list[Val],
    receiver: Val | None,
    *,
    api: str,
    certain: bool,
) -> list[Val]:
    """The same for one signature: parts of the value."""
    roles = argument_values(evaluator, signature, call, args, receiver)
    hooks.run(evaluator, call, signature, args, receiver, roles)
    handles = holding.handles_of(roles, receiver) | _default_context(evaluator, signature, roles)
    if signature.lib in _ARCHIVES:
        keeping.packed(evaluator, signature, roles, receiver)
    results = _attached(evaluator, call, roles, receiver)
    if signature.phase == "configure" or holding.only_configures(signature):
        default_context.keep(evaluator, signature.callable, roles, handles)
        results += _encoded(evaluator, signature, call, args)
        return [*results, holding.configure(evaluator, signature, call, roles, handles, receiver)]
    if holding.prepares(signature, receiver):
        holding.put_on(evaluator, roles, receiver.sites if receiver is not None else handles)
        results.append(Val(sites=handles))
    if signature.phase == "construct" or signature.returns_handle:
        results.append(holding.construct(evaluator, signature, call, roles, receiver))
        if signature.kind == "db":
            evaluator.note_statement(results[-1].sites, handles)
            results[:0] = _rows(evaluator, roles, results[-1])
        if signature.certainty is Certainty.NEVER_ALONE:
            return results
        handles |= results[-1].sites
    holding.connected(evaluator, signature, roles, handles)
    roles = _of_objects(evaluator, signature, roles, handles, receiver)
    _use(evaluator, call, signature, args, roles, handles | evaluator.connections_of(handles), api, certain=certain)
    if not results or results[-1] is NOTHING:
        results.extend(_returned(evaluator, signature, call, roles, handles, api))
    if signature.kind in ("file-url", "xml-url"):
        evaluator.state.complain(*(roles[role] for role in ("url", "path") if role in roles and roles[role].labels))
        if signature.type is not CallableKind.FUNCTION and "url" in roles:
            results.append(keeping.kept_under(evaluator, "file", roles["url"]))
    results.extend(traversal.credentials(evaluator, call, signature, roles, handles, api))
    results.extend(_shown(roles))
    results.append(documents.opened(evaluator, call, signature, args))
    return results


def _shown(roles: Mapping[str, Val]) -> Iterator[Val]:
    """What a command shows of the credential files that it reads: `shell_exec('cat ../database.php')`."""
    if "command" in roles and "payload" in roles:
        read = all_labels(roles["payload"])
        yield Val(labels={label: way for label, way in read.items() if label.startswith(FILE)})


def _attached(evaluator: Evaluator, call: Call, roles: dict[str, Val], receiver: Val | None) -> list[Val]:
    """Run the middleware that a call is given."""
    if "middleware" not in roles:
        return []
    owner = receiver.sites if receiver is not None else frozenset[int]()
    return [middleware.attached(evaluator, call, roles.pop("middleware"), owner)]


def _use(
    evaluator: Evaluator,
    call: Call,
    signature: Signature,
    args: list[Val],
    roles: dict[str, Val],
    handles: frozenset[int],
    api: str,
    *,
    certain: bool,
) -> None:
    """A call that sends, or does something on this machine."""
    sends = _sends(evaluator, signature, call, args, roles)
    _reach(evaluator, call, signature, api, roles, handles, sends=sends)
    if sends or _tells_database(evaluator, signature, roles, handles):
        told = evaluator.with_sites(roles, handles)
        if sends and _opens_plainly(signature, roles):
            told = default_context.added(evaluator, told)
        evaluator.add_hit(
            Hit(
                evaluator.number, call.line, call.end_line, call.start, call.end, signature, api,
                decisive(evaluator, signature, told), handles, (),
                (evaluator.path, call.line), certain, evaluator.computed,
            )
        )  # fmt: skip


def _of_objects(
    evaluator: Evaluator, signature: Signature, roles: dict[str, Val], handles: frozenset[int], receiver: Val | None
) -> dict[str, Val]:
    """Roles with what the objects bring in that a call is given, or is a method of."""
    if signature.kind == "http" and "url" in roles:
        roles = _of_address(evaluator, roles)
    return (
        _of_object(evaluator, signature, roles, handles, receiver) if signature.type is CallableKind.METHOD else roles
    )


def _of_object(
    evaluator: Evaluator, signature: Signature, roles: dict[str, Val], handles: frozenset[int], receiver: Val | None
) -> dict[str, Val]:
    """Roles of a method with what the object itself brings in.

    Its own path, where none is given (`(new SplFileInfo($url))->openFile()`), and what it was filled with
    (`$document->save('ftp://...')`).
    """
    if _PLACES.isdisjoint(roles):
        roles = evaluator.with_sites(roles, handles)
    labels: Mapping[str, Trace] = receiver.labels if receiver is not None else {}
    if receiver is not None and signature.phase == "write":
        labels = documents.inside(evaluator, receiver, receiver).labels
    labels = evaluator.state.lasting(labels)
    if signature.kind not in ("file-url", "xml-url") or not labels:
        return roles
    return {**roles, "payload": evaluator.join(roles.get("payload", NOTHING), Val(labels=labels))}


def _of_address(evaluator: Evaluator, roles: dict[str, Val]) -> dict[str, Val]:
    """Roles of a call whose address is an object (`new Uri(...)`): what that was made of."""
    held = {
        role: value for role, value in evaluator.with_sites({}, roles["url"].sites).items() if not role.startswith(".")
    }
    if held.keys().isdisjoint(URL_ROLES):
        return roles
    address = roles["url"].replaced(texts=frozenset(filter(is_known, roles["url"].texts)))
    merged = {**roles, "url": address}
    for role, value in held.items():
        merged[role] = evaluator.join(merged[role], value) if role in merged else value
    return merged


def _default_context(evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val]) -> frozenset[int]:
    """What `stream_context_set_default` set holds for every URL that is opened without a context of its own."""
    return evaluator.default_context if _opens_plainly(signature, roles) else frozenset()


def _opens_plainly(signature: Signature, roles: Mapping[str, Val]) -> bool:
    """Whether a call opens an address through PHP's streams, and names no context."""
    return (signature.kind in _OPENED or signature.callable == "get_headers") and "context" not in roles


def _returned(
    evaluator: Evaluator, signature: Signature, call: Call, roles: dict[str, Val], handles: frozenset[int], api: str
) -> Iterator[Val]:
    """What a call gives back that makes no handle."""
    yield _response(evaluator, call, api, signature, evaluator.with_sites(roles, handles))
    if signature.certainty is Certainty.NEVER_ALONE or evaluator.state.matcher.propagator(api.lower()):
        yield _passed(evaluator, roles)
    if signature.callable in _ESCAPES:
        yield Val(frozenset(filter(is_known, roles.get("payload", NOTHING).texts)))
    if signature.callable == "escapeshellcmd" and "payload" in roles:
        yield Val(roles["payload"].texts, sites=roles["payload"].sites)
    if signature.callable == "escapeshellarg" and "payload" in roles:
        yield Val(frozenset(f"'{text}'" for text in roles["payload"].texts), sites=roles["payload"].sites)
    if signature.kind == "db":
        yield Val(sites=handles)  # a statement or result of this connection
        if "payload" in roles:
            yield evaluator.rows(roles["payload"])
            yield _given_back(evaluator, roles["payload"])


def _rows(evaluator: Evaluator, roles: Mapping[str, Val], statement: Val) -> list[Val]:
    """What a prepared statement reads."""
    if "payload" not in roles:
        return []
    return [evaluator.rows(roles["payload"]), fetches.prepared(evaluator, roles["payload"], statement)]


def _given_back(evaluator: Evaluator, query: Val) -> Val:
    """What a query is given to select, and so gives back: `select '$value' as x`."""
    if not any(rows.selects_given(text) for text in query.texts):
        return NOTHING
    labels = {label: trace for label, trace in all_labels(query).items() if evaluator.state.is_secret(label)}
    return Val(rest=Val(labels=labels)) if labels else NOTHING


def _encoded(evaluator: Evaluator, signature: Signature, call: Call, args: list[Val]) -> Iterator[Val]:
    """What a function gives back that only encodes a text, or decodes one, for a handle: `curl_escape($c, $text)`."""
    flow = evaluator.state.matcher.propagator(signature.callable.lower())
    if flow is not None and flow.to == "return" and flow.transform in _CODING:
        labels = (Val(labels=all_labels(args[place])) for place in flow.from_args if place < len(args))
        yield evaluator.unknown(call)
        yield from labels


def _passed(evaluator: Evaluator, roles: Mapping[str, Val]) -> Val:
    """What a function that only prepares data (`escapeshellarg`, an escaping method) gives back: what it was given."""
    values = (
        Val(labels=all_labels(value)) for role, value in sorted(roles.items()) if role not in holding.HANDLE_ROLES
    )
    return join_all(values, evaluator.state.overflow)


def _reach(
    evaluator: Evaluator,
    call: Call,
    signature: Signature,
    api: str,
    roles: Mapping[str, Val],
    handles: frozenset[int],
    *,
    sends: bool,
) -> None:
    """What a described call does on this machine: it runs a command or a statement, or writes the answer to a file."""
    whole = evaluator.with_sites(roles, handles)
    if signature.kind in _EFFECTS:
        effect, role = _EFFECTS[signature.kind]
        given = (whole if effect == "sql" else roles).get(role, NOTHING)  # what was prepared, and bound to it, is run
        values = Val(labels=all_labels(given))  # `execute([$value])`
        reaches.reach(evaluator, call, effect, api, values, Val(given.texts))
        if effect == "sql":
            fetches.executed(evaluator, handles, roles.get(role, NOTHING))
        if effect == "sql" and signature.lib not in _STORES:
            statements.observe(evaluator, call, api, [given])
    out = whole.get("file-out")  # `CURLOPT_FILE`, Guzzle's `sink`
    if sends and out is not None and not reaches.is_object(evaluator, out):
        trace = Trace(evaluator.path, call.line, f"answer of {api}()", None, 1)
        labels = answers(signature, whole, evaluator.state.holes, trace)
        reaches.reach(evaluator, call, "file", api, Val(labels=labels), reaches.place_of(evaluator, out))


def argument_values(
    evaluator: Evaluator, signature: Signature, call: Call, args: list[Val], receiver: Val | None
) -> dict[str, Val]:
    """Values by role. Several arguments of one role are joined; options are spread by their table."""
    roles: dict[str, Val] = {}
    for index, role in sorted(evaluator.state.matcher.argument_roles(signature, call.args).items()):
        value = args[index] if 0 <= index < len(args) else NOTHING
        if index < 0:
            value = receiver or NOTHING
        options.add(evaluator, roles, role, value)
    for index in _unnamed(signature, args):
        options.add(evaluator, roles, "other", args[index])
    if documents.is_address(signature, call, args):
        roles["url"] = roles.pop("xml", NOTHING)
    if signature.option_table:
        options.spread(evaluator, signature, roles)
    if "context" in roles:
        _context(evaluator, roles)
    for role, held in _brought_along(evaluator, signature, roles, args):
        if held is not NOTHING:
            options.add(evaluator, roles, role, held)
    hosts = frozenset(signature.destinations) | (holding.listed_hosts(roles) if signature.kind == "db" else frozenset())
    if hosts:
        options.add(evaluator, roles, "host", Val(hosts))
    return roles


def _brought_along(
    evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val], args: list[Val]
) -> list[tuple[str, Val]]:
    """What a call sends besides its arguments, by role: what files, streams, settings and the environment hold."""
    found = [
        ("header", keeping.user_agent(evaluator) if signature.kind in _OPENED else NOTHING),
        ("payload", keeping.sent_along(evaluator, roles)),
        ("payload", keeping.moved(evaluator, signature.callable, args)),
    ]
    if "command" in roles:
        found.append(("payload", processes.inherited(evaluator, roles["command"])))
        found.append(("command", processes.scripts(evaluator, roles["command"])))
    return found


def _unnamed(signature: Signature, args: list[Val]) -> list[int]:
    """Arguments without a role that carry labels: they still leave with the call."""
    known = {argument.index for argument in signature.arguments}
    rest = [argument.index for argument in signature.arguments if argument.rest]
    return [
        index
        for index, value in enumerate(args)
        if index not in known and not (rest and index >= min(rest)) and all_labels(value)
    ]


def _context(evaluator: Evaluator, roles: dict[str, Val]) -> None:
    """A stream context: its state is on the site that `stream_context_create` made."""
    roles.update(evaluator.with_sites(roles, roles["context"].sites))


def sent_by_context(hit: Hit) -> tuple[str, ...]:
    """Roles of what a file function sends only when its path is an address: what its stream context holds for that."""
    if hit.signature.certainty is not Certainty.IF_URL:
        return ()
    return ("header", "payload") if "context" in hit.roles else ("header",)


def opened_by_text(signature: Signature, text: str) -> list[str]:
    """Addresses that the text of a document, or of a schema, makes its reader open."""
    found: list[str] = _ENTITY.findall(text)
    return found + _INCLUDED.findall(text) if signature.callable.endswith(_SCHEMAS) else found


def _sends(evaluator: Evaluator, signature: Signature, call: Call, args: list[Val], roles: Mapping[str, Val]) -> bool:
    """Whether the call may make traffic at all."""
    if signature.kind in ("browser", "html", "css", "js"):
        return False
    if "xml" in roles and any(opened_by_text(signature, text) for text in roles["xml"].texts):
        return True
    if signature.certainty is Certainty.IF_URL:
        given = evaluator.state.matcher.argument_roles(signature, call.args)
        chosen = [index for index, role in given.items() if role in _PLACES and 0 <= index < len(args)]
        texts = [text for index in chosen for text in args[index].texts]
        if _PLACES.isdisjoint(given.values()):
            texts = [text for role in sorted(role for role in roles if role in _PLACES) for text in roles[role].texts]
        places = [url_destination(text, evaluator.state.holes, is_path=True) for text in texts]
        if all(place.name == LOCAL for place in places):
            return False
        only_opened = _NO_SCHEME if evaluator.state.program.replaces_wrappers else _ONLY_OPENED
        if signature.operation not in ("", "open") and all(place.scheme in only_opened for place in places):
            return False  # asking makes no request over HTTP; with another scheme it may be FTP or a wrapper
    if signature.kind == "redirect":
        return any(_sends_elsewhere(text, evaluator.state.holes) for text in roles.get("header", NOTHING).texts)
    if signature.certainty is Certainty.NEVER_ALONE:
        return False
    if signature.certainty is Certainty.IF_REMOTE and signature.phase in ("receive", "read"):
        return False  # reading from an open connection: what opened it is the finding
    return not (signature.kind == "db" and signature.phase not in ("connect", "construct"))


def _tells_database(
    evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val], handles: frozenset[int]
) -> bool:
    """Whether a secret goes in a query, or as a value for one, to a database on a host that the code names itself.

    To a store without statements, which no other rule watches, also where a setting names it, or nothing does.
    """
    if signature.kind != "db" or signature.phase in ("connect", "construct", "configure"):
        return False
    held = evaluator.with_sites({}, handles)
    for site in sorted(
        s for s in handles if s >= 0 and evaluator.sites.get(s, {}).keys().isdisjoint(holding.OF_DATABASE)
    ):
        known = {
            role: evaluator.state.read_site(site, role) for role in holding.OF_DATABASE
        }  # it was connected elsewhere
        held.update({role: value for role, value in known.items() if value is not None})
        evaluator.state.variants.asking.add(evaluator.state.current)
    sent = [value for role, value in roles.items() if role not in holding.HANDLE_ROLES]
    sent += [held["payload"]] if "payload" in held else []  # what was bound to the statement
    if not any(evaluator.state.telling(all_labels(value)) for value in sent):
        return False
    if not evaluator.foreign.isdisjoint(handles) or holding.is_foreign(evaluator, held):
        return True
    return (
        signature.lib in _STORES
        and holding.is_elsewhere(evaluator, held)
        and any(evaluator.state.has_secret(value) or depends_on_caller(value) for value in sent)
    )


def _sends_elsewhere(header: str, holes: HoleTable) -> bool:
    """Whether a response header may send the browser to another page."""
    return header.lower().startswith(("location:", "refresh:")) or (bool(header) and holes.hole(header[0]) is not None)


def may_be_url(text: str, holes: HoleTable) -> bool:
    """Whether a path template is known to be, or may still become, something that leaves the machine."""
    if not text:
        return False
    hole = holes.hole(text[0])
    if hole is not None:  # no path has a query
        return hole.kind in ("param", "property", "user-input", "config", "env") or "?" in text
    return url_destination(text, holes, is_path=True).name != LOCAL


def _response(evaluator: Evaluator, call: Call, api: str, signature: Signature, roles: Mapping[str, Val]) -> Val:
    """What a call gives back: the answer of another machine, or what a file was written with."""
    if answers_yes_or_no(signature):
        return NOTHING
    trace = Trace(evaluator.path, call.line, f"answer of {api}()", None, 1)
    labels = {ANSWER: trace, **answers(signature, roles, evaluator.state.holes, trace)}
    for role in _READ_FROM:
        for label, way in all_labels(roles.get(role, NOTHING)).items():
            if is_remote(label):
                labels.setdefault(label, way)
    return Val(evaluator.unknown(call).texts, labels)
