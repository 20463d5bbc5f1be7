"""ModSecurity 3 and Coraza. Values that are references are read from the environment of the server's process.

A rule asks first that the variable holds a secret of full length, so an empty one opens nothing. nginx empties the
environment of its workers but for names that an `env` directive keeps.
"""

from __future__ import annotations

from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection, Target
from scanner.protect.matching import SECRET_CLASS, SHORTEST, Place, checked, variable
from scanner.protect.waf._seclang import flag, flagged, rules, value_pattern, variable_of


def render(protection: Protection) -> tuple[GeneratedFile, ...]:
    """One file, read before any other rule.

    Raises: ConfigurationError when a name or a value cannot be written.
    """
    checked(protection)
    referenced = [variable(secret) for secret in protection.secrets if secret.value is None]
    lines = [
        "# Include this file where SecRuleEngine is On, before other rules.",
        *([f"# nginx.conf, main context: {' '.join(f'env {name};' for name in referenced)}"] * bool(referenced)),
        *rules(protection, _opening),
    ]
    return (GeneratedFile("redcap-modsecurity3.conf", "\n".join(lines) + "\n"),)


def _opening(place: Place, secret: AcceptedSecret, number: int) -> list[str]:
    if secret.value is not None:
        return flagged(place, value_pattern(secret), number)
    name = variable(secret)
    return [
        f'SecRule ENV:{name} "@rx ^{SECRET_CLASS}{{{SHORTEST},}}$" "id:{number},phase:1,pass,nolog,t:none,chain"',
        f'    SecRule {variable_of(place)} "@streq %{{ENV.{name}}}" "t:none,{flag(place)}"',
    ]


def _summary(_protection: Protection) -> tuple[str, ...]:
    return (
        "include redcap-modsecurity3.conf where SecRuleEngine is On; its variables are in the server's environment",
        "prove it with `redcap-scanner waf test --url ADDRESS`",
    )


TARGET = Target(
    name="modsecurity3",
    title="ModSecurity 3 and Coraza",
    checked="by ModSecurity 3 from Debian in nginx; Coraza reads the same file and was not run",
    render=render,
    summary=_summary,
)
