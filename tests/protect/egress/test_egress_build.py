"""From findings to lines: hosts, services, need, what is held back, what has no line."""

from __future__ import annotations

import pytest

from scanner.model.egress import EgressList, EgressRule, GapKind, Need
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.protect.egress.build import build
from tests.protect.egress.samples import features, finding, release, report, report_of


def built(*findings: Finding, **values: str) -> EgressList:
    return build(report(*findings), {"api.example.org": "messages"}, values)


def only(*findings: Finding, **values: str) -> EgressRule:
    found = built(*findings, **values)
    assert len(found.rules) == 1, found
    return found.rules[0]


def spelled(rule: EgressRule) -> list[str]:
    return [f"{item.protocol}/{item.port}" for item in rule.services]


@pytest.mark.parametrize(
    ("channel", "api", "url", "services"),
    [
        ("http", "http_get", "https://h.example.org/x", ["https/443"]),
        ("http", "http_get", "http://h.example.org", ["http/80"]),
        ("http", "curl_exec", "h.example.org/x", ["http/80", "https/443"]),
        ("http", "http_get", "https://h.example.org:8443/{?}", ["https/8443"]),
        ("http", "http_get", "https://u:p@h.example.org:99/", ["https/99"]),
        ("sdk", "SendGrid::send", "h.example.org", ["https/443"]),
        ("mail", "imap_open", "h.example.org", ["smtp/25", "smtps/465", "submission/587"]),
        ("db", "mysqli_connect", "h.example.org", ["mysql/3306"]),
        ("db", "pg_connect", "h.example.org", ["postgresql/5432"]),
        ("db", "PDO::__construct", "{?}", ["database/0"]),
        ("db", "f (mysqli_connect)", "h.example.org", ["mysql/3306"]),
        ("ldap", "ldap_connect", "ldaps://h.example.org", ["ldaps/636"]),
        ("ldap", "ldap_connect", "h.example.org", ["ldap/389", "ldaps/636"]),
        ("ssh", "ssh2_connect", "h.example.org", ["ssh/22"]),
        ("ftp", "ftp_connect", "h.example.org", ["ftp/21"]),
        ("dns", "gethostbyname", "h.example.org", ["dns/53", "dns/53"]),
        ("socket", "fsockopen", "ssl://h.example.org:636", ["tls/636"]),
        ("socket", "fsockopen", "h.example.org", ["any/0"]),
        ("file-url", "fopen", "ftp://h.example.org/x", ["ftp/21"]),
    ],
)
def test_protocol_and_port_come_from_the_address_or_the_call(
    channel: str, api: str, url: str, services: list[str]
) -> None:
    assert spelled(only(finding("h.example.org", api=api, details={"channel": channel, "url": url}))) == services


def test_services_of_all_calls_stand_on_one_line_and_a_look_up_is_not_repeated() -> None:
    rule = only(
        finding("h.example.org", line=1, details={"url": "https://h.example.org/"}),
        finding("h.example.org", line=2, details={"url": "http://h.example.org/"}),
        finding("h.example.org", line=3, details={"channel": "dns"}),
    )
    assert spelled(rule) == ["http/80", "https/443"]
    assert [item.line for item in rule.references] == [1, 2, 3]


def test_an_address_with_other_hosts_lends_no_port_to_this_one() -> None:
    found = built(finding("a.example.org", "b.example.org", details={"url": "http://a.example.org:81/"}))
    assert [spelled(rule) for rule in found.rules] == [["http/81"], ["http/80", "https/443"]]


def test_what_a_line_is_needed_for() -> None:
    plain = finding("h.example.org")
    key = finding("h.example.org", rule="secret-to-network", category=Category.EXFILTRATION, secrets=("config.key",))
    salt = finding("h.example.org", rule="secret-to-network", category=Category.EXFILTRATION, secrets=("salt",))
    assert only(plain).need is Need.REQUIRED
    assert only(plain, salt).need is Need.REQUIRED
    assert only(plain, key).need is Need.OPTIONAL
    assert only(plain, key).settings == ("key",)
    assert only(finding("h.example.org", package="a/b")).need is Need.OPTIONAL
    assert only(finding("h.example.org", path="redcap_v@/UnitTests/A.php")).need is Need.OPTIONAL
    assert only(finding("h.example.org", confidence=Confidence.POSSIBLE)).need is Need.OPTIONAL
    assert only(finding("h.example.org", details={"url": "https://h.example.org/?k={config:k}"})).need is Need.OPTIONAL
    assert only(plain, finding("h.example.org", path="b.php", package="a/b")).need is Need.REQUIRED


def test_settings_fill_in_hosts_schemes_and_ports() -> None:
    call = finding("config:ai_url", details={"url": "{config:ai_url}/chat"})
    rule = only(call, ai_url="https://ai.example.net:8443/v1")
    assert (rule.host.text, spelled(rule), rule.need) == ("ai.example.net", ["https/8443"], Need.SITE)
    account = finding("*.store.example.net", details={"url": "https://{config:account}.store.example.net/{?}"})
    assert only(account).host.text == "*.store.example.net"
    assert only(account, account="ours").host.text == "ours.store.example.net"
    two = finding("config:suffix", details={"url": "https://{config:account}.{config:suffix}/"})
    assert only(two, account="ours", suffix="store.example.net").host.text == "ours.store.example.net"
    schemed = finding("config:h", details={"url": "https://{config:h}/x"})
    assert spelled(only(schemed, h="http://h.example.net/")) == ["http/80"]
    database = finding("config:hostname", api="mysqli_connect", details={"channel": "db", "url": "{config:hostname}"})
    assert spelled(only(database, hostname="db.example.net:3307")) == ["mysql/3307"]
    assert only(database, hostname="2001:db8::5").host.text == "2001:db8::5"
    assert only(finding("config:h"), h="https://h.example.net").host.text == "h.example.net"


@pytest.mark.parametrize(
    "value", ["localhost", "127.0.0.1", "/run/mysqld.sock", "localhost:/tmp/mysql.sock", "[::1]:3306"]
)
def test_settings_that_stay_on_the_machine_need_no_line(value: str) -> None:
    found = built(finding("config:hostname", details={"channel": "db", "url": "{config:hostname}"}), hostname=value)
    assert (found.rules, found.gaps) == ((), ())


@pytest.mark.parametrize("value", ['x"y', "a b", "a\nacl x", "{config:other}", "no_host", "https://!", "https://", "§"])
def test_settings_that_name_no_host_are_said_and_never_written(value: str) -> None:
    found = built(finding("config:h", details={"url": "https://{config:h}/"}), h=value)
    assert found.rules == ()
    assert [(gap.kind, gap.subject) for gap in found.gaps] == [(GapKind.SETTING_INVALID, "h")]
    assert value not in found.gaps[0].text


def test_without_a_value_the_setting_is_named() -> None:
    call = finding("config:h", details={"url": "https://{config:h}/"})
    assert [(gap.kind, gap.subject) for gap in built(call).gaps] == [(GapKind.SETTING, "h")]
    assert [gap.kind for gap in built(call, h=" ").gaps] == [GapKind.SETTING_EMPTY]


def test_a_feature_whose_settings_are_empty_is_not_in_use() -> None:
    call = finding("h.example.org", details={"url": "https://h.example.org/?k={config:k}&t={config:t}"})
    assert only(call, k="", t="0").unused
    assert not only(call, k="").unused
    assert not only(call, k="", t="x").unused
    assert not only(call).unused


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (finding("unresolved"), GapKind.UNRESOLVED),
        (finding("user-input"), GapKind.USER_INPUT),
        (finding("own-server"), GapKind.OWN_SERVER),
        (finding("user-input", details={"channel": "mail"}), GapKind.MAIL_SERVER),
        (finding("local-mail-server", details={"channel": "mail"}), GapKind.MAIL_SERVER),
        (finding("unresolved", details={"channel": "file-url"}), GapKind.FILE),
        (finding("unresolved", details={"channel": "process"}), GapKind.PROGRAM),
        (finding("php_version"), GapKind.NOT_A_HOST),
        (finding("a_b.example.org"), GapKind.NOT_A_HOST),
        (finding("*.example.org*"), GapKind.OPEN_END),
        (finding("*.com"), GapKind.TOO_WIDE),
        (finding("bucket.x", details={"url": "s3://bucket.x/k"}), GapKind.NOT_A_HOST),
    ],
)
def test_what_no_line_can_hold_is_said(found: Finding, kind: GapKind) -> None:
    result = built(found)
    assert result.rules == ()
    assert [gap.kind for gap in result.gaps] == [kind]
    assert result.gaps[0].references[0].line == 7


def test_what_the_browser_contacts_stands_apart() -> None:
    found = built(finding("login.example.org", details={"channel": "redirect"}), finding("localhost"), finding("local"))
    assert (found.rules, found.gaps) == ((), ())
    assert [item.host for item in found.browser] == ["login.example.org"]


def test_lines_are_held_back_until_somebody_has_looked() -> None:
    leak = {"rule": "secret-to-network", "category": Category.EXFILTRATION, "severity": Severity.CRITICAL}
    bad = finding("evil.example.net", **leak)
    assert only(bad).held == "look at the code first: secret-to-network at redcap_v@/Classes/A.php:7"
    known = only(finding("api.example.org", **leak))
    assert not known.held
    assert any("no list can tell" in note for note in known.notes)
    assert only(finding("*.blob.core.windows.net")).held.startswith("too wide")
    assert only(finding("169.254.169.254")).held.startswith("look")
    accepted = build(report(bad), {}, accepted=["evil.example.net"])
    assert not accepted.rules[0].held


def test_an_output_of_a_secret_is_no_connection() -> None:
    found = built(finding(category=Category.EXFILTRATION, rule="secret-in-output", details={"channel": ""}))
    assert (found.rules, found.gaps) == ((), ())


def test_the_planted_hosts_of_the_fixture_stand_out() -> None:
    found = {rule.host.text: rule for rule in release("15.8.0").rules}
    assert {name for name, rule in found.items() if rule.held.startswith("look")} == {
        "*.s.example.org",
        "cdn-assets.example.net",
        "collect.example.net",
        "169.254.169.254",
    }
    assert not found["translate.example.org"].known
    assert not found["collect.example.net"].known
    assert found["api.twilio.com"].feature == "SMS and voice"
    assert found["redcap.vumc.org"].need is Need.REQUIRED
    assert found["mandrillapp.com"].settings == ("mandrill_api_key",)


def test_every_destination_of_the_fixture_is_in_the_list_or_in_a_gap() -> None:
    found = release("15.8.0")
    lines = {rule.host.text for rule in found.rules} | {item.host for item in found.browser}
    subjects = {gap.subject for gap in found.gaps} | {gap.kind.value for gap in found.gaps}
    for item in report_of("15.8.0").destinations:
        name = item.host.removeprefix("config:")
        known = {"*.*.s.example.org": "*.s.example.org"}.get(name, name)
        if name in ("unresolved", "user-input", "error_report_email", "file_upload_vault_filesystem_private_key_path"):
            continue  # kinds of their own; a recipient and a file's path are no hosts
        assert known in lines | subjects, name
    assert {"mail-server", "unresolved", "file"} <= subjects


def test_the_same_report_gives_the_same_list() -> None:
    again = build(report_of("15.8.0"), dict(reversed(features().items())))
    assert again == release("15.8.0")
