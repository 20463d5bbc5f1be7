"""Calls that change what PHP runs, by name and known arguments: written code, settings, loaders, commands.

Recorded are calls whose arguments say something; what they say is weighed by the detectors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scanner.analysis import code, remote
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.pieces import known_start
from scanner.analysis.summary import Hit
from scanner.analysis.templates import PARAMETERS, is_known, parameters
from scanner.analysis.values import NOTHING, Val, all_labels, text_value
from scanner.model.facts import Call, Const
from scanner.model.signature import CallableKind, Certainty, Signature

WRITE = "code-write"
"""Kind of calls that write a file."""
SETTING = "runtime"
"""Kind of calls that change how PHP runs."""
_TAG = re.compile(r"<\?(?:php|=|\s)", re.IGNORECASE)
_WRITES = {
    "file_put_contents": (0, 1),
    "fwrite": (-1, 0),
    "fputs": (-1, 0),
    "copy": (1, 0),
    "move_uploaded_file": (1, 0),
}
"""Functions that write, and which arguments are path and content."""
_CODE_FILE = re.compile(
    r"\.(?:php\d?|phtml|pht|phar|inc|htaccess|user\.ini)$|(?:^|/)(?:php\.ini|web\.config|crontab|authorized_keys)$|/cron\.",
    re.IGNORECASE,
)
_SETTINGS = {"ini_set": 0, "ini_alter": 0, "putenv": 0, "dl": 0, "imap_open": 0, "mail": 4, "mb_send_mail": 4,
             "stream_wrapper_unregister": 0, "apache_setenv": 0}  # fmt: skip
"""Functions, and which argument says what they change."""
METHODS = frozenset({"registerphpfunctions"})
"""Methods whose name says enough, whatever class they are of: XSLTProcessor and DOMXPath have it."""
ANY_FUNCTION = "*"
_MAX_FUNCTIONS = 20
_MAX_FOLLOWED = 2
NAMES = frozenset(_WRITES) | frozenset(_SETTINGS)


def observe(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> None:
    """Record a call of one of these functions where its arguments say something."""
    if name in _WRITES and len(args) > max(_WRITES[name]):
        path, content = (args[i] if i >= 0 else NOTHING for i in _WRITES[name])
        if name in ("fwrite", "fputs"):
            path, content = NOTHING, args[1] if len(args) > 1 else NOTHING
        _written(evaluator, node, name, path, content)
    elif name in _SETTINGS and len(args) > _SETTINGS[name]:
        what = args[_SETTINGS[name]]
        value = args[1] if name in ("ini_set", "ini_alter") and len(args) > 1 else NOTHING
        if any(map(_says_something, what.texts)) or "request" in what.labels:
            _record(evaluator, node, SETTING, name, {"what": what, "value": value})


def _says_something(text: str) -> bool:
    """Whether it is known what is set, or callers say it: `putenv("HTTP_PROXY=$proxy")`, `ini_set($name, 1)`."""
    return is_known(text) or "=" in known_start(text) or bool(parameters(text))


def observe_method(evaluator: Evaluator, node: Call, name: str, args: list[Val]) -> None:
    """Record the functions that style sheets and XPath expressions may call: all of PHP's, when none are named."""
    given = [args[0], *(args[0].items or {}).values()] if args else []
    names = sorted({text for value in given for text in evaluator.known_texts(value)})[:_MAX_FUNCTIONS]
    _record(evaluator, node, SETTING, name, {"what": text_value(*names) if names else text_value(ANY_FUNCTION)})


def _written(evaluator: Evaluator, node: Call, name: str, path: Val, content: Val) -> None:
    roles = {"path": path, "content": content}
    if not writes_code(roles):
        return
    index = 1 if name in ("file_put_contents", "fwrite", "fputs") else 0
    literal = index < len(node.args) and isinstance(node.args[index].value, Const)
    _record(evaluator, node, WRITE, name, {**roles, "shown": text_value("=" if literal else "")})
    if name != "copy":
        follow_written(evaluator, node, content)


def writes_code(roles: Mapping[str, Val]) -> bool:
    """Whether what is written may be code, or goes where code is: as far as is known here, or callers say it."""
    path, content = roles.get("path", NOTHING), roles.get("content", NOTHING)
    if any(map(is_php, content.texts)) or any(map(is_code_file, path.texts)):
        return True
    if any(label in remote.OUTSIDE for label in (*path.labels, *all_labels(content))):
        return True
    told = [text for text in content.texts if parameters(text)]
    if path is NOTHING:  # to a stream, as nearly every log is: code begins with its tag
        return any(PARAMETERS.match(text) or _TAG.match(text) for text in told)
    return bool(told) and any(map(parameters, path.texts))


def follow_written(evaluator: Evaluator, node: Call, content: Val) -> None:
    """Run what is known of the code that a call writes: what it does, the call does."""
    for text in [text for text in evaluator.known_texts(content) if is_php(text)][:_MAX_FOLLOWED]:
        env, globals_ = dict(evaluator.env), dict(evaluator.globals)
        code.follow(evaluator, node, text_value("?>" + text))
        evaluator.env, evaluator.globals = env, globals_


def _record(evaluator: Evaluator, node: Call, kind: str, api: str, roles: dict[str, Val]) -> None:
    signature = Signature(
        id=f"php.{kind}", callable=api, type=CallableKind.FUNCTION, kind=kind, lib="php", phase="execute",
        certainty=Certainty.ALWAYS,
    )  # fmt: skip
    evaluator.add_hit(
        Hit(
            evaluator.number, node.line, node.end_line, node.start, node.end, signature, api, roles, frozenset(), (),
            (evaluator.path, node.line), certain=True, computed=evaluator.computed,
        )
    )  # fmt: skip


def is_php(text: str) -> bool:
    """Whether a known text holds PHP code."""
    return is_known(text) and _TAG.search(text) is not None


def is_code_file(text: str) -> bool:
    """Whether a path ends in a name that a server runs or obeys."""
    return _CODE_FILE.search(text) is not None
