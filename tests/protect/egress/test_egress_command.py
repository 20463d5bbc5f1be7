"""`redcap-scanner egress` from outside, and every command of its page."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from scanner.cli import run
from scanner.commands.egress import COMMAND
from scanner.protect.egress.targets import targets
from tests.protect.egress.samples import RELEASES, ROOT, program

PAGE = (ROOT / "docs" / "egress.md").read_text("utf-8")
NEW = str(RELEASES / "redcap15.8.0.zip")
OLD = str(RELEASES / "redcap15.7.1.zip")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("cache"))


def egress(cache: str, *arguments: str) -> int:
    return run(["egress", *arguments, "--jobs", "1", "--cache", cache])


@pytest.mark.parametrize("name", list(targets()))
def test_every_target_is_written_and_passes_the_check(
    cache: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path, reasons = tmp_path / "list", tmp_path / "reasons.md"
    common = ("--target", name)
    assert egress(cache, "allowlist", NEW, *common, "--output", str(path), "--reasons", str(reasons)) == 0
    assert "7 held back" in capsys.readouterr().err
    assert "api.twilio.com" in path.read_text("ascii")
    assert "SMS and voice" in reasons.read_text("utf-8")
    assert egress(cache, "check", NEW, *common, "--deployed", str(path)) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("pass: ")


def test_an_upgrade_that_needs_a_new_host_fails_and_names_it(
    cache: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.txt"
    assert egress(cache, "allowlist", OLD, "--output", str(path)) == 0
    capsys.readouterr()
    assert egress(cache, "check", NEW, "--baseline", OLD, "--deployed", str(path)) == 1
    said = capsys.readouterr().out
    assert "needs 4 new hosts: " in said
    assert "translate.example.org  https/443  required; TranslationService::translate; " in said
    assert said.splitlines()[-1].startswith("fail: ")
    assert egress(cache, "check", OLD, "--deployed", str(path)) == 0


def test_the_settings_of_a_site_name_its_hosts(cache: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.csv"
    settings.write_text("field_name,value\nazure_app_name,ours\nazure_environment,\nmandrill_api_key,\n", "ascii")
    common = ("--settings", str(settings), "--leave-out", "unused")
    assert egress(cache, "allowlist", NEW, *common) == 0
    said = capsys.readouterr().out
    assert re.search(r"^ours\.blob\.core\.windows\.net  https/443  # site; file storage in Azure", said, re.MULTILINE)
    assert not re.search(r"^mandrillapp\.com", said, re.MULTILINE)
    assert not re.search(r"blob.core.windows.net  .*too wide", said)


def test_the_json_documents_have_the_keys_of_the_page(
    cache: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.txt"
    assert egress(cache, "allowlist", NEW, "--output", str(path)) == 0
    assert egress(cache, "allowlist", NEW, "--format", "json", "--target", "squid") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "redcap-scanner-egress-allowlist/1"
    twilio = next(item for item in document["rules"] if item["host"] == "api.twilio.com")
    assert twilio["services"] == [{"protocol": "https", "port": 443, "transport": "tcp"}]
    assert twilio["references"][0]["path"].startswith("redcap_v@/")
    assert egress(cache, "check", NEW, "--format", "json", "--deployed", str(path), "--baseline", OLD) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["schema"], result["verdict"]) == ("redcap-scanner-egress-check/1", "pass")
    for key in {*document, *result, *twilio}:
        assert f"`{key}`" in PAGE, key


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", NEW, "--deployed", "{folder}/none"], "cannot read"),
        (["check", NEW, "--deployed", "{folder}/bad"], "bad: line 1: more than a host"),
        (["check", NEW, "--deployed", "{folder}/empty"], "is --target right?"),
        (["check", "{folder}/none.zip", "--deployed", "{folder}/good"], "none.zip"),
        (["allowlist", NEW, "--accept", "a b"], "is no host, wildcard or address"),
        (["allowlist", NEW, "--settings", "{folder}/none.json"], "cannot read"),
        (["allowlist", NEW, "--output", "{folder}/none/list"], "there is no folder"),
        (["allowlist", NEW, "--reasons", "{folder}/none/list"], "there is no folder"),
        (["allowlist", NEW, "--target", "pf"], "'pf' is not one of"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_2(
    cache: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (tmp_path / "bad").write_text("this is no list\n")
    (tmp_path / "empty").write_text("# nothing\n")
    (tmp_path / "good").write_text("a.example.org\n")
    assert egress(cache, *(item.format(folder=tmp_path) for item in arguments)) == 2
    assert said in capsys.readouterr().err


def test_the_page_names_every_target_option_and_check() -> None:
    for name, target in targets().items():
        assert f"`{name}`" in PAGE
        assert target.checked.replace("`", "") in PAGE.replace("`", ""), name
    for command in COMMAND.commands.values():
        for option in command.params:
            for spelling in option.opts:
                assert not spelling.startswith("--") or f"`{spelling}" in PAGE, spelling


def page_commands() -> list[str]:
    """Every command line of the page's `sh` blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("redcap-scanner ")]


@pytest.mark.servers
def test_every_command_of_the_page_runs(cache: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("redcap15.7.1.zip", "redcap15.8.0.zip"):
        shutil.copy(RELEASES / name, tmp_path)
    for name, text in re.findall(r"`(settings\.\w+)`:\n\n```\w*\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    commands = page_commands()
    assert len(commands) > 6
    codes = [egress(cache, *shlex.split(line, comments=True)[2:]) for line in commands]
    assert codes == [1 if "# exit code 1" in line else 0 for line in commands]
    assert program("squid")
