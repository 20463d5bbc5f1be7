"""Signature files: what is accepted, what is refused and where, and the compiled cache."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import SignatureError
from scanner.model.signature import Argument, Catalogue
from scanner.signatures import load_catalogue
from scanner.signatures.document import MAX_DEPTH, parse
from scanner.signatures.load import shared_catalogue

ENTRY = """\
defaults: {lib: local, reference: own source}
signatures:
- {id: local.post, callable: local_post, type: function, kind: http, phase: execute, certainty: always,
   params: [url, fields], arguments: {0: url, 1+: payload},
   examples: {vulnerable: ['local_post($u, $f);'], safe: ['post($u);']}}
"""


def folder(base: Path, text: str, name: str = "own.yaml") -> Path:
    place = base / "signatures"
    place.mkdir(exist_ok=True)
    (place / name).write_text(text, "utf-8")
    return place


def refusal(base: Path, text: str) -> str:
    with pytest.raises(SignatureError) as caught:
        load_catalogue(folder(base, text))
    return str(caught.value)


def test_an_entry_is_read_with_the_defaults_of_its_file(tmp_path: Path) -> None:
    (signature,) = load_catalogue(folder(tmp_path, ENTRY)).signatures
    assert (signature.id, signature.lib, signature.reference) == ("local.post", "local", "own source")
    assert signature.arguments == (Argument(0, "url"), Argument(1, "payload", rest=True))


def test_plain_words_stay_text_and_numbers_become_numbers_only_where_numbers_are_meant(tmp_path: Path) -> None:
    text = "constant_values: {A: 10, B: '10', C: no, D: 1e3}\noption_tables: {t: {on: url, 64: tls}}\n"
    catalogue = load_catalogue(folder(tmp_path, text))
    assert catalogue.constant_values == {"A": 10, "B": "10", "C": "no", "D": "1e3"}
    assert catalogue.option_tables == {"t": {"on": "url", "64": "tls"}}


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("kind: http", "kind: htp"), 3, "did you mean `http`"),
        (("phase: execute", "fase: execute"), 3, "did you mean `phase`"),
        (("phase: execute, ", ""), 3, "`phase` is missing"),
        (("phase: execute", "phase: run"), 3, "unknown phase `run`"),
        (("certainty: always", "certainty: perhaps"), 3, "unknown certainty"),
        (("type: function", "type: procedure"), 3, "unknown type"),
        (("callable: local_post", "callable: '\\local_post()'"), 3, "without leading backslash"),
        (("params: [url, fields]", "params: url"), 4, "params must be a list"),
        (("1+: payload", "2: payload"), 4, "argument 2 does not exist"),
        (("1+: payload", "one: payload"), 4, "must be an argument index"),
        (("1+: payload", "1: cargo"), 4, "unknown role `cargo`"),
        (("0: url, 1+: payload", "0: url, 0: payload"), 4, "stands twice"),
        (("safe: ['post($u);']", "safe: []"), 5, "at least one"),
        ((", safe: ['post($u);']", ""), 5, "`safe` is missing"),
        (("arguments:", "option_table: none, arguments:"), 3, "option table `none` does not exist"),
        (("arguments:", "returns_handle: yes, arguments:"), 4, "use one of: false, true"),
        (("arguments:", "destinations: ['https://a.example/'], arguments:"), 4, "is not a host"),
        (("defaults: {lib: local, reference: own source}\n", ""), 2, "lib and reference must be given"),
        (("params: [url, fields]", "params: &p [url, fields]"), 4, "anchors and aliases"),
        (("params: [url, fields]", "params: *p"), 4, "anchors and aliases"),
        (("params: [url, fields]", "params: !!python/tuple [url, fields]"), 4, "tags are not accepted"),
        (("params: [url, fields]", "params: [url, fields"), 5, "correct the YAML"),
        (("signatures:", "signature:"), 2, "did you mean `signatures`"),
    ],
)
def test_a_mistake_is_refused_with_file_line_and_remedy(
    tmp_path: Path, change: tuple[str, str], line: int, says: str
) -> None:
    text = refusal(tmp_path, ENTRY.replace(*change))
    assert text.startswith(f"signatures/own.yaml:{line}: ")
    assert says in text
    assert "\n" not in text


ENTRY_OF_A_KEY = """\
secrets:
- {label: config.local_key, kind: api-key, origin: redcap_config, name: local_key, destinations: [api.example.org],
   examples: {vulnerable: ['global $local_key;'], safe: ['$local_key = 1;']}}
"""


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("destinations: [api.example.org],", ""), 2, "`destinations` is missing"),
        (("[api.example.org]", "[the API]"), 2, "is not a host"),
        (("origin: redcap_config", "origin: table"), 2, "needs a field `table`"),
        (("kind: api-key", "kind: key"), 2, "unknown kind of secret"),
        (("name: local_key", "name: local_key, severity_floor: none"), 2, "unknown severity_floor"),
    ],
)
def test_a_mistake_in_a_secret_is_refused(tmp_path: Path, change: tuple[str, str], line: int, says: str) -> None:
    text = refusal(tmp_path, ENTRY_OF_A_KEY.replace(*change))
    assert text.startswith(f"signatures/own.yaml:{line}: ")
    assert says in text


@pytest.mark.parametrize(
    "text", ["propagators: {iterator of x: {from: [0], transform: join}}", "higher_order: {new c: [0]}"]
)
def test_a_table_takes_only_callables(tmp_path: Path, text: str) -> None:
    assert "is no callable" in refusal(tmp_path, text)


def test_the_same_entry_in_two_files_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, ENTRY)
    folder(tmp_path, ENTRY, "second.yaml")
    with pytest.raises(SignatureError, match=r"signatures/second\.yaml:3: `local\.post` exists already"):
        load_catalogue(place)


def test_signatures_of_the_user_join_those_of_the_tool(tmp_path: Path, catalogue: Catalogue) -> None:
    joined = load_catalogue(extra=[folder(tmp_path, ENTRY)])
    assert {item.id for item in joined.signatures} - {item.id for item in catalogue.signatures} == {"local.post"}
    assert joined.digest != catalogue.digest
    with pytest.raises(SignatureError, match="no such file or folder"):
        load_catalogue(extra=[tmp_path / "missing"])


def test_a_file_that_is_not_text_or_too_deep_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, "")
    (place / "own.yaml").write_bytes(b"signatures: []\n# \xff\n")
    with pytest.raises(SignatureError, match=r"own\.yaml:2: not UTF-8"):
        load_catalogue(place)
    assert "nested deeper" in refusal(tmp_path, "[" * (MAX_DEPTH + 1))


def test_an_empty_file_is_an_empty_catalogue(tmp_path: Path) -> None:
    assert load_catalogue(folder(tmp_path, "# nothing yet\n")).signatures == ()


@given(st.one_of(st.binary(max_size=200), st.text("{}[]:,-&*!|>'\"# \n\tab0", max_size=60).map(str.encode)))
def test_any_bytes_are_read_or_refused_with_a_line(content: bytes) -> None:
    try:
        parse(content, "f.yaml")
    except SignatureError as error:
        assert str(error).split(":")[1].isdigit()  # noqa: PT017  refusing is one of the two right outcomes


def test_the_compiled_catalogue_is_the_same(tmp_path: Path, catalogue: Catalogue) -> None:
    assert load_catalogue(cache=tmp_path) == catalogue
    assert len(list(tmp_path.iterdir())) == 1
    assert load_catalogue(cache=tmp_path) == catalogue


@pytest.mark.parametrize("damage", [b"", b"\x00" * 40, None])
def test_a_damaged_entry_is_ignored_and_replaced(tmp_path: Path, damage: bytes | None) -> None:
    place, cache = folder(tmp_path, ENTRY), tmp_path / "cache"
    wanted = load_catalogue(place, cache)
    (entry,) = cache.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage if damage is not None else whole[:-1] + bytes([whole[-1] ^ 1]))
    assert load_catalogue(place, cache) == wanted
    assert entry.read_bytes() == whole


def test_an_entry_of_other_files_is_not_used(tmp_path: Path) -> None:
    place, cache = folder(tmp_path, ENTRY), tmp_path / "cache"
    load_catalogue(place, cache)
    folder(tmp_path, ENTRY.replace("local.post", "local.put"))
    assert [item.id for item in load_catalogue(place, cache).signatures] == ["local.put"]


def test_a_cache_that_cannot_be_written_is_ignored(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert load_catalogue(folder(tmp_path, ENTRY), blocked / "cache").signatures


def test_a_catalogue_is_kept_for_the_next_scan_until_a_file_changes(tmp_path: Path) -> None:
    for index in (*range(6), 0):  # more than are kept
        place = folder(tmp_path, ENTRY.replace("local.post", f"local.post{index}"))
        found = shared_catalogue(place)
        assert [item.id for item in found.signatures] == [f"local.post{index}"]
        assert found is shared_catalogue(place)
    folder(tmp_path, "signatures: 1")
    with pytest.raises(SignatureError):
        shared_catalogue(place)
