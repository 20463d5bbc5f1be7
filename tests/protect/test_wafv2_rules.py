"""The rules that we write for AWS WAF: nothing gets through in any reading, nothing legitimate is refused."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pcre2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Mode, Protection, RequestSpelling
from scanner.protect.spellings import UNREACHED, addresses, attacks, legitimate, mutate, mutations
from scanner.protect.wafv2.acl import WebAcl, rules_of
from scanner.protect.wafv2.build import bodies, capacity, reserved, rules
from scanner.protect.wafv2.engine import evaluate
from scanner.protect.wafv2.patterns import LONGEST, refusal
from scanner.protect.wafv2.readings import Reading, readings
from tests.protect.release import CURRENT, MODES, NEXT, VALUES, VERSION, files, protection, script

VERSIONS = (VERSION, "14.0.0")


def web_acl(value: Protection) -> WebAcl:
    return WebAcl(name="x", rules=rules_of(rules(value, lambda secret: secret.value or secret.reference)))


VARIANTS = {
    "default": protection(secrets=VALUES),
    "one secret": protection(secrets=VALUES[:1]),
    "multiviews": protection(secrets=VALUES, multiviews=True),
    "paranoid": protection(secrets=VALUES, paranoid=True),
    "query": protection(secrets=VALUES, query="secret"),
    "base path": protection(secrets=VALUES, base_path="/redcap/", multiviews=True),
    "header only": protection(secrets=VALUES, scripts=tuple(script(name, Mode.HEADER) for name in MODES)),
    "block only": protection(secrets=(), scripts=tuple(script(name, Mode.BLOCK) for name in MODES)),
}
FULL = (VARIANTS["default"], VARIANTS["multiviews"])
each = pytest.mark.parametrize("value", VARIANTS.values(), ids=VARIANTS)


def allowed(acl: WebAcl, request: RequestSpelling) -> list[bool]:
    return [outcome.allowed for reading in readings(request) for outcome in evaluate(acl, request, reading).outcomes]


@each
def test_no_spelling_gets_through_in_any_reading(value: Protection) -> None:
    acl = web_acl(value)
    limit = None if value in FULL else 1500
    tried = [
        *(item for item in attacks(value, versions=VERSIONS, limit=limit) if item.family not in UNREACHED),
        *mutations(value, seed=7, count=400, versions=VERSIONS),
    ]
    assert len(tried) > (1500 if limit else 4000)
    assert [item for item in tried if any(allowed(acl, item))] == []


@each
def test_nothing_legitimate_is_refused_in_any_reading(value: Protection) -> None:
    acl = web_acl(value)
    secrets = [secret.value or "" for secret in value.secrets]
    tried = list(legitimate(files(), value, versions=(VERSION,), values=secrets))
    assert len(tried) > 500
    assert [item for item in tried if not all(allowed(acl, item))] == []


@each
def test_the_dialect_is_the_documented_one(value: Protection) -> None:
    patterns = list(found(rules(value, lambda secret: secret.slot), "RegexString"))
    assert patterns
    for pattern in patterns:
        assert refusal(pattern) is None
        assert pattern.isascii()
        pcre2.compile(pattern)
        pcre2.compile(pattern.encode())


def found(value: Any, key: str) -> list[Any]:  # noqa: ANN401  any JSON
    if isinstance(value, list):
        return [text for item in value for text in found(item, key)]
    if not isinstance(value, dict):
        return []
    return [text for name, item in value.items() for text in ([item] if name == key else found(item, key))]


def test_capacity_fits_beside_the_usual_managed_groups() -> None:
    assert (capacity(VARIANTS["default"]).low, capacity(VARIANTS["default"]).high) == (79, 129)
    assert capacity(VARIANTS["one secret"]).high == 105
    assert reserved(VARIANTS["one secret"]) == 129
    assert reserved(VARIANTS["default"]) < 150
    assert reserved(VARIANTS["paranoid"]) < 370


def test_a_secret_opens_only_where_it_belongs() -> None:
    acl = web_acl(protection(secrets=VALUES))

    def passes(target: bytes, *headers: tuple[bytes, bytes]) -> bool:
        item = RequestSpelling(method=b"GET", target=target, headers=headers, family="x", script="", legitimate=True)
        return all(allowed(acl, item))

    header, cookie = (b"x-redcap-secret", CURRENT.encode()), (b"Cookie", b"redcap_admin_secret=" + NEXT.encode())
    assert passes(b"/cron.php", header)
    assert passes(b"/upgrade.php?auto=1", cookie)
    assert not passes(b"/install.php", header)
    assert not passes(b"/install.php", cookie)
    assert not passes(b"/cron.php?x-redcap-secret=" + CURRENT.encode())
    assert not passes(b"/cron.php", (b"X-Redcap-Secret", CURRENT.upper().encode()))
    assert not passes(b"/cron.php", (b"X-Redcap-Secret", CURRENT[:-1].encode()))
    assert not passes(b"/cron.php", (b"X-Redcap-Secret", b"current"))


def test_the_unlock_page_gives_the_cookie_for_the_header_only() -> None:
    made = rules(protection(secrets=VALUES), lambda secret: secret.value or "")
    acl = WebAcl(name="x", rules=rules_of(made))

    def decided_by(*headers: tuple[bytes, bytes]) -> str:
        item = RequestSpelling(
            method=b"GET", target=b"/__redcap_unlock", headers=headers, family="x", script="", legitimate=True
        )
        return evaluate(acl, item, Reading()).outcomes[0].rule

    assert decided_by() == "redcap-protect"
    assert decided_by((b"X-Redcap-Secret", NEXT.encode())) == "redcap-unlock"
    answer = made[2]["Action"]["Block"]["CustomResponse"]
    headers = {item["Name"]: item["Value"] for item in answer["ResponseHeaders"]}
    assert answer["ResponseCode"] == 204
    assert headers["Set-Cookie"].startswith(f"redcap_admin_secret={CURRENT}; Path=/; Max-Age=1800; Secure; HttpOnly")
    page = bodies(protection())["redcap-locked"]["Content"]
    assert "fetch('/__redcap_unlock'" in page
    assert len(page) < 4096


def test_without_a_cookie_there_is_no_unlock_page() -> None:
    value = VARIANTS["header only"]
    assert bodies(value) == {}
    assert [item["Name"] for item in rules(value, lambda secret: secret.slot)] == ["redcap-protect"]


def test_no_rule_samples_requests() -> None:
    assert set(found(rules(protection(), lambda secret: secret.slot), "SampledRequestsEnabled")) == {False}


def test_a_cookie_that_no_header_can_hold_is_refused() -> None:
    value = protection(secrets=(AcceptedSecret("current", "a", CURRENT * 3),), cookie="c" * 90)
    with pytest.raises(ConfigurationError, match="longer than 255"):
        rules(value, lambda secret: secret.value or "")


names = st.text(
    st.characters(codec="utf-8", exclude_characters="/@%", exclude_categories=["C"]), min_size=1, max_size=20
)


@given(name=names.map(lambda text: f"{text}.php"), multiviews=st.booleans())
def test_any_name_is_matched_and_only_that(name: str, *, multiviews: bool) -> None:
    value = protection(secrets=VALUES, scripts=(script(name, Mode.HEADER),), multiviews=multiviews)
    acl = web_acl(value)
    for item in attacks(value, versions=(VERSION,), limit=24):
        if item.family in ("plain", "path-info", "percent-encoding", "multiviews"):
            assert not any(allowed(acl, item)), item
    for pattern in found(rules(value, lambda secret: secret.slot), "RegexString"):
        assert refusal(pattern) is None
        pcre2.compile(pattern)
    if name.isascii():
        other = RequestSpelling(method=b"GET", target=f"/x{name}x".encode(), family="x", script="", legitimate=True)
        assert set(name) & set("\\?#") or all(allowed(acl, other))


def test_many_scripts_are_split_over_several_patterns() -> None:
    scripts = tuple(script(f"a_rather_long_name_{number:03}.php", Mode.HEADER) for number in range(40))
    value = protection(secrets=VALUES, scripts=scripts)
    patterns = found(rules(value, lambda secret: secret.slot), "RegexString")
    assert len(patterns) > 3
    assert max(map(len, patterns)) <= LONGEST
    acl = web_acl(value)
    for item in attacks(value, versions=(VERSION,), limit=200):
        assert item.family in UNREACHED or not any(allowed(acl, item))


@given(seed=st.integers(0, 2**64), which=st.sampled_from(sorted(MODES)), mode=st.sampled_from(list(VARIANTS)))
def test_whatever_servers_undo_is_still_refused(seed: int, which: str, mode: str) -> None:
    value = VARIANTS[mode]
    chance = random.Random(seed)  # noqa: S311  repeatable test data
    address = chance.choice(addresses(script(which, Mode.HEADER), value.base_path, VERSIONS))
    item = RequestSpelling(
        method=b"GET", target=mutate(address, chance), family="mutation", script=which, legitimate=False
    )
    assert not any(allowed(web_acl(value), item)), item.target


@given(seed=st.integers(0, 2**64), which=st.sampled_from(("cron.php", "upgrade.php")))
def test_with_the_secret_every_spelling_stays_open(seed: int, which: str) -> None:
    chance = random.Random(seed)  # noqa: S311  repeatable test data
    target = mutate(f"/{which}".encode(), chance)
    headers = ((b"X-Redcap-Secret", chance.choice((CURRENT, NEXT)).encode()),)
    item = RequestSpelling(method=b"GET", target=target, headers=headers, family="x", script=which, legitimate=True)
    assert all(allowed(ACL, item)), item.target


ACL = web_acl(VARIANTS["default"])


def test_the_same_protection_gives_the_same_rules() -> None:
    value = VARIANTS["default"]
    again = msgspec.json.decode(msgspec.json.encode(value), type=Protection)
    assert rules(again, lambda secret: secret.slot) == rules(value, lambda secret: secret.slot)
