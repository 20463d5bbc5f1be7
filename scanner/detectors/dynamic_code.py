"""# dynamic-code.

## What it does
Reports text that is run as PHP code: `eval`, `assert` with a string, `create_function`, `preg_replace` with modifier
`e` and its kin, an `include` of a stream (`data:`, `php://input`, `phar:`, `https:`), and a function whose name comes
from outside the release. Where the text can be worked out by folding constants (base64, compression, `chr`, xor with
a known key, loops over known bounds, in any nesting), the decoded code is analysed like all other code: its calls,
hosts and secrets become findings at the place of the `eval`, and the decoded text stands in the details.

## Why is this bad
What runs does not stand in the release. It may come from the request, from a file or from the network. Of text from
there the severity is critical; of text that is put together or decoded, high; a literal that anybody can read is low.

## Example
```php
eval(gzinflate(base64_decode($blob)));
```

## References
- CWE-95
- MITRE ATT&CK T1027, Obfuscated Files or Information; T1505.003, Web Shell
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.analysis.code import KIND
from scanner.analysis.destinations import url_destination
from scanner.analysis.remote import OUTSIDE
from scanner.analysis.sensitive import SETTING, WRITE
from scanner.analysis.summary import Hit, depends_on_caller
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING, Trace, Val, all_labels
from scanner.detectors.base import Detector, Scene, finding, rule, steps
from scanner.detectors.code_templates import adds_words
from scanner.detectors.commands import hosts as command_line_hosts
from scanner.detectors.decoded import MAX_SHOWN, innermost
from scanner.detectors.literals import standing_nowhere
from scanner.detectors.targets import is_host, target
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("dynamic-code", Category.CONCEALMENT, "Text run as PHP code", __doc__)
_SOURCES = {
    "request": "the request",
    "response": "the network or a file",
    "upload": "an upload",
    "file": "a file",
    "session": "the session",
    "database": "the database",
}
_COMMAND = "expect://"
"""What stands after it is a command line."""
_STRANGE = ("include", "require", "preg_", "mb_")
"""Ways to run text that nobody takes who wants it to be read."""
_HARMFUL = re.compile(r"[$][{$]|GLOBALS|static|global\b|::|->|=(?![=>])|`|&\s*[$]|[(]")
"""What can do something beyond giving a value: assignments, calls, variable variables, programs."""
_GIVEN = re.compile(r"\A\s*\$[a-z_]\w*\s*=(?![=>&])", re.IGNORECASE)
"""A variable of the wrapper, which takes the value."""
_ENDS = (";", "}", "?>")
"""Ends of statements: there is no code without one of them."""
_SHORT_WAY = 4
"""Steps of a trace."""
_SHORT_WAY_IN = 6
"""The same with the calls through which it goes on to what runs it."""
_LEAP = 2
"""Steps that count beside for what was put into a property or a global in another file than where it is run."""
_MANY_CALLERS = 16
"""Callers of a wrapper from which on not all need to run the same code."""
_REMOTE = frozenset({"request", "response", "upload"})


def _find(scene: Scene) -> Iterable[Finding]:
    hosts: dict[tuple[str, int], set[str]] = defaultdict(set)
    for hit in scene.result.hits:
        if hit.signature.kind not in (KIND, WRITE, SETTING):
            hosts[hit.inner].update(host for host in target(scene, hit).destinations if is_host(host))
    ways: dict[tuple[object, ...], list[tuple[int, Finding]]] = defaultdict(list)
    own = [hit for hit in scene.result.hits if hit.signature.kind == KIND]
    seen, shared = _of_wrappers(scene, own), _of_all_callers(own)
    for hit in own:
        if hit.via and not _near_labels(scene, hit) and _told_by_wrapper(scene, hit, seen, shared):
            continue
        for found in _finding(scene, hit, hosts):
            if hit.via and found.trace:
                first, length = found.trace[0], len(found.trace) + len(hit.via)
                origin = dict(found.details).get("origin")
                ways[hit.inner, origin, found.severity, first.path, first.line].append((length, found))
            else:
                yield found
    for group in ways.values():  # through wrappers each source leads there in many ways: the shortest tells it
        yield min(group, key=lambda way: (way[0], way[1].path, way[1].line, way[1].api))[1]


def _of_wrappers(scene: Scene, hits: Iterable[Hit]) -> dict[tuple[object, ...], list[Val]]:
    """Code that runs inside of a function, by what runs it, the calls on the way and the function."""
    seen: dict[tuple[object, ...], list[Val]] = defaultdict(list)
    for hit in hits:
        seen[hit.inner, hit.via, scene.program.symbol(hit.function)].append(_code(hit))
    return seen


def _told_by_wrapper(
    scene: Scene,
    hit: Hit,
    seen: Mapping[tuple[object, ...], list[Val]],
    shared: Mapping[tuple[object, ...], set[str]],
) -> bool:
    """Whether the wrapper that is called runs just that, whoever calls it, or gets words to put into its code."""
    inside, texts = seen.get((hit.inner, hit.via[1:], hit.via[0]), []), _code(hit).texts
    fixed = {text for code in inside if not depends_on_caller(code) for text in code.texts}
    if fixed:
        return fixed >= texts
    new = texts.difference(*(shared.get(key, ()) for key in _ends(hit)))
    own = [text for text in new if _is_known_code(hit, text)]
    if not own:
        return bool(inside and texts)
    return adds_words(own, {text for code in inside for text in code.texts}, scene.result.state.holes)


def _of_all_callers(hits: Iterable[Hit]) -> dict[tuple[object, ...], set[str]]:
    """Code that runs whichever of several callers takes the last steps of a way: it is the wrappers' own.

    What one caller passes is not in it, nor is anything where there is one caller alone. Of many callers a few may lack
    it, whose values were too many to be kept.
    """
    held: dict[tuple[object, ...], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    callers: dict[tuple[object, ...], set[int]] = defaultdict(set)
    for hit in (one for one in hits if one.via):
        for key in _ends(hit):
            callers[key].add(hit.function)
            for text in _code(hit).texts:
                held[key][text].add(hit.function)
    return {
        key: {text for text, users in held[key].items() if len(users) >= _nearly_all(len(every))}
        for key, every in callers.items()
        if len(every) > 1
    }


def _nearly_all(number: int) -> int:
    """How many callers of so many must agree: all, or three of four."""
    return number if number < _MANY_CALLERS else number * 3 // 4


def _ends(hit: Hit) -> list[tuple[object, ...]]:
    """The last calls of a way, all of them first, with the place that they lead to."""
    return [(hit.inner, hit.via[number:]) for number in range(len(hit.via) + 1)]


def _destinations(
    scene: Scene, code: Val, labels: Mapping[str, Trace], hosts: Mapping[tuple[str, int], set[str]]
) -> list[str]:
    """Hosts that the code comes from: of the stream that is included, or of the call that read it."""
    found: set[str] = set()
    holes = scene.result.state.holes
    for text in code.texts:
        if text[: len(_COMMAND)].lower() == _COMMAND:
            found |= set(command_line_hosts(text[len(_COMMAND) :], holes))
        elif "://" in text[:12]:
            found.add(url_destination(text, holes).name)
    for label in labels.keys() & {"response"}:
        first: Trace | None = labels[label]
        while first is not None and first.previous is not None:
            first = first.previous
        if first is not None:
            found |= hosts.get((first.path, first.line), set())
    return sorted(name for name in found if is_host(name))


def _finding(scene: Scene, hit: Hit, hosts: Mapping[tuple[str, int], set[str]]) -> Iterable[Finding]:
    value, labels = _code(hit), _near_labels(scene, hit)
    text, layers = innermost(scene, hit.function, hit.start)
    if hit.api == "eval" and _is_no_code(text):
        text = ""
    inside = scene.program.layers(hit.function) > 0
    if not labels and (inside or (hit.via and not any(_is_known_code(hit, one) for one in value.texts))):
        return  # a layer of decoded code, whose outermost is reported; or a wrapper's call that says nothing more
    if hit.api == "assert" and not hit.computed and not labels and not any(map(is_known, value.texts)):
        return  # an expression, as far as anybody can tell
    severity = _severity(hit, labels)
    if severity is Severity.HIGH and not labels and _does_nothing(scene, hit, value):
        severity = Severity.MEDIUM if standing_nowhere(scene, value.texts) else Severity.LOW
    shown = next(iter(hit.roles["shown"].texts), "").lstrip("=") if "shown" in hit.roles else hit.api
    origin = ", ".join(_SOURCES[label] for label in sorted(labels))
    details = [("origin", origin)] if origin else []
    if text and severity is not Severity.LOW:
        details += [("decoded", text), ("layers", str(layers))]
    yield finding(
        scene,
        RULE,
        hit,
        severity=severity,
        confidence=Confidence.CERTAIN if not labels else Confidence.LIKELY,
        api=hit.api if not hit.via else f"{hit.via[0]} ({hit.api})",
        message=_message(hit, shown, origin, text, severity),
        destinations=_destinations(scene, value, labels, hosts),
        details=details,
        trace=steps(labels[min(labels)]) if labels else (),
    )


def _code(hit: Hit) -> Val:
    return hit.roles.get("code") or hit.roles.get("callee") or NOTHING


def _near_labels(scene: Scene, hit: Hit) -> dict[str, Trace]:
    """What of the code surely comes from outside of the program."""
    return {
        label: trace
        for label, trace in all_labels(_code(hit)).items()
        if label in OUTSIDE and _near(trace, hit, scene.program.path(hit.function))
    }


def _is_known_code(hit: Hit, text: str) -> bool:
    """Whether a text that is run is known, and PHP finds no error in it at once."""
    return is_known(text) and not (hit.api == "eval" and _is_no_code(text))


def _is_no_code(text: str) -> bool:
    """Whether PHP finds an error in a text where it ends: a word that a value may be, among others."""
    return len(text) < MAX_SHOWN and not any(end in text for end in _ENDS)


def _does_nothing(scene: Scene, hit: Hit, code: Val) -> bool:
    """Whether all of the code is known, was analysed like other code, and does nothing to anything outside of it.

    What it assigns to globals or defines counts as doing something: other code may rely on it.
    """
    if hit.api.startswith(_STRANGE) or not code.texts or not all(map(is_known, code.texts)) or depends_on_caller(code):
        return False
    program, result = scene.program, scene.result
    units = [path for path, unit in program.code.items() if (unit.host, unit.start) == (hit.function, hit.start)]
    paths = frozenset(units)
    texts = [_GIVEN.sub("", text, count=1) if hit.via else text for text in code.texts]
    if len(paths) < len(code.texts) or any(map(_HARMFUL.search, texts)):
        return False
    files = [unit.facts for unit in program.files if unit.path in paths]
    if any(facts.gaps or len(facts.functions) > 1 or facts.classes or facts.functions[0].called for facts in files):
        return False
    seen = (item.function for part in (result.hits, result.outputs, result.reads, result.notes) for item in part)
    return all(program.path(function) not in paths for function in seen)


def _near(trace: Trace, hit: Hit, path: str) -> bool:
    """Whether data takes a short way inside one file: over long ways everything comes from the request somehow.

    `path`: of the file in which the code is run, or given to what runs it.
    """
    current: Trace | None = trace
    while current is not None:
        if current.path != trace.path:
            return False
        current = current.previous
    length = trace.length + (_LEAP if trace.path != path else 0)
    return length <= _SHORT_WAY and length + len(hit.via) <= _SHORT_WAY_IN


def _message(hit: Hit, shown: str, origin: str, text: str, severity: Severity) -> str:
    if "callee" in hit.roles:
        return f"the function that is called here is named by {origin}"
    if origin:
        return f"{hit.api} runs code that comes from {origin}: {shown}"
    if severity is Severity.MEDIUM:
        return f"{hit.api} runs code that is decoded or put together here and only gives a value: {text[:120]}"
    if text and severity is not Severity.LOW:
        return f"{hit.api} runs code that is decoded or put together here: {text[:120]}"
    return f"{hit.api} runs {shown} as PHP code"


def _severity(hit: Hit, labels: Mapping[str, Trace]) -> Severity:
    if "callee" in hit.roles:
        return (
            Severity.CRITICAL if "request" in labels else Severity.HIGH if labels.keys() & _REMOTE else Severity.MEDIUM
        )
    if labels.keys() & _REMOTE:
        return Severity.CRITICAL
    shown = next(iter(hit.roles["shown"].texts), "") if "shown" in hit.roles else ""
    code = hit.roles.get("code", NOTHING)
    if hit.api.startswith(_STRANGE):
        return Severity.HIGH  # nobody writes code that way who wants it to be read
    literal = shown.startswith("=") and bool(code.texts) and all(map(is_known, code.texts)) and not hit.computed
    if literal and not depends_on_caller(code):
        return Severity.LOW
    return Severity.HIGH


DETECTOR = Detector(RULE, _find)
