"""Look-ups: names, classes, arguments, options, and what each match is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.model.facts import Arg, ArrayLit, Call, CallKind, Const, Item, Var
from scanner.model.signature import Catalogue, Signature
from scanner.php import extract
from scanner.signatures import Match, Matcher
from scanner.signatures.calls import calls


def call(kind: CallKind, name: str, receiver: object = None, *args: Arg) -> Call:
    return Call(kind, name, receiver, args, 1, 1, 0, 1)  # type: ignore[arg-type]  # any value may stand there


def ids(found: tuple[Signature, ...]) -> set[str]:
    return {item.id for item in found}


def single(matcher: Matcher, statement: str) -> list[Match]:
    return [match for item in calls(extract(f"<?php {statement}".encode())) for match in matcher.candidates(item)]


@pytest.mark.parametrize("name", ["curl_exec", "CURL_Exec", "\\curl_exec"])
def test_functions_are_found_whatever_their_case(matcher: Matcher, name: str) -> None:
    assert ids(matcher.function(name)) == {"php.curl.exec"}


def test_a_function_in_a_namespace_falls_back_to_the_global_one(matcher: Matcher) -> None:
    assert [match.signature.id for match in single(matcher, "namespace A; curl_exec($h);")] == ["php.curl.exec"]
    assert single(matcher, "\\A\\curl_exec($h);") == []


def test_a_subclass_inherits_the_signatures_of_its_ancestors(matcher: Matcher) -> None:
    found = matcher.method("Local\\Sender", "request", ["Local\\Base", "GuzzleHttp\\Client"])
    assert ids(found) == ids(matcher.method("GuzzleHttp\\Client", "request"))
    assert matcher.exact(found[0], "Local\\Sender", ["GuzzleHttp\\Client"])
    assert matcher.method("Local\\Sender", "request") == ()
    assert ids(matcher.new("Local\\Sender", ["guzzlehttp\\client"])) == ids(matcher.new("GuzzleHttp\\Client"))


def test_the_last_namespace_part_alone_is_a_lesser_match(matcher: Matcher) -> None:
    found = matcher.static("Vendor\\Copy\\HttpClient", "request")
    assert "redcap.httpclient.request" in ids(found)
    assert not any(matcher.exact(item, "Vendor\\Copy\\HttpClient") for item in found)
    (exact,) = single(matcher, "HttpClient::request('GET', $url);")
    (lesser,) = (
        m for m in single(matcher, "\\Copy\\HttpClient::request('GET', $url);") if m.signature == exact.signature
    )
    assert (exact.exact, lesser.exact) == (True, False)


def test_two_namespaces_that_differ_are_two_classes(matcher: Matcher) -> None:
    assert matcher.method("Local\\Client", "request") == ()
    assert matcher.new("Local\\Client") == ()
    assert {item.callable for item in matcher.method("Client", "request")} >= {"GuzzleHttp\\Client::request"}


def test_a_method_of_an_unknown_object_gives_every_candidate_as_unsure(matcher: Matcher) -> None:
    found = single(matcher, "$client->putObject(['Bucket' => 'b']);")
    assert found
    assert not any(match.known for match in found)
    assert all(match.known for match in single(matcher, "(new GuzzleHttp\\Client())->request('GET', $u);"))


@pytest.mark.parametrize("scope", ["self", "static", "parent"])
def test_a_relative_scope_is_an_unknown_class(matcher: Matcher, scope: str) -> None:
    found = matcher.candidates(call(CallKind.STATIC, "sendRequest", scope))
    assert found
    assert not any(match.known for match in found)


def test_a_class_whose_every_method_sends_is_found_by_its_object(matcher: Matcher) -> None:
    found = single(matcher, "(new SoapClient($w))->placeOrder($o);")
    (sent,) = (match for match in found if match.magic)
    assert sent.signature.callable == "SoapClient::*"
    assert {match.signature.callable for match in found} == {"SoapClient", "SoapClient::*"}
    assert single(matcher, "$service->placeOrder($o);") == []
    assert ids(matcher.magic("Local\\Shop", "placeOrder", ["SoapClient"])) == {sent.signature.id}
    assert ids(matcher.magic("Aws\\Sdk", "createS3")) == {"lib.aws.sdk.create"}
    assert matcher.magic("Aws\\Sdk", "getEndpoint") == ()


@pytest.mark.parametrize(
    "statement", ["'curl_exec'($h);", "['Message', 'sendMandrillRequest']($d);", "'Message::sendMandrillRequest'($d);"]
)
def test_a_callee_written_as_a_string_is_found(matcher: Matcher, statement: str) -> None:
    (match,) = single(matcher, statement)
    assert match.signature.callable in ("curl_exec", "Message::sendMandrillRequest")


@pytest.mark.parametrize(("name", "wanted"), [("die", "exit"), ("INCLUDE", "include"), ("backtick", "backtick")])
def test_constructs_are_found_under_all_their_names(matcher: Matcher, name: str, wanted: str) -> None:
    assert [item.callable for item in matcher.construct(name)] == [wanted]


@pytest.mark.parametrize("name", ["putObject", "sendRequest", "requestAsync", "setHttpClient"])
def test_telling_method_names_are_distinctive(matcher: Matcher, name: str) -> None:
    found = matcher.methods(name)
    assert all(matcher.distinctive(item) for item in found)
    assert not found or name.lower() in matcher.distinctive_methods


@pytest.mark.parametrize("name", ["get", "send", "execute", "request", "post", "query", "setBody", "log"])
def test_common_method_names_are_not_distinctive(matcher: Matcher, name: str) -> None:
    found = matcher.methods(name)
    assert found
    assert not any(matcher.distinctive(item) for item in found)
    assert name.lower() in matcher.method_names - matcher.distinctive_methods


def test_roles_go_by_position_name_and_rest(matcher: Matcher) -> None:
    (post,) = matcher.function("http_post")
    value = Var("x")
    assert matcher.argument_roles(post, [Arg(value), Arg(value), Arg(value)]) == {0: "url", 1: "payload"}
    assert matcher.argument_roles(post, [Arg(value, name="headers"), Arg(value, name="url")]) == {0: "header", 1: "url"}
    assert matcher.argument_roles(post, [Arg(value, name="nothing")]) == {}
    (printf,) = matcher.function("printf")
    assert set(matcher.argument_roles(printf, [Arg(value)] * 5)) == {0, 1, 2, 3, 4}


def test_a_spread_argument_plays_the_strongest_role_that_may_follow(matcher: Matcher) -> None:
    (post,) = matcher.function("http_post")
    assert matcher.argument_roles(post, [Arg(Var("x"), spread=True)]) == {0: "url"}
    assert matcher.argument_roles(post, [Arg(Var("x")), Arg(Var("y"), spread=True)]) == {0: "url", 1: "payload"}


@pytest.mark.parametrize(
    ("table", "key", "role"),
    [
        ("curl", "CURLOPT_URL", "url"),
        ("curl", 10002, "url"),
        ("curl", "10015", "payload"),
        ("curl", 64, "tls"),
        ("curl", "CURLOPT_RETURNTRANSFER", "other"),
        ("curl", 13, "other"),
        ("curl", 999999, ""),
        ("guzzle", "form_params", "payload"),
        ("guzzle", "GuzzleHttp\\RequestOptions::HEADERS", "header"),
        ("guzzle", "curl", "nested:curl"),
        ("stream_context", "http.content", "payload"),
        ("ini", "auto_prepend_file", "include-url"),
        ("ini", "pdo.dsn.main", "url"),
        ("environment", "HTTPS_PROXY", "proxy"),
        ("no such table", "url", ""),
    ],
)
def test_options_have_roles_by_name_and_by_number(matcher: Matcher, table: str, key: int | str, role: str) -> None:
    assert matcher.option_role(table, key) == role


def test_numbers_of_options_have_names(matcher: Matcher) -> None:
    assert (matcher.option_name(64), matcher.option_name("10002")) == ("CURLOPT_SSL_VERIFYPEER", "CURLOPT_URL")
    assert (matcher.option_name("verify"), matcher.option_name(999999)) == ("verify", "999999")


def test_data_flow_tables_are_looked_up_by_name(matcher: Matcher, catalogue: Catalogue) -> None:
    encode = matcher.propagator("Base64_Encode")
    assert encode is not None
    assert (encode.from_args, encode.to) == ((0,), "return")
    assert matcher.one_way("md5") is not None
    assert matcher.one_way("strlen") is None
    assert "strlen" in catalogue.no_effect
    source = matcher.source("getenv")
    assert source is not None
    assert source.label == "env"
    assert matcher.propagator("no_such_function") is None


def test_vocabularies_hold_lower_case_names_and_last_parts(matcher: Matcher) -> None:
    assert {"curl_exec", "fopen", "http_post"} <= matcher.function_names
    assert {"sendrequest", "putobject"} <= matcher.distinctive_methods
    assert {"guzzlehttp\\client", "client", "soapclient", "message"} <= matcher.class_names
    everything = matcher.function_names | matcher.method_names | matcher.class_names
    assert all(name == name.lower() for name in everything)


NAMES = st.sampled_from(["curl_exec", "send", "GuzzleHttp\\Client", "", "::", "\\", "a::b::c", "self", "*"]) | st.text(
    max_size=8
)
RECEIVERS = st.one_of(
    st.none(), NAMES, NAMES.map(Const), NAMES.map(Var),
    st.tuples(NAMES, NAMES).map(lambda pair: ArrayLit(tuple(Item(None, Const(name)) for name in pair))),
)  # fmt: skip


@given(st.sampled_from(CallKind), NAMES, RECEIVERS)
def test_any_call_can_be_looked_up(matcher: Matcher, kind: CallKind, name: str, receiver: object) -> None:
    found = matcher.match_call(call(kind, name, receiver, Arg(Var("x"))))
    assert len(set(found)) == len(found)
    for signature in found:
        assert set(matcher.argument_roles(signature, [Arg(Var("x"))])) <= {-1, 0}
