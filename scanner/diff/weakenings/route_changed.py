"""# route-changed.

## What it does
Reports that a call goes through another proxy, trusts another certificate authority, resolves a name by itself, or
follows more redirects than in the baseline. Both values are shown. A proxy on the same machine is `medium`.

## Why is this bad
The address in the call stays the same while everything passes somebody else's machine.

## Example
```php
curl_setopt($handle, CURLOPT_PROXY, 'proxy.example.net:3128');
```

## References
- CWE-441, CWE-295, CWE-601
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scanner.analysis.destinations import is_local
from scanner.analysis.units import OPEN, Binding, Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.hosts import hosts_in
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("route-changed", Category.WEAKENING, "A connection takes another way", __doc__)
_WAY = re.compile(
    r"^(?:curlopt_(?:pre_?)?proxy|proxy(?:_host|_?url|host)?|https?_proxy|wp_proxy_host|curlopt_resolve|curlopt_connect_to"
    r"|curlopt_unix_socket_path|curlopt_interface|curlopt_doh_url|proxy_host)$"
)
_AUTHORITY = re.compile(
    r"^(?:curlopt_(?:proxy_)?ca(?:info|path)(?:_blob)?|cafile|capath|sslcertificates|ssl_ca|curl\.cainfo|openssl\.cafile)$"
)
_REDIRECTS = re.compile(
    r"^(?:curlopt_(?:followlocation|maxredirs|unrestricted_auth|postredir)|allow_redirects|max_?redirects?|follow_?(?:location|redirects?)|redirection)$"
)
_WORD = re.compile(r"[A-Z][A-Z_]*")
_PORT = re.compile(r":\d+\Z")
_NONE = frozenset({"0", "false", "off", "no", ""})


def find(pair: Pair) -> Iterator[Weakening]:
    """Options of the way that the namesake did not set, or set otherwise."""
    if pair.old is None:
        return
    before = _options(pair.old)
    known = Counter((item.name, item.value) for item in before)
    values = {item.name: item.value for item in before}
    for item in _options(pair.new):
        if known[item.name, item.value]:
            known[item.name, item.value] -= 1
            continue
        old = values.get(item.name, "not set")
        severity = _severity(item, old)
        if severity is not None:
            yield Weakening(
                severity, item.line, item.name, f"{item.name} is {item.value} now, it was {old}",
                (("old", old), ("new", item.value)),
            )  # fmt: skip


def _options(unit: Unit) -> list[Binding]:
    return [
        item
        for item in unit.bindings
        if item.kind != "element" and any(words.search(_key(item)) for words in (_WAY, _AUTHORITY, _REDIRECTS))
    ]


def _key(item: Binding) -> str:
    return item.name.lower().removeprefix("ini:") if item.name.startswith("ini:") else item.key.removeprefix("env:")


def _severity(item: Binding, old: str) -> Severity | None:
    """By what the option says now; None when it says less than before."""
    key = _key(item)
    if _REDIRECTS.search(key):
        more = item.value.lower() not in _NONE and old.lower() in _NONE
        grown = item.value.isdecimal() and old.isdecimal() and int(item.value[:9]) > int(old[:9])
        return Severity.MEDIUM if more or grown else None
    if item.value.lower() in _NONE or item.value == "null":
        return None
    if _WAY.search(key) and (hosts := hosts_in(item.value)):
        here = all(is_local(_PORT.sub("", host)) for host in hosts)
        return Severity.MEDIUM if here else Severity.HIGH
    if _WAY.search(key) and "0" not in (old, item.value) and (old.isdecimal() or item.value.isdecimal()):
        return None  # a number is no address: `'PROXY' => FLAG_KEYWORD`, which was 1
    named = item.kind == "constant" and _WORD.fullmatch(item.value)  # a name for a name, `const PROXY = 'PROXY'`
    return Severity.LOW if item.value == OPEN or named else Severity.MEDIUM
