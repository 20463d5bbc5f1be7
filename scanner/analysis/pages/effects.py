"""Effects of PHP's own functions that a page calls itself."""

from __future__ import annotations

from scanner.analysis.pages.conditions import keys_in
from scanner.model.facts import Call, CallKind, Const, ConstRef, FunctionFact, Value

_BY_NAME = {
    **dict.fromkeys(("exec", "system", "passthru", "shell_exec", "popen", "proc_open", "pcntl_exec"), "exec"),
    **dict.fromkeys(("create_function",), "exec"),
    **dict.fromkeys(("file_put_contents", "fwrite", "fputs", "move_uploaded_file", "copy", "rename"), "file-write"),
    **dict.fromkeys(("unlink", "mkdir", "rmdir", "symlink", "chmod", "touch"), "file-write"),
    **dict.fromkeys(("curl_exec", "curl_multi_exec", "fsockopen", "pfsockopen", "stream_socket_client"), "egress"),
    **dict.fromkeys(("dns_get_record", "gethostbyname", "checkdnsrr", "socket_connect", "ftp_connect"), "egress"),
    **dict.fromkeys(("mysqli_query", "mysqli_multi_query", "mysqli_connect", "pg_query"), "db"),
    "mail": "mail",
    "readfile": "file-read",
}
"""Effect by lower-case name of a function of PHP."""
STRONG = frozenset({"exec", "file-write", "egress", "mail"})
"""Effects that nobody should have without a login."""

_LOOKS = frozenset(
    {"basename", "class_exists", "constant", "count", "debug_backtrace", "defined", "dirname", "empty",
     "function_exists", "getenv", "in_array", "ini_get", "is_array", "is_string", "isset", "php_sapi_name",
     "realpath", "strlen", "strpos", "strtolower", "substr"}
)  # fmt: skip
"""Functions and constructs of PHP that only look at what there is; none of them calls what it is given."""


def only_looks(fact: FunctionFact) -> bool:
    """Whether a function of the program calls nothing but such: it answers a question, a page does nothing by it."""
    return not fact.is_generator and _LOOKS.issuperset(fact.called)


def effect_of(name: str, call: Call) -> str:
    """The effect of a call of PHP's own function, `` for none that matters."""
    if call.kind == CallKind.DYNAMIC and not isinstance(call.receiver, (str, type(None))):
        return "exec" if keys_in(call.receiver) else ""
    if call.kind != CallKind.FUNCTION:
        return ""
    if name in ("fwrite", "fputs") and call.args and _is_standard(call.args[0].value):
        return "output"
    if name in ("file_get_contents", "fopen") and call.args:
        text = call.args[0].value
        return "egress" if isinstance(text, Const) and "://" in str(text.value) else ""
    return _BY_NAME.get(name, "")


def _is_standard(value: Value) -> bool:
    """`STDERR`, `STDOUT`: what is written there is no file."""
    return isinstance(value, ConstRef) and value.name in ("STDERR", "STDOUT")
