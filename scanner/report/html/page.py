"""The page from its parts: templates, one style sheet, one script, one block of data."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scanner.model.finding import Category, Severity
from scanner.report.base import ReportView
from scanner.report.document import Document, document
from scanner.report.html.chart import chart, label
from scanner.report.html.flows import Flow, flows
from scanner.report.html.news import news
from scanner.report.html.records import NOT_COMPARED, Findings, findings
from scanner.report.html.text import fragment, script_json, shown, visible
from scanner.report.rows import STATES, entries, verdict
from scanner.report.summary import CLOSED_AUTH, count, file_words, verdict_words

_HERE = Path(__file__).parent
_SCRIPTS = ("dom", "data", "filters", "code", "decisions", "finding", "list", "keys", "print", "main")
"""Parts of the script, in the order in which they need each other."""
_STYLES = ("colours", "page", "findings", "narrow", "print")
WITHOUT_SCRIPT = 200
"""Findings that are written out for readers whose browser runs no script."""
ROWS = 1500
"""Rows of one table; the rest is counted."""


def render_page(view: ReportView) -> str:
    """The whole page, ending in a newline. Same view, same text."""
    report = document(view)
    found = flows(report)
    style, script = _style(), _script()
    listed = findings(report, view)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            report=report,
            view=view,
            policy=_policy(style, script),
            style=Markup(style),  # noqa: S704  a file of this package
            script=Markup(script),  # noqa: S704  a file of this package
            data=Markup(script_json(_data(report, listed))),  # noqa: S704  no character of it can end the element
            verdict=_verdict(view),
            triage=report.triage,
            files=file_words(view),
            limits_hit=[
                sum(item.count for item in coverage.limits_hit)
                for coverage in (report.baseline_coverage, report.coverage)
                if coverage
            ],
            news=news(report, found),
            flows=found,
            chart=chart(found),
            listed=listed,
            plain=listed.records[:WITHOUT_SCRIPT],
            secret_ways=_secret_ways(found),
            states=[state.value for state in STATES],
            severities=[severity.value for severity in Severity],
            rows=ROWS,
            closed=CLOSED_AUTH,
        )
    )


def _verdict(view: ReportView) -> dict[str, str | int]:
    found = entries(view)
    judged = verdict(view, found)
    word, sentence = verdict_words(judged, compared=view.baseline is not None)
    code = judged.exit_code(allow_incomplete=False)
    return {"word": word, "sentence": sentence, "code": int(code)}


def _data(report: Document, listed: Findings) -> Mapping[str, object]:
    """What the script reads. `digest` names the report: drafts of decisions are kept under it."""
    key = script_json([[record.id, record.evidence, record.state] for record in listed.records])
    return {
        "compared": report.baseline is not None,
        "failOn": report.verdict.fail_on.value if report.verdict.fail_on else "",
        "digest": hashlib.sha256(key.encode()).hexdigest()[:24],
        "name": shown(report.current.version or report.current.name, 60),
        "states": [*(state.value for state in STATES), *([NOT_COMPARED] if report.not_compared else [])],
        "severities": [severity.value for severity in Severity],
        "categories": [category.value for category in Category],
        "rules": {shown(rule.id): shown(rule.title) for rule in report.rules},
        "findings": listed.records,
    }


def _secret_ways(found: list[Flow]) -> Mapping[str, list[tuple[str, str]]]:
    """Secret -> destinations it goes to, with the state of the way."""
    ways: dict[str, list[tuple[str, str]]] = {}
    for flow in found:
        for party in flow.secrets:
            ways.setdefault(party.name, []).append((flow.host, party.state.value if party.state else ""))
    return ways


def _policy(style: str, script: str) -> str:
    """Content security policy: this style, this script, nothing else; no text becomes markup or code in the script."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _style() -> str:
    return "".join(_asset(f"{name}.css") for name in _STYLES)


@cache
def _script() -> str:
    return '"use strict";\n(() => {\n' + "".join(_asset(f"{name}.js") for name in _SCRIPTS) + "})();\n"


def _asset(name: str) -> str:
    return (_HERE / "assets" / name).read_text("utf-8")


@cache
def _environment() -> Environment:
    """Templates in which every printed value is spelled, then escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=visible,
    )
    environment.filters["shown"] = shown
    environment.filters["label"] = label
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.globals["fragment"] = fragment
    environment.globals["count"] = count
    return environment
