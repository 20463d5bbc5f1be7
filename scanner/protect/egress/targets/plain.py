"""A plain list for people and for other programs: one host a line, with services and reasons."""

from __future__ import annotations

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, EgressList, EgressRule, EgressTarget
from scanner.protect.egress.entries import entry, port
from scanner.protect.egress.hosts import read_host
from scanner.protect.egress.lines import active, comments, reason, shown_all


def _enforces(rule: EgressRule) -> str:  # noqa: ARG001  every rule has a line
    return ""


def _render(found: EgressList) -> str:
    lines = [f"{rule.host.text}  {shown_all(rule.services)}  # {reason(rule)}" for rule in active(found, TARGET)]
    return "\n".join([*comments(found, TARGET), "", *lines, ""])


def _parse(text: str) -> tuple[Deployed, ...]:
    """`HOST`, `HOST:PORT` or `HOST SERVICES` on each line; `#` starts a comment."""
    found: list[Deployed] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if len(words) > 2:  # noqa: PLR2004  host and services
            message = f"line {number}: more than a host and its services; put reasons behind `#`"
            raise ConfigurationError(message)
        if words:
            found.append(_entry(words, number))
    return tuple(found)


def _entry(words: list[str], number: int) -> Deployed:
    host, _, after = words[0].rpartition(":")
    if host and read_host(words[0]) is None:
        return entry(host, [port(after, number)], line=number)
    ports = [] if len(words) == 1 else [_port(item, number) for item in words[1].split(",")]
    return entry(words[0], [] if 0 in ports else ports, line=number)


def _port(service: str, number: int) -> int:
    """Port of `https/443` or `443`; 0 for any."""
    parts = service.split("/")
    wanted = parts[1] if len(parts) > 1 else parts[0]
    return 0 if wanted == "any" else port(wanted, number)


TARGET = EgressTarget(
    name="plain",
    title="a plain list",
    checked="read back by the program itself",
    file="egress.txt",
    limits=("It enforces nothing: it is for people, and for programs of your own.",),
    enforces=_enforces,
    render=_render,
    parse=_parse,
    ports=True,
)
