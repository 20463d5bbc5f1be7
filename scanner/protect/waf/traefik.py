"""Traefik 3: one router of the file provider that takes what is to be refused.

Its `!` and `||` need no second router that allows: what is not refused is left to the routers of the application.
`PathRegexp` sees the decoded path. The file provider runs Go templates, which read the environment; a value that is
not set, or too short, writes no condition, so it opens nothing.
Source: https://doc.traefik.io/traefik/v3.0/routing/routers/#rule,
https://doc.traefik.io/traefik/v3.0/providers/file/#go-templating
"""

from __future__ import annotations

from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.matching import SHORTEST, Group, Place, checked, comment, groups, literal, path_patterns, variable

_PRIORITY = 2_000_000_000
_NOBODY = "255.255.255.255/32"


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One file of dynamic configuration.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    checked(protection)
    referenced = ", ".join(variable(secret) for secret in protection.secrets if secret.value is None)
    lines = [
        "# Put this file into the folder of Traefik's file provider. The cookie has to be set by hand: Traefik serves",
        "# no page of its own.",
        *([f"# The environment of Traefik holds {referenced}; one that is not set opens nothing."] * bool(referenced)),
        *(f"# {comment(script.name)} ({script.mode.value}): {comment(script.why)}" for script in protection.scripts),
        "http:",
        "  routers:",
    ]
    for group in groups(protection):
        lines += _router(group, protection)
    lines += [
        "  middlewares:",
        "    redcap-nobody:",
        "      ipAllowList:",
        "        sourceRange:",
        f"          - {_NOBODY}",
    ]
    return (GeneratedFile("redcap-protect.yml", "\n".join(lines) + "\n"),)


def _router(group: Group, protection: Protection) -> list[str]:
    pattern = "|".join(path_patterns(protection, group.scripts, unicode=True))
    conditions = "".join(_unless(place, secret) for place in group.places for secret in protection.secrets)
    return [
        f"    {group.name.replace('_', '-')}:",
        f"      priority: {_PRIORITY}",
        "      service: noop@internal",
        "      middlewares:",
        "        - redcap-nobody",
        f"      rule: 'PathRegexp(`(?i){pattern}`){conditions}'",
    ]


def _unless(place: Place, secret: AcceptedSecret) -> str:
    if secret.value is not None:
        return f" && !{_shown(place, literal(secret.value))}"
    name = variable(secret)
    shown = _shown(place, f'{{{{ env "{name}" }}}}')
    return f'{{{{ if ge (len (env "{name}")) {SHORTEST} }}}} && !{shown}{{{{ end }}}}'


def _shown(place: Place, value: str) -> str:
    if place.kind == "header":
        return f"HeaderRegexp(`{place.name}`, `^{value}$`)"
    if place.kind == "cookie":
        return rf"HeaderRegexp(`Cookie`, `(?:^|;[ \t]*){literal(place.name)}={value}(?:;|$)`)"
    return f"QueryRegexp(`{place.name}`, `^{value}$`)"


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "put redcap-protect.yml into the folder of the file provider; it was not run here: try it with `waf test`",
        "prove it with `redcap-scanner waf test --url ADDRESS`",
    )


TARGET = Target(
    name="traefik",
    title="Traefik 3",
    checked="by a golden file and as YAML; it was not run",
    render=render,
    summary=_summary,
)
