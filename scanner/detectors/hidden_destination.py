"""# hidden-destination.

## What it does
Reports a call that leaves the server, or a command, whose host stands nowhere in the code: it only comes out when
constants are decoded or put together.

## Why is this bad
Nobody encodes the name of a host unless a search for it shall find nothing.

## Example
```php
$u = base64_decode('aHR0cHM6Ly9jb2xsZWN0b3IuZXhhbXBsZS5uZXQv');
file_get_contents($u);
```

## References
- MITRE ATT&CK T1027, Obfuscated Files or Information; T1132, Data Encoding
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.analysis.destinations import STORES
from scanner.analysis.summary import Hit
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.detectors.literals import standing_nowhere, stands_in_file
from scanner.detectors.shipped_scripts import all_script_hosts
from scanner.detectors.targets import command_hosts, is_host, leaves, target
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("hidden-destination", Category.CONCEALMENT, "Host that only comes out of decoded text", __doc__)
_COMMANDS = frozenset({"exec", "process"})
_NO_CALL = frozenset({"code", "code-write", "runtime"})


def _find(scene: Scene) -> Iterable[Finding]:
    of_libraries = {
        *STORES.values(),
        *scene.default_hosts.values(),
        *all_script_hosts(scene),
        *(host for item in scene.catalogue.signatures for host in item.destinations),
    }
    candidates = [
        (hit, host, _bare(host))
        for hit in scene.result.hits
        if hit.signature.kind not in _NO_CALL and not scene.program.layers(hit.function)
        for host in _hosts(scene, hit)
        if host not in of_libraries  # these need not stand in the code
    ]
    candidates = [
        item for item in candidates if "." in item[2] and not stands_in_file(scene, item[0].function, _tail(item[2]))
    ]
    nowhere = standing_nowhere(scene, sorted({bare for _hit, _host, bare in candidates}))
    calls: dict[tuple[object, ...], tuple[Hit, set[str]]] = {}
    for hit, host, bare in candidates:
        if bare in nowhere:
            calls.setdefault((hit.function, hit.start, hit.line, hit.via[:1]), (hit, set()))[1].add(host)
    yield from (_of_call(scene, hit, sorted(hosts)) for hit, hosts in calls.values())


def _of_call(scene: Scene, hit: Hit, hosts: list[str]) -> Finding:
    """One finding for one call, however many such hosts it may go to."""
    stands = "which stands" if len(hosts) == 1 else "which stand"
    return finding(
        scene,
        RULE,
        hit,
        severity=Severity.HIGH,
        confidence=Confidence.LIKELY,
        api=hit.api if not hit.via else f"{hit.via[0]} ({hit.api})",
        message=f"{hit.api}() goes to {', '.join(hosts)}, {stands} nowhere in the code as it is",
        destinations=hosts,
    )


def _bare(host: str) -> str:
    """A host's name alone; of a pattern (`*.example.net`, `api.example.net*`) the longest part that is known."""
    name = host.partition("/")[0].rpartition("@")[2].split(":")[0]
    return max((part.strip(".") for part in name.split("*")), key=len)


def _tail(bare: str) -> str:
    """What stands in the file itself if a host is only put together there: an address, or the end of a name."""
    return bare if bare.replace(".", "").isdecimal() else ".".join(bare.split(".")[-2:])


def _hosts(scene: Scene, hit: Hit) -> list[str]:
    if hit.signature.kind in _COMMANDS:
        return [host for host in command_hosts(scene, hit) if is_host(host)]
    found = leaves(target(scene, hit).destinations)
    return [host for host in found if is_host(host)]


DETECTOR = Detector(RULE, _find)
