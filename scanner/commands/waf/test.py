"""`redcap-scanner waf test`: does the protection of a running server hold? The one command that uses the network."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from scanner.commands.waf._inputs import plan_of
from scanner.errors import ConfigurationError, ExitCode
from scanner.model.protection import Protection
from scanner.protect.checkup import Checkup, Requests, examine, learn, prepare
from scanner.protect.choice import Choice, parse_modes, protection_for, versions_of
from scanner.protect.probe import Link, server
from scanner.protect.verdict import Outcome, Verdict
from scanner.report.escape import escape_terminal
from scanner.report.output import write

_SHOWN = 20
_WIDTH = 160
_NEEDS_QUESTION = "give --yes to send them without being asked"


@click.command()
@click.argument("release", required=False)
@click.option("--url", required=True, help="Address of REDCap, as https://redcap.example.org/redcap/.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Plan that `waf plan --format json` wrote, instead of RELEASE.",
)
@click.option("--mode", "modes", multiple=True, metavar="SCRIPT=MODE", help="As for `waf generate`. Repeatable.")
@click.option("--version-folder", "versions", multiple=True, metavar="VERSION", help="Further redcap_v* on the server.")
@click.option("--marker", "markers", multiple=True, metavar="TEXT", help="Text of a protected script's own answer.")
@click.option("--secret-env", metavar="NAME", help="Environment variable with the secret: each script is called once.")
@click.option("--header", default="X-Redcap-Secret", show_default=True, help="Header that carries the secret.")
@click.option("--cookie", default="redcap_admin_secret", show_default=True, help="Cookie that carries the secret.")
@click.option("--multiviews", is_flag=True, help="Also ask for /cron in place of /cron.php.")
@click.option("--rate", type=click.FloatRange(0.1, 1000), default=10, show_default=True, help="Requests in a second.")
@click.option(
    "--timeout", type=click.FloatRange(0.1, 120), default=10, show_default=True, help="Seconds for an answer."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many attacks, and so many legitimate requests.")
@click.option(
    "--random", type=click.IntRange(0, 100_000), default=500, show_default=True, help="Random mixtures to add."
)
@click.option("--allow-methods", is_flag=True, help="Other methods than GET and HEAD too.")
@click.option("--no-legitimate", is_flag=True, help="Send no request that must pass.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write every outcome as JSON.")
@click.option("--yes", is_flag=True, help="Do not ask before sending.")
def COMMAND(**options: object) -> ExitCode:  # noqa: N802  the name that the group looks for
    """Send the request spellings of RELEASE's scripts at your own server, without the secret.

    A request that gets through RUNS the script: cron.php starts the jobs that are due. No argument that makes install
    or upgrade act is ever sent. Only test a server that you are responsible for. Exit code 0: every spelling was
    refused and every legitimate request passed; 1: not so, or it cannot be told; 2: usage, or no connection.
    """
    wanted = msgspec.convert(options, Options)
    to = server(wanted.url)
    protection, versions = _protection(wanted, to.base_path)
    secret = _secret(wanted.secret_env)
    requests = prepare(
        protection,
        versions=versions,
        random=wanted.random,
        limit=wanted.limit,
        all_methods=wanted.allow_methods,
        with_legitimate=not wanted.no_legitimate,
    )
    _ask(wanted, requests, to.authority)
    link = Link(to, rate=wanted.rate, timeout=wanted.timeout)
    link.open()
    known, refused = learn(protection, link.send, versions=versions, markers=wanted.markers, secret=secret)
    wrong: list[Outcome] = []
    right: list[Outcome] = []
    with click.progressbar(
        examine(requests, known, link.send),
        length=len(requests.attacks) + len(requests.legitimate),
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as outcomes:
        for is_attack, outcome in outcomes:
            (wrong if is_attack else right).append(outcome)
    result = Checkup(known, refused, tuple(wrong), tuple(right))
    click.echo("\n".join(_lines(result, requests)))
    if wanted.output is not None:
        write(wanted.output, _document(result))
    return ExitCode.OK if result.verdict == "pass" else ExitCode.FINDINGS


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The command's options by name."""

    release: str | None
    url: str
    plan_file: Path | None
    modes: tuple[str, ...]
    versions: tuple[str, ...]
    markers: tuple[str, ...]
    secret_env: str | None
    header: str
    cookie: str
    multiviews: bool
    rate: float
    timeout: float
    limit: int | None
    random: int
    allow_methods: bool
    no_legitimate: bool
    output: Path | None
    yes: bool


def _protection(wanted: Options, base_path: str) -> tuple[Protection, tuple[str, ...]]:
    """What is to be protected on this server, and the version folders that it may have.

    Raises: ConfigurationError when there is no plan, or it has no script.
    """
    plan = plan_of(wanted.release, wanted.plan_file)
    if not plan.scripts:
        message = "the plan names no script to protect: there is nothing to test"
        raise ConfigurationError(message)
    choice = Choice(
        base_path=base_path,
        header=wanted.header,
        cookie=wanted.cookie,
        multiviews=wanted.multiviews,
        modes=parse_modes(wanted.modes),
    )
    return protection_for(plan, choice), versions_of(plan, wanted.versions)


def _secret(name: str | None) -> str | None:
    """The secret of an environment variable: on a command line others could read it.

    Raises: ConfigurationError when the variable is not set.
    """
    if name is None:
        return None
    value = os.environ.get(name, "")
    if not value or not value.isascii() or not value.isprintable():
        message = f"the environment variable {name} holds no secret"
        raise ConfigurationError(message)
    return value


def _ask(wanted: Options, requests: Requests, authority: str) -> None:
    """Let the user agree to what is sent.

    Raises: ConfigurationError without a terminal to ask on; click.Abort when the answer is no.
    """
    count = len(requests.attacks) + len(requests.legitimate)
    if any(not marker for marker in wanted.markers):
        message = "a marker must not be empty"
        raise ConfigurationError(message)
    seconds = count / wanted.rate
    click.echo(
        f"{count:,} requests to {authority}, about {seconds / 60:.0f} minutes. One that gets through runs the script. "
        f"{requests.left_out:,} are left out (other methods, or arguments that make a script act).",
        err=True,
    )
    if wanted.yes:
        return
    if not sys.stdin.isatty():
        message = f"these requests go to {authority}: {_NEEDS_QUESTION}"
        raise ConfigurationError(message)
    click.confirm("Are you responsible for this server, and shall they be sent?", abort=True, err=True)


def _lines(result: Checkup, requests: Requests) -> list[str]:
    """The report for a terminal."""
    lines = [f"{'family':<22}{'sent':>7}{'blocked':>9}{'reached':>9}{'cannot tell':>13}"]
    for family, counts in result.families():
        numbers = (counts.total(), counts[Verdict.BLOCKED], counts[Verdict.REACHED], counts[Verdict.UNKNOWN])
        lines.append("{:<22}{:>7}{:>9}{:>9}{:>13}".format(family, *numbers))
    for verdict in (Verdict.REACHED, Verdict.UNKNOWN):
        found = [outcome for outcome in result.attacks if outcome.verdict is verdict]
        lines += _examples(f"{verdict.value}: {len(found):,} of {len(result.attacks):,}", found)
    lines += _examples(f"legitimate, not passed: {len(result.lost):,} of {len(result.legitimate):,}", result.lost)
    lines += [f"  {escape_terminal(name, _WIDTH)} refused the right secret" for name in result.refused_secret]
    if requests.left_out:
        lines.append(f"not sent: {requests.left_out:,}")
    lines.append(f"verdict: {result.verdict}")
    return lines


def _examples(title: str, outcomes: Sequence[Outcome]) -> list[str]:
    rows = [f"  {outcome.status or 'none':<5}{_request(outcome)}" for outcome in outcomes[:_SHOWN]]
    more = [f"  and {len(outcomes) - _SHOWN:,} more"] * (len(outcomes) > _SHOWN)
    return [title, *rows, *more]


def _request(outcome: Outcome) -> str:
    spelling = outcome.spelling
    headers = b"".join(b"  %s: %s" % pair for pair in spelling.headers)
    return escape_terminal((spelling.method + b" " + spelling.target + headers).decode("latin-1"), _WIDTH)


def _document(result: Checkup) -> str:
    """Every outcome as JSON: bytes of a request as Latin-1 text."""
    known = result.known
    document = {
        "schema": "redcap-scanner/waf-test/1",
        "verdict": result.verdict,
        "marker_confirmed": known.confirmed,
        "refused_secret": result.refused_secret,
        "attacks": [_row(outcome) for outcome in result.attacks],
        "legitimate": [_row(outcome) for outcome in result.legitimate],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _row(outcome: Outcome) -> dict[str, object]:
    spelling = outcome.spelling
    return {
        "verdict": outcome.verdict.value,
        "status": outcome.status,
        "family": spelling.family,
        "script": spelling.script,
        "method": spelling.method.decode("latin-1"),
        "target": spelling.target.decode("latin-1"),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in spelling.headers],
    }
