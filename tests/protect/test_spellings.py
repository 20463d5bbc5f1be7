"""The generated requests: enough of them, distinct, repeatable, and each what it says."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote_to_bytes
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.cli import FIXTURES
from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection, RequestSpelling
from scanner.protect.spellings import attacks, distinct, legitimate, mutations

VERSION = "15.7.1"
VALUE = "0123456789abcdef" * 4


def protection(**changes: object) -> Protection:
    modes = {"cron.php": Mode.HEADER, "install.php": Mode.BLOCK, "upgrade.php": Mode.COOKIE}
    scripts = tuple(ProtectedScript(name, (name, f"redcap_v@/{name}"), mode, "") for name, mode in modes.items())
    fields: dict[str, object] = {"scripts": scripts, "secrets": (AcceptedSecret("current", "redcap/waf"),), **changes}
    return Protection(**fields)  # type: ignore[arg-type]  # fields by name


def release_files() -> list[str]:
    names = ZipFile(FIXTURES / f"redcap{VERSION}.zip").namelist()
    return [name.removeprefix("redcap/").replace(f"redcap_v{VERSION}", "redcap_v@") for name in names]


def all_attacks() -> list[RequestSpelling]:
    return list(attacks(protection(), versions=(VERSION,)))


def test_there_are_enough_distinct_attacks_of_every_family_for_every_script() -> None:
    made = all_attacks()
    assert len({(item.method, item.target, item.headers, item.body) for item in made}) == len(made) > 2000
    families = Counter(item.family for item in made)
    assert len(families) >= 22
    assert min(families.values()) >= 6
    assert {item.script for item in made} == {"cron.php", "install.php", "upgrade.php"}


def test_there_are_enough_legitimate_requests_and_none_asks_for_a_script_without_a_secret() -> None:
    made = list(legitimate(release_files(), protection(), versions=(VERSION,), values=(VALUE,)))
    assert len(made) > 500
    for item in made:
        path = unquote_to_bytes(item.target.partition(b"?")[0])
        asked = re.search(rb"(?:^|/)(cron|install|upgrade)\.php(?:/|$)", path)
        right = any(VALUE.encode() in value for _, value in item.headers)
        assert asked is None or right, item
    assert not [item for item in made if item.target.partition(b"?")[0].endswith(b"/install.php")], "nothing opens it"


def test_every_version_folder_on_the_server_is_covered() -> None:
    targets = {item.target for item in attacks(protection(), versions=("14.0.0", VERSION))}
    assert {b"/redcap_v14.0.0/cron.php/x", b"/redcap_v15.7.1/cron.php/x", b"/cron.php/x"} <= targets


def test_the_base_path_is_part_of_every_address() -> None:
    made = attacks(protection(base_path="/redcap/"), versions=(VERSION,))
    assert all(
        b"redcap" in unquote_to_bytes(unquote_to_bytes(item.target)).lower() for item in made if item.family == "plain"
    )


def test_a_small_limit_still_has_something_of_every_family_and_script() -> None:
    made = list(attacks(protection(), versions=(VERSION,), limit=150))
    assert len(made) == 150
    assert len({item.family for item in made}) >= 16
    assert len({item.script for item in made}) == 3


def test_multiviews_adds_names_without_extension() -> None:
    assert b"/cron" not in {item.target for item in all_attacks()}
    assert b"/cron" in {item.target for item in attacks(protection(multiviews=True), versions=(VERSION,))}


@given(st.integers(min_value=0, max_value=2**32))
def test_mutations_are_repeatable_and_can_be_sent(seed: int) -> None:
    made = list(mutations(protection(), seed=seed, count=20, versions=(VERSION,)))
    assert made == list(mutations(protection(), seed=seed, count=20, versions=(VERSION,)))
    assert len(made) == 20
    assert not [item for item in made if re.search(rb"[\r\n]", item.target)]


def test_no_request_breaks_the_line_it_is_sent_in() -> None:
    for item in [*all_attacks(), *legitimate(release_files(), protection(), versions=(VERSION,), values=(VALUE,))]:
        assert not re.search(rb"[\r\n]", item.target + item.method + b"".join(map(b"".join, item.headers)))


@pytest.mark.parametrize("word", ["plain", "path-info", "percent-encoding"])
def test_decoding_leads_back_to_the_script(word: str) -> None:
    for item in all_attacks():
        if item.family == word:
            assert f"/{item.script}".encode() in unquote_to_bytes(item.target)


def test_the_same_request_comes_once() -> None:
    made = all_attacks()[:10]
    assert list(distinct(iter([*made, *made]))) == made
