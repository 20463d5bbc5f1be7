"""What may stand in a configuration, and what an entry covers."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.egress import Deployed, HostKind
from scanner.protect.egress.entries import allows
from scanner.protect.egress.hosts import ANY, covers, depth, is_local, read_host, widen
from scanner.protect.egress.suffixes import is_public, stores, strangers
from tests.protect.egress.samples import host, hostile, hosts, names


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("api.example.org", "api.example.org"),
        ("API.Example.ORG.", "api.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.example.org", "*.example.org"),
        ("*.*.example.org", "*.example.org"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("*.com", "*.com"),
        ("a-b.c1", "a-b.c1"),
    ],
)
def test_hosts_have_one_spelling(text: str, read: str) -> None:
    found = read_host(text)
    assert found is not None
    assert found.text == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "*",
        "localhost2",
        "php_version",
        "a..b",
        "-a.example",
        "a-.example",
        "1.2.3",
        "1.2.3.4.5",
        "a.1",
        "*.*.amazonaws.com*",
        "a*.example.org",
        'a"b.example',
        "a.example;drop",
        "a.example\nb.example",
        "xn--a\udc80.example",
        f"{'a' * 64}.example",
        ".".join(["a" * 60] * 5),
        "fe80::1%eth0",
        "a b.example",
        "a.example/24",
        "a.example:443",
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    assert read_host(text) is None


@given(st.one_of(hostile, st.text(max_size=40)))
def test_what_is_read_has_no_meaning_in_any_language(text: str) -> None:
    found = read_host(text)
    if found is None:
        return
    if found.kind is HostKind.ADDRESS:
        assert str(ipaddress.ip_address(found.text)) == found.text
    else:
        assert re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*", found.text)
        assert len(found.base) <= 253
    assert read_host(found.text) == found


@given(hosts, hosts, hosts)
def test_covering_is_an_order(one: object, two: object, three: object) -> None:
    a, b, c = (host(str(item.text)) for item in (one, two, three))  # type: ignore[attr-defined]
    assert covers(a, a)
    assert covers(ANY, a)
    assert not covers(a, ANY)
    if covers(a, b) and covers(b, c):
        assert covers(a, c)


@given(names, names)
def test_a_wildcard_covers_what_is_below_it_and_nothing_else(base: str, label: str) -> None:
    wide = host(f"*.{base}")
    assert covers(wide, host(f"{label}.{base}"))
    assert covers(wide, host(f"*.{label}.{base}"))
    assert not covers(wide, host(base))
    assert not covers(wide, host(f"x{base}"))
    assert allows(Deployed(wide, apex=True), host(base))


def test_a_wildcard_of_one_label_allows_one_label() -> None:
    item = Deployed(host("*.example.org"), depth=1)
    assert allows(item, host("a.example.org"))
    assert not allows(item, host("b.a.example.org"))
    assert not allows(item, host("*.a.example.org"))


def test_patterns_inside_labels_are_widened_to_whole_labels() -> None:
    assert widen("files-*.example.org") == "*.example.org"
    assert widen("*.s3.*.example.org") == "*.example.org"
    assert (depth("*.*.example.org"), depth("a.*.example.org"), depth("example.org")) == (2, 2, 0)


def test_names_of_this_machine_are_local() -> None:
    assert all(map(is_local, ("localhost", "LOCALHOST.", "127.3.2.1", "::1", "::", "a.localhost", "[::1]")))
    assert not any(map(is_local, ("localhost.example.org", "10.0.0.1", "", "unresolved")))


@pytest.mark.parametrize(
    "base",
    [
        "com", "co.uk", "amazonaws.com", "us-east-1.amazonaws.com", "blob.core.windows.net", "core.windows.net",
        "googleapis.com", "github.io", "communication.azure.com", "azure.com", "duosecurity.com", "ngrok.io",
    ],
)  # fmt: skip
def test_domains_that_strangers_get_names_in_are_known(base: str) -> None:
    assert strangers(base)


@pytest.mark.parametrize(
    "base", ["example.org", "twilio.com", "ours.blob.core.windows.net", "vumc.org", "tangocard.com", "hospital.co.uk"]
)
def test_domains_of_one_owner_are_not(base: str) -> None:
    assert not strangers(base)


def test_registries_and_stores_are_told_apart() -> None:
    assert is_public("co.uk")
    assert is_public("museum")
    assert not is_public("blob.core.windows.net")
    assert stores("storage.googleapis.com")
    assert not stores("api.example.org")
