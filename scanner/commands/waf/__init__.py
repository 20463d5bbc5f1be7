"""`redcap-scanner waf`: from a scan to a rule that keeps strangers from the scripts that anyone can call.

Each subcommand is a module of this package with a `COMMAND`; it is imported only when it is named.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import click


class _Subcommands(click.Group):
    """A group that finds its subcommands in this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click calls it so
        """Names of the modules, sorted."""
        return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a module, or None when there is no such module."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = import_module(f"{__name__}.{cmd_name}").COMMAND
        return command if isinstance(command, click.Command) else None


@click.group(cls=_Subcommands)
def COMMAND() -> None:  # noqa: N802  the name that the command line looks for
    """Protect the scripts that anyone can call: plan, generate, simulate, test, rotate."""


COMMAND.name = "waf"
