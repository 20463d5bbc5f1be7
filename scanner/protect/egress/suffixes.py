"""Which wildcards allow the names of strangers: public suffixes, and domains whose customers get names below them.

Source: the Public Suffix List (publicsuffix.org), as the package `publicsuffixlist` ships it. Its private section
lists the services that give names to their customers (`blob.core.windows.net`, `github.io`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

_PRIVATE = "===BEGIN PRIVATE DOMAINS==="

# Services that give their customers names or space and are not on the list. The vendor's documentation of each says so.
_FURTHER = {
    "communication.azure.com": "every customer of Azure Communication Services has a name below it",
    "openai.azure.com": "every customer of Azure OpenAI has a name below it",
    "cognitiveservices.azure.com": "every customer of Azure AI services has a name below it",
    "vault.azure.net": "every customer of Azure Key Vault has a name below it",
    "duosecurity.com": "every customer of Duo has a name below it",
    "digitaloceanspaces.com": "every customer of DigitalOcean Spaces has names below it",
    "wasabisys.com": "every customer of Wasabi has names below it",
    "ngrok.io": "anybody can get a name below it",
}
# Hosts that store what any customer sends: a line for them lets a stranger's account through as well.
_STORES = {
    "storage.googleapis.com": "buckets of every Google Cloud customer are on this one host",
    "s3.amazonaws.com": "buckets of every AWS customer are on this one host",
    "api.github.com": "anybody can have an account there",
    "hooks.slack.com": "anybody can have a workspace there",
    "graph.microsoft.com": "anybody can have a tenant there",
}


class _Suffixes(NamedTuple):
    """The list, as sets of names."""

    icann: frozenset[str]
    private: frozenset[str]
    parents: frozenset[str]
    """Names that have a suffix below them, top level domains left out."""


@cache
def _suffixes() -> _Suffixes:
    text = files("publicsuffixlist").joinpath("public_suffix_list.dat").read_text("utf-8")
    icann, _, private = text.partition(_PRIVATE)
    of_icann, of_private = frozenset(_names(icann)), frozenset(_names(private))
    parents = {parent for name in of_private for parent in _parents(name)}
    return _Suffixes(of_icann, of_private, frozenset(parents))


def _names(section: str) -> list[str]:
    """Names of a section: `*.ck` counts as `ck`, exceptions (`!www.ck`) and comments are left out."""
    lines = (line.strip() for line in section.splitlines())
    rules = (line.removeprefix("*.") for line in lines if line and not line.startswith(("//", "!")))
    return [rule if rule.isascii() else rule.encode("idna").decode("ascii") for rule in rules]


def _parents(name: str) -> list[str]:
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(1, len(labels) - 1)]


def is_public(base: str) -> bool:
    """Whether anybody can register a domain below `base`: `com`, `co.uk`."""
    return "." not in base or base in _suffixes().icann


def strangers(base: str) -> str:
    """Why `*.base` allows the names of strangers, `` when it does not."""
    if is_public(base):
        return f"anybody can register a domain below {base}"
    if base in _FURTHER:
        return _FURTHER[base]
    found = _suffixes()
    for name in (base, *_parents(base)):
        if name in found.private:
            return f"{name} gives names to its customers, strangers among them" if name == base else ""
    if base in found.parents or any(name.endswith(f".{base}") for name in _FURTHER):
        return f"there are services below {base} that give names to their customers, strangers among them"
    return ""


def stores(name: str) -> str:
    """Why a line for one host still lets data out to strangers, `` when nothing is known."""
    return _STORES.get(name, "")
