"""Which texts stand in the code as they are, and which only come out of a computation."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from scanner.detectors.base import Scene
from scanner.model.facts import FileFacts


def stands_in_file(scene: Scene, function: int, text: str) -> bool:
    """Whether a text stands in a literal of the file in which a function stands; never in decoded code."""
    path = scene.program.path(function)
    known = scene.targets.standing.get((path, text))
    if known is None:
        known = scene.targets.standing[path, text] = stands_in(scene, path, text)
    return known


def stands_in(scene: Scene, path: str, text: str) -> bool:
    """The same of the file with a path."""
    facts = scene.facts.get(path)
    return facts is not None and _octets(text) in _literals(facts)


def standing_nowhere(scene: Scene, texts: Iterable[str]) -> set[str]:
    """Those of some texts that stand in no literal of the release, nor in data that it reads: one pass over all."""
    left = {_octets(text): text for text in texts}
    for wanted in [wanted for wanted, text in left.items() if scene.program.data.holds(text)]:
        del left[wanted]
    for path in sorted(scene.facts) if left else ():
        literals = _literals(scene.facts[path])
        for wanted in [wanted for wanted in left if wanted in literals]:
            del left[wanted]
        if not left:
            break
    return set(left.values())


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").lower()


def _literals(facts: FileFacts) -> bytes:
    """Everything that is known of a file, in lower case: bodies, constants, properties, defaults."""
    return msgspec.msgpack.encode(facts).lower()
