"""The HTML report as a file: what is in it, what is not, and that it is the same file every time."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import unicodedata
from base64 import b64encode
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings

from scanner.model.finding import Finding, TraceStep
from scanner.model.report import Comparison
from scanner.report.base import ReportView, formats
from scanner.report.html import records
from scanner.report.html.colours import coloured
from scanner.report.html.text import script_json
from tests.report.sample import COMPARISON, CURRENT
from tests.report.test_formats import quick, views

HERE = Path(__file__).parent
LIMIT = 15_000_000
ASSETS = re.compile(r"(<style>|<script>).*?(</style>|</script>)", re.DOTALL)
HASH = re.compile(r"sha256-[A-Za-z0-9+/=]+")
TAGS = """
    a article body button caption code dd details dialog div dl dt em fieldset footer form h1 h2 h3 h4 head header html
    input kbd label legend li main meta nav noscript ol p path pre rect script section small span strong style summary
    svg table tbody td text th thead title tr ul
"""


class Reader(HTMLParser):
    """Tags, attributes and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag if tag in self.raw else ""
        if self._inside:
            self.raw[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside][-1] += data

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def render(view: ReportView) -> str:
    return formats()["html"].render(view)


def data(text: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(Reader(text).raw["script"][0])
    return found


@pytest.mark.parametrize("name", ["scan", "diff"])
def test_the_page_is_as_agreed(name: str) -> None:
    text = render(ReportView(content=CURRENT if name == "scan" else COMPARISON))
    path = HERE / "golden" / f"{name}.html"
    bare = HASH.sub("sha256-…", ASSETS.sub(r"\1…\2", text))  # style and script are files of their own
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(bare.encode())
    assert bare.encode() == path.read_bytes()


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    program = """
import hashlib
from scanner.report.base import ReportView, formats
from tests.report.sample import COMPARISON
print(hashlib.sha256(formats()["html"].render(ReportView(content=COMPARISON)).encode()).hexdigest())
"""
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": "", "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {hashlib.sha256(render(ReportView(content=COMPARISON)).encode()).hexdigest() + "\n"}


@settings(quick, max_examples=8)
@given(views())
def test_text_of_a_release_is_neither_markup_nor_invisible(view: ReportView) -> None:
    text = render(view)
    page = Reader(text)
    assert set(page.tags) <= set(TAGS.split())
    assert page.tags["script"] == 2
    assert page.tags["style"] == page.tags["dialog"] == page.tags["form"] - 1 == 1
    names = {name for _, name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")} | (
        names & {"src", "style", "action", "srcdoc", "xlink:href"}
    )
    assert all(value.startswith("#") for value in page.values("href"))
    hidden = {
        character for character in text if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    }
    assert hidden <= {"\n"}
    text.encode()


@settings(quick, max_examples=8)
@given(views())
def test_every_finding_is_in_the_data_or_counted(view: ReportView) -> None:
    content = view.content
    number = (
        len(content.changes) + len(content.not_compared) if isinstance(content, Comparison) else len(content.findings)
    )
    assert len(data(render(view))["findings"]) == number


def test_only_the_policys_own_style_and_script_may_run() -> None:
    page = Reader(render(ReportView(content=COMPARISON)))
    (policy,) = [value for value in page.values("content") if "default-src" in value]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    for name, source in (("script-src", page.raw["script"][1]), ("style-src", page.raw["style"][0])):
        digest = b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert set(rules) == {
        "default-src",
        "style-src",
        "script-src",
        "base-uri",
        "form-action",
        "require-trusted-types-for",
        "trusted-types",
    }


def test_nothing_points_outside() -> None:
    raw = Reader(render(ReportView(content=COMPARISON))).raw
    style_and_script = raw["style"][0] + raw["script"][1]
    assert not re.findall(
        r"https?://|//[a-z]|@import|url\(|import\(|fetch\(|XMLHttp|innerHTML|eval\(", style_and_script
    )


def test_a_data_block_cannot_be_left() -> None:
    text = "</script><!--<script>&amp;\u2028\u2029"
    encoded = script_json([text])
    assert not set(encoded) & set("<>&\u2028\u2029")
    assert json.loads(encoded) == [text]


def test_colours_keep_every_character_and_mark_the_hidden_ones() -> None:
    lines = ("\tif ($a) { // \u202e say", '\t\treturn "x\x00" . strlen($b);', "\t}")
    found = coloured(lines, "a.php")
    assert ["".join(line[1::2]) for line in found] == [
        "if ($a) { // \\u202e say",
        '    return "x\\x00" . strlen($b);',
        "}",
    ]
    marked = [text for line in found for name, text in zip(line[::2], line[1::2], strict=True) if name == "x"]
    assert marked == ["\\u202e", "\\x00"]
    kinds = {name for line in found for name in line[::2]}
    assert {"k", "v", "c", "s"} <= kinds


def test_lines_around_the_code_are_shown_where_a_decision_is_due_and_never_without_excerpts() -> None:
    new, old = COMPARISON.changes[0], COMPARISON.changes[-1]
    assert (new.state, old.state) == ("new", "unchanged")
    changes = tuple(
        msgspec.structs.replace(
            change, current=msgspec.structs.replace(change.finding, before=("// above",), after=("// below",))
        )
        for change in (new, old)
    )
    content = msgspec.structs.replace(COMPARISON, changes=changes)
    first, second = data(render(ReportView(content=content)))["findings"]
    number = len(new.finding.excerpt)
    assert (first["above"], first["below"], len(_list(first["code"]))) == (1, 1, number + 2)
    assert "above" not in second
    text = render(ReportView(content=content, excerpts=False))
    assert "// above" not in text
    assert "// below" not in text


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_a_page_stays_bounded_and_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(
        msgspec.structs.replace(CURRENT.findings[0], identity=f"{number:08x}", line=number + 1) for number in range(300)
    )
    view = ReportView(content=msgspec.structs.replace(CURRENT, findings=many))
    whole = data(render(view))["findings"]
    assert len(whole) == 300
    assert not any(item.get("short") for item in whole)
    monkeypatch.setattr(records, "FULL_BYTES", 20_000)
    monkeypatch.setattr(records, "ALL_BYTES", 60_000)
    text = render(view)
    cut = data(text)["findings"]
    short = sum(bool(item.get("short")) for item in cut)
    assert 0 < short < len(cut) < 300
    assert all("code" not in item and "trace" not in item for item in cut if item.get("short"))
    assert f"{short} findings without code and trace, {300 - len(cut)} findings not listed" in text


def large(number: int) -> Comparison:
    """A comparison with that many findings, each with code and a trace of its own; a third of them changed."""

    def grown(sample: Finding, index: int) -> Finding:
        kind = index % 40
        code = tuple(f"        $value = http_post($this->url . '/{kind}/{row}', $fields, 10);" for row in range(3))
        steps = tuple(TraceStep(f"redcap_v@/Classes/C{index % 90}.php", row + 1, f"step {row}") for row in range(6))
        return msgspec.structs.replace(
            sample,
            identity=f"{index:032x}",
            path=f"redcap_v@/Classes/C{index % 90}.php",
            line=index + 1,
            end_line=index + 3,
            excerpt=code,
            trace=steps,
            destinations=(f"h{index % 200}.example.net",),
        )

    changes = tuple(
        msgspec.structs.replace(
            change,
            current=change.current and grown(change.current, index),
            baseline=change.baseline and grown(change.baseline, index),
        )
        for index in range(number)
        for change in (COMPARISON.changes[(0, 7, -1)[index % 3]],)
    )
    return msgspec.structs.replace(COMPARISON, changes=changes)


def test_a_large_comparison_fits_the_limit() -> None:
    text = render(ReportView(content=large(2000)))
    assert len(text.encode()) < LIMIT
    found = data(text)["findings"]
    assert len(found) == 2000
    assert not any(item.get("short") for item in found)
