"""Bounds of the program phase; each is counted in the report when it is hit."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """How far is followed. Sizes are those of functions (`FunctionFact.size`), in all of one analysis."""

    call_depth: int = 24
    """Nested summaries on demand."""
    statements: int = 200_000
    """Statements evaluated per function."""
    rounds: int = 1
    """How often one function is evaluated again because something that it used has changed."""
    secret_rounds: int = 6
    """The same where the change is that a single secret of the site has come."""
    chain_rounds: int = 60
    """The same for small functions: a secret may take a step in each round, from store to store."""
    secret_size: int = 470_000
    """Evaluated again because a secret has come, smallest functions first."""
    chain_size: int = 59_000
    """Evaluated in rounds beyond `secret_rounds`."""
    sink_size: int = 700_000
    """Evaluated again because what is called turns out to send what its callers give it, or a host has come."""
    code_size: int = 350_000
    """Evaluated again because a class, a callable or something that callers decide has come."""
    broad_size: int = 118_000
    """Evaluated again because only what stands for many values has come, or the answer of another machine."""
