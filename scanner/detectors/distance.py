"""How sure a way is: its steps, and the places on it where data of many origins comes together.

Behind a place that calls one of many functions (the handlers of a hook), and behind functions that keep values in a
property under computed keys (a store of settings), everything that ever went in seems to come out. Such a step says
less than a plain call does, so it counts for more of them.
"""

from __future__ import annotations

import re
from itertools import pairwise

from scanner.analysis.named import IN_PART
from scanner.analysis.spread import calls
from scanner.analysis.values import Trace, chain
from scanner.detectors.base import Scene
from scanner.detectors.literals import stands_in

_DOUBT = 2
"""Steps that one doubtful step counts for beside itself."""
_LEAP = 4
"""The same for a value that was put down in one file and taken up in another: anything may have been put there."""
_LAST_WORD = re.compile(r"[.:\[\]'\"$>-]+")
"""Between the parts of a secret's name: `db.password`, `config.twilio_auth_token`."""
_RETURNED, _PASSED = "returned by ", "passed to "


def doubts(scene: Scene, trace: Trace) -> int:
    """Doubtful steps of a way: what one of many functions returned, into a store of values and out of it."""
    crossroads, found = scene.result.state.mixing.crossroads, 0
    for path, line, text in chain(trace):
        found += text.startswith(_RETURNED) and (path, line) in crossroads
        found += text.removeprefix(_RETURNED).removeprefix(_PASSED).removesuffix("()") in scene.pools
    return found


def guessed(trace: Trace) -> bool:
    """Whether nobody knows which secret a way begins with: its name is put together, and fits that of a known one."""
    return chain(trace)[-1][2].startswith(IN_PART)


def unasked(scene: Scene, trace: Trace, name: str) -> bool:
    """Whether a way comes out of a store of values where nobody asks for this one.

    Who asks a store for a value names it there: `$settings->get('salt')`. Where no name of it stands in the file, what
    was asked for is another value, most likely.
    """
    word = _LAST_WORD.split(name)[-1]
    asked = [
        path
        for path, _line, text in chain(trace)
        if text.startswith(_RETURNED) and text.removeprefix(_RETURNED).removesuffix("()") in scene.pools
    ]
    return bool(asked) and not any(stands_in(scene, path, word) for path in asked)


def leaps(scene: Scene, trace: Trace, end: str) -> int:
    """Steps that no call explains: a value put into a property or a global in one file and read of it in another.

    What was passed to a function goes on in that function's file, what one returned goes on where it was called.
    `end`: path of the file where the way ends.
    """
    found, steps = 0, [(end, 0, ""), *chain(trace)]
    for (path, _line, text), (before, _from, earlier) in pairwise(steps):
        if path != before:
            entered = earlier.startswith(_PASSED) and path in _homes(scene, earlier.removeprefix(_PASSED))
            left = text.startswith(_RETURNED) and before in _homes(scene, text.removeprefix(_RETURNED))
            found += not (entered or left)
    return found


def _homes(scene: Scene, called: str) -> frozenset[str]:
    return scene.homes.get(called.removesuffix("()"), frozenset())


def distance(scene: Scene, trace: Trace, end: str) -> int:
    """Steps of a way, a doubtful one counted several times, and one that no call explains as well (see `leaps`)."""
    return calls(trace) + _DOUBT * doubts(scene, trace) + _LEAP * leaps(scene, trace, end)
