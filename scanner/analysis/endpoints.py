"""Pages of a release that a browser can call, and what a caller must show to get in.

A page is a PHP file outside libraries whose own code does something. It is behind the login when it loads REDCap's
authenticating bootstrap, itself or through what it includes, and does not define `NOAUTH` before. Source of the rules:
the behaviour of `Authentication::authenticate()`, which returns at once when the constant NOAUTH is defined.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from scanner.analysis.program import Program
from scanner.model.facts import (
    ArrayLit,
    Assign,
    Branch,
    Call,
    CallKind,
    Concat,
    Const,
    ConstRef,
    Expr,
    FileFacts,
    FunctionFact,
    Loop,
    Return,
    Statement,
    Value,
    decode_body,
)

BOOTSTRAPS = frozenset({"init_global.php", "init_project.php", "redcap_connect.php"})
"""Files that run the authentication when they are loaded."""
_LIBRARY = re.compile(r"(?:^|/)(?:vendor|libraries|unittests|node_modules|tests?)/", re.IGNORECASE)
_INCLUDES = frozenset({"include", "include_once", "require", "require_once"})
_DIGESTS = frozenset({"hash", "password_hash", "hash_hmac", "hash_equals", "spl_object_hash", "getpasswordhash"})
_MAX_DEPTH = 12
_NAMED = {"install.php": "install", "upgrade.php": "install"}


class Endpoint(NamedTuple):
    """One page: how it authenticates, and why that is believed."""

    path: str
    auth: str
    """`none`, `login`, `token`, `survey-hash`, `install`."""
    how: str


class _Page(NamedTuple):
    """What a file's own code does before and around its includes."""

    includes: tuple[tuple[str, bool], ...]
    """(known tail of the included path, whether NOAUTH was defined before)."""
    noauth: str
    """``, `always` or `conditional`."""
    active: bool
    """It calls, prints or assigns something, beyond declarations."""
    checks: str
    """What the page's own code looks at instead of a login: `token`, `survey-hash`, or `` for nothing."""


def endpoints(program: Program, facts: Mapping[str, FileFacts]) -> tuple[Endpoint, ...]:
    """Pages of the release, sorted by path; empty when the release has no authenticating bootstrap at all."""
    if not any(path.rpartition("/")[2].lower() in BOOTSTRAPS for path in facts):
        return ()
    pages = {path: _page(facts[path]) for path in facts if _candidate(path)}
    exempt = _exempt(program)
    found: list[Endpoint] = []
    for path in sorted(pages):
        page = pages[path]
        if page.active:
            endpoint = _classify(program, path, pages, exempt)
            if endpoint is not None:
                found.append(endpoint)
    return tuple(found)


def _candidate(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    return name.endswith(".php") and not _LIBRARY.search(path) and "/classes/" not in f"/{path.lower()}"


def _page(facts: FileFacts) -> _Page:
    includes: list[tuple[str, bool]] = []
    state = {"noauth": "", "active": False}
    _walk(decode_body(facts.functions[0].body), includes, state, conditional=False)
    return _Page(tuple(includes), str(state["noauth"]), bool(state["active"]), _checks(facts.functions[0]))


def _checks(fact: FunctionFact) -> str:
    """What a page compares a caller with, by the names that its own code calls and the request keys it reads."""
    body = bytes(fact.body)
    if any("token" in name for name in fact.called) or (b"\xa5token" in body and b"_POST" in body):
        return "token"
    if any("hash" in name and name not in _DIGESTS for name in fact.called) or (b"\xa1s" in body and b"_GET" in body):
        return "survey-hash"
    return ""


def _walk(
    statements: tuple[Statement, ...], includes: list[tuple[str, bool]], state: dict[str, object], *, conditional: bool
) -> None:
    for statement in statements:
        if isinstance(statement, Branch):
            for arm in statement.arms:
                _walk(arm, includes, state, conditional=True)
        elif isinstance(statement, Loop):
            _walk(statement.body, includes, state, conditional=True)
        elif isinstance(statement, (Expr, Assign, Return)):
            _call(statement.value, includes, state, conditional=conditional)
            if isinstance(statement, Assign):
                state["active"] = True


def _call(value: Value, includes: list[tuple[str, bool]], state: dict[str, object], *, conditional: bool) -> None:
    if not isinstance(value, Call):
        for part in getattr(value, "operands", ()) or ():
            _call(part, includes, state, conditional=conditional)
        return
    if value.kind == CallKind.CONSTRUCT and value.name in _INCLUDES:
        includes.append((_tail(value.args[0].value if value.args else Const("")), bool(state["noauth"])))
        state["active"] = True
        return
    state["active"] = True
    if value.kind == CallKind.FUNCTION and str(value.name).lower() == "define" and value.args:
        name = value.args[0].value
        if isinstance(name, Const) and name.value == "NOAUTH" and state["noauth"] != "always":
            state["noauth"] = "conditional" if conditional else "always"


def _tail(value: Value) -> str:
    """Known end of an included path: `Config/init_global.php`."""
    if isinstance(value, Const) and isinstance(value.value, str):
        return value.value
    if isinstance(value, Concat):
        last = value.parts[-1]
        if isinstance(last, Const) and isinstance(last.value, str):
            return last.value
        if isinstance(last, (ConstRef, Call)):
            return "*"
    return ""


def _exempt(program: Program) -> frozenset[str]:
    """Pages that the authentication class lists by name (`Authentication::$noAuthPages`)."""
    found: set[str] = set()
    for units in program.classes.values():
        for unit in units:
            for item in unit.fact.properties:
                if item.name.lower() == "noauthpages" and isinstance(item.default, ArrayLit):
                    values = [element.value for element in item.default.items]
                    found.update(str(v.value).lstrip("/") for v in values if isinstance(v, Const) and v.value)
    return frozenset(name for name in found if name.lower().endswith(".php"))


def _classify(program: Program, path: str, pages: Mapping[str, _Page], exempt: frozenset[str]) -> Endpoint | None:
    name = path.rpartition("/")[2].lower()
    page = pages[path]
    if name in _NAMED and path.count("/") <= 1:
        return Endpoint(path, _NAMED[name], "loads the function library only")
    reached, noauth = _bootstrap(program, path, pages, {path}, 0)
    if page.noauth == "always" or noauth:
        return Endpoint(path, page.checks or "none", "defines NOAUTH")
    if page.noauth == "conditional":
        return Endpoint(path, page.checks or "none", "defines NOAUTH under a condition")
    if any(path.endswith(f"/{listed}") for listed in exempt):
        return Endpoint(path, page.checks or "none", "is named in the list of pages without authentication")
    if reached:
        return Endpoint(path, "login", "loads the authenticating bootstrap")
    if page.includes and all(not tail for tail, _noauth in page.includes):
        return Endpoint(path, "none", "its includes could not be resolved")
    return Endpoint(path, "none", "never loads the authenticating bootstrap")


def _bootstrap(
    program: Program, path: str, pages: Mapping[str, _Page], seen: set[str], depth: int
) -> tuple[bool, bool]:
    """(bootstrap reached, NOAUTH defined before it) through the includes of a file."""
    page = pages.get(path)
    if page is None or depth > _MAX_DEPTH:
        return False, False
    for tail, noauth in page.includes:
        if tail.rpartition("/")[2].lower() in BOOTSTRAPS:
            return True, noauth and page.noauth == "always"
        targets = [program.files[number].path for number in program.files_by_tail(tail, path)] if tail else []
        if tail == "*":  # a launcher: the file of the same name in the version folder
            targets = [
                other for other in pages if other.startswith("redcap_v@/") and other.endswith(path.rpartition("/")[2])
            ]
        for target in targets[:4]:
            if target in seen:
                continue
            seen.add(target)
            other = pages.get(target)
            reached, open_page = _bootstrap(program, target, pages, seen, depth + 1)
            if reached:
                return True, open_page or noauth or (other is not None and other.noauth == "always")
    return False, False
