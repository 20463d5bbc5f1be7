"""The decisions file: read, edited, merged."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import ConfigurationError
from scanner.model.decision import Decision, Verdict
from scanner.triage.ledger import EMPTY, disputed, line_of, load_ledger, parse_ledger, with_decision, without
from tests.strategies import texts

FIRST = Decision(
    identity="1111aaaa",
    evidence="aaaa1111",
    rule="outbound-call",
    path="redcap_v@/Classes/A.php",
    symbol="A::send",
    verdict=Verdict.ACCEPT,
    reason="contract: no. 12",
    reviewer="Ada <ada@example.org>",
    date="2026-01-31",
    release="15.8.0",
)


def decisions() -> st.SearchStrategy[Decision]:
    """Any decision, with hostile text wherever text may stand."""
    hashes = st.text("0123456789abcdef", min_size=32, max_size=32)
    words = texts().map(lambda text: text.encode("utf-8", "replace").decode()).filter(str.strip)
    return st.builds(
        Decision,
        identity=hashes,
        evidence=hashes,
        rule=words,
        path=words,
        symbol=words | st.just(""),
        verdict=st.sampled_from(Verdict),
        reason=words,
        reviewer=words,
        date=st.just("2026-01-31"),
        release=words,
        review_by=st.sampled_from(["", "2027-01-31"]),
        second_reviewer=words | st.just(""),
    )


@given(st.lists(decisions(), max_size=5, unique_by=lambda item: item.identity))
def test_what_is_written_is_read_again_and_sorted(wanted: list[Decision]) -> None:
    ledger = EMPTY
    for decision in wanted:
        ledger = with_decision(ledger, decision)
    again = parse_ledger(ledger.text.encode(), "d.yaml")
    assert again.decisions == tuple(sorted(wanted, key=lambda item: item.identity))
    assert again.text == ledger.text
    assert len(ledger.text.splitlines()) == 2 + len(wanted) or not wanted


def test_other_readers_of_yaml_read_the_same() -> None:
    number = msgspec.structs.replace(FIRST, identity="12345678", evidence="12e45678", symbol="", reason="null")
    (read,) = yaml.safe_load(line_of(number))
    assert {key: value for key, value in msgspec.to_builtins(number).items() if value or key == "symbol"} == read


def test_comments_and_hand_written_lines_stay() -> None:
    text = """\
# ours: see the wiki

# about the texts
- identity: "2222bbbb"   # by hand
  evidence: bbbb2222
  rule: outbound-call
  path: a.php
  symbol: ""
  verdict: expected
  reason: >
    two
    lines
  reviewer: Bea
  date: 2026-02-01
  release: 15.7.1
# the end
"""
    ledger = with_decision(parse_ledger(text.encode(), "d.yaml"), FIRST)
    head, _, rest = text.partition("# about")
    body, _, _ = ("# about" + rest).rpartition("# the end\n")
    assert ledger.text == head + line_of(FIRST) + body + "# the end\n"
    changed = with_decision(ledger, msgspec.structs.replace(ledger.decisions[0], reason="new"))
    assert changed.text.count("# about the texts\n- {identity:") == 1
    assert without(ledger, [ledger.records[0].decision]).text == head + line_of(FIRST) + "# the end\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("verdict: accept", "verdict: ok", "d.yaml:3: unknown verdict `ok`"),
        (', reason: "contract: no. 12"', "", "d.yaml:3: a decision needs `reason`"),
        ('"contract: no. 12"', '" "', "d.yaml:3: a decision needs a reason"),
        ('"2026-01-31"', "31.1.2026", "d.yaml:3: date is a day"),
        ('"1111aaaa"', "x", "d.yaml:3: identity is a hash"),
        ("rule:", "line: 3, rule:", "d.yaml:3: a decision has no field `line`"),
        ("- {", "  - {", "d.yaml:3: a decision begins its line"),
        ("- {", "- !!python/object {", "d.yaml:3: tags are not accepted"),
    ],
)
def test_an_error_names_file_and_line(old: str, new: str, said: str) -> None:
    text = EMPTY.text + line_of(FIRST)
    assert old in text
    with pytest.raises(ConfigurationError) as caught:
        parse_ledger(text.replace(old, new, 1).encode(), "d.yaml")
    assert str(caught.value).startswith(said)


def test_no_file_is_no_decision(tmp_path: Path) -> None:
    assert load_ledger(tmp_path / "none.yaml").decisions == ()


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("earlier", [0, 1, 5])
@pytest.mark.parametrize("side_by_side", [False, True])
def test_two_branches_with_different_decisions_merge(tmp_path: Path, earlier: int, *, side_by_side: bool) -> None:
    """Equal but for the hashes, and next to each other: the hardest case for a merge by line."""
    path = tmp_path / "redcap-review.yaml"
    (tmp_path / ".gitattributes").write_text("redcap-review.yaml merge=union\n")
    ledger = EMPTY
    for number in range(earlier):
        ledger = with_decision(ledger, msgspec.structs.replace(FIRST, identity=f"{number}{number}{number}00000"))
    path.write_text(ledger.text)
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "start")
    ours, theirs = ("aaaaaaa1", "aaaaaaa2") if side_by_side else ("00000001", "fffffff1")
    for branch, identity in (("ours", ours), ("theirs", theirs)):
        git(tmp_path, "checkout", "-b", branch, "main")
        decision = msgspec.structs.replace(FIRST, identity=identity)
        path.write_text(with_decision(load_ledger(path), decision).text)
        git(tmp_path, "commit", "-am", branch)
    git(tmp_path, "merge", "ours")
    merged = load_ledger(path)
    assert {ours, theirs} <= {decision.identity for decision in merged.decisions}
    assert len(merged.decisions) == earlier + 2
    assert not disputed(merged.decisions)


def test_two_branches_that_disagree_leave_both_and_neither_counts() -> None:
    other = msgspec.structs.replace(FIRST, verdict=Verdict.MUST_FIX)
    both = parse_ledger((line_of(FIRST) + line_of(other) + line_of(FIRST)).encode(), "d.yaml")
    assert disputed(both.decisions) == {(FIRST.identity, FIRST.evidence)}
