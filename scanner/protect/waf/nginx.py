"""nginx: a `map` over the decoded address, and `if` with `return`.

`location = /cron.php` would be wrong (other spellings fall through to the PHP location), and so would `$request_uri`
(not decoded). `$uri` is decoded once, with slashes merged and dot segments resolved; the patterns also take what is
still encoded in it, for a server behind nginx that decodes again.
Source: https://nginx.org/en/docs/http/ngx_http_map_module.html (patterns compare with case unless they start with
`~*`; plain strings always without) and https://nginx.org/en/docs/http/ngx_http_rewrite_module.html
"""

from __future__ import annotations

import re

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.matching import (
    Group,
    Place,
    checked,
    comment,
    cookie_attributes,
    groups,
    literal,
    path_patterns,
    secret_pattern,
    unlock_page,
    unlock_path,
    variable,
)

_VARIABLE = re.compile(r"[A-Za-z0-9_]+\Z")


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """Three files: for the `http` block, for every `server` and PHP location, and the unlock page for the `server`.

    Raises: ConfigurationError when a name or a value cannot be written, or a query name is no nginx variable.
    """
    checked(protection)
    if protection.query is not None and not _VARIABLE.match(protection.query):
        message = f"nginx cannot read the query argument {protection.query!r}: letters, digits and underscores only"
        raise ConfigurationError(message)
    files = [
        GeneratedFile("redcap-protect-http.conf", "\n".join(_maps(protection)) + "\n"),
        GeneratedFile("redcap-protect.conf", "\n".join(_refusals(protection)) + "\n"),
    ]
    if unlock := _unlock(protection):
        files.append(GeneratedFile("redcap-unlock.conf", "\n".join(unlock) + "\n"))
    return tuple(files)


def _maps(protection: Protection) -> list[str]:
    lines = [
        "# Include this file in the http block.",
        *(f"# {comment(script.name)} ({script.mode.value}): {comment(script.why)}" for script in protection.scripts),
        *_references(protection),
    ]
    for place in _all_places(protection):
        lines += ["", *_secret_map(place, protection.secrets)]
    for group in groups(protection):
        lines += ["", *_refusal_map(group, protection)]
    return lines


def _references(protection: Protection) -> list[str]:
    referenced = [variable(secret) for secret in protection.secrets if secret.value is None]
    if not referenced:
        return []
    return [
        "# nginx reads no environment. Write the values in when it is deployed; what is not replaced matches nothing:",
        f"#     envsubst '{' '.join(f'${{{name}}}' for name in referenced)}' < redcap-protect-http.conf > ...",
    ]


def _all_places(protection: Protection) -> list[Place]:
    found = {place for group in groups(protection) for place in group.places}
    return sorted(found)


def _source(place: Place) -> str:
    if place.kind == "header":
        return f"$http_{place.name.lower().replace('-', '_')}"
    return "$http_cookie" if place.kind == "cookie" else f"$arg_{place.name}"


def _secret_map(place: Place, secrets: tuple[AcceptedSecret, ...]) -> list[str]:
    rows = [f'    "~{_pattern(place, secret)}" 1;' for secret in secrets]
    return [f"map {_source(place)} $redcap_has_{place.kind} {{", '    default "";', *rows, "}"]


def _pattern(place: Place, secret: AcceptedSecret) -> str:
    value = secret_pattern(secret)
    if place.kind == "cookie":
        return rf"(?:^|;[ \t]*){literal(place.name)}={value}(?:;|\z)"
    return rf"^{value}\z"


def _refusal_map(group: Group, protection: Protection) -> list[str]:
    """`volatile`: an internal redirect (`index`, `try_files`) changes `$uri`, and the answer with it."""
    patterns = [found for script in group.scripts for found in path_patterns(protection, (script,))]
    asked, refused = f"${group.name}_asked", f"${group.name}_refused"
    shown = "".join(f"$redcap_has_{place.kind}" for place in group.places)
    return [
        f"map $uri {asked} {{",
        "    volatile;",
        '    default "";',
        *(f'    "~*{pattern}" 1;' for pattern in patterns),
        "}",
        f'map "{asked}:{shown}" {refused} {{',
        "    volatile;",
        '    default "";',
        "    1: 1;",
        "}",
    ]


def _refusals(protection: Protection) -> list[str]:
    return [
        "# Include this file in every server block that serves REDCap or passes to it, before anything that rewrites,",
        "# and in every location that passes to PHP.",
        *(f"if (${group.name}_refused) {{ return 403; }}" for group in groups(protection)),
    ]


def _unlock(protection: Protection) -> list[str]:
    path = unlock_path(protection)
    if path is None:
        return []
    header = _source(Place("header", protection.header))
    return [
        "# Include this file in the server block. The page takes the secret in the header and answers 204 with the",
        "# cookie.",
        f"location = {path} {{",
        "    default_type text/html;",
        "    add_header Cache-Control no-store;",
        f'    add_header Set-Cookie "{protection.cookie}={header}; {cookie_attributes(protection)}";',
        f'    if ($redcap_has_header = "") {{ return 403 "{unlock_page(protection)}"; }}',
        "    return 204;",
        "}",
    ]


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "include redcap-protect-http.conf in the http block, redcap-protect.conf in each server and PHP location,",
        "redcap-unlock.conf, if there is one, in the server block; then run `nginx -t`",
        "prove it with `redcap-scanner waf test --url ADDRESS`",
    )


TARGET = Target(
    name="nginx",
    title="nginx",
    checked="by nginx from Debian: php-fpm with and without path info, and as a proxy before Apache",
    render=render,
    summary=_summary,
)
