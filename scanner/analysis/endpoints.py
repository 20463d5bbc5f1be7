"""Pages of a release that a browser can call, and what a caller must show to get in.

A page is a PHP file whose own code does something when it is called directly. It is behind the login when it asks for
one on every way before it does anything else. What it does before is walked by `scanner.analysis.pages`. Source of the
rules for REDCap: `Authentication::authenticate()` returns at once when the constant NOAUTH is defined, or when the page
is in its list; `install.php` and `upgrade.php` load only the function library and never reach it.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from scanner.analysis.pages.conditions import SESSION, Chosen
from scanner.analysis.pages.effects import STRONG
from scanner.analysis.pages.routes import Route, find_routes
from scanner.analysis.pages.seen import Shared
from scanner.analysis.pages.walk import Walk
from scanner.analysis.program import Program
from scanner.model.facts import FileFacts

_NAMED = {"install.php": "install", "upgrade.php": "install"}
_TOKEN_KEYS = frozenset({"token", "api_token", "access_token", "authkey"})
_HASH_KEYS = frozenset({"s", "hash", "survey_hash", "doc_id_hash", "__report", "__dashboard", "__passthru"})
_MAX_PAGES = 20_000
_MAX_WALKS = 1_000
"""Routes for which their page is walked again."""
_BROKEN = "could not be followed, and so may never ask for a login"
_NO_USERS: Mapping[int, AbstractSet[int]] = {}


class Endpoint(NamedTuple):
    """One page: how it authenticates, and why that is believed."""

    path: str
    """Of the page's file; of a route with what the request chooses: `index.php?route=Controller:method`."""
    auth: str
    """`none`, `login`, `token`, `survey-hash`, `install`, `cli`."""
    how: str
    functions: tuple[int, ...] = ()
    """Of a route: what runs. Of a page, its file's own code runs."""


class Pages(NamedTuple):
    """All pages of a release."""

    endpoints: tuple[Endpoint, ...]
    """Sorted by path; empty when nothing in the program asks for a login."""
    bootstrap: frozenset[str]
    """Files that are loaded on the way to the login: what they do, every page does."""
    broken: tuple[str, ...] = ()
    """Pages and files of routes over which the analyser stumbled; such a page counts as open."""


def find_pages(
    program: Program, facts: Mapping[str, FileFacts], users: Mapping[int, AbstractSet[int]] = _NO_USERS
) -> Pages:
    """Pages and routes of the release that `program` links; `facts` are those of its files by path.

    `users`: by function, those that were seen to call it.
    """
    shared = Shared(program)
    if not (shared.leads.any_gate or shared.leads.by_name):
        return Pages((), frozenset())
    found: dict[int, Endpoint] = {}
    named: dict[int, AbstractSet[str]] = {}
    bootstrap: set[int] = set()
    broken: list[str] = []
    for number in _candidates(program, facts):
        path, walk = program.files[number].path, Walk(shared, number)
        try:
            walk.run()
            endpoint = _classified(path, walk, whole=not program.files[number].facts.gaps)
        except Exception:  # noqa: BLE001  scanned code is hostile: one page must not end the scan
            broken.append(path)
            endpoint = Endpoint(path, "none", _BROKEN)
        if endpoint is not None:
            found[number] = endpoint
            named[number] = walk.seen.named
            bootstrap |= walk.seen.boot
    opened = {page.path for page in found.values() if page.auth != "login"}  # a launcher loads these: no bootstrap
    try:
        routes = _routes(shared, found, named, users, broken)
    except Exception:  # noqa: BLE001  the pages stay
        routes = []
        broken.append("")
    return Pages(
        tuple(sorted([*found.values(), *routes])),
        frozenset(program.files[number].path for number in bootstrap) - opened,
        tuple(broken),
    )


def _routes(
    shared: Shared,
    pages: Mapping[int, Endpoint],
    named: Mapping[int, AbstractSet[str]],
    users: Mapping[int, AbstractSet[int]],
    broken: list[str],
) -> list[Endpoint]:
    """Routes behind the pages, each with its class; pages over which the analyser stumbles go into `broken`."""
    walks = 0
    found: list[Endpoint] = []
    for route in find_routes(shared.program, shared.paths, list(pages), users):
        page, name = pages[route.page], route.name.lower()
        again = "condition" in page.how or name in named[route.page] or name in shared.lists
        if again and walks < _MAX_WALKS:
            walks += 1
            try:
                page = _walked_for(shared, route) or page
            except Exception:  # noqa: BLE001  as above
                broken.append(page.path)
                page = page._replace(auth="none", how=_BROKEN)
        found.append(Endpoint(route.path(shared.program), page.auth, page.how, route.functions))
    return found


def _walked_for(shared: Shared, route: Route) -> Endpoint | None:
    """The page's class for a request that chooses the route."""
    walk = Walk(shared, route.page, Chosen(route.key, route.name))
    walk.run()
    unit = shared.program.files[route.page]
    if walk.seen.passed:  # what a route runs ends the request, mostly
        walk.state.bypass = dict(walk.seen.passed)
        return _bypassing(unit.path, walk)
    return _classified(unit.path, walk, whole=not unit.facts.gaps)


def _candidates(program: Program, facts: Mapping[str, FileFacts]) -> list[int]:
    """Files that a web server runs and that do more than declare."""
    first = {unit.path: number for number, unit in reversed(list(enumerate(program.files)))}
    numbers = sorted(first[path] for path in facts if path in first)
    return [
        number
        for number in numbers
        if program.files[number].path.lower().endswith((".php", ".php5", ".phtml"))
        and program.files[number].facts.functions[0].called
    ][:_MAX_PAGES]


def _classified(path: str, walk: Walk, *, whole: bool) -> Endpoint | None:
    """The page's class; None for a fragment, which does nothing when it is called directly."""
    strong = [act for effect, act in sorted(walk.seen.acts.items()) if effect in STRONG]
    own = [act for act in strong if walk.seen.boot.isdisjoint(act.files[1:-1]) and act.files[-1] not in walk.seen.boot]
    if walk.state.bypass and walk.goes_on:
        return _bypassing(path, walk)
    if "login" in walk.seen.ended:
        if own:
            effects = sorted(effect for effect, act in walk.seen.acts.items() if act in own)
            return Endpoint(path, "none", f"does something before it asks for a login: {', '.join(effects)}")
        if walk.goes_on and walk.state.asked:
            return Endpoint(
                path, "login", "loads the authenticating bootstrap, which asks under a condition of its own"
            )
        if walk.goes_on:
            return _open(path, walk, f"asks for a login only under a condition{_shown(walk.seen.conditions)}")
        return Endpoint(path, "login", "loads the authenticating bootstrap")
    if "cli" in walk.seen.ended and not walk.goes_on:
        return Endpoint(path, "cli", "ends at once unless PHP's command line runs it")
    if _acts(walk, strong=bool(own), whole=whole):
        return _open(path, walk, "never asks for a login")
    if "cli" in walk.seen.ended:
        return Endpoint(path, "cli", "does nothing unless PHP's command line runs it")
    return None


def _bypassing(path: str, walk: Walk) -> Endpoint:
    """A page that switches the login off."""
    reasons = sorted(walk.state.bypass)
    sure = any(walk.state.bypass.values())
    condition = "" if sure else f" under a condition{_shown(walk.seen.conditions)}"
    return _open(path, walk, f"{', '.join(reasons)}{condition}")


def _open(path: str, walk: Walk, how: str) -> Endpoint:
    """An open page, by what it looks at in place of a login."""
    name = path.rpartition("/")[2].lower()
    sessions = {place for place, source, _key in walk.state.keys if source == SESSION}
    keys = [(place, key) for place, source, key in walk.state.keys if source != SESSION]
    checked = {key.lower() for place, key in keys if place in walk.seen.ends and place[0] not in walk.seen.boot}
    if sessions.intersection(place for place, _key in keys):  # compared with the session: a token against forgery
        checked -= _TOKEN_KEYS
    if walk.state.bypass and not any(walk.state.bypass.values()):
        checked |= {key.lower() for _source, key in walk.seen.conditions}
    auth = "none"
    if name in _NAMED and path.count("/") <= 1:
        auth = _NAMED[name]
    elif checked & _TOKEN_KEYS:
        auth = "token"
    elif checked & _HASH_KEYS:
        auth = "survey-hash"
    return Endpoint(path, auth, how)


def _acts(walk: Walk, *, strong: bool, whole: bool) -> bool:
    """Whether a page without any login does something by itself: effects, or code of the release that it loads.

    `whole`: the file was parsed without a gap; what a gap leaves over can look like code at file scope.
    """
    if strong:
        return True
    if "undefined" in walk.seen.ended:
        return False  # it dies of something that is not loaded
    if walk.calls and not walk.gives and whole:
        return True
    refuses = "cli" in walk.seen.ended and walk.goes_on  # what is said to a browser that is refused is no answer
    acts = walk.state.acts if refuses else walk.seen.acts.keys()
    works = bool(walk.state.entered or walk.state.keys) or not acts.isdisjoint(("db", "include"))
    return works and not acts.isdisjoint(("output", "db", "file-read"))


def _shown(keys: set[tuple[str, str]]) -> str:
    names = sorted(f"$_{source.lstrip('_')}['{key}']" for source, key in keys)
    return f" ({', '.join(names[:4])})" if names else ""
