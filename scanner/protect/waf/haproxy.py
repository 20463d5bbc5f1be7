"""HAProxy: `http-request deny` in the frontend.

The path is looked at as it came, with a pattern that takes every encoding of every character. The converter `url_dec`
would open a hole: it fails on an invalid sequence, and a condition that fails does not match. `/cron.php/%25zz` is
valid when it comes, and is not once it has been decoded. Lines stand in quotes: a bare `#` starts a comment, and `$` in
double quotes is a variable. `req.fhdr` does not split a value at commas.
Source: https://docs.haproxy.org/2.6/configuration.html#2.2 (quoting), #7.3.6 (`req.fhdr`, `req.cook`, `urlp`)
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
    """The lines of a frontend: HAProxy has no include, so they are pasted or put together by a template.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    checked(protection)
    lines = [*_head(protection), *_secrets(protection)]
    for group in groups(protection):
        lines += _refusal(group, protection)
    lines += _unlock(protection)
    text = "".join(f"    {line}\n" if line else "\n" for line in lines)
    return (GeneratedFile("redcap-protect.cfg", text),)


def _head(protection: Protection) -> list[str]:
    referenced = ", ".join(variable(secret) for secret in protection.secrets if secret.value is None)
    return [
        "# These lines belong into each frontend (or listen) section that passes to REDCap, before any other",
        "# http-request rule.",
        *([f"# The environment of HAProxy holds {referenced}; one that is not set opens nothing."] * bool(referenced)),
        *(f"# {comment(script.name)} ({script.mode.value}): {comment(script.why)}" for script in protection.scripts),
    ]


def _all_places(protection: Protection) -> list[Place]:
    return sorted({place for group in groups(protection) for place in group.places})


def _fetch(place: Place) -> str:
    return {"header": "req.fhdr", "cookie": "req.cook", "query": "urlp"}[place.kind] + f"({place.name})"


def _pattern(secret: AcceptedSecret) -> str:
    """Value between anchors, in HAProxy's quotes. The environment is only read in double quotes."""
    if secret.value is not None:
        return f"'^{literal(secret.value)}$'"
    return f"""'^(?={SECRET_CLASS}{{{SHORTEST}}})'"${{{variable(secret)}}}"'$'"""


def _secrets(protection: Protection) -> list[str]:
    return [
        f"acl redcap_has_{place.kind} {_fetch(place)} -m reg {_pattern(secret)}"
        for place in _all_places(protection)
        for secret in protection.secrets
    ]


def _refusal(group: Group, protection: Protection) -> list[str]:
    patterns = [found for script in group.scripts for found in path_patterns(protection, (script,))]
    without = " ".join(f"!redcap_has_{place.kind}" for place in group.places)
    return [
        *(f"acl {group.name}_asked path,lower -m reg '{pattern}'" for pattern in patterns),
        f"http-request deny deny_status 403 if {group.name}_asked {without}".rstrip(),
    ]


def _unlock(protection: Protection) -> list[str]:
    path = unlock_path(protection)
    if path is None:
        return []
    page = unlock_page(protection).replace("'", "'\\''")
    answer = "status 403 content-type text/html hdr Cache-Control no-store"
    cookie = f"{protection.cookie}=%[req.fhdr({protection.header})]; {cookie_attributes(protection)}"
    return [
        "# The unlock page: shows a form, takes the secret in the header, answers 204 with the cookie.",
        f"acl redcap_unlock path -m str {path}",
        f"http-request return {answer} string '{page}' if redcap_unlock !redcap_has_header",
        f"http-request return status 204 hdr Cache-Control no-store hdr Set-Cookie '{cookie}' if redcap_unlock",
    ]


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "paste redcap-protect.cfg at the start of each frontend that passes to REDCap, then run `haproxy -c -f FILE`",
        "prove it with `redcap-scanner waf test --url ADDRESS`",
    )


TARGET = Target(
    name="haproxy",
    title="HAProxy",
    checked="by HAProxy from Debian before Apache",
    render=render,
    summary=_summary,
)
