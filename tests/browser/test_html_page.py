"""The HTML report as a reviewer uses it: filters, keys, links, decisions, paper, other eyes."""

from __future__ import annotations

import json
from pathlib import Path

import axe_core_python
import msgspec
import pytest
from playwright.sync_api import Page, expect

from scanner.model.finding import Severity
from scanner.model.report import BaselineState
from tests.browser.conftest import Reader
from tests.report.sample import COMPARISON, CURRENT
from tests.report.test_html import large

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8")


def heads(page: Page) -> list[str]:
    return page.locator("li.finding .rule").all_inner_texts()


def status(page: Page) -> str:
    return page.locator("#status").inner_text()


def wait_for_status(page: Page, text: str) -> None:
    """A text filter runs when nobody has typed for a moment."""
    page.locator("#status", has_text=text).wait_for()


def nodes(page: Page) -> int:
    number: int = page.evaluate("document.querySelectorAll('*').length")
    return number


def focused(page: Page) -> str:
    """Rule of the finding that has the focus."""
    found: str = page.evaluate("document.activeElement.closest('li.finding')?.querySelector('.rule').textContent ?? ''")
    return found


def test_a_comparison_opens_with_what_changed_and_filters_narrow_it(reader: Reader) -> None:
    watched = reader.open(reader.write(COMPARISON))
    page = watched.page
    assert status(page) == "9 of 12 findings"
    assert "Fail" in page.locator(".verdict").inner_text()
    page.get_by_label("critical").check()
    assert status(page) == "1 of 12 findings"
    assert page.url.endswith("#state=new,updated&severity=critical")
    page.locator("#filter-clear").click()
    page.get_by_label("Text").fill("ping.php")
    wait_for_status(page, "1 of 12 findings")
    expect(page.locator("li.finding .rule")).to_have_text(["open-endpoint"])
    page.get_by_label("Text").fill("no such thing")
    wait_for_status(page, "No finding matches.")
    page.locator("#filter-clear").click()
    page.get_by_label("Destination", exact=True).select_option("stats.example.net")
    expect(page.locator("li.finding .rule")).to_have_text(["secret-to-network"])
    assert watched.is_quiet()


def test_the_address_holds_the_filters_and_a_click_on_a_destination_sets_them(reader: Reader) -> None:
    path = reader.write(COMPARISON)
    page = reader.open(path, "#state=absent&sort=path").page
    assert status(page) == "1 of 12 findings"
    assert page.get_by_label("absent").is_checked()
    page.locator("#destinations table").get_by_role("link", name="stats.example.net").first.click()
    assert status(page) == "1 of 12 findings"
    assert heads(page) == ["secret-to-network"]


def test_a_deep_link_opens_its_finding_even_when_the_filters_hide_it(reader: Reader) -> None:
    page = reader.open(reader.write(COMPARISON), "#finding-6666eeee").page
    assert focused(page) == "outbound-call"
    opened = page.locator("li.finding.open")
    assert opened.count() == 1
    assert "Sends mail" in opened.inner_text()
    assert opened.is_visible()


def test_keys_walk_open_search_and_help(reader: Reader) -> None:
    page = reader.open(reader.write(COMPARISON)).page
    order = heads(page)
    page.keyboard.press("j")
    assert focused(page) == order[0]
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert focused(page) == order[1]
    page.keyboard.press("Enter")
    assert page.locator("li.finding.open").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("li.finding.open").count() == 0
    page.keyboard.press("/")
    page.keyboard.type("jk?")  # letters, not commands
    assert page.get_by_label("Text").input_value() == "jk?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_old_and_new_stand_side_by_side_and_trace_steps_open(reader: Reader) -> None:
    path = reader.write(COMPARISON)
    page = reader.open(path, "#state=updated").page
    page.locator("li.finding .head").first.click()
    was, now = page.locator("li.finding .side.was"), page.locator("li.finding .side.is")
    assert "updates.example.org" in was.inner_text()
    assert "cdn.example.net" in now.locator(".differs").all_inner_texts()
    left, right = was.bounding_box(), now.bounding_box()
    assert left
    assert right
    assert left["x"] < right["x"]
    page = reader.open(path, "#rule=secret-to-network").page
    page.locator("li.finding .head").first.click()
    step = page.locator("details.step").last
    assert not step.locator("pre").is_visible()
    step.locator("summary").click()
    assert step.locator("pre").is_visible()


def test_decisions_need_a_reason_survive_a_reload_and_are_downloaded(reader: Reader, tmp_path: Path) -> None:
    page = reader.open(reader.write(COMPARISON)).page
    assert page.locator("#download").is_disabled()
    page.keyboard.press("j")
    page.keyboard.press("m")
    assert page.get_by_text("A decision needs a reason.").is_visible()
    assert page.locator("#download").is_disabled()
    page.keyboard.type('sends the "password" out')
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.keyboard.type("known page")
    page.reload()
    assert page.locator("#progress").inner_text().startswith("2 of ")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download 2 decisions").click()
    target = tmp_path / "decisions.json"
    waiting.value.save_as(target)
    document = json.loads(target.read_text())
    stolen = CURRENT.findings[0]
    assert document["schema"] == "redcap-review-download/1"
    assert {
        "identity": stolen.identity,
        "evidence": stolen.evidence,
        "rule": stolen.rule,
        "path": stolen.path,
        "symbol": stolen.symbol,
        "verdict": "must-fix",
        "reason": 'sends the "password" out',
    } in document["decisions"]
    assert [set(item) for item in document["decisions"]] == [set(document["decisions"][0])] * 2
    page.locator("#filter-decision-decided").check()
    page.locator("li.finding .head").first.focus()
    page.keyboard.press("u")
    assert page.locator("#download").inner_text() == "Download 1 decision"


def test_five_thousand_findings_are_listed_in_pages(reader: Reader) -> None:
    watched = reader.open(reader.write(large(5000)), "#show=all")
    page = watched.page
    listed = page.locator("li.finding")
    assert status(page) == "5,000 findings"
    expect(listed).to_have_count(100)
    first = nodes(page)
    assert first < 12_000
    page.locator("#more").click()
    expect(listed).to_have_count(200)
    assert nodes(page) - first < 4_000
    page.get_by_label("Text").fill("c7.php:8 h7.example.net")
    wait_for_status(page, "1 of 5,000 findings")
    expect(listed).to_have_count(1)
    page.get_by_label("Text").fill("")
    expect(listed).to_have_count(100)
    page.locator("li.finding .head").last.focus()
    expect(page.locator("li.finding .head").last).to_be_focused()
    page.keyboard.press("j")
    expect(listed).to_have_count(200)
    assert page.evaluate("[...document.querySelectorAll('.head')].indexOf(document.activeElement)") == 100
    assert watched.is_quiet()


def test_paper_has_every_changed_finding_those_that_weigh_open_and_no_controls(reader: Reader) -> None:
    light = [
        msgspec.structs.replace(change, current=msgspec.structs.replace(change.current, severity=Severity.LOW))
        if change.current and change.state is BaselineState.NEW and change.current.severity is Severity.MEDIUM
        else change
        for change in COMPARISON.changes
    ]
    page = reader.open(reader.write(msgspec.structs.replace(COMPARISON, changes=tuple(light)))).page
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed = page.locator("article.printed")
    lines = page.locator("p.printed-line")
    assert (printed.count(), lines.count()) == (3, 6)
    assert lines.locator("pre.code").count() == 0
    assert printed.first.locator("pre.code").first.is_visible()
    assert "New or changed findings: 9. Not printed: 3 other findings." in page.locator("#printed").inner_text()
    assert not any(button.is_visible() for button in page.locator("button, input, select, textarea").all())
    assert page.get_by_text("Decision of the board").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert printed.count() == lines.count() == 0


def test_what_opens_comes_into_view(reader: Reader) -> None:
    page = reader.open(reader.write(COMPARISON)).page
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    seen = page.locator("li.finding.open").bounding_box()
    assert seen is not None
    size = page.viewport_size
    assert size is not None
    assert seen["y"] + min(seen["height"], size["height"] / 2) <= size["height"]


def test_without_script_the_report_is_still_there(reader: Reader) -> None:
    page = reader.open(reader.write(COMPARISON), script=False).page
    assert page.locator("article.plain").count() == 12
    assert page.locator("article#finding-6666eeee").is_visible()
    assert not page.locator("#workbench").is_visible()
    assert page.locator("article.plain pre.code").first.is_visible()


def test_the_theme_follows_the_system_and_the_switch(reader: Reader) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    path = reader.write(COMPARISON)
    light = reader.open(path).page
    dark = reader.open(path, dark=True).page
    assert light.evaluate(ground) != dark.evaluate(ground)
    light.get_by_role("button", name="Dark").click()
    assert light.evaluate(ground) == dark.evaluate(ground)
    for _attempt in range(5):  # a browser under load writes what a page stores a moment later
        light.reload()
        if light.evaluate(ground) == dark.evaluate(ground):
            break
        light.wait_for_timeout(200)
    assert light.evaluate(ground) == dark.evaluate(ground)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing_serious(reader: Reader, width: int, *, dark: bool) -> None:
    page = reader.open(reader.write(COMPARISON), "#show=all", dark=dark, width=width).page
    page.evaluate("for (const head of document.querySelectorAll('.head')) head.click()")
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document)")
    assert found["passes"]
    assert [
        (item["id"], node["target"], node["failureSummary"])
        for item in found["violations"]
        if item["impact"] in {"serious", "critical"}
        for node in item["nodes"]
    ] == []


def test_a_phone_scrolls_in_one_direction_only(reader: Reader) -> None:
    page = reader.open(reader.write(COMPARISON), width=390).page
    page.evaluate("for (const head of document.querySelectorAll('.head')) head.click()")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
