"""What a call described by a signature does: it configures a handle, makes one, or sends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from scanner.analysis import keeping, reaches, rows, statements
from scanner.analysis.destinations import LOCAL, is_local, url_destination
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.origins import FILE
from scanner.analysis.remote import ANSWER, answers, answers_yes_or_no, is_remote
from scanner.analysis.summary import Hit, closed
from scanner.analysis.templates import PARAMETERS, HoleTable, is_known
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, all_sites, join_all
from scanner.model.facts import Call, CallKind
from scanner.model.signature import CallableKind, Certainty, Signature

_PLACES = frozenset({"url", "host", "dsn", "path"})
"""Roles of what can be an address or a path."""
_HANDLE_ROLES = ("handle", "client", "request")
URL_ROLES = ("url", "url-extra", "host", "dsn", "path")
_HOST = re.compile(r"://[^/?#]+[/?#]")
_OPENED = frozenset({"file-url", "xml-url", "image-url"})
"""Kinds of functions that open addresses through PHP's streams."""
ENTITY = re.compile(r"\bSYSTEM\s*[\"']((?:https?|ftps?)://[^\"'>]*)", re.IGNORECASE)
"""An address that a document names and its parser may fetch."""
_READ_FROM = ("url", "path", "handle")
"""Roles of what a function reads from: a path or handle may stand for a file with data of another machine."""
_EFFECTS = {"db": ("sql", "payload"), "exec": ("command", "command"), "process": ("command", "command")}
"""Kinds of signatures that are an effect on this machine, too, and the role of what they run."""
_ESCAPES = frozenset({"mysqli_real_escape_string", "mysqli_escape_string", "mysqli::real_escape_string"})
"""Functions that give back the text that they were given, as far as it needs no escaping."""
_ARCHIVES = frozenset({"zip", "phar"})
_TAKES_OPTIONS = frozenset({"options", "context", "request", "config"})


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
    results: list[Val] = []
    for signature in signatures[:4]:
        roles = argument_values(evaluator, signature, call, args, receiver)
        handles = _handles(roles, receiver) | _default_context(evaluator, signature, roles)
        if signature.lib in _ARCHIVES:
            keeping.packed(evaluator, signature, roles, receiver)
        if signature.phase == "configure" or _only_configures(signature):
            results.append(_configure(evaluator, signature, call, roles, handles, receiver))
            continue
        if signature.phase == "construct" or signature.returns_handle:
            results.append(_construct(evaluator, signature, call, roles, receiver))
            if signature.certainty is Certainty.NEVER_ALONE:
                continue
            handles = handles | results[-1].sites
        _remember_host(evaluator, signature, roles, handles)
        if signature.type is CallableKind.METHOD:
            roles = _of_object(evaluator, signature, roles, handles, receiver)
        sends = _sends(evaluator, signature, call, args, roles)
        _reach(evaluator, call, signature, api, roles, handles, sends=sends)
        if sends or _tells_database(evaluator, signature, roles, handles):
            evaluator.add_hit(
                Hit(
                    evaluator.number, call.line, call.end_line, call.start, call.end, signature, api,
                    decisive(evaluator, signature, evaluator.with_sites(roles, handles)), handles, (),
                    (evaluator.path, call.line), certain, evaluator.computed,
                )
            )  # fmt: skip
        plain = not results or results[-1] is NOTHING
        results.extend(_returned(evaluator, signature, call, roles, handles, api) if plain else ())
        if signature.kind in ("file-url", "xml-url"):
            if signature.type is not CallableKind.FUNCTION and "url" in roles:
                results.append(keeping.kept_under(evaluator, "file", roles["url"]))
            results.extend(_credentials(evaluator, call, roles, api))
    return join_all(results, evaluator.state.overflow)


def _of_object(
    evaluator: Evaluator, signature: Signature, roles: dict[str, Val], handles: frozenset[int], receiver: Val | None
) -> dict[str, Val]:
    """Roles of a method with what the object itself brings in.

    Its own path, where none is given (`(new SplFileInfo($url))->openFile()`), and what it was filled with
    (`$document->save('ftp://...')`).
    """
    if _PLACES.isdisjoint(roles):
        roles = evaluator.with_sites(roles, handles)
    labels = evaluator.state.lasting(receiver.labels) if receiver is not None else {}
    if signature.kind not in ("file-url", "xml-url") or not labels:
        return roles
    return {**roles, "payload": evaluator.join(roles.get("payload", NOTHING), Val(labels=labels))}


def _default_context(evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val]) -> frozenset[int]:
    """What `stream_context_set_default` set holds for every URL that is opened without a context of its own."""
    opens = signature.kind in _OPENED or signature.callable == "get_headers"
    return evaluator.default_context if opens and "context" not in roles else frozenset()


def _returned(
    evaluator: Evaluator, signature: Signature, call: Call, roles: dict[str, Val], handles: frozenset[int], api: str
) -> Iterator[Val]:
    """What a call gives back that makes no handle."""
    yield _response(evaluator, call, api, signature, evaluator.with_sites(roles, handles))
    if signature.certainty is Certainty.NEVER_ALONE or evaluator.state.matcher.propagator(api.lower()):
        yield _passed(evaluator, roles)
    if signature.callable in _ESCAPES:
        yield Val(frozenset(filter(is_known, roles.get("payload", NOTHING).texts)))
    if signature.callable == "escapeshellarg" and "payload" in roles:
        yield Val(frozenset(f"'{text}'" for text in roles["payload"].texts), sites=roles["payload"].sites)
    if signature.kind == "db":
        yield Val(sites=handles)  # a statement or result of this connection
        if "payload" in roles:
            yield evaluator.rows(roles["payload"])
            yield _given_back(evaluator, roles["payload"])


def _given_back(evaluator: Evaluator, query: Val) -> Val:
    """What a query is given to select, and so gives back: `select '$value' as x`."""
    if not any(rows.selects_given(text) for text in query.texts):
        return NOTHING
    labels = {label: trace for label, trace in all_labels(query).items() if evaluator.state.is_secret(label)}
    return Val(rest=Val(labels=labels)) if labels else NOTHING


def _credentials(evaluator: Evaluator, call: Call, roles: Mapping[str, Val], api: str) -> Iterator[Val]:
    """What a file on the list of credential paths holds, when one is opened or read."""
    texts = {text for role in ("url", "path", "file") if role in roles for text in roles[role].texts}
    for text in sorted(texts):
        name = evaluator.state.origins.credential_file(text)
        if name:
            yield Val(labels={FILE + name: Trace(evaluator.path, call.line, f"{api}() reads {name}", None, 1)})


def _passed(evaluator: Evaluator, roles: Mapping[str, Val]) -> Val:
    """What a function that only prepares data (`escapeshellarg`, an escaping method) gives back: what it was given."""
    values = (Val(labels=all_labels(value)) for role, value in sorted(roles.items()) if role not in _HANDLE_ROLES)
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
        reaches.reach(evaluator, call, effect, api, given, Val(given.texts))
        if effect == "sql":
            statements.observe(evaluator, call, api, [given])
    if sends and "file-out" in whole:  # `CURLOPT_FILE`, Guzzle's `sink`
        trace = Trace(evaluator.path, call.line, f"answer of {api}()", None, 1)
        labels = answers(signature, whole, evaluator.state.holes, trace)
        reaches.reach(evaluator, call, "file", api, Val(labels=labels), reaches.place_of(evaluator, whole["file-out"]))


def decisive(evaluator: Evaluator, signature: Signature, roles: dict[str, Val]) -> dict[str, Val]:
    """Roles of a sink; properties of an object are left to callers only of sure network calls and of addresses.

    What else is in a property is known from the property's store, which all objects of the class share.
    """
    if signature.certainty is Certainty.ALWAYS:
        return roles
    open_texts = [text for role in URL_ROLES if role in roles for text in roles[role].texts if PARAMETERS.search(text)]
    if signature.certainty is Certainty.IF_URL and open_texts and all(map(_host_stands, open_texts)):
        return roles  # `'https://host/?' . $this->data` is as sure
    holes = evaluator.state.holes
    addressed = signature.certainty is not Certainty.IF_URL
    return {role: value if addressed and role in URL_ROLES else closed(value, holes) for role, value in roles.items()}


def _host_stands(text: str) -> bool:
    """Whether an address names its host before the first piece that a caller decides."""
    return _HOST.search(PARAMETERS.split(text, maxsplit=1)[0]) is not None


def _only_configures(signature: Signature) -> bool:
    return signature.certainty is Certainty.NEVER_ALONE and signature.phase not in ("construct", "execute", "send")


def argument_values(
    evaluator: Evaluator, signature: Signature, call: Call, args: list[Val], receiver: Val | None
) -> dict[str, Val]:
    """Values by role. Several arguments of one role are joined; options are spread by their table."""
    roles: dict[str, Val] = {}
    for index, role in sorted(evaluator.state.matcher.argument_roles(signature, call.args).items()):
        value = args[index] if 0 <= index < len(args) else NOTHING
        if index < 0:
            value = receiver or NOTHING
        _add(evaluator, roles, role, value)
    for index in _unnamed(signature, args):
        _add(evaluator, roles, "other", args[index])
    if signature.option_table:
        _spread_options(evaluator, signature, roles)
    if "context" in roles:
        _context(evaluator, roles)
    agent = keeping.user_agent(evaluator) if signature.kind in _OPENED else NOTHING
    along = keeping.sent_along(evaluator, roles)
    for role, held in (
        ("header", agent), ("payload", along), ("payload", keeping.moved(evaluator, signature.callable, args))
    ):  # fmt: skip
        if held is not NOTHING:
            _add(evaluator, roles, role, held)
    for host in signature.destinations:
        _add(evaluator, roles, "host", Val(frozenset([host])))
    return roles


def _unnamed(signature: Signature, args: list[Val]) -> list[int]:
    """Arguments without a role that carry labels: they still leave with the call."""
    known = {argument.index for argument in signature.arguments}
    rest = [argument.index for argument in signature.arguments if argument.rest]
    return [
        index
        for index, value in enumerate(args)
        if index not in known and not (rest and index >= min(rest)) and all_labels(value)
    ]


def _add(evaluator: Evaluator, roles: dict[str, Val], role: str, value: Val) -> None:
    known = roles.get(role)
    roles[role] = value if known is None else evaluator.join(known, value)


def _spread_options(evaluator: Evaluator, signature: Signature, roles: dict[str, Val]) -> None:
    """Option keys to roles: `curl_setopt($h, CURLOPT_URL, $u)`, `['base_uri' => ...]`."""
    matcher, table = evaluator.state.matcher, signature.option_table
    if "option" in roles:
        option, value = roles.pop("option"), roles.pop("value", NOTHING)
        keys = evaluator.known_texts(option)
        for key in keys or [""]:
            name = matcher.option_role(table, key) if key else None
            _option(evaluator, roles, name or ("other" if key else "url"), key, value)
    for role in sorted(role for role in roles if role in _TAKES_OPTIONS):
        value = roles[role]
        for key, item in sorted((value.items or {}).items()):
            _option(evaluator, roles, matcher.option_role(table, key) or "payload", key, item)
        if value.rest is not None:
            _add(evaluator, roles, "payload", value.rest)
        if value.labels:
            _add(evaluator, roles, "payload", Val(labels=value.labels))


def _option(evaluator: Evaluator, roles: dict[str, Val], role: str, key: str, value: Val) -> None:
    if role == "tls":
        name = evaluator.state.matcher.option_name(key).lower().removeprefix("curlopt_")
        _add(evaluator, roles, f"tls:{name}", value if value.texts else Val(frozenset(["off"])))
        return
    if role == "payload" and value.refs:  # `CURLOPT_READFUNCTION`: what it returns is sent
        line, start = evaluator.line, evaluator.fact.start
        call = Call(CallKind.DYNAMIC, "", None, (), line, line, start, start)
        value = evaluator.state.interpreter.call_value(evaluator, call, value, [])
    _add(evaluator, roles, role, value)


def _context(evaluator: Evaluator, roles: dict[str, Val]) -> None:
    """A stream context: its state is on the site that `stream_context_create` made."""
    roles.update(evaluator.with_sites(roles, roles["context"].sites))


def _handles(roles: Mapping[str, Val], receiver: Val | None) -> frozenset[int]:
    sites = receiver.sites if receiver is not None else frozenset[int]()
    for role in (*_HANDLE_ROLES, "context"):
        if role in roles:
            sites |= roles[role].sites if role != "request" else all_sites(roles[role])
    return sites


def _configure(
    evaluator: Evaluator,
    signature: Signature,
    call: Call,
    roles: dict[str, Val],
    handles: frozenset[int],
    receiver: Val | None,
) -> Val:
    """Put what is set on the handle; without a handle to put it on, the value itself carries it."""
    state = {role: value for role, value in roles.items() if role not in _HANDLE_ROLES}
    if sum(argument.role == "handle" for argument in signature.arguments) > 1:  # curl_multi_add_handle
        state = evaluator.with_sites(state, handles)
    if "url" in state and state["url"].sites - handles:  # `withUri(new Uri(...))`
        named = evaluator.with_sites({}, state["url"].sites - handles).get("url", NOTHING)
        state["url"] = evaluator.join(state["url"], named)
    for site in sorted(handles):
        for role, value in state.items():
            evaluator.set_site(site, role, value)
    if receiver is not None and signature.type is CallableKind.METHOD:
        labels = join_all((Val(labels=all_labels(value)) for value in state.values()), evaluator.state.overflow).labels
        return receiver if not labels else evaluator.join(receiver, Val(labels=labels))
    if not handles:
        return _construct(evaluator, signature, call, roles, receiver)
    return NOTHING


def _construct(
    evaluator: Evaluator, signature: Signature, call: Call, roles: dict[str, Val], receiver: Val | None
) -> Val:
    """A new handle: later calls find what it was made with."""
    site = evaluator.state.site(evaluator.number, call.start)
    targets = (receiver.sites if receiver is not None and signature.type is CallableKind.NEW else frozenset()) | {site}
    for target in sorted(targets):
        evaluator.state.site_libraries[target].add(signature.lib)
        for role, value in roles.items():
            if role not in _HANDLE_ROLES:
                evaluator.set_site(target, role, value)
    made_by = (receiver,) if receiver is not None and signature.type is CallableKind.METHOD else ()
    for value in (*roles.values(), *made_by):
        for other in sorted(value.sites - targets):
            for role, known in evaluator.sites.get(other, {}).items():
                evaluator.set_site(site, role, known)
    labels = join_all((Val(labels=all_labels(value)) for value in roles.values()), evaluator.state.overflow).labels
    types = receiver.types if receiver is not None else frozenset[str]()
    texts = evaluator.unknown(call).texts
    if signature.callable == "tempnam":
        texts = frozenset("/tmp/" + text for text in texts)  # noqa: S108  a path of the scanned program
    return Val(texts, labels, types, sites=frozenset(targets))


def _sends(evaluator: Evaluator, signature: Signature, call: Call, args: list[Val], roles: Mapping[str, Val]) -> bool:
    """Whether the call may make traffic at all."""
    if signature.kind in ("browser", "html", "css", "js"):
        return False
    if "xml" in roles and any(ENTITY.search(text) for text in roles["xml"].texts):
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
        if signature.operation not in ("", "open") and not any(place.scheme for place in places):
            return False  # asking about a file makes no request over HTTP; with a scheme it may be FTP or a wrapper
    if signature.kind == "redirect":
        return any(_sends_elsewhere(text, evaluator.state.holes) for text in roles.get("header", NOTHING).texts)
    if signature.certainty is Certainty.NEVER_ALONE:
        return False
    if signature.certainty is Certainty.IF_REMOTE and signature.phase in ("receive", "read"):
        return False  # reading from an open connection: what opened it is the finding
    return not (signature.kind == "db" and signature.phase not in ("connect", "construct"))


def _remember_host(
    evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val], handles: frozenset[int]
) -> None:
    """A call that connects a handle which was made before: what is sent on it later goes there."""
    if signature.phase != "connect":
        return
    for role in ("host", "dsn"):
        for site in sorted(handles) if role in roles else ():
            evaluator.set_site(site, role, roles[role])


def _tells_database(
    evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val], handles: frozenset[int]
) -> bool:
    """Whether a secret goes in a query, or as a value for one, to a database on a host that the code names itself."""
    if signature.kind != "db" or signature.phase in ("connect", "construct", "configure"):
        return False
    held = evaluator.with_sites({}, handles)
    sent = [value for role, value in roles.items() if role not in _HANDLE_ROLES]
    sent += [held["payload"]] if "payload" in held else []  # what was bound to the statement
    if not any(evaluator.state.telling(all_labels(value)) for value in sent):
        return False
    holes = evaluator.state.holes
    texts = [text for role in ("host", "dsn", "server", "url") if role in held for text in held[role].texts]
    return any(is_known(text) and not is_local(url_destination(text, holes, bare_host=True).name) for text in texts)


def _sends_elsewhere(header: str, holes: HoleTable) -> bool:
    """Whether a response header may send the browser to another page."""
    return header.lower().startswith(("location:", "refresh:")) or (bool(header) and holes.hole(header[0]) is not None)


def may_be_url(text: str, holes: HoleTable) -> bool:
    """Whether a path template is known to be, or may still become, something that leaves the machine."""
    if not text:
        return False
    hole = holes.hole(text[0])
    if hole is not None:
        return hole.kind in ("param", "property", "user-input", "config", "env")
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
