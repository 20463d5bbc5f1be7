"""Routes: what a request can choose to run behind one page, `index.php?route=Controller:method`.

A route has the class of its page, unless the code treats it by name: it stands in a list of pages without login, or is
compared with. Then the page is walked again for a request that chooses it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scanner.analysis.pages.conditions import REQUEST, keys_in
from scanner.analysis.pages.paths import Paths
from scanner.analysis.pages.tables import Table, tables, values_in
from scanner.analysis.program import Program
from scanner.model.facts import Call, decode_body

_LEVELS = 4
"""Calls between a page and the function that chooses."""
_SHARED_NAME = 6
"""Functions of one name beyond which a call by it is taken for none of them."""
_MOST_PAGES = 4
"""Pages as near to a table as each other; with more of them the table belongs to what they all load."""
MAX_ROUTES = 5_000


class Route(NamedTuple):
    """One way behind a page."""

    page: int
    """Number of the page's file."""
    key: str
    name: str
    functions: tuple[int, ...]

    def path(self, program: Program) -> str:
        """The address below the release: `index.php?route=Controller:method`."""
        return f"{program.files[self.page].path}?{self.key}={self.name}"


def find_routes(
    program: Program, paths: Paths, pages: Sequence[int], users: Mapping[int, AbstractSet[int]]
) -> list[Route]:
    """Routes of the `pages`, files by number, in order of page and name.

    `users`: by function, those that were seen to call it.
    """
    found: dict[tuple[int, str, str], Route] = {}
    known = sorted(tables(program, paths), key=lambda table: not table.dispatches)
    callers = _callers(program) if known else {}
    starts = {program.files[page].first: page for page in pages}
    names: set[str] = set()
    for table in known:
        entries = table.entries if table.dispatches else [entry for entry in table.entries if entry.name in names]
        if not entries:
            continue
        for page, key in _entrances(program, table, starts, callers, users):
            names.update(entry.name for entry in entries)
            for entry in entries:
                if len(found) < MAX_ROUTES and entry.functions[0] != program.files[page].first:
                    found.setdefault((page, key, entry.name), Route(page, key, entry.name, entry.functions))
    return [found[place] for place in sorted(found)]


def _callers(program: Program) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for number, fact in enumerate(program.functions):
        for name in fact.called:
            found[name].append(number)
    return found


def _entrances(
    program: Program,
    table: Table,
    starts: Mapping[int, int],
    callers: Mapping[str, list[int]],
    users: Mapping[int, AbstractSet[int]],
) -> list[tuple[int, str]]:
    """The pages nearest to a table, and the request key by which each chooses; none where no request does."""
    seen = edge = {table.function}
    for _ in range(_LEVELS):
        pages = sorted(starts[number] for number in edge if number in starts)
        if pages:
            named = pages if len(pages) <= _MOST_PAGES else _main(program, pages)
            keyed = ((page, table.key or _key(program, seen)) for page in named)
            return [(page, key) for page, key in keyed if key]
        edge = {caller for number in sorted(edge) for caller in _called_by(program, number, callers, users)} - seen
        seen = seen | edge
    return []


def _called_by(
    program: Program, number: int, callers: Mapping[str, list[int]], users: Mapping[int, AbstractSet[int]]
) -> Iterable[int]:
    """Functions that call a function, as they were evaluated or by its name."""
    outline = program.outline_of
    yield from (outline.get(user, user) for user in users.get(number, ()) if user >= 0)
    fact = program.functions[number]
    short = (fact.cls if fact.name.lower() == "__construct" else fact.name).lower().rpartition("\\")[2]
    same = len(program.by_name.get(short, ())) + len(program.by_method.get(short, ()))
    if short and same <= _SHARED_NAME:
        yield from callers.get(short, ())


def _main(program: Program, pages: Sequence[int]) -> list[int]:
    """Of many pages the one that is named for it: the index of the uppermost folder."""
    main = [page for page in pages if program.files[page].path.rpartition("/")[2].lower() == "index.php"]
    return sorted(main, key=lambda page: (program.files[page].path.count("/"), page))[:1]


def _key(program: Program, functions: Iterable[int]) -> str:
    """The only request key that functions hand to a call, ``."""
    keys: set[str] = set()
    for number in sorted(functions):
        fact = program.functions[number]
        if not fact.outline:
            calls = (part for part in values_in(decode_body(fact.body)) if isinstance(part, Call))
            keys.update(
                key
                for call in calls
                for arg in call.args
                for source, key in keys_in(arg.value)
                if source in REQUEST and key != "*"
            )
    return keys.pop() if len(keys) == 1 else ""
