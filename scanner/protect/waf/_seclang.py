"""The language of ModSecurity, which versions 2 and 3 and Coraza share: rules that flag, and a rule that refuses.

Source: https://github.com/owasp-modsecurity/ModSecurity/wiki/Reference-Manual-(v2.x) and -(v3.x);
https://coraza.io/docs/seclang/. Numbers 88000 to 88999 are in the range kept for local rules (1 to 99,999).
"""

from __future__ import annotations

from collections.abc import Callable

from scanner.model.protection import AcceptedSecret, Protection
from scanner.protect.matching import Group, Place, comment, groups, literal, path_patterns

FIRST_RULE = 88000
Opening = Callable[[Place, AcceptedSecret, int], list[str]]
"""Lines of the rule with this number that flag a request which carries the secret there."""


def rules(protection: Protection, opening: Opening) -> list[str]:
    """Rules of a checked protection."""
    lines = [f"# {comment(script.name)} ({script.mode.value}): {comment(script.why)}" for script in protection.scripts]
    number = FIRST_RULE
    for place in sorted({place for group in groups(protection) for place in group.places}):
        for secret in protection.secrets:
            number += 1
            lines += opening(place, secret, number)
    for group in groups(protection):
        number += 1
        lines += _refusal(group, protection, number)
    return lines


def variable_of(place: Place) -> str:
    """What holds the secret. Names are patterns only between slashes, so these are taken as they are."""
    return {"header": "REQUEST_HEADERS", "cookie": "REQUEST_COOKIES", "query": "ARGS_GET"}[
        place.kind
    ] + f":{place.name}"


def flag(place: Place) -> str:
    """Action that notes what the request carries."""
    return f"setvar:tx.redcap_has_{place.kind}=1"


def flagged(place: Place, pattern: str, number: int) -> list[str]:
    """A rule that flags a request by a pattern over the whole value."""
    return [
        f'SecRule {variable_of(place)} "@rx ^{pattern}$" \\',
        f'    "id:{number},phase:1,pass,nolog,t:none,{flag(place)}"',
    ]


def value_pattern(secret: AcceptedSecret) -> str:
    """Pattern of a value that the user asked to be written out."""
    return literal(secret.value or "")


def _refusal(group: Group, protection: Protection, number: int) -> list[str]:
    """One chain: the path asks for a script, and none of the flags is set.

    `urlDecodeUni` for the `%u0063` of IIS; the pattern takes what is still encoded after it.
    """
    pattern = "|".join(path_patterns(protection, group.scripts))
    transformed = "t:none,t:urlDecodeUni,t:lowercase"
    head = f'SecRule REQUEST_FILENAME "@rx {pattern}" \\'
    message = "msg:'REDCap: protected script without the secret'"
    chain = ",chain" if group.places else ""
    lines = [head, f'    "id:{number},phase:1,deny,status:403,log,{message},{transformed}{chain}"']
    for index, place in enumerate(group.places):
        last = index == len(group.places) - 1
        lines.append(f'    SecRule &TX:redcap_has_{place.kind} "@eq 0" "t:none{"" if last else ",chain"}"')
    return lines
