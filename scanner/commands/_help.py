"""Help texts whose options stand in groups."""

from __future__ import annotations

from typing import Any

import click


class GroupedOption(click.Option):
    """An option that says under which heading of the help it stands."""

    def __init__(self, *args: Any, group: str = "", **attributes: Any) -> None:  # noqa: ANN401  passed on to click
        super().__init__(*args, **attributes)
        self.group = group


class GroupedCommand(click.Command):
    """A command that lists its options by group: its own first, then the groups in the order of their first option."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one list for each group."""
        groups: dict[str, list[tuple[str, str]]] = {"": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "group", ""), []).append(record)
        for group, records in groups.items():
            if records:
                with formatter.section(f"{group} options" if group else "Options"):
                    formatter.write_dl(records)
