"""From the template of a URL or host to the destinations that a report names."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from collections.abc import Iterable
from typing import NamedTuple

from scanner.analysis.templates import A_NUMBER, HoleTable, is_known, to_text

UNRESOLVED = "unresolved"
OWN_SERVER = "own-server"
USER_INPUT = "user-input"
LOCAL = "local"

_THIS_MACHINE = frozenset({LOCAL, "localhost", "localhost.localdomain", "localhost6", "ip6-localhost"})
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.\-]*):(?://|(?=[A-Za-z]+=))")
_DRIVER = re.compile(
    r"\s*(mysql|pgsql|sqlsrv|dblib|mssql|sybase|oci|odbc|ibm|informix|firebird|cubrid|4D):", re.IGNORECASE
)
"""Drivers of PDO, as data source names begin. Source: PHP manual, PDO Drivers."""
_TWICE = re.compile(r"\A(?:(?:ssl|tls|tlsv1\.[0-3]|tcp|https?|imaps?|ldaps?|smtps?)://)+", re.IGNORECASE)
"""`ssl://` put before what has a scheme already: no host is called `ssl`."""
_NESTED = re.compile(
    r"\s*(?:php://filter/.*?resource=|compress\.(?:zlib|bzip2)://|uri:(?=\w+://))", re.IGNORECASE | re.DOTALL
)
_LOCAL_SCHEMES = frozenset(
    {
        "php",
        "data",
        "file",
        "phar",
        "zip",
        "glob",
        "memory",
        "ogg",
        "rar",
        "unix",
        "udg",
        "sqlite",
        "about",
        "mailto",
        "expect",
    }
)
_KNOWN_SCHEMES = re.compile(
    r"(?:https?|ftps?|wss?|ssl|tls(?:v[\d.]+)?|tcp|udp|imaps?|pop3s?|nntps?|ldaps?|smtps?|smbs?|ssh2?(?:\.\w+)?|sftp|scp"
    r"|git|svn|rsync|telnet|gophers?|dict|tftp|mqtts?|rtmp\w{0,2}|rtsp|webdavs?|davs?|nfs|amqps?|rediss?|mysqli?|pgsql"
    r"|postgres(?:ql)?|mongodb(?:\+srv)?|memcached?|sqlsrv|mssql|oci8?|oracle|odbc|ibm|informix|firebird|beanstalkd?|nats"
    r"|kafka|stomp|syslog|elasticsearch|clickhouse|cassandra|couchdb|influxdb|tor|socks\d?[ah]?)(?:\+\w+)?"
)
"""Schemes of addresses of other machines: of PHP's wrappers, of libcurl, and of data source names."""
STORES = {"s3": "*.amazonaws.com", "gs": "storage.googleapis.com"}
"""Schemes of the stream wrappers of storage services."""
_MAILBOX = re.compile(r"\{([^}{:/\s]+)(?::\d+)?(?:/[^}\s]*)?\}")
"""`{host:port/flags}folder` of the IMAP functions."""
_DESCRIPTOR = re.compile(r"\(\s*+HOST\s*+=\s*+((?:[^()\s]|\s++(?!\)))*+)\s*+\)", re.IGNORECASE)
"""Hosts in a connect descriptor of Oracle: `(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db.example)(PORT=1521)))`."""
_SQL_SERVER = re.compile(r"\A(?:tcp|np|lpc|admin):(?![/\d])([^,]+)(?:,\d+)?\Z", re.IGNORECASE)
"""A server of SQL Server with its protocol: `tcp:db.example,1433`."""
_FIRST_ADDRESS = 1 << 24
"""Numbers below name no host: 0.0.0.0/8 is "this network" (RFC 1122, 3.2.1.3); they are keys and counters."""
_SMALL_NUMBER = re.compile(r"\d+|0\.\d{1,6}")
"""A whole number, or a fraction below one: `0.5` is no way in which anybody writes an address."""
COMMON_DOMAINS = frozenset({"biz", "com", "edu", "gov", "info", "mil", "net", "org", "xyz"})
"""Top-level domains that are no words of which keys of settings are made (`user.name`, `app.id`)."""
_FILE_ENDINGS = frozenset(
    {"asp", "aspx", "cgi", "css", "gif", "htm", "html", "ico", "inc", "jpeg", "jpg", "js", "json", "jsp", "pdf", "php",
     "phtml", "png", "svg", "txt", "xhtml", "xml"}
)  # fmt: skip
"""Ends of the names of files that are no top-level domains (IANA, root zone database)."""
_PATHS = frozenset(
    {"DOCUMENT_ROOT", "SCRIPT_FILENAME", "CONTEXT_DOCUMENT_ROOT", "HOME", "PWD", "TMPDIR", "TEMP", "TMP", "HOMEDRIVE",
     "HOMEPATH", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "SYSTEMROOT", "WINDIR"}
)  # fmt: skip
"""Variables of the server and the system that hold a path of this machine (CGI 1.1, POSIX, Windows)."""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*|\w[^\W_]*+_\w++")
"""What variables of the environment are called: `$_SERVER` under another key is a part of it, or of another array."""
_USERS = frozenset({"REMOTE_USER", "REDIRECT_REMOTE_USER", "PHP_AUTH_USER", "AUTH_USER", "LOGON_USER"})
"""Names of whoever is logged in: no address."""
_FOLDERS = ("_DIR", "_DIRECTORY", "_FOLDER", "_HOME")
_PATH_START = re.compile(r"[/?#]")
_HOST_END = re.compile(r"[/?#\\\s]")
_DATA_ADDRESS = re.compile(r"\s*data:(?:[a-z]{1,20}/[a-z]|;|,)", re.IGNORECASE)
"""`data:image/png;base64,...` (RFC 2397), which has no slashes: what follows the colon is no port."""
_SCHEMES = frozenset({"http:", "https:", "ssl:", "tls:", "tcp:", "udp:", "imap:", "imaps:", "ldap:", "ldaps:", "smtp:"})
_GARBLED = re.compile(r"[\x01-\x08\x0e-\x1f\x7f]")
"""Control characters, white space left out."""
_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_DSN_HOST = re.compile(r"(?:(?:host|server|data source|hostname)\s*=\s*|dbname\s*=\s*//)([^;]*)", re.IGNORECASE)
_PAIRS = re.compile(r"[A-Za-z][\w ]{0,30}=")
"""How a connection string of names and values begins."""
_ENDPOINT = re.compile(r"endpoint\s*=\s*https?://([^;\s]+)", re.IGNORECASE)
_SUFFIX = re.compile(r"endpointsuffix\s*=\s*([^;\s]+)", re.IGNORECASE)
_HOST_NAME = re.compile(r"[a-z0-9_*](?:[a-z0-9_.*-]*[a-z0-9_*])?")
_ADDRESS = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{1,12}:)?(?://)?((?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z]{2,24})(?:[:/].*)?", re.DOTALL
)
"""A URL, or the name of a host, from its beginning."""
_HOST_LIKE = re.compile(r"[A-Za-z0-9_.\-\[\]:%]+")


def is_own_scheme(scheme: str) -> bool:
    """Whether a scheme is none of PHP, libcurl or a database: a wrapper of the program, or no address at all."""
    return bool(scheme) and _KNOWN_SCHEMES.fullmatch(scheme) is None


class Destination(NamedTuple):
    """One destination and whether it can leave the machine."""

    name: str
    """Host, pattern with `*`, `config:<setting>`, `own-server`, `user-input`, `local` or `unresolved`."""
    shown: str
    """The URL or expression for people."""
    scheme: str = ""


def url_destination(template: str, holes: HoleTable, *, bare_host: bool = False, is_path: bool = False) -> Destination:
    """Destination of a URL template.

    `bare_host`: a text without scheme is a host, not a local path. `is_path`: it is opened as a file, so that what
    begins with two slashes is no URL of the same scheme: at most a share of a Windows server.
    """
    key = (template, bare_host, is_path)
    known = holes.destinations.get(key)
    if known is None:
        known = holes.destinations[key] = _destination(template, holes, bare_host=bare_host, is_path=is_path)
    return Destination(*known)


def _destination(template: str, holes: HoleTable, *, bare_host: bool, is_path: bool) -> Destination:
    shown = holes.show(template[:300])
    nested = _NESTED.match(template)
    if nested:
        inner = template[nested.end() :]
        return (
            url_destination(inner, holes, bare_host=bare_host, is_path=is_path) if inner else Destination(LOCAL, shown)
        )
    mailbox = _MAILBOX.match(template)
    if mailbox:
        return Destination(authority(mailbox[1], holes), shown)
    described = [authority(host, holes) for host in _DESCRIPTOR.findall(template)] if "(" in template else []
    if described:
        return Destination(next((host for host in described if not is_local(host)), described[0]), shown)
    return _plain_destination(template, holes, shown, bare_host=bare_host, is_path=is_path)


def _plain_destination(template: str, holes: HoleTable, shown: str, *, bare_host: bool, is_path: bool) -> Destination:
    """Destination of an address with a scheme, of what begins with two slashes, and of any other text."""
    match = _SCHEME.match(template)
    if match:
        scheme = match[1].lower()
        if scheme in _LOCAL_SCHEMES and scheme != "file":
            return Destination(LOCAL, shown, scheme)
        rest = template[match.end() :]
        if not template[: match.end()].endswith("//"):  # a DSN such as mysql:host=db;dbname=x
            return _dsn(rest, holes, shown, scheme)
        if scheme == "file" and rest[:1] in ("/", ""):
            return Destination(LOCAL, shown, scheme)
        if scheme in STORES:  # `s3://bucket/key`: the wrapper of an SDK, whose host is the service
            return Destination(STORES[scheme], shown, scheme)
        return Destination(authority(_TWICE.sub("", rest), holes), shown, scheme)
    stripped = template.lstrip()
    if stripped.startswith(("//", "\\\\")) and len(stripped) > 2 and not _is_path(stripped):  # noqa: PLR2004  UNC path or scheme-relative URL
        if is_path and not _names_share(stripped[2:], holes):
            return Destination(LOCAL if is_known(stripped) else UNRESOLVED, shown)
        return Destination(authority(stripped[2:], holes), shown)
    return _without_scheme(stripped, holes, shown, bare_host=bare_host)


def _names_share(rest: str, holes: HoleTable) -> bool:
    """Whether what follows the two slashes names a server and a share: `server/share`, perhaps inside a hole.

    Without a share no system opens a file of another machine (MS-DTYP 2.2.57, UNC).
    """
    server, separator, share = rest.replace("\\", "/").partition("/")
    return bool(separator and server and share) or holes.hole(rest[-1]) is not None


def _is_path(text: str) -> bool:
    """Whether `//wp-admin/x.php` is a local path, whose first part was empty: no host has a name without a dot."""
    head = _HOST_END.split(text[2:], maxsplit=1)[0]
    return text[0] == "/" and bool(head) and is_known(head) and not looks_like_host(head.rpartition("@")[2])


def _in_zone(template: str) -> str:
    """A name that begins with what is not known, where its end is: `{account}.blob.core.windows.net`, else ``."""
    if template[1:2] == ".":
        return template.rstrip(".")
    zone = _zone_of(template)
    return f"{template[0]}.{zone}" if zone else ""


def _zone_of(template: str) -> str:
    """Domain at the end of a name, `` where that is none."""
    zone = _ZONE.search(template)
    return zone[1] if zone is not None and looks_like_host(zone[1]) else ""


_ZONE = re.compile(r"\.((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})\.?\Z")
"""The end of a name of which the beginning is not known."""


def _without_scheme(template: str, holes: HoleTable, shown: str, *, bare_host: bool) -> Destination:
    driver = _DRIVER.match(template)
    if driver and holes.hole(template[driver.end() : driver.end() + 1] or "-") is not None:  # the rest says where
        return _dsn(template[driver.end() :], holes, shown, driver[1].lower())
    found = _host_or_path(template, holes, shown, bare_host=bare_host)
    is_odd = bare_host and template and found.name in (LOCAL, UNRESOLVED) and holes.hole(template[0]) is None
    domain = _odd_name(template) if is_odd else ""
    return found._replace(name=authority(f"*.{domain}", holes)) if domain else found


def _odd_name(template: str) -> str:
    """Domain of a name that begins with what no name of a host holds (`~`, a blank): resolvers ask for it all the same.

    So it carries data away: `'~' . $data . '.example.net'`. A known text with a slash is a path; else an end of files
    tells one. Source: RFC 2181, section 11.
    """
    zone = _zone_of(_PORT.sub("", template))
    is_path = zone.rpartition(".")[2].lower() in _OF_PATHS or (is_known(template) and "/" in template)
    return "" if is_path else zone


_PORT = re.compile(r":\d{1,5}\Z")
_OF_PATHS = frozenset({"cnf", "conf", "ini", "lock", "log", "pid", "sock", "socket", "tmp"})


def _host_or_path(template: str, holes: HoleTable, shown: str, *, bare_host: bool) -> Destination:
    if not template or _DATA_ADDRESS.match(template):
        return Destination(LOCAL, shown)
    if bare_host and "@" in template:  # `{name}@{domain}`
        template = _HOST_END.split(template, maxsplit=1)[0].rpartition("@")[2] or template
    hole = holes.hole(template[0])
    if hole is not None:
        zone = _in_zone(template) if bare_host else ""
        name = LOCAL if hole.text == A_NUMBER and not bare_host else _hole_destination(hole.kind, hole.text)
        return Destination(authority(zone, holes) if zone else name, shown)
    if _PAIRS.match(template):
        named = _of_pairs(template, holes)
        if named:
            return Destination(named, shown)
    if not bare_host or template[0] in "/.~" or _WINDOWS_DRIVE.match(template):
        # Control characters: no path that anybody writes, but text that was decoded in another way, perhaps.
        return Destination(UNRESOLVED if _GARBLED.search(template) else LOCAL, shown)
    template = _SQL_SERVER.sub(r"\1", template)
    head = _HOST_END.split(template, maxsplit=1)[0].rpartition("@")[2]
    scheme, colon, port = head.lower().partition(":")
    if f"{scheme}{colon}" in _SCHEMES and not port[:1].isdecimal():
        # `@ssl://`, `http:./x`: what was put in front of an address, and no address behind it
        return Destination(UNRESOLVED, shown)
    if is_known(head) and not looks_like_host(head):
        return Destination(LOCAL, shown)
    if not is_known(head) and "." not in head:  # a beginning without a dot: not enough to be the name of a host
        return Destination(UNRESOLVED, shown)
    return Destination(authority(template, holes), shown)


def _of_pairs(template: str, holes: HoleTable) -> str:
    """Host in a connection string: `host=db port=5432`, `Driver=x;Server=db;`, `BlobEndpoint=https://...;`."""
    endpoint = _ENDPOINT.search(template)
    if endpoint is not None:
        return authority(endpoint[1], holes)
    suffix = _SUFFIX.search(template)
    if suffix is not None:
        return f"*.{authority(suffix[1], holes)}"
    pair = _DSN_HOST.search(template)
    words = pair[1].split(maxsplit=1) if pair is not None else []
    return authority(words[0].strip("'\""), holes) if words else ""


def _dsn(rest: str, holes: HoleTable, shown: str, scheme: str) -> Destination:
    match = _DSN_HOST.search(rest)
    if match is None:
        return Destination(LOCAL if "unix_socket" in rest or scheme == "sqlite" else UNRESOLVED, shown, scheme)
    return Destination(authority(match[1].strip().strip("'\""), holes), shown, scheme)


def _netloc(rest: str) -> str:
    r"""User info, host and port of what stands after `//`.

    A backslash or a space ends a host, but not the user info before it: PHP and libcurl send what is for
    `https://a\@b/` to `b`. A browser reads the backslash as a slash: where `b` is this machine, `a` is meant.
    """
    whole = _PATH_START.split(rest, maxsplit=1)[0]
    before, at, host = whole.rpartition("@")
    first = _HOST_END.split(before, maxsplit=1)[0]
    host = _HOST_END.split(host, maxsplit=1)[0]
    if not at or first == before:
        return before + at + host
    return first if host.partition(":")[0].lower() in _THIS_MACHINE else host


def authority(rest: str, holes: HoleTable) -> str:
    """Host of what stands after `//`: user info and port off, lower case, holes as `*` or by what they are."""
    netloc = _netloc(_SQL_SERVER.sub(r"\1", rest))
    host = netloc.rpartition("@")[2]
    if not host:
        return UNRESOLVED if netloc else LOCAL
    if is_known(host):
        return _known_host(host)
    port_free = re.sub(r":[^:\]]*$", "", host) if host[0] != "[" else host
    holes_in = [hole for hole in map(holes.hole, port_free) if hole is not None]
    if not holes_in:
        return _known_host(port_free)
    known = "".join(c if holes.hole(c) is None else "*" for c in port_free).lower()
    if _names_none(known):
        return _hole_destination(holes_in[-1].kind, holes_in[-1].text)
    # A hole at the end stays: `https://api.example.org` . $suffix can become another host.
    pattern = re.sub(r"\*+", "*", to_text(known))
    if _is_file(pattern):
        return UNRESOLVED  # a path whose beginning, host and first slash, is not known
    return pattern if _HOST_NAME.fullmatch(pattern) else _domain(pattern)


def _names_none(pattern: str) -> bool:
    """Whether the known parts of a host are none by which it is known: the last hole decides.

    So it is with a number, of a version, too, and with the end of a name whose middle is not known.
    """
    bare = pattern.replace("*", "").strip(".:")
    if pattern[0] == "*":
        return "." not in bare or bare.replace(".", "").isdecimal()
    return not bare or bare.isdecimal() or (bare == "localhost" and pattern[-1] == "*")


def _domain(pattern: str) -> str:
    """Domain at the end of a name that begins with what no host name holds: data in front of it goes there as well."""
    labels = pattern.split(".")
    for position in range(1, len(labels) - 1):
        rest = ".".join(labels[position:])
        if _HOST_NAME.fullmatch(rest) and rest[0] != "*":
            return f"*.{rest}"
    return UNRESOLVED


def _hole_destination(kind: str, text: str) -> str:
    if kind in ("config", "secret"):
        return f"config:{text.removeprefix('config.')}"
    if kind == "user-input":
        return USER_INPUT
    if kind == "own-server":
        return OWN_SERVER
    if kind == "env":
        known = _VARIABLE.fullmatch(text) is not None and text not in _USERS
        return LOCAL if text in _PATHS or text.endswith(_FOLDERS) else f"env:{text}" if known else UNRESOLVED
    return UNRESOLVED


def _known_host(host: str) -> str:
    name = to_text(host).strip().lower()
    if name.startswith("["):
        name = name[1:].partition("]")[0]
        return _named_address(name) or UNRESOLVED
    if name.count(":") == 1:
        name = name.partition(":")[0]
    name = urllib.parse.unquote(name).strip(".")
    if _SMALL_NUMBER.fullmatch(name) and int(name.partition(".")[0][:12]) < _FIRST_ADDRESS:
        return UNRESOLVED
    address = _named_address(name)
    if address:
        return address
    if _is_file(name) or name.rpartition(".")[2].isdecimal():  # an address or none (WHATWG URL, "ends in a number")
        return UNRESOLVED
    try:
        name = name.encode("idna").decode("ascii") if not name.isascii() else name
    except UnicodeError:
        return name or UNRESOLVED
    return name if _HOST_NAME.fullmatch(name) else UNRESOLVED if name else LOCAL


def _named_address(name: str) -> str:
    """An IP address; `unresolved` for `::`, which names no machine (RFC 4291, 2.5.2), `` for what is no address."""
    address = _ip(name)
    return UNRESOLVED if address == "::" else address


def _ip(name: str) -> str:
    """Canonical form of an address, also of spellings that libraries accept: 0x7f000001, 017700000001."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    parts = name.split(".")
    if not 1 <= len(parts) <= 4 or not all(re.fullmatch(r"0x[0-9a-f]{1,8}|\d{1,11}", part) for part in parts):  # noqa: PLR2004
        return ""
    try:
        numbers = [
            int(part, 16 if part.startswith("0x") else 8 if part.startswith("0") and part != "0" else 10)
            for part in parts
        ]
        if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):  # noqa: PLR2004
            return ""
        value = numbers[-1]
        for position, number in enumerate(numbers[:-1]):
            value += number << (24 - 8 * position)
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        return ""


def is_local(name: str) -> bool:
    """Whether a destination surely stays on the machine."""
    if name in _THIS_MACHINE or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified  # 0.0.0.0 is "this host" (RFC 1122, 3.2.1.3)


def stays_here(texts: Iterable[str], holes: HoleTable) -> bool:
    """Whether some texts are known, and none of these names a host of others."""
    known = [text for text in texts if is_known(text)]
    return bool(known) and all(is_local(url_destination(text, holes, bare_host=True).name) for text in known)


def host_in(text: str) -> str:
    """Host that a known text names by itself, as a URL's beginning or as a name with a top-level domain; else empty."""
    named = _ADDRESS.fullmatch(text)
    if named is None or _is_file(named[1]):
        return ""
    return named[1]


def looks_like_host(text: str) -> bool:
    """Whether a known text without scheme can be a host: it has a dot, or is an address, or the machine itself."""
    if not _HOST_LIKE.fullmatch(text) or text[0] == "." or _is_file(text.partition(":")[0]):
        return False
    return "." in text or ":" in text or text.lower() == "localhost"


def _is_file(name: str) -> bool:
    """Whether a name ends like one of a file: there is no such top-level domain."""
    return "." in name and name.rpartition(".")[2].lower() in _FILE_ENDINGS
