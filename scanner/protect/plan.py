"""Which scripts of a release need protection, which pages must stay open, and what else is open and does something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scanner.model.protection import Mode, OpenPage, ProtectedScript, ProtectionPlan
from scanner.model.report import EndpointSummary, Report
from scanner.protect.callers import BY_CHECK, OPEN, PROTECTED, UNKNOWN

_VERSION_FOLDER = "redcap_v@/"
_LOGIN = "login"
_COMMAND_LINE = "cli"
_STRONG = frozenset({"db-write", "egress", "exec", "file-write", "mail"})
_CONDITION = "under a condition"


def plan_for(report: Report) -> ProtectionPlan:
    """The plan of one release, from its open pages and what they can do. Everything is sorted."""
    pages = [page for page in report.endpoints if page.auth != _LOGIN]
    chosen = _protected(pages)
    names = {page.path: script for script, found in chosen.items() for page in found}
    scripts = tuple(_script(name, found) for name, found in sorted(chosen.items()))
    stay = [page for page in pages if page.path not in names and _caller(page)]
    others = [page for page in pages if page.path not in names and not _caller(page)]
    rest = [page for page in others if page.effects and page.auth != _COMMAND_LINE]
    return ProtectionPlan(
        release=report.release.name,
        version=report.release.version,
        scripts=scripts,
        folders=tuple(sorted({path.rpartition("/")[0] for script in scripts for path in script.paths})),
        stay_open=tuple(sorted(OpenPage(page.path, page.auth, page.effects, _caller(page)) for page in stay)),
        consider=tuple(sorted(OpenPage(page.path, page.auth, page.effects, f"it {page.how}") for page in rest)),
    )


def _protected(pages: Iterable[EndpointSummary]) -> dict[str, list[EndpointSummary]]:
    """Scripts that anyone can call with effect, by base name, with every copy and launcher of that name."""
    by_name: dict[str, list[EndpointSummary]] = defaultdict(list)
    for page in pages:
        if "/" not in page.path.removeprefix(_VERSION_FOLDER) and not is_route(page.path):
            by_name[page.path.rpartition("/")[2]].append(page)
    return {
        name: found
        for name, found in by_name.items()
        if not any(map(_caller, found)) and (name in PROTECTED or _strong(found))
    }


def is_route(path: str) -> bool:
    """Whether the path of a page is that of what a request can choose behind it."""
    return "?" in path


def _strong(copies: Iterable[EndpointSummary]) -> bool:
    """Whether a script is open to all and does something; a launcher does what the file that it starts does."""
    return any(
        page.auth == "install" or (page.auth == "none" and _CONDITION not in page.how and _STRONG & set(page.effects))
        for page in copies
    )


def _script(name: str, copies: list[EndpointSummary]) -> ProtectedScript:
    caller = PROTECTED.get(name, UNKNOWN)
    effects = sorted({effect for page in copies for effect in page.effects})
    does = f"; it can reach {', '.join(effects)}" if effects else ""
    return ProtectedScript(name, tuple(sorted(page.path for page in copies)), caller.mode, caller.why + does)


def _caller(page: EndpointSummary) -> str:
    """Why a page must stay open, `` when no such reason is known."""
    for end, why in OPEN.items():
        if page.path == end or page.path.endswith(f"/{end}"):
            return why
    return BY_CHECK.get(page.auth, "")


def plan_lines(plan: ProtectionPlan) -> Iterator[str]:
    """The plan for people, one line each; nothing in it is escaped yet."""
    yield f"{plan.release}: {len(plan.scripts)} scripts to protect"
    yield ""
    for script in plan.scripts:
        yield f"  {script.name:<14} {_MODES[script.mode]}: {script.why}"
        yield from (f"  {'':<14}   {path}" for path in script.paths)
    for title, pages in (("Must stay open", plan.stay_open), ("Open, and does something", plan.consider)):
        yield ""
        yield f"{title}: {len(pages)}"
        yield from (
            f"  {page.path}  ({page.auth}{'; ' if page.effects else ''}{', '.join(page.effects)})  {page.why}"
            for page in pages
        )


_MODES = {
    Mode.BLOCK: "block, but for a maintenance window",
    Mode.HEADER: "secret in a header",
    Mode.COOKIE: "secret in a cookie, after an unlock",
}
