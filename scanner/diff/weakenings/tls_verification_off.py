"""# tls-verification-off.

## What it does
Reports code of a new release that switches the check of a server's certificate off where the baseline did not: in the
own option of each client (`CURLOPT_SSL_VERIFYPEER`, stream contexts, Guzzle's `verify`, `SMTPOptions`, `mysqli`, LDAP,
Requests, Symfony, Laravel), in the environment, and in the options of programs (`curl --insecure`).

## Why is this bad
Whoever is on the way can answer in the server's place, read what is sent and change what comes back.

## Example
```php
curl_setopt($handle, CURLOPT_SSL_VERIFYPEER, false);
```

## References
- CWE-295
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from scanner.analysis.units import OPEN, Binding, Unit
from scanner.detectors.base import rule
from scanner.diff.weakenings.pairs import Pair, Weakening
from scanner.model.finding import Category, Severity

RULE = rule("tls-verification-off", Category.WEAKENING, "Certificates are no longer checked", __doc__)

OFF = frozenset({"", "0", "false", "null", "off", "no", "none", "never", "disable", "disabled", "0.0", "allow"})
_CHECK = re.compile(
    r"(?:ssl|tls|cert|peer|curl|host|https)\w{0,80}-?verif|verif\w{0,80}(?:ssl|tls|cert|peer|host)|^(?:ssl)?_?-?verify(?:name)?$"
    r"|^set_?verify$|require_cert$|^tls_reqcert|reject_?unauthorized|^pythonhttpsverify$|^ldaptls_reqcert$|^smtpautotls$"
    r"|^check_?(?:server_?)?cert\w*$"
)
"""Options that must not be off."""
_NO_CHECK = re.compile(
    r"self_?signed|(?:disable|skip|(?:^|_)no_|ignore|without|bypass)\w{0,80}(?:ssl|tls|cert|peer|verif)|^insecure$|^git_ssl_no_verify$"
    r"|^trustservercertificate$"
)
"""Options that must not be on, and methods that need no argument to switch the check off."""
_CHOICE = re.compile(r"_(?:off|disabled|none)$")
"""Ends of constants that name one value that a setting may have: 0 under such a name sets nothing."""
_CALL = re.compile(
    r"^(?:without_?(?:ssl_?|tls_?)?verif\w*|(?:disable|skip|ignore)_?(?:ssl|tls|cert|peer)(?=\w*?(?:verif|check|valid))\w++)$"
)
_TEXT = re.compile(
    r"\bcurl\b[^|;&]{0,200}\s(?:--insecure\b|-[a-zA-Z]{0,10}k\b)|--no-check-certificate\b|/novalidate-cert\b"
    r"|\bsslmode=(?:disable|allow)\b|\bhttp\.sslVerify[= ]false\b|\bTrustServerCertificate=(?:true|yes|1)\b"
    r"|\bStrictHostKeyChecking[= ]no\b"
)
_NAMES = frozenset({"mysqli_client_ssl_dont_verify_server_cert", "ldap_opt_x_tls_never"})


def find(pair: Pair) -> Iterator[Weakening]:
    """Switches that the function sets and its namesake did not."""
    before = _switches(pair.old) if pair.old else []
    known = Counter(name for name, *_ in before)
    values = {item.name: item.value for item in pair.old.bindings} if pair.old else {}
    for name, value, line in _switches(pair.new):
        if known[name]:
            known[name] -= 1
            continue
        old = values.get(name, "not set")
        shown = f"was {old}" if pair.old else "in new code"
        before_too = any(name == other for other, *_ in before)
        yield Weakening(
            Severity.HIGH if pair.old and not before_too else Severity.MEDIUM,
            line,
            name,
            f"{name} is {value} now: certificates are not checked ({shown})",
            (("old", old), ("new", value)),
        )


def _switches(unit: Unit) -> list[tuple[str, str, int]]:
    """Name, value and line of everything that switches the check off."""
    found = [(item.name, item.value, item.line) for item in unit.bindings if is_off(item)]
    found += [(f"{site.name}()", "called", site.line) for site in unit.calls if _CALL.search(site.name)]
    found += [(match[0], "given", line) for text, line in unit.strings if (match := _TEXT.search(text))]
    found += [(name.upper(), "used", unit.line) for name in sorted(unit.names & _NAMES)]
    return list(dict.fromkeys(found))


def is_off(binding: Binding) -> bool:
    """Whether an option leaves certificates unchecked."""
    key, value = binding.key, binding.value.lower()
    if binding.kind == "element" or value == OPEN or " " in key:
        return False
    key = key.removeprefix("env:").removeprefix("$")
    if binding.kind == "constant" and _CHOICE.search(key):
        return False
    if _NO_CHECK.search(key):
        return value not in OFF
    if key.endswith("verifyhost") and value == "1":
        return True
    return value in OFF and _CHECK.search(key) is not None
