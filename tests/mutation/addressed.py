"""The host of planted code: how it is written down in pieces and codes, and put into a channel by a variable."""

from __future__ import annotations

import base64
import codecs
import re
import zlib
from urllib.parse import quote

_KEY = 7
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789."
_HOST = re.compile(r"(?<![A-Z_])HOST\b")
_STRING = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`", re.DOTALL)
_CLOSURE = "function ("
"""A closure sees the variable only if it captures it."""


def encodings(host: str) -> dict[str, str]:
    """What fills the holes of `addresses.yaml`."""
    half, plain = len(host) // 2, host.encode()
    squeezed = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return {
        "HOST": host,
        "HOSTA": host[:half],
        "HOSTB": host[half:],
        "HOSTB64": base64.b64encode(plain).decode(),
        "HOSTREV": host[::-1],
        "HOSTROT": codecs.encode(host, "rot13"),
        "HOSTHEX": plain.hex(),
        "HOSTCODES": ", ".join(map(str, plain)),
        "HOSTXOR": bytes(code ^ _KEY for code in plain).hex(),
        "HOSTCAPS": host.upper(),
        "HOSTENT": "".join(f"&#{code};" for code in plain),
        "HOSTQP": quote(host).replace(".", "%2E").replace("e", "%65"),
        "HOSTGZ": base64.b64encode(squeezed.compress(plain) + squeezed.flush()).decode(),
        "HOSTBAR": host.replace(".", "_"),
        "HOSTALPHA": ", ".join(str(_ALPHABET.index(one)) for one in host),
        "HOSTPLUS": "".join(chr(ord(one) + 1) for one in host),
    }


def by_variable(code: str, variable: str) -> str | None:
    """A channel's code with a variable for each HOST; None where one stands outside of a string or in a closure."""
    if _CLOSURE in code or not _HOST.search(code) or _HOST.search(_STRING.sub("''", code)):
        return None
    return _STRING.sub(lambda found: _in_string(found.group(), variable), code)


def _in_string(text: str, variable: str) -> str:
    name = f"' . {variable} . '" if text[0] == "'" else f"{{{variable}}}"
    return _HOST.sub(lambda _: name, text)
