"""A release that attacks the reader of its report: every text of it is tried as markup and as code."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from scanner.model.finding import Finding, TraceStep
from scanner.model.report import Comparison, Report
from tests.browser.conftest import Reader
from tests.report.sample import COMPARISON

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PAYLOADS = (
    "</script><script>window.owned=1;alert(1)</script>",
    "<img src=x onerror=window.owned=1>",
    "\"><svg onload=window.owned=1><a href='javascript:window.owned=1'>x</a>",
    "' onmouseover='window.owned=1' style='background:url(https://evil.example/x)",
    "</noscript><iframe srcdoc='<script>parent.owned=1</script>'></iframe>",
    "</style><style>@import 'https://evil.example/a.css';</style><base href=https://evil.example/>",
    "{{ 7*7 }}{% for x in ().__class__ %}<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "javascript:window.owned=1//",
    "<!--<script>\u2028window.owned=1\u2029//-->",
    "\u202e<b>gnp.exe\u2066\x00\x1b[31m\u200b",
    "__proto__",
    "constructor",
)
KEPT = {"category", "severity", "confidence", "line", "end_line", "span", "identity", "evidence"}


def poisoned(value: Any, payload: str, keep: frozenset[str] = frozenset()) -> Any:  # noqa: ANN401  any record
    """The record with the payload in every text, recursively over the few levels of our own records."""
    if isinstance(value, str) and type(value) is str:
        return f"{payload}{value}" if payload not in ("__proto__", "constructor") else payload
    if isinstance(value, tuple):
        return tuple(poisoned(item, payload) for item in value)
    if isinstance(value, msgspec.Struct):
        names = [name for name in value.__struct_fields__ if name not in KEPT | keep]
        return msgspec.structs.replace(value, **{name: poisoned(getattr(value, name), payload) for name in names})
    return value


def hostile() -> Comparison:
    """Every finding once for every payload; roll-ups and both releases' names and coverage likewise."""
    changes = []
    for number, payload in enumerate(PAYLOADS):
        for change in COMPARISON.changes:
            bad = poisoned(change, payload)
            sides = [_named(side, f"{number}") for side in (bad.baseline, bad.current)]
            changes.append(msgspec.structs.replace(bad, baseline=sides[0], current=sides[1]))
    fields = ("destinations", "secrets", "endpoints", "packages")
    rows = {name: tuple(poisoned(row, p) for p in PAYLOADS for row in getattr(COMPARISON, name)) for name in fields}
    return msgspec.structs.replace(
        COMPARISON,
        baseline=_release(COMPARISON.baseline, "".join(PAYLOADS)),
        current=_release(COMPARISON.current, "".join(PAYLOADS)),
        changes=tuple(changes),
        **rows,
    )


def _named(side: Finding | None, suffix: str) -> Finding | None:
    return side and msgspec.structs.replace(
        side,
        identity=f"{side.identity}{suffix}",
        trace=(TraceStep(side.path, side.line, side.message), *side.trace),
        excerpt=(side.message, *side.excerpt),
    )


def _release(report: Report, payload: str) -> Report:
    parts = ("release", "coverage", "endpoints", "packages", "rules", "tool_version")
    return msgspec.structs.replace(report, **{name: poisoned(getattr(report, name), payload) for name in parts})


def test_nothing_of_the_release_runs_or_calls_out(reader: Reader) -> None:
    content = hostile()
    watched = reader.open(reader.write(content), "#show=all")
    page = watched.page
    page.evaluate("document.addEventListener('securitypolicyviolation', () => { window.violated = 1; })")
    while page.locator("#more").is_visible():
        page.locator("#more").click()
    assert page.locator("li.finding").count() == len(content.changes)
    page.evaluate("for (const head of document.querySelectorAll('.head')) head.click()")
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    page.locator("#destinations a").first.hover()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for key in ("rule", "package", "host", "secret"):
        values = page.locator(f"#filter-{key} option").evaluate_all("options => options.map(option => option.value)")
        assert any("<" in value for value in values)
        page.locator(f"#filter-{key}").select_option(value=values[-1])
        page.locator(f"#filter-{key}").select_option(value="")
    page.locator(".cards a").first.click()
    page.wait_for_timeout(200)
    assert page.evaluate("[window.owned, window.violated]") == [None, None]
    assert page.locator("iframe, img, base, link, object, embed").count() == 0
    assert page.locator("script").count() == 2
    assert page.evaluate("[...document.querySelectorAll('a')].every(a => a.getAttribute('href').startsWith('#'))")
    attributes = page.evaluate("[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())")
    assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert watched.is_quiet()


def test_a_hostile_address_sets_no_filter_and_runs_nothing(reader: Reader) -> None:
    path = reader.write(COMPARISON)
    for fragment in (
        "#q=%3Cimg%20src=x%20onerror=window.owned=1%3E",
        "#finding-%",
        "#state=__proto__&host=%zz",
        "#sort=constructor",
    ):
        watched = reader.open(path, fragment)
        assert watched.page.evaluate("window.owned") is None
        assert watched.is_quiet()


def test_hidden_characters_are_shown_and_the_decision_keeps_the_true_path(reader: Reader) -> None:
    stolen = msgspec.structs.replace(COMPARISON.current.findings[0], path="a\u202eb.php", excerpt=("$x = 'a\u200bb';",))
    watched = reader.open(reader.write(msgspec.structs.replace(COMPARISON.current, findings=(stolen,))))
    page = watched.page
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.keyboard.type("looked at")
    shown = page.locator("li.finding").inner_text()
    assert "a\\u202eb.php" in shown
    assert page.locator(".t-x").first.inner_text() == "\\u200b"
    with page.expect_download() as waiting:
        page.locator("#download").click()
    decisions = msgspec.json.decode(waiting.value.path().read_bytes())["decisions"]
    assert [item["path"] for item in decisions] == ["a\u202eb.php"]
    assert watched.is_quiet()
