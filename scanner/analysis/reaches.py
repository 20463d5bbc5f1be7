"""Data that reaches the browser, a log, the disk, or code of this machine; also through functions of the program.

What matters depends on the effect: secrets must not be shown or stored, and data from another machine must not become
code. A parameter that reaches an effect is carried to the callers as a `Reach` of the function's summary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from scanner.analysis import documents, traversal
from scanner.analysis.origins import BY_REQUEST, DATABASE_FILE, DIGEST, FILE, REQUEST_FIELD
from scanner.analysis.remote import REQUEST, is_open, is_remote, read_at
from scanner.analysis.state import Output
from scanner.analysis.substitution import Substitution
from scanner.analysis.summary import PARAM, Hit, Reach
from scanner.analysis.templates import FIRST_PRIVATE
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, join, join_all
from scanner.model.facts import Call, Index, Prop, Var
from scanner.model.signature import LocalSink

if TYPE_CHECKING:
    from scanner.analysis.evaluator import Evaluator
    from scanner.analysis.frame import Frame
    from scanner.analysis.state import State

VARIABLES = "variables"
"""Effect of data that becomes variables, under names that it gives."""
MAX_REACHES = 60
"""Effects kept per summary."""
MAX_LIFTS = 8
"""Levels of functions through which an effect is followed outwards."""
_FANNED = 12
"""Levels that a call of one of many functions counts for beside itself."""
_SHOWN = frozenset({"browser", "log", "cookie", "header", "exception", "file", "sql"})
"""Effects that must not get secrets."""
_FED = frozenset({"file", "code", "include", "callee", "unserialize", "unpack", "command", "sql", VARIABLES, "session"})
"""Effects that must not get what comes from another machine."""
_RUN = frozenset({"code", "include", "callee", "unserialize", "command", VARIABLES, "session"})
"""Effects that must not get what the request says."""
_KEPT = frozenset({"file", "log"})
"""Effects by which what a visitor typed becomes known to others."""
_KEPT_LIFTS = 2
"""Callers out to which that is told: from further out it may be any field."""
_OFF = frozenset({"", "0"})
_LOG_FILE = 2
"""Argument of `error_log`: the file that it appends to, where its type is 3."""
_IN_JSON = "\\/\\/"
"""Two slashes as JSON writes them."""
_DOMAIN = 4
"""Argument of `setcookie`."""
_COOKIE_DOMAIN = re.compile(r";\s*domain=([^;\s]+)", re.IGNORECASE)
_PLACES = ("url", "path", "file")


def apply_local_sink(frame: Frame, call: Call, sink: LocalSink, args: list[Val], receiver: Val | None) -> None:
    """Effect of a call of a function that prints, stores or runs what it is given."""
    if sink.unless is not None and sink.unless < len(args) and args[sink.unless].texts - _OFF:
        return
    if sink.effect == "unserialize" and _without_classes(args):
        return
    values = [_argument(frame, args, receiver, index) for index in sink.data]
    if sink.reads and sink.effect == "browser":  # a path with a secret in it is not shown
        values = [
            Val(value.texts, {k: t for k, t in value.labels.items() if k.startswith((PARAM, "~"))}) for value in values
        ]
    values += [_content(frame, call, sink, value) for value in values if sink.reads or value.sites]
    data = join_all((Val(labels=all_labels(value)) for value in values), frame.state.overflow)
    effect, place = _of_log(frame, sink, args)
    if effect == "header":
        effect = _of_header(values[0])
    if data.labels and effect in ("browser", "header", "cookie"):
        place = _addressed(effect, values, args)
    if sink.path is not None:
        target = _argument(frame, args, receiver, sink.path)
        if effect == "file":
            if sink.path >= len(args):
                return  # `$document->asXML()` gives the text
            data = join(data, _named_by(frame, target), frame.state.overflow)
        effect, place = _of_handle(frame, target, effect), place_of(frame, target)
    if effect:
        reach(frame, call, effect, sink.callable, data, place)


def _of_log(frame: Frame, sink: LocalSink, args: list[Val]) -> tuple[str, Val]:
    """Effect of a call, and the file that `error_log` with type 3 appends to."""
    if sink.callable == "error_log" and len(args) > _LOG_FILE and "3" in args[1].texts:
        return "file", place_of(frame, args[_LOG_FILE])
    return sink.effect, NOTHING


def _named_by(frame: Frame, path: Val) -> Val:
    """Secrets of the site in the name of a file that is made: whoever lists the folder reads them."""
    known = frame.state.secrets_of(path) if path.labels and not path.sites else ()
    return Val(labels={label: path.labels[label] for label in known if label in path.labels and DIGEST not in label})


def _addressed(effect: str, values: list[Val], args: list[Val]) -> Val:
    """Text with an address in it, or the domain of a cookie: where the browser takes what it gets."""
    if effect == "cookie" and len(args) == 1:
        found = (_COOKIE_DOMAIN.search(text) for text in values[0].texts)
        return Val(frozenset(match[1] for match in found if match is not None))
    if effect == "cookie" and len(args) > _DOMAIN:
        return Val(args[_DOMAIN].texts)
    if effect == "cookie":
        options = args[2].items if len(args) > 2 else None  # noqa: PLR2004  name, value, options
        return Val((options or {}).get("domain", NOTHING).texts)
    texts = frozenset(text for value in values for text in value.texts if "//" in text or _IN_JSON in text)
    return Val(texts) if texts else NOTHING


def keep_content(evaluator: Evaluator, call: Call, sink: LocalSink, args: list[Val]) -> None:
    """A file that was written with data of another machine: who uses its path uses that data."""
    if sink.effect != "file" or sink.path is None or not 0 <= sink.path < min(len(args), len(call.args)):
        return
    given = join_all((Val(labels=all_labels(args[i])) for i in sink.data if i < len(args)), evaluator.state.overflow)
    labels = {label: trace for label, trace in given.labels.items() if is_remote(label)}
    target = call.args[sink.path].value
    if labels and isinstance(target, (Var, Prop, Index)):
        value = evaluator.join(args[sink.path], Val(labels=labels))
        evaluator.state.interpreter.write(evaluator, target, value)


def reach(frame: Frame, call: Call, effect: str, api: str, data: Val, place: Val = NOTHING) -> None:
    """Data reaches an effect here: said now as far as it is known, and left to callers as far as they decide."""
    if not data.labels:
        return
    labels = {label: trace for label, trace in all_labels(data).items() if _matters(frame.state, effect, label)}
    if labels:
        inner = (frame.path, call.line)
        found = Reach(
            frame.number, call.line, call.end_line, call.start, call.end, effect, api, labels, place, (), inner
        )
        _keep(frame, found)


def name_variables(frame: Frame, call: Call, api: str, names: Val, values: Val) -> None:
    """Variables under names that are not known: `foreach ($_GET as $name => $value) { $GLOBALS[$name] = $value; }`.

    Who names them and says what they hold sets any variable that the code takes for its own.
    """
    both = {label: trace for label, trace in all_labels(names).items() if label in all_labels(values)}
    reach(frame, call, VARIABLES, api, Val(labels=both))


def lift(frame: Frame, call: Call, reaches: Iterable[Reach], substitution: Substitution, symbol: str) -> None:
    """Effects inside a called function that this call's arguments feed."""
    for item in reaches:
        labels = {
            label: trace
            for label, trace in substitution.fed(item.labels).items()
            if _matters(frame.state, item.effect, label, lifts=len(item.via) + 1)
        }
        if not labels:
            continue
        if levels(frame.state, item) >= MAX_LIFTS:
            frame.state.limit("wrapper-depth", frame.number)
            continue
        lifted = item._replace(
            function=frame.number, line=call.line, end_line=call.end_line, start=call.start, end=call.end,
            labels=labels, place=substitution.value(item.place), via=(symbol, *item.via),
            hops=with_hop(frame.state.program.path(item.function), item),
        )  # fmt: skip
        _keep(frame, lifted)


def levels(state: State, item: Reach | Hit) -> int:
    """Functions between the deciding call and the effect; a call of one of many functions counts for more of them.

    What goes through the handlers of a hook comes from nearly everywhere, while wrappers around wrappers call each
    other by name.
    """
    crossroads = state.mixing.crossroads
    if not crossroads or not item.via:
        return len(item.via)
    places = [(state.program.path(item.function), item.line), *(hop[:2] for hop in item.hops)]
    return len(item.via) + _FANNED * sum(place in crossroads for place in places)


def with_hop(path: str, item: Reach | Hit) -> tuple[tuple[str, int, str], ...]:
    """Calls between a new deciding one and the effect: that which decided before comes first."""
    return ((path, item.line, f"passed to {item.via[0]}()"), *item.hops) if item.via else item.hops


def _keep(frame: Frame, item: Reach) -> None:
    """Record what is known of an effect, and keep for callers what they decide."""
    known = {label: trace for label, trace in item.labels.items() if not label.startswith(PARAM)}
    if known:
        frame.state.add_output(
            Output(
                item.function, item.line, item.end_line, item.start, item.end, item.effect, item.api,
                tuple(sorted(known.items())), tuple(sorted(item.place.texts)), item.via, item.inner,
                item.hops,
            )
        )  # fmt: skip
    open_labels = {label: trace for label, trace in item.labels.items() if label.startswith(PARAM) or is_open(label)}
    if not open_labels:
        return
    key = (item.effect, item.inner[0], tuple(sorted(open_labels)), tuple(sorted(item.place.texts)))
    if key in frame.reaches:
        return
    if len(frame.reaches) >= MAX_REACHES:
        frame.state.limit("sinks-per-function", frame.number)
        return
    frame.reaches[key] = item._replace(labels=open_labels)


def _matters(state: State, effect: str, label: str, *, lifts: int = 0) -> bool:
    if label.startswith(PARAM):
        return True
    if effect in _SHOWN and state.is_secret(label):
        kept = effect in _KEPT and lifts <= _KEPT_LIFTS and label.startswith(REQUEST_FIELD)
        return kept or not (lifts and _of_visitor(state, label))
    return effect in _FED and (is_remote(label) or (label == REQUEST and effect in _RUN))


def _of_visitor(state: State, label: str) -> bool:
    """What visitors typed, or their own session: showing it tells them nothing."""
    plain = label.removeprefix(DIGEST)
    secret = state.origins.by_label.get(plain)
    return plain.startswith(REQUEST_FIELD) or (secret is not None and secret.kind == "session")


def _argument(frame: Frame, args: list[Val], receiver: Val | None, index: int) -> Val:
    """An argument; the object with what was put on it (an archive with the file that it opened)."""
    if index >= 0:
        return args[index] if index < len(args) else NOTHING
    if receiver is None:
        return NOTHING
    state = frame.with_sites({}, receiver.sites)
    whole = documents.inside(frame, receiver, receiver)
    return join_all([whole, *(state[role] for role in _PLACES if role in state)], frame.state.overflow)


def _content(frame: Frame, call: Call, sink: LocalSink, value: Val) -> Val:
    """What can be read at an address, or from a handle that was opened on one."""
    state = frame.with_sites({}, value.sites)
    opened = [state[role] for role in _PLACES if role in state]
    texts = join_all([*opened, *([value] if sink.reads else [])], frame.state.overflow).texts
    trace = Trace(frame.path, call.line, f"read by {sink.callable}()", None, 1)
    files = {f"{FILE}{name}": trace for text in sorted(texts) if (name := frame.state.origins.credential_file(text))}
    if sink.effect == "browser" and any(traversal.may_be_any(frame, call, text) for text in texts):
        files.setdefault(FILE + DATABASE_FILE, Trace(frame.path, call.line, f"{sink.callable}() {BY_REQUEST}", None, 1))
    return Val(labels={**read_at(texts, frame.state.holes, trace), **files})


def place_of(frame: Frame, value: Val) -> Val:
    """Path of a file: of an open handle the one that it was opened with."""
    state = frame.with_sites({}, value.sites)
    opened = [state[role] for role in _PLACES if role in state]
    return Val(join_all(opened, frame.state.overflow).texts if opened else value.texts)


def is_object(frame: Frame, out: Val) -> bool:
    """Whether what an answer is written into is an object of the program, which does with it what its methods do.

    Where it may be a path as well of which something is known, or is opened with one, that is a file.
    """
    declared = out.types & frame.state.program.classes.keys()
    return bool(declared) and not any(c < FIRST_PRIVATE for text in place_of(frame, out).texts for c in text)


def _of_handle(frame: Frame, value: Val, effect: str) -> str:
    """What is written to a pipe is run, and what is written to a connection is the network rules' business."""
    roles = frame.with_sites({}, value.sites)
    if "command" in roles:
        return "command"
    return "" if "host" in roles else effect


def _of_header(value: Val) -> str:
    """What a response header is: a redirect has rules of its own."""
    names = {text.partition(":")[0].strip().lower() for text in value.texts}
    if names & {"location", "refresh"}:
        return ""
    return "cookie" if "set-cookie" in names else "header"


def _without_classes(args: list[Val]) -> bool:
    """`unserialize($x, ['allowed_classes' => false])` makes no object of a class."""
    options = args[1].items if len(args) > 1 else None
    allowed = (options or {}).get("allowed_classes")
    return allowed is not None and not (allowed.texts - _OFF) and not allowed.items and allowed.rest is None
