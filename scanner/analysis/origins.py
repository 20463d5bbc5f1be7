"""Where secrets and other labelled data come from, by name and place."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping

from scanner.analysis.program import Program
from scanner.analysis.remote import REQUEST, UPLOAD
from scanner.analysis.templates import FIRST_PRIVATE, HoleTable
from scanner.analysis.values import Trace, Val, all_labels
from scanner.model.signature import Catalogue, Secret, SecretOrigin

REQUEST_GLOBALS = frozenset({"_GET", "_POST", "_REQUEST", "_COOKIE", "_FILES"})
SUPERGLOBALS = REQUEST_GLOBALS | {"_SESSION", "_SERVER", "_ENV"}
"""What is written to an element of these is read there again, anywhere in the program."""
CALL_ARGUMENTS = "call-arguments"
"""Label of what `debug_backtrace` gives: the arguments of all callers."""
BY_REQUEST = "reads any file that the request names"
"""In a trace, of the credentials' file: it is read by whoever names it."""
ALL_SETTINGS = "a query for all"
"""Begins the way of what a query reads that chooses none of the settings."""
ONE_SETTING = "one of them, by its name"
"""A step of the way of one that is taken out of them."""
ALL_GLOBALS = "globals"
MANY = frozenset({ALL_GLOBALS, "environment", "session", "constants", CALL_ARGUMENTS})
"""Labels of values that hold many secrets at once."""
ELEMENTWISE = frozenset({ALL_GLOBALS, "environment", "session"})
"""Those of which an element of known name has only what its name says."""
OWN_CONSTANTS = frozenset(
    {"Core", "calendar", "ctype", "curl", "date", "dom", "exif", "fileinfo", "filter", "ftp", "gd", "gettext", "gmp",
     "hash", "iconv", "imap", "intl", "json", "ldap", "libxml", "mbstring", "mysqli", "openssl", "pcntl", "pcre",
     "pgsql", "posix", "readline", "session", "soap", "sockets", "sodium", "SPL", "standard", "tokenizer", "xml",
     "zip", "zlib"}
)  # fmt: skip
"""Extensions by which `get_defined_constants(true)` sorts: the program's own are under `user`."""
FILE = "file:"
"""Prefix of the label of what a file on the list of credential paths holds."""
DIGEST = "hash-of:"
"""Prefix of the label of what a one-way function made of a secret."""
OF_EVERY_VISITOR = frozenset({"session.id", "session.PHPSESSID"})
"""Secrets that every page reads."""
REQUEST_FIELD = "request."
"""Prefix of the label of what any visitor types."""
RETURNED = "function."
"""Prefix of the label of what a function gives back whose purpose it is to give a secret back."""
OWN_NAMES = frozenset({"SERVER_NAME", "HTTP_HOST", "SERVER_ADDR"})
"""Elements of `$_SERVER` that name the site's own server, unless the program writes something else into them."""
SERVER_REQUEST_PREFIXES = ("HTTP_", "REQUEST_URI", "QUERY_", "PATH_INFO", "PHP_SELF", "PHP_AUTH", "argv")
DATABASE_FILE = "database.php"
PROJECT_TABLE = "redcap_projects"
SETTINGS_TABLE = "redcap_config"
_PUBLIC_KINDS = frozenset({"session"})
"""Kinds that a page shows or sets by design: rows that hold them say nothing."""
BULK = ("::getconfigvals", "::fromdb", "::getserviceattributes")
"""Functions that return many values at once, keyed by name."""
GENERIC = frozenset({"password", "username", "hostname", "db", "salt"})
"""Names of database.php that are ordinary locals, fields and parameters elsewhere: only their origin counts."""


def is_broad(label: str) -> bool:
    """Whether a label stands for many values, for what every visitor has, or for all that a file holds."""
    label = label.removeprefix(DIGEST)
    return label in MANY or label in OF_EVERY_VISITOR or label.startswith((REQUEST_FIELD, FILE))


def is_nameless(label: str) -> bool:
    """The same, and what a function gave back whose purpose it is to give secrets back: which one, nobody knows."""
    return is_broad(label) or label.removeprefix(DIGEST).startswith(RETURNED)


def telling_column(secret: Secret) -> bool:
    """Whether the column's name alone says what it holds: a global of the current project, or a name of three words."""
    return secret.table == PROJECT_TABLE or secret.name.count("_") >= 2  # noqa: PLR2004  `hash`, `api_token` are words


class Origins:
    """Look-ups from names to secrets."""

    def __init__(self, catalogue: Catalogue, holes: HoleTable, own_names: frozenset[str] = frozenset()) -> None:
        """`own_names`: names of database.php that the scanned program sets itself, for purposes of its own."""
        self._holes = holes
        self._own_names = own_names
        self.database: dict[str, Secret] = {}
        self.settings: dict[str, Secret] = {}
        self.environment: dict[str, Secret] = {}
        self.session: dict[str, Secret] = {}
        self.functions: dict[str, Secret] = {}
        self.columns: dict[str, Secret] = {}
        self.tables: dict[str, dict[str, Secret]] = {}
        """Secret columns by table."""
        self.project: dict[str, Secret] = {}
        """Columns with telling names; those of the projects table are globals, too, for the current project."""
        self.by_label: dict[str, Secret] = {secret.label: secret for secret in catalogue.secrets}
        tables = {
            SecretOrigin.DATABASE_PHP: self.database,
            SecretOrigin.CONFIG: self.settings,
            SecretOrigin.ENVIRONMENT: self.environment,
            SecretOrigin.SESSION: self.session,
        }
        for secret in catalogue.secrets:
            if secret.kind == "handle":
                continue  # an open connection is used, not sent: no text of it can leave
            table = tables.get(secret.origin)
            if table is not None:
                table[secret.name] = secret
            elif secret.origin is SecretOrigin.FUNCTION:
                self.functions[secret.name.lower()] = secret
            elif secret.origin is SecretOrigin.TABLE:
                self.columns.setdefault(secret.name, secret)
                if secret.kind not in _PUBLIC_KINDS and secret.severity_floor != "info":
                    self.tables.setdefault(secret.table, {})[secret.name] = secret
                if secret.table == PROJECT_TABLE or (telling_column(secret) and secret.name not in self.project):
                    self.project[secret.name] = secret
        self.of_database_file = frozenset(
            secret.label
            for secret in self.database.values()
            if secret.kind in ("salt", "private-key") or secret.label.endswith(".password")
        )
        """Labels of passwords, keys and the salt of the site's own file: nothing writes them into a table."""
        self.bulk = frozenset(name for name in self.functions if name.endswith(BULK))
        self.own_server = catalogue.own_server
        self._credential_paths = catalogue.credential_paths

    def credentials(self, labels: Mapping[str, Trace]) -> dict[str, Trace]:
        """What of `database.php` is among some labels."""
        return {label: trace for label, trace in labels.items() if label in self.of_database_file}

    def credentials_in(self, values: Iterable[Val]) -> dict[str, Trace]:
        """What of `database.php` is in some values; most hold nothing at all."""
        found: dict[str, Trace] = {}
        for value in values:
            if value.labels or value.height:
                found.update(self.credentials(all_labels(value)))
        return found

    def credential_file(self, path: str) -> str:
        """Which of the credential paths a path template is, by the end that is known; `` for none of them.

        A pattern that begins with `/` is a whole path, one that ends in `/` a folder, any other the end of a path.
        """
        if path.startswith("php://filter"):
            path = path.partition("resource=")[2]
        path = path.removeprefix("file://")
        if "://" in path:
            return ""
        start = max((position for position, mark in enumerate(path) if mark >= FIRST_PRIVATE), default=-1) + 1
        known = path[start:].replace("\\", "/")
        for pattern in self._credential_paths if known else ():
            if pattern.startswith("/") and pattern.endswith("/"):
                fits = not start and known.startswith(pattern)
            elif pattern.startswith("/"):
                fits = not start and known == pattern
            elif "*" in pattern:
                fits = fnmatch.fnmatchcase(known.rpartition("/")[2], pattern)
            else:
                fits = known == pattern or known.endswith("/" + pattern)
            if fits:
                return pattern
        return ""

    def is_bulk(self, label: str) -> bool:
        """Whether a label is that of what a function returns which gives all settings."""
        return label.removeprefix(RETURNED).lower() in self.bulk

    def global_secret(self, name: str) -> Secret | None:
        """Secret that a global variable of this name holds."""
        if name in self._own_names:
            return None
        return self.database.get(name) or self.settings.get(name) or self.project.get(name)

    def named_secret(self, name: str, of: Mapping[str, Trace]) -> Secret | None:
        """Secret that an array key or property of this name may hold: only names that mean nothing else.

        `of`: labels of the array or object. Column names such as `access_token` mean something in many arrays: they
        count in rows of a query only. A short name is a setting where all settings are asked.
        """
        from_database = "database" in of
        if name in self.settings and any(map(self.is_bulk, of)):
            return self.settings[name]
        if name in GENERIC or len(name) < 6:  # noqa: PLR2004  shorter names are words, not settings
            return None
        if from_database and name in self.columns:
            return self.columns[name]
        return self.settings.get(name) or self.project.get(name)

    def secret_value(self, secret: Secret, path: str, line: int, how: str) -> Val:
        """Value of a secret read here."""
        trace = Trace(path, line, f"{how} is {secret.label}", None, 1)
        kind = "config" if secret.origin in (SecretOrigin.CONFIG, SecretOrigin.DATABASE_PHP) else "secret"
        text = secret.name if kind == "config" else secret.label
        return Val(frozenset([self._holes.template(kind, text)]), {secret.label: trace})

    def setting_value(self, name: str) -> Val | None:
        """Value of a global that is known to name the own server; None for other names."""
        if name in self.own_server:
            return Val(frozenset([self._holes.template("own-server", name)]))
        return None

    def request_value(self, shown: str, path: str, line: int) -> Val:
        """Value that whoever calls the page decides."""
        trace = Trace(path, line, f"{shown} is sent by the caller of the page", None, 1)
        labels = {REQUEST: trace, UPLOAD: trace} if shown.startswith("$_FILES") else {REQUEST: trace}
        return Val(frozenset([self._holes.template("user-input", shown)]), labels)


def own_names(program: Program) -> frozenset[str]:
    """Generic names that the program assigns as globals, unless it is REDCap or builds on it."""
    if any("redcap" in unit.path.lower() or unit.path.endswith(DATABASE_FILE) for unit in program.files):
        return frozenset()
    return frozenset(name for unit in program.files for name in unit.facts.assigned if name in GENERIC)
