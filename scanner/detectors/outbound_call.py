"""# outbound-call.

## What it does
Lists every call that opens a connection or sends a message: HTTP clients, sockets, mail, DNS, LDAP, FTP, SSH, SOAP,
service SDKs and object stores. The destination is resolved through constants, string building, configuration keys
and wrappers; what cannot be resolved is reported as `unresolved` with the expression.

## Why is this bad
Code that leaves the server can carry a password, a salt or patient data with it. A new destination is the first thing
that a reviewer of a release must see.

## Example
```php
$ch = curl_init("https://collector.example.net/v1");
curl_setopt($ch, CURLOPT_POSTFIELDS, $data);
curl_exec($ch);
```

## References
- OWASP Top 10 2021, A10 Server-Side Request Forgery
- CWE-200, CWE-918
"""

from __future__ import annotations

from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, rule
from scanner.detectors.egress import egress_findings
from scanner.model.finding import Category, Finding

RULE = rule("outbound-call", Category.EGRESS, "Call that sends data to another machine", __doc__)

_CHANNELS = frozenset({"http", "sdk", "socket", "storage-sdk", "mail", "ssh", "ftp", "ldap", "soap", "dns", "ipc"})


def _wanted(hit: Hit) -> bool:
    return hit.signature.kind in _CHANNELS


def _find(scene: Scene) -> list[Finding]:
    return list(egress_findings(scene, RULE, _wanted))


DETECTOR = Detector(RULE, _find)
