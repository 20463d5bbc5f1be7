"""A deployed list against a release: missing, unused, too wide, new."""

from __future__ import annotations

import msgspec
import pytest

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, EgressCheck, EgressList, Need
from scanner.protect.egress.check import check, leave_out
from scanner.protect.egress.lines import active
from scanner.protect.egress.targets import targets
from scanner.protect.egress.verdict import words
from tests.protect.egress.samples import HTTP, HTTPS, listed, release, rule

PLAIN = targets()["plain"]
NEEDED = listed(rule("a.example.org"), rule("b.example.org", HTTP, HTTPS), rule("192.0.2.7", HTTP))


def verdict(
    text: str, found: EgressList = NEEDED, target: str = "plain", accepted: tuple[str, ...] = ()
) -> EgressCheck:
    chosen = targets()[target]
    return check(found, chosen.parse(text), chosen, accepted=accepted)


def hosts(items: object) -> list[str]:
    return [item.host.text for item in items]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", list(targets()))
def test_what_was_generated_passes_its_own_check(name: str) -> None:
    found = release("15.8.0")
    target = targets()[name]
    result = check(found, target.parse(target.render(found)), target)
    assert (hosts(result.missing), result.unused, result.wide, result.allowed) == ([], (), (), ())
    assert not result.failed
    assert len(result.other) == len(found.rules) - len(result.held) - len(active(found, target))


@pytest.mark.parametrize("name", list(targets()))
def test_an_empty_place_in_a_generated_list_is_found(name: str) -> None:
    found = release("15.8.0")
    target = targets()[name]
    entries = tuple(item for item in target.parse(target.render(found)) if item.host.base != "api.twilio.com")
    assert hosts(check(found, entries, target).missing) == ["api.twilio.com"]


def test_missing_hosts_and_ports() -> None:
    result = verdict("a.example.org\nb.example.org http/80\n")
    assert hosts(result.missing) == ["b.example.org", "192.0.2.7"]
    assert result.missing[0].services == (HTTPS,)
    assert result.failed
    complete = "a.example.org:443\nb.example.org 80,443\n192.0.2.7:80\n"
    assert not verdict(complete).failed
    assert verdict(complete).missing == ()


def test_unused_entries() -> None:
    text = "a.example.org\nb.example.org\n192.0.2.7\nold.example.org # since 2019\n"
    result = verdict(text)
    assert [(item.host.text, item.line) for item in result.unused] == [("old.example.org", 4)]
    assert not result.failed


def test_wildcards_over_strangers_fail_and_others_are_advice() -> None:
    result = verdict("*.example.org\n192.0.2.7\n*.amazonaws.com\n*.co.uk\n")
    assert [(item.entry.host.text, item.severe) for item in result.wide] == [
        ("*.amazonaws.com", True),
        ("*.example.org", False),
        ("*.co.uk", True),
    ]
    assert result.wide[1].instead == ("a.example.org", "b.example.org")
    assert result.failed
    assert not verdict("*.example.org\n192.0.2.7\n").failed
    anything = verdict("*\n")
    assert (anything.missing, anything.wide[0].severe) == ((), True)
    accepted = verdict("*.example.org\n192.0.2.7\n*.amazonaws.com\n", accepted=("*.amazonaws.com",))
    assert not accepted.failed


def test_hosts_that_are_held_back_are_not_asked_for_and_not_welcome() -> None:
    held = rule("evil.example.net", held="look at the code first: x at a.php:1")
    wide = rule("*.blob.core.windows.net", held="too wide: strangers")
    found = listed(rule("a.example.org"), held, wide)
    result = verdict("a.example.org\nours.blob.core.windows.net\n", found)
    assert (result.failed, result.unused, hosts(result.held)) == (
        False,
        (),
        ["evil.example.net", "*.blob.core.windows.net"],
    )
    welcome = verdict("a.example.org\nevil.example.net\n", found)
    assert (welcome.failed, welcome.allowed) == (True, ("evil.example.net",))
    assert "Allowed, and held back" in words(welcome, found)


def test_what_a_product_cannot_hold_is_for_another_layer() -> None:
    found = leave_out(listed(*NEEDED.rules), [])
    group = targets()["aws-network-firewall"]
    result = check(found, group.parse(group.render(found)), group)
    assert (result.missing, hosts(result.other)) == ((), ["192.0.2.7"])
    assert "another layer" in words(result, found)


def test_an_upgrade_is_told_by_what_it_adds() -> None:
    before, after = release("15.7.1"), release("15.8.0")
    result = check(after, PLAIN.parse(PLAIN.render(before)), PLAIN, before)
    assert hosts(result.new) == [
        "cdn-assets.example.net",
        "collect.example.net",
        "*.s.example.org",
        "translate.example.org",
    ]
    assert hosts(result.missing) == ["translate.example.org"]
    assert "This upgrade from redcap15.7.1.zip needs 4 new hosts: cdn-assets.example.net, " in words(result, after)
    one = msgspec.structs.replace(before, rules=(*before.rules, rule("new.example.org")))
    text = words(check(one, PLAIN.parse(PLAIN.render(before)), PLAIN, before), one)
    assert text.startswith("This upgrade from redcap15.7.1.zip needs one new host: new.example.org\n")
    same = words(check(before, PLAIN.parse(PLAIN.render(before)), PLAIN, before), before)
    assert same.startswith("This upgrade from redcap15.7.1.zip needs no new host.\n")


def test_lines_that_a_site_does_not_want_are_left_out() -> None:
    found = listed(rule("a.example.org", need=Need.OPTIONAL), rule("b.example.org", unused=True), rule("c.example.net"))
    assert hosts(leave_out(found, ["optional"]).rules) == ["b.example.org", "c.example.net"]
    assert hosts(leave_out(found, ["unused", "*.NET"]).rules) == ["a.example.org"]


@pytest.mark.parametrize(
    ("name", "text", "entries"),
    [
        ("plain", "*.example.org\n.x.org\n[2001:db8::1]\n192.0.2.1:80 # c\n2001:db8::2\n", 5),
        (
            "squid",
            "acl l dstdomain .example.org\nacl p port 443 8000-8001\nhttp_access allow l p\nhttp_access deny all\n",
            1,
        ),
        ("squid", "http_access deny !Safe\nhttp_access allow localnet\nhttp_access deny all\nhttp_access allow x\n", 1),
        ("squid", ".example.org\napi.example.net\n", 2),
        ("aws-route53-dns-firewall", '{"Domains": ["a.example.org", "*.b.example.org"], "NextToken": "x"}', 2),
        ("aws-route53-dns-firewall", "a.example.org\n*.b.example.org\n", 2),
        (
            "aws-network-firewall",
            (
                '{"RuleGroup": {"RulesSource": {"RulesSourceList": {"Targets": [".a.example.org"], "TargetTypes": [],'
                ' "GeneratedRulesType": "ALLOWLIST"}}}, "RuleGroupResponse": {}, "UpdateToken": "x"}'
            ),
            1,
        ),
        (
            "aws-network-firewall",
            '{"Rules": "pass tls any any -> any any (tls.sni; dotprefix; content:\\".a.org\\"; sid:1;)"}',
            1,
        ),
        (
            "suricata",
            'pass tls $HOME_NET any -> any [80,443] (tls.sni; content:"a.org"; startswith; endswith; sid:1;)',
            1,
        ),
        ("suricata", "pass tcp any any -> 192.0.2.1 25 (sid:1;)\ndrop tcp any any -> any any (sid:2;)", 1),
        ("suricata", "pass tcp $HOME_NET any -> $EXTERNAL_NET 443 (sid:1;)", 1),
        (
            "nftables",
            "nftset=/a.org/b.org/4#inet#t#tcp_443_4\nset tcp_80_4 {\nelements = { 192.0.2.1 timeout 1h }\n",
            3,
        ),
        (
            "cilium",
            (
                "kind: CiliumClusterwideNetworkPolicy\nspecs: [{egress: [{toFQDNs: [{matchPattern: '**.a.org'}]},"
                " {toCIDRSet: [{cidr: 10.0.0.0/8}]}, {toEntities: [world]}]}]\n"
            ),
            3,
        ),
    ],
)
def test_lists_written_by_others_are_read(name: str, text: str, entries: int) -> None:
    assert len(targets()[name].parse(text)) == entries


def test_everything_allowed_is_seen_in_every_language() -> None:
    wide = {
        "plain": "*\n",
        "squid": "acl net src 10.0.0.0/8\nhttp_access allow net\n",
        "suricata": "pass tcp $HOME_NET any -> any any (sid:1;)\n",
        "aws-network-firewall": '{"Rules": "pass ip any any -> any any (sid:1;)"}',
        "aws-route53-dns-firewall": '{"Domains": ["*"]}',
        "cilium": "kind: CiliumNetworkPolicy\nspec: {egress: [{toFQDNs: [{matchPattern: '*'}]}]}\n",
    }
    for name, text in wide.items():
        result = verdict(text, target=name)
        assert [(item.entry.host.text, item.severe) for item in result.wide] == [("*", True)], name


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("plain", "a.example.org https\n", "'https' is no port"),
        ("plain", "a b c\n", "line 1: more than a host"),
        ("plain", "bad_host\n", "line 1: 'bad_host' is no host"),
        ("plain", "a.example.org:99999\n", "is no port"),
        ("squid", 'acl l dstdomain "/etc/squid/list"\n', "another file"),
        ("squid", "acl l dstdom_regex .*\nhttp_access allow l\n", "regular expression"),
        ("suricata", "nonsense\n", "line 1: not a Suricata rule"),
        ("suricata", 'pass tls any any -> any any (tls.sni; pcre:"/x/"; sid:1;)', "cannot tell"),
        ("suricata", 'pass tls any any -> any any (tls.sni; content:"a.org"; sid:1;)', "startswith and endswith"),
        ("aws-network-firewall", "[]", "expected a rule group"),
        ("aws-network-firewall", "{", "not JSON"),
        ("aws-network-firewall", "{}", "no RulesSource"),
        (
            "aws-network-firewall",
            '{"RulesSource": {"RulesSourceList": {"GeneratedRulesType": "DENYLIST"}}}',
            "deny-list",
        ),
        ("aws-network-firewall", '{"RulesSource": {"StatefulRules": []}}', "five-tuple"),
        ("aws-route53-dns-firewall", '{"Domains": [1]}', "not a list of texts"),
        ("aws-route53-dns-firewall", "{}", "no Domains"),
        ("cilium", "kind: NetworkPolicy\n", "not a CiliumNetworkPolicy"),
        ("cilium", "a: [", "not YAML"),
        ("cilium", "kind: CiliumNetworkPolicy\nspec: {egress: {}}\n", "egress is not a list"),
    ],
)
def test_lists_that_cannot_be_judged_are_one_clear_line(name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        targets()[name].parse(text)
    assert "\n" not in str(caught.value)


def test_a_check_never_calls_a_missing_host_used() -> None:
    entries = (Deployed(rule("x.a.example.org").host),)
    result = check(NEEDED, entries, PLAIN)
    assert hosts(result.missing) == ["a.example.org", "b.example.org", "192.0.2.7"]
    assert result.unused == entries
