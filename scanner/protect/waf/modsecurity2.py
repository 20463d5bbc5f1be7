"""ModSecurity 2 in Apache. Values that are references are put in by Apache when it reads the file."""

from __future__ import annotations

from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.matching import Place, checked, secret_pattern, variable
from scanner.protect.waf._seclang import flagged, rules


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One file, read before any other rule.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    checked(protection)
    lines = [
        "# Include this file where SecRuleEngine is On, before other rules. The cookie is handed out by the unlock",
        "# page of the target apache.",
        *_references(protection),
        *rules(protection, _opening),
    ]
    return (GeneratedFile("redcap-modsecurity2.conf", "\n".join(lines) + "\n"),)


def _references(protection: Protection) -> list[str]:
    """How the values get here. An unset name stays in the pattern as `${NAME}`, which matches nothing."""
    return [
        f"#     Define {variable(secret)} the-{secret.slot}-secret-in-hexadecimal   (before this file is read)"
        for secret in protection.secrets
        if secret.value is None
    ]


def _opening(place: Place, secret: AcceptedSecret, number: int) -> list[str]:
    return flagged(place, secret_pattern(secret), number)


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "include redcap-modsecurity2.conf where SecRuleEngine is On, then run `apachectl configtest`",
        "prove it with `redcap-scanner waf test --url ADDRESS`",
    )


TARGET = Target(
    name="modsecurity2",
    title="ModSecurity 2 (Apache)",
    checked="by ModSecurity 2 from Debian on Apache",
    render=render,
    summary=_summary,
)
