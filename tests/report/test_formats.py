"""What holds for every format and every report, whatever a hostile release puts into it."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # no stubs among the requirements
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from scanner.model.finding import Severity
from scanner.model.report import BaselineState, Comparison, Report
from scanner.report.base import ReportView, formats
from scanner.report.document import schema
from scanner.report.escape import spell
from scanner.report.markdown import LIMIT
from scanner.report.sarif import FINGERPRINT
from tests import strategies

ROOT = Path(__file__).parent.parent.parent
SARIF_SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.schema.json").read_text())
SARIF = jsonschema.Draft4Validator(SARIF_SCHEMA)
REPORT = jsonschema.Draft202012Validator(schema())
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
NO_SHRINK = [phase for phase in Phase if phase is not Phase.shrink]  # a whole report takes minutes to shrink
quick = settings(max_examples=25, deadline=None, phases=NO_SHRINK, suppress_health_check=[HealthCheck.too_slow])


def views() -> st.SearchStrategy[ReportView]:
    return st.builds(
        ReportView,
        content=strategies.reports() | strategies.comparisons(),
        excerpts=st.booleans(),
        show_all=st.booleans(),
        fail_on=st.none() | st.sampled_from(Severity),
        colour=st.booleans(),
        width=st.integers(1, 200),
    )


def unprintable(text: str) -> set[str]:
    """Characters that a reader does not see or that a terminal obeys."""
    return {character for character in text if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}}


def test_the_formats_are_found() -> None:
    assert {"html", "json", "markdown", "sarif", "terminal"} <= set(formats())
    assert len({form.extension for form in formats().values()}) == len(formats())


@quick
@given(views())
def test_every_format_renders_every_report_the_same_way_twice(view: ReportView) -> None:
    for form in formats().values():
        text = form.render(view)
        assert text.endswith("\n")
        assert text == form.render(msgspec.structs.replace(view))


@quick
@given(views())
def test_the_order_of_the_input_does_not_show(view: ReportView) -> None:
    own = "changes" if isinstance(view.content, Comparison) else "findings"
    parts = (own, "destinations", "secrets", "endpoints", "packages")
    turned = {name: tuple(reversed(getattr(view.content, name))) for name in parts}
    other = msgspec.structs.replace(view, content=msgspec.structs.replace(view.content, **turned))
    for form in formats().values():
        assert form.render(view) == form.render(other)


@quick
@given(views())
def test_terminal_text_has_no_control_characters_but_its_own_colours(view: ReportView) -> None:
    text = formats()["terminal"].render(view)
    if view.colour:
        text = ESCAPE_SEQUENCE.sub("", text)
    assert unprintable(text) <= {"\n"}
    assert max(map(cell_len, text.split("\n"))) <= max(40, view.width)


@quick
@given(views())
def test_markdown_has_no_control_characters_and_fits_a_comment(view: ReportView) -> None:
    text = formats()["markdown"].render(view)
    assert unprintable(text) - {"\ufe0f"} <= {"\n"}  # the sign of an emoji is ours
    assert len(text) < LIMIT


def test_every_character_that_does_not_show_is_spelled() -> None:
    hidden = unprintable("".join(map(chr, range(sys.maxunicode + 1))))
    assert len(hidden) > 137_000  # private use alone has as many
    assert {character for character in hidden if spell(character, 20) == character} == set()


@quick
@given(views())
def test_json_and_sarif_are_plain_ascii_and_follow_their_schemas(view: ReportView) -> None:
    for name, validator in (("json", REPORT), ("sarif", SARIF)):
        text = formats()[name].render(view)
        assert re.fullmatch(r"[\n\x20-\x7e]*", text)
        document = json.loads(text)
        validator.validate(document)
        json.dumps(document, ensure_ascii=False).encode()  # no lone surrogate came through


@quick
@given(views())
def test_json_and_sarif_carry_the_same_findings(view: ReportView) -> None:
    report = json.loads(formats()["json"].render(view))
    (run,) = json.loads(formats()["sarif"].render(view))["runs"]
    shared = ("severity", "confidence", "category", "api", "destinations", "secrets", "evidence", "package")
    ours = Counter(
        json.dumps(
            [item["rule"], item["identity"], item["state"], max(1, item["line"]), len(item["trace"])]
            + [item[key] for key in shared]
        )
        for item in report["findings"]
    )
    theirs = Counter(
        json.dumps(
            [
                item["ruleId"],
                item["partialFingerprints"][FINGERPRINT],
                item.get("baselineState"),
                item["locations"][0]["physicalLocation"]["region"]["startLine"],
                len(item["codeFlows"][0]["threadFlows"][0]["locations"]) if "codeFlows" in item else 0,
            ]
            + [item["properties"][key] for key in shared]
        )
        for item in run["results"]
    )
    assert ours == theirs
    assert run["invocations"][0]["executionSuccessful"] is report["verdict"]["complete"]


@quick
@given(strategies.reports() | strategies.comparisons())
def test_json_accounts_for_every_finding(content: Report | Comparison) -> None:
    report = json.loads(formats()["json"].render(ReportView(content=content)))
    number = len(content.changes) if isinstance(content, Comparison) else len(content.findings)
    assert len(report["findings"]) == number
    assert sum(report["summary"]["by_severity"].values()) == number
    assert sum(report["summary"]["by_category"].values()) == number
    if isinstance(content, Comparison):
        assert report["summary"]["by_state"] == {
            state.value: sum(change.state is state for change in content.changes) for state in BaselineState
        }
    else:
        assert report["summary"]["by_state"] == {}
        assert {item["state"] for item in report["findings"]} <= {None}


@quick
@given(strategies.reports())
def test_only_cached_differs_between_a_cold_and_a_warm_run(content: Report) -> None:
    warm = msgspec.structs.replace(
        content, coverage=msgspec.structs.replace(content.coverage, cached=content.coverage.cached + 1)
    )
    cold_lines, warm_lines = (
        formats()["json"].render(ReportView(content=report)).splitlines() for report in (content, warm)
    )
    different = [old for old, new in zip(cold_lines, warm_lines, strict=True) if old != new]
    assert [line.split(":")[0].strip() for line in different] == ['"cached"']
    for name in ("html", "markdown", "sarif", "terminal"):
        assert formats()[name].render(ReportView(content=content)) == formats()[name].render(ReportView(content=warm))


@pytest.mark.parametrize("name", ["html", "json", "sarif", "markdown", "terminal"])
@quick
@given(content=strategies.reports() | strategies.comparisons())
def test_without_excerpts_no_source_is_shown(name: str, content: Report | Comparison) -> None:
    mark = "SOURCE_LINE_OF_THE_RELEASE"

    def marked(report: Report) -> Report:
        return msgspec.structs.replace(
            report,
            findings=tuple(msgspec.structs.replace(finding, excerpt=(mark,), code=mark) for finding in report.findings),
        )

    if isinstance(content, Comparison):
        changes = tuple(
            msgspec.structs.replace(
                change,
                baseline=change.baseline and msgspec.structs.replace(change.baseline, excerpt=(mark,), code=mark),
                current=change.current and msgspec.structs.replace(change.current, excerpt=(mark,), code=mark),
            )
            for change in content.changes
        )
        content = msgspec.structs.replace(content, changes=changes)
    else:
        content = marked(content)
    assert mark not in formats()[name].render(ReportView(content=content, excerpts=False, show_all=True))
