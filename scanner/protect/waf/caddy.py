"""Caddy 2: a snippet with a path pattern and a CEL expression.

Caddy sorts directives; `route` keeps their order, and the global option `order route first` puts it before `handle`.
Patterns are RE2's, which has no look-ahead, so the length of a referenced value is asked for beside it.
Source: https://caddyserver.com/docs/caddyfile/matchers, https://caddyserver.com/docs/caddyfile/directives#directive-order
"""

from __future__ import annotations

from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.matching import (
    SECRET_CLASS,
    SHORTEST,
    Group,
    Place,
    checked,
    comment,
    cookie_attributes,
    groups,
    literal,
    path_patterns,
    unlock_page,
    unlock_path,
    variable,
)


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """A snippet that site blocks import.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    checked(protection)
    body: list[str] = []
    for group in groups(protection):
        body += _refusal(group, protection)
    body += _unlock(protection)
    lines = [*_head(protection), "(redcap_protect) {", "\troute {", *(f"\t\t{line}" for line in body), "\t}", "}"]
    return (GeneratedFile("redcap-protect.caddy", "\n".join(lines) + "\n"),)


def _head(protection: Protection) -> list[str]:
    referenced = ", ".join(variable(secret) for secret in protection.secrets if secret.value is None)
    return [
        "# In the Caddyfile: `order route first` among the global options, `import redcap-protect.caddy` after them,",
        "# and `import redcap_protect` as the first line of each site block.",
        *([f"# The environment of Caddy holds {referenced}; one that is not set opens nothing."] * bool(referenced)),
        *(f"# {comment(script.name)} ({script.mode.value}): {comment(script.why)}" for script in protection.scripts),
    ]


def _placeholder(place: Place) -> str:
    return {"header": "http.request.header", "cookie": "http.request.cookie", "query": "http.request.uri.query"}[
        place.kind
    ] + f".{place.name}"


def _shown(place: Place, secret: AcceptedSecret) -> str:
    """CEL expression: the request carries the secret there."""
    found = f"{{{_placeholder(place)}}}"
    if secret.value is not None:
        return f'{found} == "{literal(secret.value)}"'
    return f'({found}.matches("^{SECRET_CLASS}{{{SHORTEST},}}$") && {found} == "{{${variable(secret)}}}")'


def _refusal(group: Group, protection: Protection) -> list[str]:
    pattern = "|".join(path_patterns(protection, group.scripts, unicode=True))
    shown = " || ".join(_shown(place, secret) for place in group.places for secret in protection.secrets)
    return [
        f"@{group.name} {{",
        f"\tpath_regexp {group.name} `(?i){pattern}`",
        *([f"\tnot expression `{shown}`"] if shown else []),
        "}",
        f"respond @{group.name} 403",
    ]


def _unlock(protection: Protection) -> list[str]:
    path = unlock_path(protection)
    if path is None:
        return []
    header = Place("header", protection.header)
    shown = " || ".join(_shown(header, secret) for secret in protection.secrets)
    cookie = f"{protection.cookie}={{{_placeholder(header)}}}; {cookie_attributes(protection)}"
    return [
        "@redcap_unlocked {",
        f"\tpath {path}",
        f"\texpression `{shown}`",
        "}",
        f"header @redcap_unlocked Set-Cookie `{cookie}`",
        f"header {path} Cache-Control no-store",
        "respond @redcap_unlocked 204",
        f"header {path} Content-Type text/html",
        f"respond {path} `{unlock_page(protection)}` 403",
    ]


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "set `order route first`, import redcap-protect.caddy, and redcap_protect in each site; then `caddy validate`",
        "prove it with `redcap-scanner waf test --url ADDRESS`",
    )


TARGET = Target(
    name="caddy",
    title="Caddy 2",
    checked="by Caddy from Debian with php-fpm",
    render=render,
    summary=_summary,
)
