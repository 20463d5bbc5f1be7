"""Every entry proves itself: its vulnerable examples are found, its look-alikes are not."""

from __future__ import annotations

import pytest

from scanner.model.facts import Const, FileFacts
from scanner.model.signature import CallableKind, Catalogue, Secret, Signature
from scanner.php import extract
from scanner.signatures import BrowserMatcher, Matcher, SecretReader
from scanner.signatures.calls import calls, values
from scanner.signatures.load import shared_catalogue

pytestmark = pytest.mark.xdist_group("examples")  # thousands, each shorter than handing it out

BROWSER = (CallableKind.HTML, CallableKind.JAVASCRIPT, CallableKind.CSS, CallableKind.RESPONSE_HEADER)
CATALOGUE = shared_catalogue()
CALLS = [item for item in CATALOGUE.signatures if item.type not in BROWSER]
PAGES = [item for item in CATALOGUE.signatures if item.type in BROWSER]


@pytest.fixture(scope="module")
def pages(catalogue: Catalogue) -> BrowserMatcher:
    return BrowserMatcher(catalogue)


@pytest.fixture(scope="module")
def reader(catalogue: Catalogue) -> SecretReader:
    return SecretReader(catalogue)


def lowered(statement: str) -> FileFacts:
    facts = extract(f"<?php {statement}".encode())
    assert not facts.gaps, statement
    return facts


def called(matcher: Matcher, statement: str) -> set[str]:
    return {found.id for call in calls(lowered(statement)) for found in matcher.match_call(call)}


def printed(pages: BrowserMatcher, statement: str) -> set[str]:
    texts = [
        item.value for item in values(lowered(statement)) if isinstance(item, Const) and isinstance(item.value, str)
    ]
    return {found.signature.id for text in texts for found in (*pages.fetches(text), *pages.header(text))}


@pytest.mark.parametrize("signature", CALLS, ids=lambda item: item.id)
def test_a_call_is_found_by_its_signature_and_a_look_alike_is_not(signature: Signature, matcher: Matcher) -> None:
    for statement in signature.examples.vulnerable:
        assert signature.id in called(matcher, statement), statement
    for statement in signature.examples.safe:
        assert signature.id not in called(matcher, statement), statement


@pytest.mark.parametrize("signature", PAGES, ids=lambda item: item.id)
def test_what_a_page_makes_the_browser_do_is_found(signature: Signature, pages: BrowserMatcher) -> None:
    for statement in signature.examples.vulnerable:
        assert signature.id in printed(pages, statement), statement
    for statement in signature.examples.safe:
        assert signature.id not in printed(pages, statement), statement


@pytest.mark.parametrize("secret", CATALOGUE.secrets, ids=lambda item: item.label)
def test_a_read_of_a_secret_is_named_and_a_mere_mention_is_not(secret: Secret, reader: SecretReader) -> None:
    for statement in secret.examples.vulnerable:
        assert secret.label in {item.label for item in reader.named(lowered(statement))}, statement
    for statement in secret.examples.safe:
        assert secret.label not in {item.label for item in reader.named(lowered(statement))}, statement
