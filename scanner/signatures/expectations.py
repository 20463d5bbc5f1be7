"""What a site says about its own use of the product: flows that it expects, and hosts that it allows.

An expectation is a pair of a secret and a destination, never a file or a line: a secret that goes there is reported as
expected, in whatever code, and the same secret on its way to any other place is not.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.signature import Catalogue, ExpectedFlow, Secret

_DESTINATION: Final = re.compile(
    r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[?[0-9a-f]*:[0-9a-f:.]+\]?|(?:config|env):\w+", re.IGNORECASE
)
_NAMES: Final = frozenset({"own-server", "local-mail-server"})


def with_expectations(catalogue: Catalogue, flows: Sequence[ExpectedFlow] = (), hosts: Sequence[str] = ()) -> Catalogue:
    """The catalogue with a site's expected flows and allowed hosts added to those of the product.

    The digest changes with them, so that no cached result is used for other expectations.
    Raises: ConfigurationError for a secret that no signature names, and for a destination that is none.
    """
    if not flows and not hosts:
        return catalogue
    known = {secret.label for secret in catalogue.secrets}
    for flow in flows:
        if flow.secret not in known:
            message = f"no secret is called {flow.secret!r}: `redcap-scanner signatures secret` lists them"
            raise ConfigurationError(message)
    for name in (*(flow.destination for flow in flows), *hosts):
        _check(name)
    return msgspec.structs.replace(
        catalogue,
        digest=_digest(catalogue.digest, flows, hosts),
        secrets=tuple(_with_flows(secret, flows) for secret in catalogue.secrets),
        expected_hosts={**{name.lower(): "allowed by the site" for name in hosts}, **catalogue.expected_hosts},
    )


def allows(hosts: Iterable[str], name: str) -> bool:
    """Whether a host is one of those that a site allows; `*.example.org` stands for every host below it."""
    return any(fnmatch.fnmatchcase(name, host.lower()) for host in hosts)


def _check(name: str) -> None:
    """Refuse what names no place, or every place."""
    if name not in _NAMES and not _DESTINATION.fullmatch(name):
        message = f"{name!r} is no destination: write a host, `*.` and a domain, config:<setting> or own-server"
        raise ConfigurationError(message)
    if name.startswith("*.") and "." not in name[2:].rstrip("."):
        message = f"{name!r} stands for a whole top-level domain: name the hosts"
        raise ConfigurationError(message)


def _with_flows(secret: Secret, flows: Sequence[ExpectedFlow]) -> Secret:
    added = {flow.destination.lower() for flow in flows if flow.secret == secret.label and not flow.digest}
    digests = {flow.destination.lower() for flow in flows if flow.secret == secret.label and flow.digest}
    if not added and not digests:
        return secret
    return msgspec.structs.replace(
        secret,
        destinations=tuple(dict.fromkeys((*secret.destinations, *sorted(added)))),
        digest_destinations=tuple(dict.fromkeys((*secret.digest_destinations, *sorted(digests)))),
    )


def _digest(base: str, flows: Sequence[ExpectedFlow], hosts: Sequence[str]) -> str:
    said = msgspec.json.encode((sorted((f.secret, f.destination, f.digest) for f in flows), sorted(hosts)))
    return hashlib.blake2b(base.encode() + b"\n" + said, digest_size=20).hexdigest()
