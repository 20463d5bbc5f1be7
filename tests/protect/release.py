"""The protection and the files of a fixture release, as several tests use them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from scanner.cli import FIXTURES
from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection, ProtectionPlan
from scanner.source import open_release

VERSION = "15.7.1"
RELEASE = FIXTURES / f"redcap{VERSION}.zip"
CURRENT = "5f0c2a91e7d84b3660f1b97ac23de8540b6a7f19c8e2d3540a9b61fe7c28d413"
NEXT = "c81d4e2ef0bc11ad9a64370cf5e92b7783e5a60d1fb3924c67ad08be51f2793e"
SECRETS = (AcceptedSecret("current", "redcap/waf-a"), AcceptedSecret("next", "redcap/waf-b"))
VALUES = (AcceptedSecret("current", "redcap/waf-a", CURRENT), AcceptedSecret("next", "redcap/waf-b", NEXT))
MODES = {"cron.php": Mode.HEADER, "install.php": Mode.BLOCK, "upgrade.php": Mode.COOKIE}


def script(name: str, mode: Mode) -> ProtectedScript:
    return ProtectedScript(name, (name, f"redcap_v@/{name}"), mode, "anybody could call it")


def protection(**changes: object) -> Protection:
    scripts = tuple(script(name, mode) for name, mode in MODES.items())
    return msgspec.structs.replace(Protection(scripts=scripts, secrets=SECRETS), **changes)


@cache
def files() -> tuple[str, ...]:
    with open_release(str(RELEASE)) as opened:
        return tuple(file.path for file in opened.release.files)


def write_plan(path: Path, modes: dict[str, Mode] | None = None) -> Path:
    scripts = tuple(script(name, mode) for name, mode in (modes or MODES).items())
    plan = ProtectionPlan(
        release=RELEASE.name, version=VERSION, scripts=scripts, folders=("", "redcap_v@"), stay_open=(), consider=()
    )
    path.write_bytes(msgspec.json.encode(plan))
    return path
