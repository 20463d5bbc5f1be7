"""From a plan of a release to a protection: what the person who deploys it chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection, ProtectionPlan

LARGEST_PLAN = 50_000_000
"""Bytes of a plan file."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """How a release is protected on one site."""

    base_path: str = "/"
    header: str = "X-Redcap-Secret"
    cookie: str = "redcap_admin_secret"
    query: str | None = None
    multiviews: bool = False
    paranoid: bool = False
    secrets: tuple[AcceptedSecret, ...] = ()
    modes: Mapping[str, Mode] = {}
    """Script name -> mode, where it is not to be the plan's."""


def protection_for(plan: ProtectionPlan, choice: Choice) -> Protection:
    """The plan as this site wants it.

    Raises: ConfigurationError when a mode is given for a script that the plan does not protect.
    """
    names = {script.name for script in plan.scripts}
    for name in choice.modes:
        if name not in names:
            message = f"the plan protects no script {name!r}, but {', '.join(sorted(names)) or 'none'}"
            raise ConfigurationError(message)
    scripts = tuple(_chosen(script, choice.modes) for script in plan.scripts)
    opened = any(script.mode is not Mode.BLOCK for script in scripts)
    return Protection(
        scripts=scripts,
        base_path=choice.base_path,
        header=choice.header,
        cookie=choice.cookie,
        query=choice.query,
        multiviews=choice.multiviews,
        paranoid=choice.paranoid,
        secrets=choice.secrets if opened else (),
    )


def _chosen(script: ProtectedScript, modes: Mapping[str, Mode]) -> ProtectedScript:
    mode = modes.get(script.name, script.mode)
    if mode is script.mode:
        return script
    return ProtectedScript(script.name, script.paths, mode, f"chosen by hand, the plan says {script.mode.value}")


def parse_modes(texts: Iterable[str]) -> dict[str, Mode]:
    """Modes from `cron.php=block`. Raises: ConfigurationError."""
    found: dict[str, Mode] = {}
    for text in texts:
        name, equals, word = text.rpartition("=")
        if not equals or word not in list(Mode):
            message = f"{text!r} is not SCRIPT=MODE with a mode of {', '.join(Mode)}"
            raise ConfigurationError(message)
        found[name] = Mode(word)
    return found


def read_plan(path: Path) -> ProtectionPlan:
    """A plan that `waf plan --format json` wrote. Raises: ConfigurationError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise ConfigurationError(message) from error
    try:
        if len(data) > LARGEST_PLAN:
            message = f"it is larger than {LARGEST_PLAN:,} bytes"
            raise ValueError(message)  # noqa: TRY301  one message for all that is wrong with the file
        plan = msgspec.json.decode(data, type=ProtectionPlan)
        if plan.schema != ProtectionPlan.__struct_defaults__[0]:
            message = f"its schema is {plan.schema}"
            raise ValueError(message)  # noqa: TRY301
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        reason = " ".join(str(error).split())[:200]
        message = f"{path} is no plan of `waf plan --format json`: {reason}"
        raise ConfigurationError(message) from error
    return plan


def versions_of(plan: ProtectionPlan, installed: Sequence[str]) -> tuple[str, ...]:
    """Version folders on the server: those named, and the plan's own."""
    own = [plan.version] if plan.version else []
    return tuple(dict.fromkeys((*own, *installed))) or ("99.9.9",)
