"""Places of a whole process, or of its machine, that one function of PHP writes and another reads.

A session's name, headers that will be sent, names of files: nobody keeps data there, so that a credential which one
call puts into such a place and another takes out has gone a way that was made to be overlooked. Source: the manual,
pages of the functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import NOTHING, Val
from scanner.model.facts import Call, Index, Var

_PLACE = "\2sideline"
"""Space of these stores."""
_WRITES: Mapping[str, str] = {
    "header": "header", "header_register_callback": "header", "setcookie": "header", "setrawcookie": "header",
    "session_name": "session-name", "cli_set_process_title": "title", "setproctitle": "title",
    "mkdir": "file-names", "rename": "file-names", "touch": "file-times", "symlink": "links", "link": "file-names",
    "tempnam": "file-names", "posix_mkfifo": "file-names", "chmod": "file-modes", "msg_send": "messages",
    "apache_note": "notes", "apache_setenv": "notes", "xattr_set": "xattr", "class_alias": "class-names",
    "define": "constant-names", "setlocale": "locale", "textdomain": "locale", "bindtextdomain": "locale",
    "umask": "mask", "srand": "seed", "mt_srand": "seed", "dba_insert": "dba", "dba_replace": "dba",
    "stream_socket_sendto": "sockets", "socket_write": "sockets", "socket_send": "sockets", "eio_custom": "events",
    "iptcembed": "iptc", "openlog": "log-name", "set_include_path": "include-path",
}  # fmt: skip
_READS: Mapping[str, str] = {
    "headers_list": "header", "apache_response_headers": "header", "xdebug_get_headers": "header",
    "session_name": "session-name", "cli_get_process_title": "title",
    "scandir": "file-names", "glob": "file-names", "readdir": "file-names", "dir": "file-names",
    "filemtime": "file-times", "fileatime": "file-times", "filectime": "file-times", "stat": "file-times",
    "fileperms": "file-modes", "readlink": "links", "linkinfo": "links", "apache_note": "notes",
    "apache_getenv": "notes", "xattr_get": "xattr", "xattr_list": "xattr", "get_declared_classes": "class-names",
    "setlocale": "locale", "textdomain": "locale", "umask": "mask", "rand": "seed", "mt_rand": "seed",
    "dba_fetch": "dba", "dba_firstkey": "dba", "dba_nextkey": "dba", "iptcparse": "iptc",
    "get_include_path": "include-path",
}  # fmt: skip
_COOKIES = frozenset({"setcookie", "setrawcookie"})
"""What these set comes back in `$_COOKIE`, under its name."""
_MAX_COOKIES = 4
_RECEIVES: Mapping[str, tuple[str, int]] = {"msg_receive": ("messages", 4)}
"""Functions that write what they read into an argument."""


def called(evaluator: Evaluator, call: Call, name: str, args: Sequence[Val]) -> Val:
    """What a function of PHP takes out of a place; what it puts there is kept."""
    place = _WRITES.get(name)
    if place is not None:
        secrets = evaluator.state.origins.credentials_in(args)
        if secrets:
            evaluator.state.write_store((_PLACE, place), Val(labels=secrets))
            for cookie in evaluator.known_texts(args[0])[:_MAX_COOKIES] if name in _COOKIES else ():
                evaluator.state.write_store(("_COOKIE", cookie), Val(labels=secrets))
    received = _RECEIVES.get(name)
    if received is not None and received[1] < len(call.args):
        target = call.args[received[1]].value
        if isinstance(target, (Var, Index)):
            held = evaluator.state.read_store((_PLACE, received[0]))
            written = Val(evaluator.unknown(target).texts, held.labels)
            evaluator.state.interpreter.write(evaluator, target, written)
    place = _READS.get(name)
    return NOTHING if place is None else evaluator.state.read_store((_PLACE, place))
