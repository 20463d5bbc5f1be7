"""Requests for the protected scripts in every spelling we know, and requests that must never be refused.

All of it is made from the release's own scripts, folders and files. The same arguments give the same requests in the
same order; random mutations take a seed. Nothing is sent here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest

from scanner.model.protection import ProtectedScript, Protection, RequestSpelling
from scanner.protect.families import FAMILIES, without_extension

_METHODS = (
    b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"FOO", b"get", b"PROPFIND", b"QUERY", b"TRACE",
)  # fmt: skip
_OVERRIDES = (b"X-Original-URL", b"X-Rewrite-URL", b"X-HTTP-Method-Override", b"X-Forwarded-Path", b"X-Forwarded-Uri")
_FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
_VERSION = "redcap_v@"
UNREACHED = {
    "out-of-reach": "triple encoding, overlong UTF-8, broken escapes: no server that is still supported undoes them",
    "override-headers": "only front controllers of other products take the path from such a header",
}
"""Families that no server is known to map to the script, with the reason. They are sent at real servers to see that it
stays so, and a rule need not stop them."""
_NOT_IN_A_PATH = frozenset(b'%?#"<>^`{|}\\ ') | frozenset(range(0x21)) | frozenset(range(0x7F, 0x100))
DEFAULT_VERSIONS = ("99.9.9",)
"""Version folder for a release whose version is not known."""


def attacks(
    protection: Protection,
    *,
    versions: Sequence[str] = DEFAULT_VERSIONS,
    limit: int | None = None,
) -> Iterator[RequestSpelling]:
    """Requests without the secret that may reach a protected script, distinct; at most `limit`.

    `versions` are the version folders on the server: every one keeps its own scripts. Families and scripts take turns,
    so that a small limit still has something of each.
    """
    turns = [
        _family(name, family, script, address)
        for name, family in [*FAMILIES.items(), *([("multiviews", without_extension)] * protection.multiviews)]
        for script in protection.scripts
        for address in addresses(script, protection.base_path, versions)
    ]
    turns += [
        _around(protection, script, address)
        for script in protection.scripts
        for address in addresses(script, protection.base_path, versions)
    ]
    return islice(distinct(_in_turn(turns)), limit)


def addresses(script: ProtectedScript, base_path: str, versions: Sequence[str]) -> list[bytes]:
    """Paths of a script on the server: with every version folder in place of `redcap_v@`."""
    found = dict.fromkeys(
        base_path + path.replace(_VERSION, f"redcap_v{version}") for path in script.paths for version in versions
    )
    return [_path(path) for path in found]


def _path(path: str) -> bytes:
    """A file's path as an address: what would mean something else in one is percent-encoded."""
    raw = path.encode("utf-8", "surrogateescape")
    return b"".join(b"%%%02X" % byte if byte in _NOT_IN_A_PATH else bytes([byte]) for byte in raw)


def _family(
    name: str, family: Callable[[bytes, bytes], Iterator[bytes]], script: ProtectedScript, address: bytes
) -> Iterator[RequestSpelling]:
    folder, slash, base = address.rpartition(b"/")
    for target in family(folder + slash, base):
        yield _attack(script, name, target)


def _attack(script: ProtectedScript, family: str, target: bytes, **parts: object) -> RequestSpelling:
    values: dict[str, object] = {"method": b"GET", "headers": (), "body": b"", **parts}
    return RequestSpelling(target=target, family=family, script=script.name, legitimate=False, **values)  # type: ignore[arg-type]  # fields by name, `parts` comes from this module only


def _around(protection: Protection, script: ProtectedScript, address: bytes) -> Iterator[RequestSpelling]:
    """What surrounds the target: methods, bodies, headers that some servers take for the target, wrong secrets."""
    for method in _METHODS:
        yield _attack(script, "methods", address, method=method)
        yield _attack(script, "methods", address + b"/x", method=method)
    for body in (b"", b"auto=1", b"a=1&a=2", b"x" * 9000, b"\xff\x00\x80"):
        yield _attack(script, "bodies", address, method=b"POST", headers=(_FORM,), body=body)
        yield _attack(script, "bodies", address, method=b"GET", headers=(_FORM,), body=body)
    yield _attack(
        script, "bodies", address, method=b"POST", headers=((b"Content-Type", b"application/json"),), body=b"{}"
    )
    for name in _OVERRIDES:
        yield _attack(script, "override-headers", protection.base_path.encode(), headers=((name, address),))
        yield _attack(script, "headers", address, headers=((name, b"/index.html"),))
    yield from _wrong_secrets(protection, script, address)


def _wrong_secrets(protection: Protection, script: ProtectedScript, address: bytes) -> Iterator[RequestSpelling]:
    """Values that are no secret in the places of one, and its places spelled otherwise."""
    header, cookie = protection.header.encode(), protection.cookie.encode()
    query = (protection.query or "secret").encode()
    guesses = [b"", b" ", b"0", b"x" * 64, b"null", b"*", b"' OR 1=1 --", b".*", b"\xff", b"%00", b"mysecret"]
    for secret in protection.secrets:
        guesses += [secret.reference.encode(), b"${%s}" % secret.reference.encode(), secret.slot.encode()]
        guesses += [b"{{resolve:secretsmanager:%s}}" % secret.reference.encode()]
    for guess in dict.fromkeys(guesses):
        yield _attack(script, "wrong-header", address, headers=((header, guess),))
        yield _attack(script, "wrong-cookie", address, headers=((b"Cookie", cookie + b"=" + guess),))
    for guess in (b"", b"0", b"x" * 64, b"mysecret", b"%73"):
        yield _attack(script, "wrong-query", address + b"?" + query + b"=" + guess)
        yield _attack(script, "duplicate-arguments", address + b"?%s=%s&%s=" % (query, guess, query))
        yield _attack(script, "duplicate-arguments", address + b"?%s[]=%s&%s=1" % (query, guess, query.upper()))
    for text in (b"", b"=", b";", cookie, cookie + b"=; " + cookie + b"=x", b"$Version=1; " + cookie + b'="x"', b"a=b"):
        yield _attack(script, "wrong-cookie", address, headers=((b"Cookie", text),))
    yield _attack(script, "wrong-header", address, headers=((header, b"a"), (header, b"b")))
    yield _attack(script, "wrong-header", address, headers=((header.replace(b"-", b"_"), b"x"),))


def mutations(
    protection: Protection, *, seed: int, count: int, versions: Sequence[str] = DEFAULT_VERSIONS
) -> Iterator[RequestSpelling]:
    """Random mixtures of what servers undo, `count` of them: encodings, separators, dots, tails, each at random places.

    Every result still names its script for a server that undoes all of it.
    """
    chance = random.Random(seed)  # noqa: S311  repeatable test data, nothing secret
    places = [
        (script, address)
        for script in protection.scripts
        for address in addresses(script, protection.base_path, versions)
    ]
    for _ in range(count if places else 0):
        script, address = chance.choice(places)
        yield _attack(script, "mutation", mutate(address, chance))


def mutate(address: bytes, chance: random.Random) -> bytes:
    """The address with a few random changes that some server undoes."""
    segments = address.split(b"/")[1:]
    target = b"".join(_separator(chance) + _spelled(segment, chance) for segment in segments)
    tails = (
        b"",
        b"",
        b"/",
        b"/x",
        b"//",
        b"/.css",
        b"/..;/x",
        b";x",
        b"?x=1",
        b"#x",
        b".",
        b"%20",
        b"/%ff",
        b"/x/../y",
    )
    host = chance.choice((b"", b"", b"", b"http://localhost")) if target.startswith(b"/") else b""
    return host + target + chance.choice(tails)


def _separator(chance: random.Random) -> bytes:
    common = (b"/",) * 12
    rare = (b"//", b"/./", b"/x/../", b"/%2e/", b"/%ff/../", b"/x/%2E%2e/", b"%2f", b"/%2F", b"/;a=b/", b"///", b"\\")
    return chance.choice(common + rare)


def _spelled(segment: bytes, chance: random.Random) -> bytes:
    rate = chance.choice((0.0, 0.1, 0.5, 1.0))
    fold = chance.random() < 0.2  # noqa: PLR2004  a fifth
    return b"".join(_letter(byte, chance, rate, fold=fold) for byte in segment)


def _letter(byte: int, chance: random.Random, rate: float, *, fold: bool) -> bytes:
    letter = bytes([byte])
    if fold and chance.random() < 0.5:  # noqa: PLR2004  every second letter
        letter = letter.swapcase()
    if chance.random() >= rate:
        return letter
    form = chance.choice((b"%%%02x", b"%%%02X", b"%%%02x", b"%%25%02x"))
    return form % letter[0]


def legitimate(
    files: Sequence[str],
    protection: Protection,
    *,
    versions: Sequence[str] = DEFAULT_VERSIONS,
    values: Sequence[str] = (),
    limit: int | None = None,
) -> Iterator[RequestSpelling]:
    """Requests that must pass: pages and files of the release, its flows, and calls with a right secret.

    `files` are canonical release paths. `values` are the accepted secrets; without them the calls that need one are
    left out. Files that are named like a protected script are no pages of their own and left out as well.
    """
    from scanner.protect.flows import flows, look_alikes, secret_calls  # noqa: PLC0415  it builds on this module

    turns = [
        iter(secret_calls(protection, versions, values)),
        iter(flows(protection, versions)),
        iter(look_alikes(protection, versions)),
        _own_files(files, protection, versions),
    ]
    return islice(distinct(_in_turn(turns)), limit)


def _own_files(files: Sequence[str], protection: Protection, versions: Sequence[str]) -> Iterator[RequestSpelling]:
    names = {script.name.casefold() for script in protection.scripts}
    for path in sorted(files):
        if path.rpartition("/")[2].casefold() in names:
            continue
        for version in versions if _VERSION in path else versions[:1]:
            real = path.replace(_VERSION, f"redcap_v{version}")
            yield open_request(b"GET", f"{protection.base_path}{real}", "own-file")


def open_request(
    method: bytes, target: str, family: str, headers: tuple[tuple[bytes, bytes], ...] = (), body: bytes = b""
) -> RequestSpelling:
    """A legitimate request. The target is text; what a browser encodes is encoded."""
    return RequestSpelling(
        method=method,
        target=quoted(target),
        headers=headers,
        body=body,
        family=family,
        script="",
        legitimate=True,
    )


def quoted(target: str) -> bytes:
    """The target as a browser sends it: blanks, controls, `%`-less specials and what is not ASCII percent-encoded."""
    kept = frozenset(b"!$&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~%")
    raw = target.encode("utf-8", "surrogateescape")
    return b"".join(bytes([byte]) if byte in kept else b"%%%02X" % byte for byte in raw)


def distinct(requests: Iterator[RequestSpelling]) -> Iterator[RequestSpelling]:
    """Each request once: same method, target, headers and body are the same request."""
    seen: set[tuple[object, ...]] = set()
    for item in requests:
        key = (item.method, item.target, item.headers, item.body)
        if key not in seen:
            seen.add(key)
            yield item


def _in_turn(turns: Sequence[Iterator[RequestSpelling]]) -> Iterator[RequestSpelling]:
    """One of each, then the next of each."""
    for row in zip_longest(*turns):
        yield from (item for item in row if item is not None)
