"""What a walk comes across, and what the walks of one program share."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from scanner.analysis.pages.gates import END, Leads, ends
from scanner.analysis.pages.paths import Paths
from scanner.analysis.pages.state import PageState
from scanner.analysis.program import Program
from scanner.model.facts import Assign, Branch, Call, CallKind, ClassConst, Expr, Statement, decode_body

_CATCHABLE = frozenset({"error", "throwable"})


class Flow(Enum):
    """How a piece of code ends."""

    NEXT = 0
    RETURN = 1
    STOP = 2


def catching(statement: object) -> tuple[tuple[Statement, ...], ...]:
    """Arms of a `catch` that take an `Error`; the statements of the `try` stand before it."""
    if not isinstance(statement, Branch):
        return ()
    return tuple(arm for arm in statement.arms if arm and not _CATCHABLE.isdisjoint(_caught(arm[0])))


def _caught(statement: Statement) -> list[object]:
    """Classes of what a `catch` takes, by what stands at its begin."""
    value = statement.value if isinstance(statement, (Assign, Expr)) else None
    if not isinstance(value, Call) or value.kind != CallKind.CONSTRUCT or value.name != "caught":
        return []
    return [str(arg.value.cls).lower() for arg in value.args if isinstance(arg.value, ClassConst)]


class Where(NamedTuple):
    """The code that runs: its file, its function (-1 for file scope), and how deep it was called."""

    file: int
    function: int
    depth: int
    switches: dict[str, bool] = {}  # noqa: RUF012 -- never changed: a function gets one of its own
    """`$name` and value of parameters and global variables that are switches."""


class Act(NamedTuple):
    """Where an effect stands."""

    files: tuple[int, ...]
    """The page, the files by which it was included, and the file that it stands in."""
    line: int


class Seen:
    """What a walk comes across, on any way."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        """Why ways ended: `exit`, `cli`, `undefined`, `login`, `steps`."""
        self.ends: set[tuple[int, int]] = set()
        """Files and functions (-1 for file scope) in which the request is ended."""
        self.boot: set[int] = set()
        """Files that were loaded on the way to a gate."""
        self.acts: dict[str, Act] = {}
        """Effects of code that runs before a login is asked for: the first of each."""
        self.conditions: set[tuple[str, str]] = set()
        """Request keys that decide where the page ends or goes on."""
        self.passed: dict[str, bool] = {}
        """What let a way past a gate, and whether it always does; the page may end right behind it."""
        self.named: set[str] = set()
        """Lower-case texts that the request is compared with."""
        self.logins = 0
        """How often a login was asked for."""

    def add(self, other: Seen) -> None:
        """Take in what was seen elsewhere."""
        self.ended |= other.ended
        self.ends |= other.ends
        self.boot |= other.boot
        self.acts = {**other.acts, **self.acts}
        self.conditions |= other.conditions
        self.passed = {**other.passed, **self.passed}
        self.named |= other.named
        self.logins += other.logins


class Outcome(NamedTuple):
    """What including a file came to."""

    flow: Flow
    state: PageState
    seen: Seen


class Shared:
    """What the walks of one program share."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.paths = Paths(program)
        self.leads = Leads(program)
        self.outcomes: dict[tuple[object, ...], Outcome] = {}
        """Of includes, for pages that begin alike."""
        self.lists: set[str] = set()
        """Entries of the lists that gates look pages up in."""
        self._ends: dict[int, bool] = {}

    def always_ends(self, number: int) -> bool:
        """Whether a function ends the request by a statement that is under no condition: `redirect()`."""
        known = self._ends.get(number)
        if known is None:
            fact = self.program.functions[number]
            may = not fact.is_generator and (fact.outline or bool(END & set(fact.called)))
            statements = decode_body(self.program.functions[self.program.with_body(number)].body) if may else ()
            known = any(isinstance(item, Expr) and ends(item.value) for item in statements)
            self._ends[number] = known
        return known
