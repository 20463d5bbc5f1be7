"""What makes a blind spot worth a look: a secret or a sink beside it."""

from __future__ import annotations

from scanner.detectors.base import Scene
from scanner.model.signature import CallableKind, Catalogue

_KINDS = frozenset(
    {"http", "socket", "sdk", "mail", "ssh", "ftp", "ldap", "soap", "dns", "exec", "process", "storage-sdk"}
)
_CODE = frozenset({"eval", "assert", "create_function", "call_user_func", "call_user_func_array"})
_BYSTANDERS = frozenset({"putenv", "getenv", "gethostname", "gethostbyname", "header", "mail"})
"""Functions that many pages call for reasons of their own."""


def telling_names(catalogue: Catalogue) -> frozenset[str]:
    """Lower-case names of functions that send, start programs or run code."""
    return (
        frozenset(
            item.callable.lower()
            for item in catalogue.signatures
            if item.type is CallableKind.FUNCTION and item.kind in _KINDS
        )
        | _CODE
    ) - _BYSTANDERS


def functions_near(scene: Scene) -> frozenset[int]:
    """Functions that read a secret, or in which a call leaves the server, starts a program or runs code."""
    found = {read.function for read in scene.result.reads if read.certain}
    found.update(hit.function for hit in scene.result.hits if not hit.via and hit.signature.kind in _KINDS | {"code"})
    return frozenset(found)
