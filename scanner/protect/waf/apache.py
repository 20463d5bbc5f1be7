"""Apache HTTP Server 2.4: `Require expr` on the file that a request is mapped to.

The strongest of the server configurations: it is decided after the address was decoded, normalised, negotiated
(MultiViews) and split from its path info, so no spelling of the address matters. It does not see requests that Apache
only hands on (`ProxyPass`, `ProxyPassMatch` to php-fpm); `SetHandler proxy:fcgi` is fine.
Source: https://httpd.apache.org/docs/2.4/sections.html and https://httpd.apache.org/docs/2.4/expr.html
"""

from __future__ import annotations

from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.matching import (
    Group,
    Place,
    checked,
    comment,
    cookie_attributes,
    groups,
    literal,
    names_pattern,
    secret_pattern,
    unlock_page,
    unlock_path,
    variable,
)


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One file for the server configuration or a virtual host.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    checked(protection)
    lines = [*_head(protection), *_references(protection)]
    for group in groups(protection):
        lines += ["", *_section(group, protection)]
    lines += _unlock(protection)
    return (GeneratedFile("redcap-protect.conf", "\n".join(lines) + "\n"),)


def _head(protection: Protection) -> list[str]:
    return [
        "# Include this file in the server configuration, or in each virtual host that serves REDCap.",
        "# No .htaccess file and no <Location> with a Require of its own may stand against it.",
        "# Needs mod_authz_core; for the unlock page mod_alias and mod_headers too.",
        *(f"# {comment(script.name)} ({script.mode.value}): {comment(script.why)}" for script in protection.scripts),
    ]


def _references(protection: Protection) -> list[str]:
    """How the values get here. An unset name stays in the pattern as `${NAME}`, which matches nothing."""
    referenced = [secret for secret in protection.secrets if secret.value is None]
    if not referenced:
        return []
    return [
        "# Set before this file is read, in a file that only root can read (or in the environment of Apache):",
        *(f"#     Define {variable(secret)} the-{secret.slot}-secret-in-hexadecimal" for secret in referenced),
    ]


def _section(group: Group, protection: Protection) -> list[str]:
    conditions = [
        f"        Require expr {_condition(place, secret)}" for place in group.places for secret in protection.secrets
    ]
    rule = ["    <RequireAny>", *conditions, "    </RequireAny>"] if conditions else ["    Require all denied"]
    return [
        rf'<FilesMatch "(?i)^(?:{names_pattern(group.scripts)})[\s.]*(?:$|:)">',
        "    AuthMerging Off",
        *rule,
        "</FilesMatch>",
    ]


def _condition(place: Place, secret: AcceptedSecret) -> str:
    """Expression that is true when the request carries the secret there."""
    value = secret_pattern(secret)
    if place.kind == "header":
        return rf"req_novary('{place.name}') =~ m#^{value}\z#"
    if place.kind == "cookie":
        return rf"req_novary('Cookie') =~ m#(?:^|;[ \t]*){literal(place.name)}={value}(?:;|\z)#"
    return rf"%{{QUERY_STRING}} =~ m#(?:^|&){literal(place.name)}={value}(?:&|\z)#"


def _unlock(protection: Protection) -> list[str]:
    path = unlock_path(protection)
    if path is None:
        return []
    header = Place("header", protection.header)
    conditions = [(secret, _condition(header, secret)) for secret in protection.secrets]
    return [
        "",
        "# The unlock page: shows a form, takes the secret in the header, answers 204 with the cookie.",
        f'<Location "{path}">',
        "    Require all granted",
        f'    <If "{" || ".join(condition for _, condition in conditions)}">',
        "        Redirect 204",
        "    </If>",
        "    <Else>",
        "        Redirect 403",
        "    </Else>",
        f'    ErrorDocument 403 "{unlock_page(protection)}"',
        "    Header always set Cache-Control no-store",
        *(_cookie(protection, secret, condition) for secret, condition in conditions),
        "</Location>",
    ]


def _cookie(protection: Protection, secret: AcceptedSecret, condition: str) -> str:
    value = secret.value if secret.value is not None else f"${{{variable(secret)}}}"
    text = f"{protection.cookie}={value}; {cookie_attributes(protection)}"
    return f'    Header always set Set-Cookie "{text}" "expr={condition}"'


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "include redcap-protect.conf in the server or in each virtual host, then run `apachectl configtest`",
        "prove it with `redcap-scanner waf test --url ADDRESS`",
    )


TARGET = Target(
    name="apache",
    title="Apache HTTP Server 2.4",
    checked="by Apache from Debian: mod_php and php-fpm, path info on and off, MultiViews, encoded slashes",
    render=render,
    summary=_summary,
)
