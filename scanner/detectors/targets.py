"""Destinations and settings of a network call, from the values of its arguments."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping

from scanner.analysis.destinations import (
    LOCAL,
    OWN_SERVER,
    UNRESOLVED,
    USER_INPUT,
    Destination,
    is_local,
    is_own_scheme,
    looks_like_host,
    url_destination,
)
from scanner.analysis.remote import FILE_KINDS
from scanner.analysis.sinks import opened_by_text
from scanner.analysis.summary import Hit
from scanner.analysis.templates import HoleTable, is_known
from scanner.analysis.values import Val
from scanner.detectors.base import Scene, Target
from scanner.detectors.commands import KINDS, command_lines, hosts
from scanner.detectors.shipped_scripts import script_hosts
from scanner.model.signature import CallableKind, Certainty, Secret

CALLER = "caller"
"""Internal: the destination is decided by callers, and stands at their calls."""
MAIL_SERVER = "local-mail-server"
_URL_KINDS = frozenset({"http", "soap", "ftp", "ldap", "socket", "ssh", "mail", "sdk", "storage-sdk"})
_DECIDERS = ("param", "property")
_OFF = frozenset({"", "0", "false", "off", "none", "no"})
_COPIES = re.compile(r"(?:^|[\r\n])(?:bcc|cc):[ \t]*([^\r\n]+)", re.IGNORECASE)
"""Headers of a message that name who else gets it."""
_PROXY = re.compile(r"(?:\w+://)?(?:[^@/\s]*@)?(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z0-9-]{1,63}(?::\d{1,5})?/?")
_VERSION = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,2}(?:[/?#].*)?", re.DOTALL)
"""`1.9`, `5.2.1`: resolvers take two or three numbers for an address as well, but they are a version, mostly."""
_RESOLVED = re.compile(r"[+-]?[^:\s]*:[^:\s]*:(\[[0-9A-Fa-f:]+\]|[^:,\s]+)(?::[^:\s]*)?")
"""`HOST:PORT:ADDRESS` of `CURLOPT_RESOLVE`, `HOST:PORT:HOST:PORT` of `CURLOPT_CONNECT_TO`."""
_SOCKETS = frozenset({"socket", "ftp", "ssh", "dns"})
"""Kinds of calls whose host is a host, whatever it looks like."""
_WORD = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})")
"""A machine of the site's own network, by its name alone."""
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]{7,8}|\d{8,11}")
"""An address as one number, which resolvers take as well."""
_PIECE = re.compile(r"[.:@][A-Za-z0-9.:@_-]+")
"""The end of a name whose beginning is not known."""
_LAST_LABEL = re.compile(r"[^.]\.([A-Za-z0-9-]{1,63})\.?\Z")
_SEVERAL = 3
"""Words at one call, beside what is not known, from which on they are values of settings and no hosts."""
_ROLES = ("url", "url-extra", "host", "dsn", "location", "base_uri", "server", "bucket")


def target(scene: Scene, hit: Hit) -> Target:
    """Destinations of a call, from every argument that can hold one."""
    known = scene.targets.of_hit.get(id(hit))
    if known is None or known[0] is not hit:
        known = scene.targets.of_hit[id(hit)] = (hit, _target(scene, hit))
    return known[1]


def _target(scene: Scene, hit: Hit) -> Target:
    holes = scene.result.state.holes
    found, by_caller, by_object = _named(hit, holes, scene.catalogue.option_tables)
    if hit.signature.kind in KINDS or "command" in hit.roles:
        commands = command_lines(hit)
        found.update({name: Destination(name, name) for line in commands for name in hosts(line, holes)})
        found.update({name: Destination(name, name) for line in commands for name in script_hosts(scene, line)})
    for name in hit.signature.destinations:
        found.setdefault(name, Destination(name, name))
    found.update({host: Destination(host, host) for host in _set_in_release(scene, found)})
    names = set(found)
    if len(names) > 1:
        names -= {LOCAL}
    names = _without_words(names, found)
    if not names and not by_caller:
        names = {MAIL_SERVER if hit.signature.kind == "mail" else UNRESOLVED}
    if UNRESOLVED in names and len(names) > 1 and hit.signature.kind == "sdk":
        names -= {UNRESOLVED}
    shown = tuple(sorted(found[name].shown for name in names if name in found))
    return Target(tuple(sorted(names)), shown, by_caller, by_object)


def _without_words(names: set[str], found: Mapping[str, Destination]) -> set[str]:
    """Destinations without those that are words of settings, or names that the program gives to things of its own."""
    own = {name for name in names if name in found and is_own_scheme(found[name].scheme) and _is_word(name)}
    names = names - own or names  # `internal://provided-schema`
    words = {name for name in names if _is_word(name)}
    if any("*" in word for word in words) and len(words) >= _SEVERAL:  # `http://{setting}{more}`
        names = names | {UNRESOLVED}
    # Where the request says where to go, a word is the name of one of its parameters.
    needless = UNRESOLVED in names and (len(words) >= _SEVERAL or USER_INPUT in names)
    return names - words if needless else names


def _is_word(name: str) -> bool:
    """Whether a host's name is a single word: `backend`, `inbox.*`, or any value of a setting behind `http://`."""
    word = name.rstrip("*").rstrip(".")
    return is_host(name) and word.isascii() and not is_public(word) and not is_local(word)


def _set_in_release(scene: Scene, found: Iterable[str]) -> list[str]:
    """Hosts, unknown to the product, to which the release's own SQL sets the settings that a call goes to."""
    names = (name.removeprefix("config:") for name in found if name.startswith("config:"))
    hosts = (scene.default_hosts.get(name, "") for name in names)
    return [host for host in hosts if host and not known_host(scene, host)]


def _named(
    hit: Hit, holes: HoleTable, tables: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, Destination], bool, bool]:
    """Destinations that the arguments name, whether a caller's argument is one, and whether an object's property is."""
    found: dict[str, Destination] = {}
    by_caller, by_object = any(site < 0 for site in hit.sites), False
    for role, text in (*_texts(hit), *_of_properties(hit, tables)):
        decider = _host_decider(text, holes)
        if decider:
            by_caller, by_object = by_caller or decider == "param", by_object or decider == "property"
            continue
        bare = role in ("host", "server") or hit.signature.kind in _URL_KINDS
        if _is_version(text, hit):
            found.setdefault(UNRESOLVED, Destination(UNRESOLVED, text))
            continue
        destination = url_destination(text, holes, bare_host=bare, is_path=hit.signature.kind in FILE_KINDS)
        if role == "host" and _is_socket(hit):
            destination = _of_socket(text, destination, holes)
        found.setdefault(destination.name, destination)
    return found, by_caller, by_object


def _is_version(text: str, hit: Hit) -> bool:
    """Whether a text that could be a short address is one of several that an argument may be, as settings are.

    By itself (`fsockopen('10.1', 80)`), with a scheme, or as one number it is an address.
    """
    if not _VERSION.fullmatch(text):
        return False
    others = {other for value in hit.roles.values() if text in value.texts for other in value.texts}
    return any(other and not _VERSION.fullmatch(other) for other in others)


def _is_socket(hit: Hit) -> bool:
    """Whether a call's host is one, whatever it looks like: of a socket, or of a handle that was opened with a host."""
    of_handle = hit.signature.kind in FILE_KINDS and hit.signature.certainty is Certainty.IF_REMOTE
    return of_handle or hit.signature.kind in _SOCKETS


def _of_socket(text: str, known: Destination, holes: HoleTable) -> Destination:
    """What a socket connects to that is no path and no name with a dot: a machine of the site's own network.

    What stands in front of a name is no host: `gethostbyname($data . '.backend')`.
    """
    end = _LAST_LABEL.search(text) if not is_known(text) and known.name.startswith("config:") else None
    if end is not None:
        return Destination(f"*.{end[1].lower()}", known.shown)
    if known.name != LOCAL:
        return known
    if _NUMBER.fullmatch(text):
        return url_destination(f"tcp://{text}", holes)
    if _WORD.fullmatch(text) and not is_local(text):
        return Destination(text.lower(), text)
    if not _PIECE.fullmatch(text):
        return known
    zone = text.strip(".").lower()
    return Destination(f"*.{zone}" if looks_like_host(zone) else UNRESOLVED, text)


def _texts(hit: Hit) -> Iterable[tuple[str, str]]:
    """Role and template of every argument that may name a destination."""
    for role in _ROLES:
        value = hit.roles.get(role)
        for text in sorted(value.texts) if value is not None else ():
            yield role, text.removeprefix("p:") if hit.signature.kind == "db" else text  # mysqli: persistent
    yield from (("host", text) for text in sorted(_listed_hosts(hit.roles["host"]) if "host" in hit.roles else ()))
    yield from _turned_aside(hit)
    for text in sorted(hit.roles["xml"].texts) if "xml" in hit.roles else ():
        yield from (("url", match) for match in opened_by_text(hit.signature, text))
    if hit.signature.kind == "mail" and "header" in hit.roles:
        for text in sorted(hit.roles["header"].texts):
            yield from (("host", address) for line in _COPIES.findall(text) for address in line.split(","))
        for name, value in (hit.roles["header"].items or {}).items():  # `['Bcc' => 'a@example.net']`
            if name.lower() in ("bcc", "cc"):
                yield from (("host", address) for text in sorted(value.texts) for address in text.split(","))
    if hit.signature.kind == "redirect" and "header" in hit.roles:
        for text in sorted(hit.roles["header"].texts):
            yield "url", _location(text)


def _of_properties(hit: Hit, tables: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    """Hosts that were assigned to properties of the client: `$mail->Host = 'smtp.example.net'`."""
    table = tables.get(hit.signature.option_table, {}) if hit.signature.type is CallableKind.METHOD else {}
    for role in sorted(hit.roles) if table else ():
        meant = table.get(role[1:]) if role.startswith(".") else None
        if meant in _ROLES:
            yield from ((meant, text) for text in sorted(filter(is_known, hit.roles[role].texts)))


def _turned_aside(hit: Hit) -> Iterable[tuple[str, str]]:
    """Literal hosts through which, or to which, a request goes whatever its address: a proxy, `CURLOPT_CONNECT_TO`."""
    proxy, extra = hit.roles.get("proxy"), hit.roles.get("url-extra")
    if proxy is not None:
        for text in sorted(_with_elements(proxy)):
            host = text if is_known(text) else text.rpartition("@")[2]  # who asks the proxy may be anybody
            if is_known(host) and _PROXY.fullmatch(host):
                yield "host", host
    if extra is not None:
        for text in sorted(_with_elements(extra)):
            match = _RESOLVED.fullmatch(text)
            if match is not None and is_known(match[1]):
                yield "host", match[1]


def _listed_hosts(value: Val) -> set[str]:
    """Hosts of a list: `['a.example.net:9200']`, `[['host' => 'a.example.net']]`."""
    listed = [item for key, item in (value.items or {}).items() if key.isdecimal()]
    named = [(item.items or {}).get("host") for item in listed]
    found = [part for part in (*listed, *named) if part is not None]
    return {text for part in found for text in part.texts if is_known(text)}


def _with_elements(value: Val) -> set[str]:
    parts = [value, *(value.items or {}).values(), *([value.rest] if value.rest is not None else [])]
    return {text for part in parts for text in part.texts}


def _location(header: str) -> str:
    """Target of a `Location` or `Refresh` header; a header whose name is not known says nothing."""
    name, separator, value = header.partition(":")
    if not separator or name.strip().lower() not in ("location", "refresh"):
        return ""
    return value.lower().partition("url=")[2] or value.strip() if name.strip().lower() == "refresh" else value.strip()


def _host_decider(text: str, holes: HoleTable) -> str:
    """`param` when the host itself is a parameter, so that the caller decides it; `property` for one of an object."""
    rest = text.partition("://")[2] or text
    if not rest:
        return ""
    first = holes.hole(rest[0])
    if first is not None:
        return first.kind if first.kind in _DECIDERS else ""
    kinds = {hole.kind for character in rest.partition("/")[0] if (hole := holes.hole(character)) is not None}
    return next((kind for kind in _DECIDERS if kind in kinds), "")


def tls_details(hit: Hit) -> list[tuple[str, str]]:
    """TLS settings of a call that are switched off."""
    found: list[tuple[str, str]] = []
    for role, value in sorted(hit.roles.items()):
        if role.startswith("tls:") and any(is_known(text) and text.lower() in _OFF for text in value.texts):
            found.append((role.replace("tls:", "tls-"), "off"))
    return found


def possible_url(hit: Hit) -> bool:
    """Whether the call is a file function that only perhaps gets a URL."""
    return hit.signature.certainty is Certainty.IF_URL


def leaves(destinations: Iterable[str]) -> list[str]:
    """Destinations that are not surely on this machine."""
    return [name for name in destinations if not is_local(name)]


def expected(secret: Secret, destination: str) -> bool:
    """Whether a secret may legitimately go to a destination."""
    return any(fnmatch.fnmatchcase(destination, pattern) for pattern in secret.destinations)


def known_host(scene: Scene, destination: str) -> bool:
    """Whether REDCap's own features are documented to call a host."""
    return any(fnmatch.fnmatchcase(destination, pattern) for pattern in scene.catalogue.expected_hosts)


def is_host(destination: str) -> bool:
    """Whether a destination names a host (or a pattern of hosts)."""
    return (
        destination not in (LOCAL, OWN_SERVER, UNRESOLVED, USER_INPUT, MAIL_SERVER)
        and ":" not in destination.split("/", maxsplit=1)[0]
    ) or destination.count(":") > 1


def is_public(destination: str) -> bool:
    """Whether a destination names a host that can be anywhere: a name without a dot is one of the site itself."""
    return is_host(destination) and ("." in destination or ":" in destination or "*" in destination)


def command_hosts(scene: Scene, hit: Hit) -> list[str]:
    """Hosts that stand in the command lines of a call, sorted."""
    holes = scene.result.state.holes
    return sorted(leaves({host for command in command_lines(hit) for host in hosts(command, holes)}))


def construct(hit: Hit) -> bool:
    """Whether a language construct (`include`) makes the call."""
    return hit.signature.type is CallableKind.CONSTRUCT
