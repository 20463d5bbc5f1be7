"""What the analyser knows of PHP, of libraries and of REDCap, as loaded from `signatures/**.yaml`."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CallableKind(StrEnum):
    """How a signature's target is spelled in PHP."""

    FUNCTION = "function"
    METHOD = "method"
    STATIC = "static"
    NEW = "new"
    CONSTRUCT = "construct"
    """Language constructs: `include`, `eval`, backticks, `echo`, ..."""
    HTML = "html"
    """An element or attribute of a page that is sent to the browser."""
    JAVASCRIPT = "javascript"
    CSS = "css"
    RESPONSE_HEADER = "response-header"


class Certainty(StrEnum):
    """Whether the call alone makes traffic."""

    ALWAYS = "always"
    IF_URL = "if-url"
    """Only when the argument with role `url` may be a URL or wrapper path."""
    IF_REMOTE = "if-remote"
    """Only when a handle, host, command or adapter is remote."""
    NEVER_ALONE = "never-alone"
    """Configures or builds what another call sends."""


class Argument(msgspec.Struct, frozen=True):
    """Role of one argument (or, with a negative index, of the receiver)."""

    index: int
    """0-based; -1 is the receiver."""
    role: str
    """`url host port payload header auth options handle command callback path xml context proxy request dsn ...`"""
    rest: bool = False
    """True when this and all later arguments have the role."""


class Example(msgspec.Struct, frozen=True):
    """PHP snippets (statements, without `<?php`) that prove an entry."""

    vulnerable: tuple[str, ...]
    """Each must match the signature."""
    safe: tuple[str, ...]
    """None may match it."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One way to the network (or to another effect) and which argument plays which part."""

    id: str
    callable: str
    """As PHP writes it: `curl_exec`, `GuzzleHttp\\Client::request`, `SoapClient::__construct`, `include`."""
    type: CallableKind
    kind: str
    """Channel: `http file-url db sdk browser socket storage-sdk mail ssh image-url xml-url ftp ipc exec ldap
    redirect soap include-url dns process`."""
    lib: str
    """Extension or package the callable belongs to: `curl`, `guzzlehttp/guzzle`."""
    phase: str
    """`construct configure connect execute send receive read write listen`."""
    certainty: Certainty
    params: tuple[str, ...] = ()
    """Parameter names in order, for named arguments."""
    arguments: tuple[Argument, ...] = ()
    option_table: str = ""
    """Name of the table in `Catalogue.option_tables` that gives roles to option keys."""
    returns_handle: bool = False
    operation: str = ""
    """Operation on the stream wrapper for file functions: `open stat opendir metadata mkdir rename rmdir unlink`.
    Over `http:` and `https:` only `open` and the fallback of `touch` make traffic."""
    destinations: tuple[str, ...] = ()
    """Hosts that the callable itself contacts whatever its arguments (an SDK's API host)."""
    note: str = ""
    reference: str = ""
    """Source of the fact."""
    examples: Example = Example((), ())


class Propagator(msgspec.Struct, frozen=True):
    """A function through which data flows from arguments to its result, arguments or a store."""

    callable: str
    """Lower case."""
    from_args: tuple[int, ...]
    rest_from: int = -1
    """All arguments from this index on, -1 for none."""
    to: str = "return"
    """`return`, `arg:<n>`, `locals`, `store`, ..."""
    transform: str = "identity"
    params: tuple[str, ...] = ()


class Source(msgspec.Struct, frozen=True):
    """Where data enters: environment, request, session, response, file."""

    id: str
    name: str
    type: str
    taints: str
    label: str
    """Label of the data: `env`, `request`, `session`, `response`, `file`, `secret`, ..."""
    note: str = ""


class SecretOrigin(StrEnum):
    DATABASE_PHP = "database.php"
    CONFIG = "redcap_config"
    TABLE = "table"
    SESSION = "session"
    ENVIRONMENT = "env"
    FUNCTION = "function"
    FILE = "file"


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret by name, where it comes from and where it may legitimately go."""

    label: str
    """`db.password`, `config.twilio_auth_token`, `projects.twilio_auth_token`, `env.AWS_SECRET_ACCESS_KEY`."""
    kind: str
    """`db-credential salt private-key api-key token oauth password session other`."""
    origin: SecretOrigin
    name: str
    """Variable (without `$`), setting, column, environment variable, session key or function."""
    table: str = ""
    destinations: tuple[str, ...] = ()
    """Hosts, `*.patterns` and `config:<setting>` that the product's own features send it to."""
    digest_destinations: tuple[str, ...] = ()
    """Hosts to which the product's own features send a digest of it, and only a digest."""
    severity_floor: str = ""
    """`info` for what is public by design, `digest` for what is only a digest of a secret, `` otherwise."""
    note: str = ""
    reference: str = ""
    examples: Example = Example((), ())


class LocalSink(msgspec.Struct, frozen=True, kw_only=True):
    """A callable through which data reaches the browser, a log, the disk, or code of this machine."""

    callable: str
    """Lower case: `function` or `class::method`."""
    effect: str
    """What happens to the data: `browser`, `log`, `file`, `code`, ... (`scanner.signatures.vocabulary.EFFECTS`)."""
    data: tuple[int, ...]
    """Arguments that carry it; -1 is the object."""
    path: int | None = None
    """Argument that names the file or folder."""
    unless: int | None = None
    """Argument that, where it is given and not known to be false, makes the function return what it would print."""
    reads: bool = False
    """The data argument is a path or an address, and what can be read there is meant."""
    by_name: bool = False
    """A method that is meant whatever the object is."""


class ExpectedFlow(msgspec.Struct, frozen=True):
    """A flow that a site expects beyond those of the product: this secret may go to that destination."""

    secret: str
    """Label: `projects.twilio_auth_token`."""
    destination: str
    """Host, `*.` and a domain, `config:<setting>`, `env:<variable>` or `own-server`."""
    digest: bool = False
    """Only a digest of it may."""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """All signatures, validated. `scanner.signatures.match.Matcher` indexes it."""

    digest: str
    """Digest of the YAML files it was built from: part of every cache key."""
    signatures: tuple[Signature, ...]
    propagators: tuple[Propagator, ...]
    one_way: tuple[Propagator, ...]
    """Digests and the like: weaken a label to `hash-of`."""
    sources: tuple[Source, ...]
    secrets: tuple[Secret, ...]
    byref_outputs: dict[str, tuple[int, ...]]
    """Lower-case callable -> argument indexes that it writes."""
    higher_order: dict[str, tuple[int, ...]]
    """Lower-case callable -> argument indexes that it calls."""
    dynamic_code: dict[str, tuple[int, ...]]
    """Lower-case function -> argument indexes run as code, called or included."""
    no_effect: frozenset[str]
    """Lower-case functions of the standard library classified as without network, exec, file or taint effect."""
    option_tables: dict[str, dict[str, str]]
    """Table -> option key (upper-case constant or string key) -> role."""
    constant_values: dict[str, int | str]
    """PHP constants that the analyser folds: `CURLOPT_URL` -> 10002."""
    credential_paths: tuple[str, ...]
    own_server: frozenset[str]
    """Constants and settings that name the installation itself: `APP_PATH_WEBROOT_FULL`."""
    expected_hosts: dict[str, str]
    """Host known from REDCap's own features -> feature."""
    local_sinks: dict[str, LocalSink] = {}
    """By lower-case callable."""
    generic_methods: frozenset[str] = frozenset()
    """Lower-case method names that classes without network use declare too, as counted over real applications."""
