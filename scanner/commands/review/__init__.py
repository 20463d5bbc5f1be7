"""`redcap-scanner review`: decide about findings in the terminal, list decisions, prune them."""

from __future__ import annotations

import click

from scanner.commands.review.listing import list_command, prune_command
from scanner.commands.review.walk import walk


class _Group(click.Group):
    """A group that takes `review RELEASE` for `review walk RELEASE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the walk before arguments that begin with no command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["walk", *args]
        return super().parse_args(ctx, args)


@click.group("review", cls=_Group)
def COMMAND() -> None:  # noqa: N802  the name by which the command line finds it
    """Decide about findings, one by one or from the HTML report; list and prune decisions.

    `review [BASELINE] CURRENT` is short for `review walk [BASELINE] CURRENT`.
    """


COMMAND.add_command(walk)
COMMAND.add_command(list_command)
COMMAND.add_command(prune_command)
