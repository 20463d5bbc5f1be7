"""Words that signature files may use, each with what it means for the analysis."""

from __future__ import annotations

from typing import Final

ROLES: Final = frozenset(
    {
        "url",  # where it goes, or for `if-url` the path that may be a URL
        "host",  # host, mail address or mailbox that receives
        "port",
        "dsn",  # connection string
        "payload",  # what is sent
        "header",
        "auth",  # credential
        "signing",  # key that signs what is sent, and is not sent itself
        "file",  # local file whose content is sent
        "path",  # remote or local name; may carry data
        "xml",  # document whose references may be fetched
        "request",
        "client",
        "handle",
        "options",  # array of options, see option tables
        "option",  # key of one option
        "value",  # value of that option
        "context",  # stream context
        "command",
        "callback",
        "middleware",  # a callable that gets every request, or every record, before it is sent, and may change it
        "class",
        "scheme",
        "env",
        "format",
        "flags",
        "cwd",
        "proxy",
    },
)
"""Roles of arguments."""

OPTION_ROLES: Final = ROLES | {
    "url-extra",  # also decides where it goes
    "include-url",  # a path or URL that is run
    "redirect",
    "protocols",
    "method",
    "tls",
    "file-out",
    "share",
    "gate",  # switches a capability on or off
    "dns",
    "exec",
    "other",
}
"""Roles of options; `nested:<table>` is also one."""

KINDS: Final = frozenset(
    {
        "http",
        "file-url",
        "db",
        "sdk",
        "browser",
        "socket",
        "storage-sdk",
        "mail",
        "ssh",
        "image-url",
        "xml-url",
        "ftp",
        "ipc",
        "exec",
        "ldap",
        "redirect",
        "soap",
        "include-url",
        "dns",
        "process",
    }
)
PHASES: Final = frozenset(
    {
        "construct",
        "configure",
        "connect",
        "execute",
        "send",
        "receive",
        "read",
        "write",
        "listen",
    }
)
OPERATIONS: Final = frozenset(
    {
        "open",
        "stat",
        "opendir",
        "metadata",
        "mkdir",
        "rename",
        "rmdir",
        "unlink",
    }
)
SECRET_KINDS: Final = frozenset(
    {
        "db-credential",
        "handle",  # an open connection: used, never sent
        "salt",
        "private-key",
        "api-key",
        "token",
        "oauth",
        "password",
        "session",
        "other",
    }
)
SEVERITY_FLOORS: Final = frozenset({"info", "digest"})
TRANSFORMS: Final = frozenset(
    {
        "identity",
        "encode",
        "decode",
        "compress",
        "decompress",
        "encrypt",
        "decrypt",
        "split",
        "join",
        "partial",
        "case",
        "format",
        "regex",
        "callback",
        "locals",
        "constants",
        "store",
        "stego",
        "output-buffer",
        "arithmetic",
        "digest",
        "comparison",
        "metadata",
    }
)
EFFECTS: Final = frozenset(
    {
        "browser",  # printed: the page that whoever asked for it gets
        "log",
        "cookie",
        "header",
        "exception",  # message of one
        "file",  # written to disk
        "code",  # run as PHP
        "include",
        "callee",  # names a function, method or class
        "unserialize",  # becomes objects
        "unpack",  # an archive that is unpacked
        "command",
        "sql",
        "session",  # is the number of the session that is opened
        "variables",  # become variables, under names that it gives
    }
)
"""What a local sink does with the data that reaches it."""
SOURCE_TYPES: Final = frozenset(
    {
        "function",
        "method",
        "superglobal",
        "variable",
        "stream",
    }
)
SOURCE_LABELS: Final = frozenset(
    {
        "env",
        "request",
        "session",
        "response",
        "file",
        "database",
        "command",
        "configuration",
        "secret",
        "arguments",
        "cache",
        "output",
        "memory",
        "errors",
        "globals",
    }
)
