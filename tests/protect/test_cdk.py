"""The generated CDK construct compiles, and what AWS's own library makes of it are the rules themselves."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from scanner.protect.base import targets
from scanner.protect.wafv2.load import load
from tests.protect.release import protection

CDK = Path(__file__).parent / "cdk"
MODULES = CDK / "node_modules"
pytestmark = [pytest.mark.cdk, pytest.mark.xdist_group("cdk")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The construct and the program that uses it, compiled."""
    assert MODULES.is_dir(), "run `make cdk` first"
    path = tmp_path_factory.mktemp("cdk")
    (path / "node_modules").symlink_to(MODULES)
    shutil.copy(CDK / "app.ts", path)
    for file in targets()["cdk"].render(protection()):
        (path / file.name).write_text(file.text)
    options = ["--strict", "--skipLibCheck", "--module", "commonjs", "--target", "es2022", "--types", "node"]
    tsc = MODULES / "typescript" / "lib" / "tsc.js"
    compiler = ["node", str(tsc), *options, "--typeRoots", str(CDK / "types"), "app.ts"]
    done = subprocess.run(compiler, cwd=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return path


@pytest.fixture(scope="module")
def template(folder: Path) -> dict[str, Any]:
    done = subprocess.run(["node", "app.js"], cwd=folder, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_synthesised_template_has_the_rules_of_the_other_targets(template: dict[str, Any], tmp_path: Path) -> None:
    (group,) = (item for item in template["Resources"].values() if item["Type"] == "AWS::WAFv2::RuleGroup")
    (tmp_path / "made.json").write_text(json.dumps({"Resources": {"Group": group}}))
    (tmp_path / "wanted.yaml").write_text(targets()["cloudformation"].render(protection())[0].text)
    made, wanted = (load([tmp_path / name]) for name in ("made.json", "wanted.yaml"))
    assert [rule.raw for rule in made.rules] == [rule.raw for rule in wanted.rules]
    assert made.rules


def test_cfn_lint_finds_nothing_in_the_synthesised_template(template: dict[str, Any]) -> None:
    assert [str(found) for found in lint(json.dumps(template), config=ManualArgs(regions=["eu-central-1"]))] == []
