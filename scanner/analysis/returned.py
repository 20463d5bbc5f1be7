"""Secrets that functions return: `decrypt()`, `System::getConfigVals()`."""

from __future__ import annotations

from scanner.analysis.describe import callee_text
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.remote import REQUEST, is_remote
from scanner.analysis.values import Val, all_labels
from scanner.model.facts import Call
from scanner.model.signature import Secret


def value(evaluator: Evaluator, secret: Secret, call: Call, args: list[Val]) -> Val:
    """What a function such as `decrypt` returns: the secret that it was given, when that has a name.

    What it makes of a request or of an answer is still what another machine says.
    """
    given = all_labels(args[0]) if args else {}  # what follows is the key, which does not come out
    named = {label: trace for label, trace in given.items() if label in evaluator.state.origins.by_label}
    if secret.name.lower() in evaluator.state.origins.bulk:  # what is read of it is told where an element is taken
        return evaluator.state.origins.secret_value(secret, evaluator.path, call.line, callee_text(call))
    read = evaluator.read_secret(secret, call.line, callee_text(call))
    outside = {label: trace for label, trace in given.items() if label == REQUEST or is_remote(label)}
    return Val(read.texts, {**(named or read.labels), **outside}) if named or outside else read


def of_method(evaluator: Evaluator, classes: frozenset[str], method: str) -> Secret | None:
    """The secret that a method of some classes returns; classes count by the last part of their names."""
    for cls in sorted(classes):
        secret = evaluator.state.origins.functions.get(f"{cls.rpartition(chr(92))[2]}::{method}")
        if secret is not None:
            return secret
    return None
