"""`waf test` against real servers, with and without protection."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from scanner.cli import run
from scanner.model.protection import ProtectionPlan
from tests.servers.application import OLD, Application
from tests.servers.farm import CURRENT, PROTECTION, Farm
from tests.servers.rig import free_ports

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]
MARKERS = tuple(part for script in PROTECTION.scripts for part in ("--marker", f"{script.name}@@"))
"""What the marker scripts print; the name of a script alone stands on other pages too."""
FAST = ("--yes", "--rate", "1000", "--timeout", "5")


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.json"
    value = ProtectionPlan(
        release="redcap15.7.1.zip",
        version="15.7.1",
        scripts=PROTECTION.scripts,
        folders=("", "redcap_v@"),
        stay_open=(),
        consider=(),
    )
    path.write_bytes(msgspec.json.encode(value))
    return str(path)


def command(plan: str, port: int, *options: str, path: str = "/") -> int:
    return run(["waf", "test", "--url", f"http://127.0.0.1:{port}{path}", "--plan", plan, *FAST, *options])


@pytest.mark.parametrize("name", ["apache-mod-php", "nginx-path-info", "haproxy-to-apache", "modsecurity2-apache"])
def test_a_protected_server_passes(
    farm: Farm, plan: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET", CURRENT)
    port = farm.closed[name].port
    code = command(plan, port, "--limit", "150", "--random", "50", *MARKERS, "--secret-env", "SECRET")
    out = capsys.readouterr().out
    assert "reached: 0 of 150" in out
    assert "legitimate, not passed: 0 of" in out
    assert "verdict: pass" in out
    assert code == 0
    assert CURRENT not in out


def test_an_open_server_fails_and_every_request_that_ran_the_script_is_shown(
    farm: Farm, plan: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.json"
    port = farm.open["apache-mod-php"].port
    assert command(plan, port, "--limit", "100", "--random", "0", *MARKERS, "--output", str(target)) == 1
    assert "verdict: fail" in capsys.readouterr().out
    rows = json.loads(target.read_text())["attacks"]
    assert {row["verdict"] for row in rows if row["target"] == "/cron.php"} == {"reached"}
    assert sum(row["verdict"] == "reached" for row in rows) > 30
    assert all(row["method"] in {"GET", "HEAD"} for row in rows)


def test_without_a_marker_an_answer_that_is_no_refusal_cannot_be_told(
    farm: Farm, plan: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(plan, farm.open["apache-mod-php"].port, "--limit", "40", "--random", "0") == 1
    out = capsys.readouterr().out
    assert "reached: 0 of 40" in out
    assert "verdict: cannot tell" in out
    assert command(plan, farm.closed["apache-mod-php"].port, "--limit", "40", "--random", "0") == 0


def test_the_answer_with_the_secret_is_known_again(
    farm: Farm, plan: str, application: Application, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert farm.closed
    application.reset(installed=True, version="15.7.1")
    monkeypatch.setenv("SECRET", OLD)
    options = ("--limit", "60", "--random", "0", "--secret-env", "SECRET", "--no-legitimate")
    assert command(plan, application.ports["before"], *options) == 0
    assert application.read()["cron"] == 1  # called once, with the secret
    assert command(plan, application.ports["old dropped"], *options) == 1
    assert "cron.php refused the right secret" in capsys.readouterr().out


def test_no_argument_that_makes_a_script_act_is_sent(
    farm: Farm, plan: str, application: Application, tmp_path: Path
) -> None:
    application.reset(installed=True)
    before = application.read()
    target = tmp_path / "out.json"
    port = application.unprotected
    assert farm.closed
    command(plan, port, "--random", "200", "--output", str(target), "--allow-methods", "--limit", "600")
    after = application.read()
    assert {key: after[key] for key in ("installed", "version")} == {
        key: before[key] for key in ("installed", "version")
    }
    assert after["cron"] != before["cron"]  # the scripts did run
    assert "auto" not in " ".join(row["target"] for row in json.loads(target.read_text())["attacks"])


def test_a_base_path_is_part_of_every_request(farm: Farm, plan: str, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    port = farm.closed["apache-mod-php"].port
    command(plan, port, "--limit", "40", "--random", "0", "--output", str(target), path="/redcap/")
    rows = json.loads(target.read_text())
    assert any(row["target"] == "/redcap/redcap_v15.7.1/upgrade.php" for row in rows["attacks"])
    assert all("/redcap/" in row["target"] for row in rows["legitimate"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--url", "ftp://x/"), "is no address like"),
        (("--url", "http://user@x/"), "no user name"),
        (("--url", "http://x/?a"), "no user name, query"),
        (("--url", "http://x:99999/"), "is no address like"),
        (("--url", "http://x/a b/"), "plain ASCII"),
        (("--url", "http://127.0.0.1:{free}/", "--yes"), "cannot connect"),
        (("--url", "http://does-not-exist.invalid/", "--yes"), "cannot look does-not-exist.invalid up"),
        (("--url", "http://127.0.0.1:{free}/"), "give --yes"),
        (("--url", "http://x/", "--secret-env", "NOT_SET"), "NOT_SET holds no secret"),
        (("--url", "http://x/", "--marker", "", "--yes"), "marker must not be empty"),
    ],
)
def test_usage_errors_are_one_line(
    plan: str, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_ports(1)[0]
    filled = [argument.replace("{free}", str(port)) for argument in arguments]
    assert run(["waf", "test", "--plan", plan, *filled]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in error


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"release": 1}',
        "\xff",
        '{"release":"a","version":null,"scripts":[],"folders":[],"stay_open":[],"consider":[]}',
    ],
)
def test_a_file_that_is_no_plan_is_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, "latin-1")
    assert run(["waf", "test", "--url", "http://127.0.0.1:1/", "--plan", str(path), "--yes"]) == 2
    assert "plan" in capsys.readouterr().err
