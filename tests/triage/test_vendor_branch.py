"""The life of a vendor branch: import, fail, review, pass, next release; and attempts to get past the review."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.triage.ledger import load_ledger
from tests.triage.vendor import Branch

OLD, NEW, OTHER = "api.example.org", "new.example.net", "other.example.net"
Type = Callable[[str], None]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Type:
    """What the reviewer types."""

    def put(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return put


@pytest.fixture
def branch(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Branch:
    for name in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    made = Branch(tmp_path / "branch", tmp_path_factory.getbasetemp() / "cache")
    assert made.run("init") == 0
    made.commit("Set the review up")
    made.unpack("15.7.0", OLD)
    made.commit("Import 15.7.0")
    made.git("tag", "v15.7.0")
    return made


def report(branch: Branch, *options: str) -> tuple[int, dict[str, Any]]:
    path = branch.folder.parent / "report.json"
    code = branch.ci("--quiet", "--format", f"json={path}", *options)
    document: dict[str, Any] = json.loads(path.read_text())
    return code, document


def alarms(document: dict[str, Any]) -> list[str]:
    notices = (document["triage"] or {"notices": []})["notices"]
    return [notice["text"] for notice in notices if notice["alarm"]]


def forged(branch: Branch) -> str:
    """A line that accepts the finding about the new host, made on a copy of the branch."""
    _, document = report(branch)
    (finding,) = [item for item in document["findings"] if NEW in item["destinations"]]
    return (
        f'- {{identity: "{finding["identity"]}", evidence: "{finding["evidence"]}", rule: outbound-call, path: a, '
        'symbol: b, verdict: accept, reason: fine, reviewer: "Ada <ada@example.org>", date: "2026-01-01", '
        'release: "1"}\n'
    )


def test_import_fails_review_passes_and_the_decision_holds(branch: Branch, typed: Type) -> None:
    assert branch.ci("--quiet") == 0  # the first release is only scanned: a call is medium there
    branch.unpack("15.8.0", OLD, NEW)
    branch.commit("Import 15.8.0")
    code, document = report(branch)
    assert (code, document["verdict"]["failing"], document["baseline"]["version"]) == (1, 1, "15.7.0")

    typed("a\ncontract 12\n")
    assert branch.run("review", "v15.7.0", "HEAD", *branch.scan) == 0
    (decision,) = load_ledger(branch.folder / "redcap-review.yaml").decisions
    assert (decision.reviewer, decision.reason, decision.release) == ("Ada <ada@example.org>", "contract 12", "15.8.0")
    branch.commit("Accept the new service")
    code, document = report(branch)
    assert (code, document["verdict"]["decided"], alarms(document)) == (0, 1, [])
    branch.git("tag", "v15.8.0")

    branch.unpack("15.8.1", OLD, NEW)
    branch.commit("Import 15.8.1")
    code, document = report(branch, "--baseline", "v15.7.0")  # over two releases the call is new, and decided
    assert (code, document["verdict"]["decided"]) == (0, 1)
    assert report(branch)[1]["verdict"] == {"fail_on": "high", "failing": 0, "complete": True, "decided": 0}

    branch.unpack(
        "15.8.2",
        OLD,
        NEW,
        extra=f"  static function more($d) {{ return file_get_contents('https://{OTHER}/' . $d); }}\n",
    )
    branch.commit("Import 15.8.2")
    code, document = report(branch)
    assert (code, document["verdict"]["failing"]) == (1, 1)


def test_a_decision_lapses_when_its_call_changes(branch: Branch, typed: Type) -> None:
    branch.unpack("15.8.0", OLD, NEW)
    branch.commit("Import 15.8.0")
    typed("a\ncontract 12\n")
    branch.run("review", "v15.7.0", "HEAD", *branch.scan)
    branch.commit("Accept")
    branch.git("tag", "v15.8.0")
    branch.unpack("15.8.1", OLD, OTHER)
    branch.commit("Import 15.8.1")
    code, document = report(branch)
    (finding,) = [item for item in document["findings"] if OTHER in item["destinations"]]
    assert (code, finding["state"], finding["decision"]["standing"]) == (1, "updated", "lapsed")
    assert finding["baseline"]["destinations"] == [NEW]


@pytest.mark.parametrize("own_commit", [False, True])
def test_a_decision_that_comes_with_release_code_does_not_count(branch: Branch, *, own_commit: bool) -> None:
    branch.unpack("15.8.0", OLD, NEW)
    branch.commit("probe")
    line = forged(branch)
    branch.git("reset", "-q", "--soft", "HEAD~1")
    decisions = branch.folder / "redcap-review.yaml"
    if own_commit:
        branch.commit("Import 15.8.0")
    decisions.write_text(decisions.read_text() + line)
    branch.commit("Import 15.8.0, or accept")
    code, document = report(branch)
    (finding,) = [item for item in document["findings"] if NEW in item["destinations"]]
    if own_commit:
        assert (code, finding["decision"]["standing"], alarms(document)) == (0, "in-force", [])
        assert report(branch, "--strict")[0] == 1
    else:
        assert (code, finding["decision"]["standing"]) == (1, "refused")
        assert alarms(document)[0].startswith("redcap-review.yaml was changed in one commit with release code")


def test_a_policy_that_comes_with_release_code_does_not_count(branch: Branch) -> None:
    branch.unpack("15.8.0", OLD, NEW)
    policy = branch.folder / "redcap-scanner.toml"
    policy.write_text(f'fail-on = "never"\n[[allowed-destination]]\nhost = "{NEW}"\nreason = "trust me"\n')
    (branch.folder / ".github" / "workflows" / "redcap-scanner.yml").write_text("on: never\n")
    branch.commit("Import 15.8.0")
    code, document = report(branch)
    assert (code, document["verdict"]["failing"], document["triage"]["lowered"]) == (1, 1, 0)
    assert [text.split()[0] for text in alarms(document)] == [
        ".github/workflows/redcap-scanner.yml",
        "redcap-scanner.toml",
    ]


def test_a_policy_in_a_commit_of_its_own_counts_from_the_next_baseline_on(branch: Branch) -> None:
    branch.unpack("15.8.0", OLD, NEW)
    branch.commit("Import 15.8.0")
    policy = branch.folder / "redcap-scanner.toml"
    policy.write_text(f'[[allowed-destination]]\nhost = "{NEW}"\nreason = "contract 12"\n')
    branch.commit("Allow the new service")
    code, document = report(branch)
    assert (code, alarms(document)) == (1, [])
    assert "differs from the baseline's" in document["triage"]["notices"][0]["text"]
    code, document = report(branch, "--config", "redcap-scanner.toml")  # the caller's own word
    assert (code, document["triage"]["lowered"]) == (0, 1)
    branch.git("checkout", "-q", "-b", "policy-first", "v15.7.0")
    policy.write_text(f'[[allowed-destination]]\nhost = "{NEW}"\nreason = "contract 12"\n')
    branch.commit("Allow the new service")
    branch.git("tag", "v15.7.0-policy")
    branch.unpack("15.8.0", OLD, NEW)
    branch.commit("Import 15.8.0")
    code, document = report(branch, "--baseline", "HEAD~1")
    assert (code, document["triage"]["lowered"], document["triage"]["policy"]) == (0, 1, "redcap-scanner.toml")


def test_the_baseline_is_found_or_named(
    branch: Branch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    branch.git("checkout", "-q", "-b", "next")
    branch.unpack("15.8.0", OLD, NEW)
    branch.commit("Import 15.8.0")
    branch.git("tag", "v15.8.0")
    (branch.folder / "README").write_text("x")
    branch.commit("Words")

    def baseline(*options: str) -> str:
        branch.ci("--quiet", *options)
        return capsys.readouterr().err.splitlines()[0].removeprefix("baseline: ").partition(" (")[0]

    assert baseline() == "the last commit with a version tag"
    assert baseline("--target", "main") == "the merge base with main"
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert baseline() == "the merge base with main"
    monkeypatch.delenv("GITHUB_BASE_REF")
    branch.git("tag", "-d", "v15.8.0", "v15.7.0")
    assert baseline() == "the last commit with another version"
    assert baseline("--baseline", "HEAD~1") == "HEAD~1, as asked for"
    branch.git("checkout", "-q", "main")
    assert baseline() == "none: the first parent holds no release"
    assert branch.ci("--baseline", "nowhere") == 2
    assert branch.ci("--target", "--upload-pack=x") == 2


def test_what_a_forge_gets(
    branch: Branch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    branch.unpack("15.8.0", OLD, NEW)
    branch.commit("Import 15.8.0")
    summary, sarif = tmp_path / "summary.md", tmp_path / "x.sarif"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert branch.ci("--quiet", "--format", f"sarif={sarif}") == 1
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("::")]
    path = "redcap_v15.8.0/Classes/Net.php"
    assert lines[0].startswith(f"::error file={path},line=4,endLine=4,title=url-capable-call (new)::")
    assert summary.read_text().startswith("before\n## ❌ FAIL")
    (run,) = json.loads(sarif.read_text())["runs"]
    assert path in {item["location"]["uri"] for item in run["artifacts"]}
    assert all((branch.folder / item["location"]["uri"]).is_file() for item in run["artifacts"])


def test_init_overwrites_nothing(branch: Branch, capsys: pytest.CaptureFixture[str]) -> None:
    policy = branch.folder / "redcap-scanner.toml"
    policy.write_text("# mine\n")
    assert branch.run("init", "--ci", "none") == 2
    assert "exists already" in capsys.readouterr().err
    assert policy.read_text() == "# mine\n"
    policy.unlink()
    (branch.folder / "redcap-review.yaml").unlink()
    (branch.folder / ".gitattributes").write_text("*.php text")
    assert branch.run("init", "--ci", "gitlab") == 0
    assert (branch.folder / ".gitattributes").read_text() == "*.php text\nredcap-review.yaml merge=union\n"


def test_local_commands_follow_the_same_rules(branch: Branch, capsys: pytest.CaptureFixture[str]) -> None:
    branch.unpack("15.8.0", OLD, NEW)
    (branch.folder / "redcap-scanner.toml").write_text('fail-on = "never"\n')
    branch.commit("Import 15.8.0")
    scan = (*branch.scan, "--quiet", "--format", "json")
    assert branch.run("diff", "v15.7.0", "HEAD", *scan) == 1
    assert alarms(json.loads(capsys.readouterr().out))
    assert branch.run("scan", ".", *scan) == 0
    (notice,) = json.loads(capsys.readouterr().out)["triage"]["notices"]
    assert "in the scanned folder was not applied" in notice["text"]
    assert branch.run("scan", ".", "--config", "redcap-scanner.toml", *scan) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["triage"]["policy"], document["verdict"]["fail_on"]) == ("redcap-scanner.toml", None)
