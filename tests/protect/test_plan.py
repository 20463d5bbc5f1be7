"""`waf plan` reads the release: what is open and does something is protected, what others call stays open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scanner.cli import FIXTURES, cli
from scanner.model.protection import Mode, ProtectionPlan
from scanner.pipeline import ScanOptions, scan
from scanner.protect.choice import read_plan
from scanner.protect.plan import plan_for

BOOTSTRAP = (
    "<?php\nAuthentication::authenticate();\n"
    "class Authentication { static function authenticate() { if (defined('NOAUTH')) return; exit; } }\n"
)
OPEN = "<?php\ndefine('NOAUTH', true);\nrequire_once dirname(__FILE__) . '/Config/init_global.php';\n"
CLEAN_UP = "db_query('delete from redcap_sessions');\n"
LAUNCHER = "<?php\ninclude dirname(__FILE__) . '/redcap_v15.9.0/' . basename(__FILE__);\n"


def plan_of(folder: Path, files: dict[str, str]) -> ProtectionPlan:
    base = {"redcap_connect.php": "<?php\nrequire 'redcap_v15.9.0/Config/init_global.php';\n"}
    version = {"Config/init_global.php": BOOTSTRAP}
    for name, text in {**base, **{f"redcap_v15.9.0/{k}": v for k, v in version.items()}, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return plan_for(scan(str(folder), ScanOptions(cache=None, jobs=0)))


def test_the_plan_of_a_release_names_every_copy_and_how_it_is_called() -> None:
    plan = plan_for(scan(str(FIXTURES / "redcap15.8.0.zip"), ScanOptions(cache=None)))
    assert {script.name: script.mode for script in plan.scripts} == {
        "cron.php": Mode.HEADER,
        "install.php": Mode.BLOCK,
        "upgrade.php": Mode.COOKIE,
    }
    assert all(set(script.paths) == {script.name, f"redcap_v@/{script.name}"} for script in plan.scripts)
    assert plan.folders == ("", "redcap_v@")
    stay = {page.path for page in plan.stay_open}
    assert {"redcap_v@/ControlCenter/check_upgrade.php", "api/index.php", "surveys/index.php"} <= stay
    assert not stay & {path for script in plan.scripts for path in script.paths}


def test_a_script_of_another_name_that_is_open_and_does_something_is_protected(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        {
            "nightly.php": LAUNCHER,
            "redcap_v15.9.0/nightly.php": OPEN + CLEAN_UP,
            "redcap_v15.9.0/status.php": OPEN + "print 'fine';\n",
            "redcap_v15.9.0/ehr.php": OPEN + "file_put_contents('/tmp/x', $_GET['code']);\n",
        },
    )
    assert [script.name for script in plan.scripts] == ["nightly.php"]
    assert "redcap_v@/nightly.php" in plan.scripts[0].paths
    assert "redcap_v@/ehr.php" in {page.path for page in plan.stay_open}


def test_effects_are_those_of_what_a_page_reaches(tmp_path: Path) -> None:
    page = OPEN + "require_once 'helpers.php';\nrun();\n"
    helpers = (
        "<?php\nfunction run() { (new Job())->start(); }\n"
        "class Job { function start() { $this->push(); }\n"
        "private function push() { exec('sync ' . $_GET['x']); file_get_contents('https://sync.example/'); } }\n"
        "function never() { mail('a@b.example', 's', 't'); }\n"
    )
    plan = plan_of(tmp_path, {"redcap_v15.9.0/Jobs/run.php": page, "redcap_v15.9.0/Jobs/helpers.php": helpers})
    effects = {found.path: found.effects for found in plan.consider}
    assert effects["redcap_v@/Jobs/run.php"] == ("egress", "exec")


def test_the_json_plan_is_what_generate_reads(tmp_path: Path) -> None:
    release, file = str(FIXTURES / "redcap15.7.1.zip"), tmp_path / "plan.json"
    runner = CliRunner()
    assert runner.invoke(cli, ["waf", "plan", release, "--format", "json", "--output", str(file)]).exit_code == 0
    assert read_plan(file).schema == json.loads(file.read_text())["schema"]
    from_file = runner.invoke(cli, ["waf", "generate", "--plan", str(file), "--target", "aws-wafv2"])
    from_release = runner.invoke(cli, ["waf", "generate", release, "--target", "aws-wafv2"])
    assert from_file.exit_code == from_release.exit_code
    assert from_file.output == from_release.output


def test_what_is_no_release_of_redcap_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "page.php").write_text("<?php echo 1;\n")
    with pytest.raises(Exception, match="is it a release of REDCap"):
        CliRunner().invoke(cli, ["waf", "plan", str(tmp_path)], standalone_mode=False, catch_exceptions=False)


def test_what_only_the_command_line_runs_is_neither_open_nor_protected(tmp_path: Path) -> None:
    files = {"tools/purge.php": "<?php\nif (PHP_SAPI !== 'cli') exit;\nunlink('/tmp/x');\n"}
    plan = plan_of(tmp_path, files)
    assert (plan.scripts, plan.stay_open, plan.consider) == ((), (), ())
    files["tools/purge.php"] = "<?php\nunlink('/tmp/x');\n"
    assert [page.path for page in plan_of(tmp_path, files).consider] == ["tools/purge.php"]
