"""Options that several subcommands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, GeneratedFile, Protection
from scanner.protect.choice import Choice, parse_modes
from scanner.protect.secrets import read_value, require_strong
from scanner.report.output import write

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT_REFERENCE = "redcap/waf-a"


def site_options(command: Command) -> Command:
    """How REDCap is mounted and called on this site."""
    options = (
        click.option("--base-path", default="/", show_default=True, help="Where REDCap is mounted: /redcap/."),
        click.option("--header", default="X-Redcap-Secret", show_default=True, help="Header that carries the secret."),
        click.option("--cookie", default="redcap_admin_secret", show_default=True, help="Cookie of unlocked browsers."),
        click.option(
            "--query", metavar="NAME", help="Accept the secret in this query argument too. It is then logged."
        ),
        click.option("--multiviews", is_flag=True, help="The server has MultiViews on: /cron is cron.php."),
        click.option(
            "--mode",
            "modes",
            multiple=True,
            metavar="SCRIPT=MODE",
            help="Protect a script otherwise than the plan says: block, header or cookie. Repeatable.",
        ),
    )
    return _with(command, options)


def rule_options(command: Command) -> Command:
    """Which secrets a rule accepts, and how it is written."""
    options = (
        click.option("--current", default=DEFAULT_REFERENCE, show_default=True, help="Name of the accepted secret."),
        click.option("--next", "next_", metavar="NAME", help="Name of a second accepted secret, during a rotation."),
        click.option(
            "--value-from",
            "values",
            multiple=True,
            metavar="SLOT=SOURCE",
            help="Write the value itself, not a reference: current=env:NAME or next=file:PATH. Repeatable.",
        ),
        click.option("--paranoid", is_flag=True, help="More and dearer conditions, where a target has them."),
    )
    return _with(command, options)


def _with(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def choice_from(options: dict[str, Any]) -> Choice:
    """The choice that the options make. Raises: ConfigurationError for a bad or weak value."""
    return Choice(
        base_path=options["base_path"],
        header=options["header"],
        cookie=options["cookie"],
        query=options["query"],
        multiviews=options["multiviews"],
        paranoid=options.get("paranoid", False),
        secrets=secrets_from(options) if "current" in options else (),
        modes=parse_modes(options["modes"]),
    )


def secrets_from(options: dict[str, Any]) -> tuple[AcceptedSecret, ...]:
    """The accepted secrets, the current one first."""
    values = _values(options["values"])
    names = {"current": options["current"], "next": options["next_"]}
    if "next" in values and not names["next"]:
        message = "a value is given for the next secret, but it has no name: add --next NAME"
        raise ConfigurationError(message)
    return tuple(AcceptedSecret(slot, name, values.get(slot)) for slot, name in names.items() if name)


def _values(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        slot, equals, source = text.partition("=")
        if not equals or slot not in ("current", "next"):
            message = "--value-from takes current=SOURCE or next=SOURCE"
            raise ConfigurationError(message)
        found[slot] = require_strong(slot, read_value(source))
    return found


def write_files(files: Sequence[tuple[Path, GeneratedFile]], protection: Protection) -> list[Path]:
    """Write the files, all of them rendered before. Those with a value in them are for their owner only."""
    secret = any(item.value is not None for item in protection.secrets)
    written = []
    for folder, file in files:
        path = folder / file.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if secret:
                path.touch(mode=0o600)
                path.chmod(0o600)
        except OSError as error:
            message = f"cannot write {path}: {error.strerror or error}"
            raise ConfigurationError(message) from error
        write(path, file.text)
        written.append(path)
    return written
