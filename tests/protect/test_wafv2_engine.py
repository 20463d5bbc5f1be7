"""AWS WAF offline: each documented behaviour on a request made for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.protection import RequestSpelling
from scanner.protect.wafv2.acl import RuleGroup, WebAcl, rules_of
from scanner.protect.wafv2.capacity import Capacity, of_rules, of_statement
from scanner.protect.wafv2.components import path, values
from scanner.protect.wafv2.engine import Outcome, evaluate
from scanner.protect.wafv2.readings import Reading, readings
from scanner.protect.wafv2.transforms import NotModelled, apply

LIKELY = Reading()


def request(
    target: bytes, headers: tuple[tuple[bytes, bytes], ...] = (), method: bytes = b"GET", body: bytes = b""
) -> RequestSpelling:
    return RequestSpelling(
        method=method, target=target, headers=headers, body=body, family="x", script="", legitimate=False
    )


def byte_match(
    text: str, how: str = "EXACTLY", field: dict[str, Any] | None = None, *transforms: str
) -> dict[str, Any]:
    items = [{"Priority": number, "Type": name} for number, name in enumerate(transforms or ("NONE",))]
    field = field or {"UriPath": {}}
    return {
        "ByteMatchStatement": {
            "SearchString": text, "FieldToMatch": field, "TextTransformations": items, "PositionalConstraint": how,
        }
    }  # fmt: skip


def regex(pattern: str) -> dict[str, Any]:
    items = [{"Priority": 0, "Type": "NONE"}]
    return {
        "RegexMatchStatement": {"RegexString": pattern, "FieldToMatch": {"UriPath": {}}, "TextTransformations": items}
    }


def rule(
    name: str, statement: dict[str, Any], action: str = "Block", priority: int = 0, **more: object
) -> dict[str, Any]:
    key = "OverrideAction" if "Group" in next(iter(statement), "") else "Action"
    return {"Name": name, "Priority": priority, "Statement": statement, key: {action: {}}, **more}


def acl(*rules: dict[str, Any], **more: Any) -> WebAcl:  # noqa: ANN401  fields of the value
    return WebAcl(name="x", rules=rules_of(rules), **more)


def outcomes(web_acl: WebAcl, target: bytes, reading: Reading = LIKELY) -> tuple[Outcome, ...]:
    return evaluate(web_acl, request(target), reading).outcomes


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NONE", b"/A%41", b"/A%41"),
        ("LOWERCASE", b"/ABC\xc9", b"/abc\xc9"),
        ("URL_DECODE", b"/%63ron%2ePHP", b"/cron.PHP"),
        ("URL_DECODE", b"/a+b%zz%4", b"/a+b%zz%4"),
        ("URL_DECODE", b"/%u0063", b"/%u0063"),
        ("URL_DECODE_UNI", b"/%u0063%63", b"/cc"),
        ("URL_DECODE_UNI", b"/%uff43", b"/c"),
        ("URL_DECODE_UNI", b"/%u2263", b"/c"),
        ("NORMALIZE_PATH", b"/a//./b/../c", b"/a/c"),
        ("NORMALIZE_PATH", b"../a/..", b"../"),
        ("NORMALIZE_PATH", b"/a/b/..", b"/a/"),
        ("NORMALIZE_PATH_WIN", b"/a\\..\\b", b"/b"),
        ("COMPRESS_WHITE_SPACE", b"a \t\n b", b"a b"),
        ("REMOVE_NULLS", b"a\0b", b"ab"),
        ("REPLACE_NULLS", b"a\0b", b"a b"),
        ("HTML_ENTITY_DECODE", b"&lt;a&#99;", b"<ac"),
    ],
)
def test_transformation(name: str, value: bytes, expected: bytes) -> None:
    assert apply(value, (name,), LIKELY) == expected


@pytest.mark.parametrize(
    ("reading", "value", "expected"),
    [
        (Reading(plus_is_blank=True), b"a+b", b"a b"),
        (Reading(bad_escape_dropped=True), b"%zz%4%41", b"zz4A"),
        (Reading(bad_escape_stops=True), b"%zz%41", b"%zz%41"),
        (Reading(bad_escape_stops=True), b"%42%41", b"BA"),
    ],
)
@pytest.mark.parametrize("name", ["URL_DECODE", "URL_DECODE_UNI"])
def test_decoding_in_other_readings(name: str, reading: Reading, value: bytes, expected: bytes) -> None:
    assert apply(value, (name,), reading) == expected


def test_an_unknown_transformation_is_not_guessed() -> None:
    with pytest.raises(NotModelled):
        apply(b"x", ("JS_DECODE",), LIKELY)


@given(
    st.binary(max_size=60), st.sampled_from(["URL_DECODE", "URL_DECODE_UNI", "NORMALIZE_PATH", "NORMALIZE_PATH_WIN"])
)
def test_transformations_take_any_bytes_and_normalising_is_idempotent(value: bytes, name: str) -> None:
    once = apply(value, (name,), LIKELY)
    if name == "NORMALIZE_PATH":
        assert apply(once, (name,), LIKELY) == once
    assert len(once) <= len(value)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/a/b?c=/d", b"/a/b"),
        (b"/a%3fb", b"/a%3fb"),
        (b"/a#b", b"/a"),
        (b"http://host/a?b", b"/a"),
        (b"http://host", b"/"),
        (b"*", b"*"),
    ],
)
def test_path_is_taken_as_received(target: bytes, expected: bytes) -> None:
    assert path(target, LIKELY) == expected


def test_path_in_other_readings() -> None:
    assert path(b"/a#b", Reading(fragment_in_path=True)) == b"/a#b"
    assert path(b"http://host/a", Reading(absolute_target=True)) == b"http://host/a"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"QueryString": {}}, [b"A=1&a=2&b"]),
        ({"SingleQueryArgument": {"Name": "a"}}, [b"1", b"2"]),
        ({"SingleQueryArgument": {"Name": "c"}}, []),
        ({"AllQueryArguments": {}}, [b"1", b"2", b""]),
        ({"SingleHeader": {"Name": "x-one"}}, [b"v"]),
        ({"SingleHeader": {"Name": "x-two"}}, []),
        ({"Method": {}}, [b"POST"]),
        ({"Body": {}}, [b"text"]),
        ({"Cookies": {"MatchPattern": {"IncludedCookies": ["k"]}, "MatchScope": "VALUE"}}, [b"w", b"z"]),
        ({"Cookies": {"MatchPattern": {"ExcludedCookies": ["k"]}, "MatchScope": "ALL"}}, [b"j", b"u"]),
        ({"Headers": {"MatchPattern": {"All": {}}, "MatchScope": "KEY"}}, [b"X-One", b"Cookie"]),
        ({"UriFragment": {}}, []),
    ],
)
def test_component(field: dict[str, Any], expected: list[bytes]) -> None:
    sent = request(b"/p?A=1&a=2&b", ((b"X-One", b"v"), (b"Cookie", b"k=w; j=u; k=z")), b"POST", b"text")
    assert values(field, sent, LIKELY) == expected


@pytest.mark.parametrize("field", [{"JsonBody": {}}, {"JA3Fingerprint": {}}, {}, {"SingleHeader": {"Name": "host"}}])
def test_a_component_that_is_not_known_is_not_guessed(field: dict[str, Any]) -> None:
    with pytest.raises(NotModelled):
        values(field, request(b"/"), LIKELY)


def test_names_of_arguments_are_decoded_in_one_reading_only() -> None:
    field = {"SingleQueryArgument": {"Name": "secret"}}
    sent = request(b"/?%73ecret=x")
    assert values(field, sent, LIKELY) == []
    assert values(field, sent, Reading(argument_names_decoded=True)) == [b"x"]


def test_only_open_questions_are_asked() -> None:
    assert readings(request(b"/cron.php")) == (LIKELY,)
    assert len(readings(request(b"/cron.php#x"))) == 2
    assert len(readings(request(b"http://h/a+%zz%ff?%41#x"))) == 2**7
    assert readings(request(b"http://h/a+%zz%ff?%41#x"))[0] == LIKELY


@pytest.mark.parametrize(
    ("statement", "blocked"),
    [
        (byte_match("/cron.php"), True),
        (byte_match("cron.php", "ENDS_WITH"), True),
        (byte_match("/cron", "STARTS_WITH"), True),
        (byte_match("ron.p", "CONTAINS"), True),
        (byte_match("/CRON.PHP"), False),
        (byte_match("/cron.php", "EXACTLY", {"SingleHeader": {"Name": "x"}}), False),
        (regex(r"^/(?:cron|install)\.php$"), True),
        (regex(r"^/install\.php$"), False),
        ({"AndStatement": {"Statements": [byte_match("/cron.php"), byte_match("x", "CONTAINS")]}}, False),
        ({"OrStatement": {"Statements": [byte_match("/cron.php"), byte_match("x", "CONTAINS")]}}, True),
        ({"NotStatement": {"Statement": byte_match("/cron.php")}}, False),
        ({"SizeConstraintStatement": {"FieldToMatch": {"UriPath": {}}, "ComparisonOperator": "EQ", "Size": 9,
                                      "TextTransformations": []}}, True),
    ],
)  # fmt: skip
def test_statement(statement: dict[str, Any], *, blocked: bool) -> None:
    assert outcomes(acl(rule("r", statement)), b"/cron.php") == (Outcome(not blocked, "r" if blocked else ""),)


@pytest.mark.parametrize(
    "statement",
    [
        {"GeoMatchStatement": {"CountryCodes": ["AT"]}},
        {"IPSetReferenceStatement": {"ARN": "x"}},
        {"RateBasedStatement": {"Limit": 100}},
        {"SqliMatchStatement": {"FieldToMatch": {"UriPath": {}}}},
        {"NotStatement": {"Statement": {"GeoMatchStatement": {}}}},
        {"AndStatement": {"Statements": [byte_match("/cron.php"), {"GeoMatchStatement": {}}]}},
        {"OrStatement": {"Statements": [byte_match("/x"), {"GeoMatchStatement": {}}]}},
        byte_match("x", "CONTAINS_WORD"),
        byte_match("x", "EXACTLY", {"JsonBody": {}}),
        byte_match("x", "EXACTLY", {"UriPath": {}}, "MD5"),
        regex(r"(?>a)"),
        {"Unheard": {}},
        {},
    ],
)
def test_what_a_file_cannot_tell_goes_both_ways(statement: dict[str, Any]) -> None:
    found = outcomes(acl(rule("r", statement)), b"/cron.php")
    assert {outcome.allowed for outcome in found} == {True, False}
    assert not any(outcome.certain for outcome in found)


def test_the_unknown_does_not_matter_where_the_known_decides() -> None:
    geo: dict[str, Any] = {"GeoMatchStatement": {}}
    never = {"AndStatement": {"Statements": [byte_match("/x"), geo]}}
    always = {"OrStatement": {"Statements": [byte_match("/cron.php"), geo]}}
    assert outcomes(acl(rule("r", never)), b"/cron.php") == (Outcome(True, ""),)
    assert outcomes(acl(rule("r", always)), b"/cron.php") == (Outcome(False, "r"),)
    limited = {"RateBasedStatement": {"Limit": 9, "ScopeDownStatement": byte_match("/other")}}
    assert outcomes(acl(rule("r", limited)), b"/cron.php") == (Outcome(True, ""),)


def test_the_lowest_priority_number_decides() -> None:
    found = acl(rule("late", byte_match("/a"), "Block", 9), rule("early", byte_match("/a"), "Allow", 1))
    assert outcomes(found, b"/a") == (Outcome(True, "early"),)


def test_count_goes_on_and_is_told() -> None:
    found = acl(rule("counts", byte_match("/a"), "Count"), rule("allows", byte_match("/a"), "Allow", 1))
    result = evaluate(found, request(b"/a"), LIKELY)
    assert result.outcomes == (Outcome(True, "allows"),)
    assert result.counted == ("counts",)


def test_a_challenge_may_be_passed() -> None:
    found = outcomes(acl(rule("c", byte_match("/a"), "Captcha")), b"/a")
    assert found == (Outcome(False, "c", certain=False), Outcome(True, "", certain=False))


def test_default_action_blocks() -> None:
    assert outcomes(acl(default="Block"), b"/a") == (Outcome(False, ""),)


def label(key: str, scope: str = "LABEL") -> dict[str, Any]:
    return {"LabelMatchStatement": {"Key": key, "Scope": scope}}


@pytest.mark.parametrize(
    ("key", "scope", "blocked"),
    [
        ("one:two", "LABEL", True),
        ("two", "LABEL", True),
        ("awswaf:123:webacl:x:one:two", "LABEL", True),
        ("one:", "NAMESPACE", True),
        ("one", "LABEL", False),
        ("wo", "LABEL", False),
        ("three", "LABEL", False),
        ("two:", "NAMESPACE", False),
    ],
)
def test_labels_of_earlier_rules(key: str, scope: str, *, blocked: bool) -> None:
    labelled = rule("l", byte_match("/a"), "Count", 0, RuleLabels=[{"Name": "one:two"}])
    found = acl(labelled, rule("m", label(key, scope), "Block", 1))
    assert outcomes(found, b"/a") == (Outcome(not blocked, "m" if blocked else ""),)
    assert outcomes(acl(rule("m", label(key, scope), "Block", 0), {**labelled, "Priority": 1}), b"/a")[0].allowed


def test_labels_of_managed_groups_are_unknown() -> None:
    found = outcomes(acl(rule("m", label("awswaf:managed:aws:core:x"))), b"/a")
    assert {outcome.allowed for outcome in found} == {True, False}


def group_rule(action: str = "None", **more: object) -> dict[str, Any]:
    return rule("ref", {"RuleGroupReferenceStatement": {"ARN": "arn:g", **more}}, action)


def test_rules_of_a_group_decide() -> None:
    groups = (RuleGroup(("arn:g",), rules_of([rule("inner", byte_match("/a"))])),)
    assert outcomes(acl(group_rule(), groups=groups), b"/a") == (Outcome(False, "inner"),)
    counted = evaluate(acl(group_rule("Count"), groups=groups), request(b"/a"), LIKELY)
    assert (counted.outcomes, counted.counted) == ((Outcome(True, ""),), ("inner",))
    overridden = group_rule(RuleActionOverrides=[{"Name": "inner", "ActionToUse": {"Count": {}}}])
    assert outcomes(acl(overridden, groups=groups), b"/a") == (Outcome(True, ""),)
    excluded = group_rule(ExcludedRules=[{"Name": "inner"}])
    assert outcomes(acl(excluded, groups=groups), b"/a") == (Outcome(True, ""),)


def test_a_group_that_is_not_there_may_do_anything() -> None:
    assert {outcome.allowed for outcome in outcomes(acl(group_rule()), b"/a")} == {True, False}
    managed = rule(
        "m", {"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet"}}, "None"
    )
    found = outcomes(acl(managed), b"/a")
    assert found == (Outcome(False, "m", certain=False), Outcome(True, "", certain=False))
    assert evaluate(acl(managed), request(b"/a"), LIKELY, frozenset({"m"})).outcomes == (Outcome(True, ""),)


def test_a_regular_expression_on_bytes_that_are_not_utf8() -> None:
    found = acl(rule("r", regex("cron")))
    assert not outcomes(found, b"/cron\xff")[0].allowed
    assert outcomes(found, b"/cron\xff", Reading(regex_needs_utf8=True))[0].allowed


def test_pattern_sets_are_used_when_they_are_known() -> None:
    body = {"ARN": "s", "FieldToMatch": {"UriPath": {}}, "TextTransformations": [{"Priority": 0, "Type": "NONE"}]}
    found = rule("r", {"RegexPatternSetReferenceStatement": body})
    assert outcomes(acl(found, pattern_sets={"s": ("^/x", "^/a")}), b"/a") == (Outcome(False, "r"),)
    assert {outcome.allowed for outcome in outcomes(acl(found), b"/a")} == {True, False}


@pytest.mark.parametrize(
    ("statement", "low", "high"),
    [
        (byte_match("x"), 2, 12),
        (byte_match("x", "CONTAINS"), 10, 20),
        (byte_match("x", "ENDS_WITH", None, "URL_DECODE", "LOWERCASE"), 22, 22),
        (byte_match("x", "EXACTLY", {"AllQueryArguments": {}}), 12, 22),
        (byte_match("x", "CONTAINS", {"JsonBody": {}}), 20, 30),
        (regex("x"), 3, 13),
        (label("x"), 1, 1),
        ({"GeoMatchStatement": {}}, 1, 1),
        ({"NotStatement": {"Statement": byte_match("x")}}, 2, 12),
        ({"AndStatement": {"Statements": [byte_match("x"), regex("x")]}}, 5, 25),
        ({"RateBasedStatement": {"Limit": 9, "ScopeDownStatement": regex("x")}}, 5, 15),
        ({"ManagedRuleGroupStatement": {"Name": "AWSManagedRulesCommonRuleSet"}}, 700, 700),
    ],
)
def test_capacity_as_documented(statement: dict[str, Any], low: int, high: int) -> None:
    assert of_statement(statement) == Capacity(low, high)


def test_capacity_names_what_it_cannot_count() -> None:
    rules = [rule("x", {"ManagedRuleGroupStatement": {"Name": "Theirs"}}, "None"), rule("l", label("x"), "Count")]
    assert of_rules([{**rules[1], "RuleLabels": [{"Name": "a"}] * 6}, rules[0]]) == Capacity(3, 3, ("Theirs",))
