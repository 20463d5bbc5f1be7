"""`redcap-scanner completion`: completion of commands, options and files in the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from scanner.errors import ExitCode

_PROGRAM = "redcap-scanner"
_WHERE = {
    "bash": '~/.bashrc: eval "$(redcap-scanner completion bash)"',
    "zsh": '~/.zshrc: eval "$(redcap-scanner completion zsh)"',
    "fish": "~/.config/fish/completions/redcap-scanner.fish: the output itself",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
@click.pass_context
def COMMAND(context: click.Context, shell: str) -> ExitCode:  # noqa: N802  the name that is looked for
    """Print the completion script of a SHELL, to be loaded by its start-up file."""
    kind = get_completion_class(shell)
    if kind is None:
        message = f"no completion for {shell}"
        raise click.UsageError(message)
    made = kind(context.find_root().command, {}, _PROGRAM, "_REDCAP_SCANNER_COMPLETE")
    click.echo(f"# {_WHERE[shell]}")
    click.echo(made.source_template % made.source_vars())
    return ExitCode.OK
