"""Values that open a script: how much a guesser has to try, and where a value may be read from.

Never from the command line: its arguments are seen by every user of a machine and kept in the shell's history.
"""

from __future__ import annotations

import math
import os
import re
from itertools import pairwise
from pathlib import Path

from scanner.errors import ConfigurationError

ENOUGH_BITS = 128
_ALPHABETS = ((10, r"[0-9]+"), (16, r"[0-9a-f]+|[0-9A-F]+"), (26, r"[a-z]+|[A-Z]+"), (36, r"[0-9a-z]+|[0-9A-Z]+"),
    (52, r"[A-Za-z]+"), (62, r"[0-9A-Za-z]+"), (64, r"[0-9A-Za-z+/=_-]+"))  # fmt: skip
_PRINTABLE = 94
_FEWEST_DIFFERENT = 8
"""Different characters that 128 random bits nearly always have: of 32 hexadecimal digits fewer than 8 differ once in
ten million times."""
_LONGEST_FILE = 10_000


def bits(value: str) -> float:
    """Upper bound of the bits of a value, from its length and its alphabet; 0 for repetitions and for few characters.

    A chosen word can have far fewer: only a generated value has them all.
    """
    text = value.rstrip("=")
    if len(set(text)) < _FEWEST_DIFFERENT or text in (text + text)[1:-1] or _runs(text):
        return 0.0
    size = next((size for size, pattern in _ALPHABETS if re.fullmatch(pattern, text)), _PRINTABLE)
    return len(text) * math.log2(size)


def _runs(text: str) -> bool:
    """Whether most characters only follow their neighbour in the alphabet, as in `0123456789abcdef`."""
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    return sum(step in (0, 1, -1) for step in steps) * 2 > len(steps)


def require_strong(slot: str, value: str) -> str:
    """The value, if a guesser cannot find it. Raises: ConfigurationError."""
    if bits(value) < ENOUGH_BITS:
        message = (
            f"the {slot} secret has fewer than {ENOUGH_BITS} bits: take 32 random bytes in hexadecimal,"
            " for example from `openssl rand -hex 32`"
        )
        raise ConfigurationError(message)
    return value


def read_value(source: str) -> str:
    """Value from `env:NAME` or `file:PATH`; one line end after it is dropped.

    Raises: ConfigurationError when there is none, or when `source` is of another form.
    """
    kind, _, place = source.partition(":")
    if kind == "env" and place:
        value = os.environ.get(place)
        if value is None:
            message = f"the environment has no variable {place}"
            raise ConfigurationError(message)
        return value
    if kind == "file" and place:
        return _from_file(Path(place))
    message = "a value comes from env:NAME or file:PATH, never from the command line itself"
    raise ConfigurationError(message)


def _from_file(path: Path) -> str:
    try:
        data = path.read_bytes()[:_LONGEST_FILE]
        return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} is not text: a secret is one line of it"
        raise ConfigurationError(message) from error
