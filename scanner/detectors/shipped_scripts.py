"""Scripts of the release that a command line runs: the command goes where the script goes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from scanner.analysis.templates import FIRST_PRIVATE
from scanner.detectors.base import Scene
from scanner.detectors.remarks import destination, is_named, places

_WORD = re.compile(
    rf"(?:^|[\s/'\"={FIRST_PRIVATE}-\U0010ffff])([\w@.+-]{{1,80}}(?:/[\w@.+-]{{1,80}}){{0,20}})(?=$|[\s'\"])"
)
_MAX_LENGTH = 4_000


def script_hosts(scene: Scene, line: str) -> set[str]:
    """Hosts that scripts contact which stand in a command line with the end of their paths."""
    scripts = _scripts(scene)
    found: set[str] = set()
    for match in _WORD.finditer(line[:_MAX_LENGTH]) if scripts else ():
        for path, hosts in scripts.get(match[1].rpartition("/")[2], {}).items():
            if path.endswith(_tail(match[1])):
                found |= hosts
    return found


def all_script_hosts(scene: Scene) -> set[str]:
    """Hosts that scripts of the release contact."""
    return {host for paths in _scripts(scene).values() for hosts in paths.values() for host in hosts}


def _tail(word: str) -> str:
    """The end of a path, without what leads up from a folder."""
    return word.rpartition("../")[2].rpartition("@/")[2]


def _scripts(scene: Scene) -> Mapping[str, Mapping[str, set[str]]]:
    """Base name -> path -> hosts, of all scripts that name any; worked out once."""
    if scene.targets.scripts is None:
        scripts: dict[str, dict[str, set[str]]] = defaultdict(dict)
        for place in places(scene, "command"):
            name = destination(scene, place.remark).name
            if is_named(name):
                scripts[place.path.rpartition("/")[2]].setdefault(place.path, set()).add(name)
        scene.targets.scripts = scripts
    return scene.targets.scripts
