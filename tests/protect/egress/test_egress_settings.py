"""Exports of settings in every accepted form, and broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.errors import ConfigurationError
from scanner.protect.egress.settings import read_settings

WANTED = {"openai_endpoint_url": "https://ai.example.org/v1", "empty": "", "n": "1"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"openai_endpoint_url": "https://ai.example.org/v1", "empty": null, "n": 1}'),
        (
            "b.json",
            (
                '[{"field_name": "openai_endpoint_url", "value": "https://ai.example.org/v1"},'
                ' {"field_name": "empty", "value": ""}, {"field_name": "n", "value": true}]'
            ),
        ),
        ("c.yaml", "openai_endpoint_url: https://ai.example.org/v1\nempty:\nn: 1\n"),
        ("d.csv", 'field_name,value\nopenai_endpoint_url,"https://ai.example.org/v1"\nempty,\nn,1\n'),
        ("e.csv", "id,value,field_name\n1,https://ai.example.org/v1,openai_endpoint_url\n2,NULL,empty\n3,1,n\n"),
        ("f.tsv", "field_name\tvalue\nopenai_endpoint_url\thttps://ai.example.org/v1\nempty\tNULL\nn\t1\n"),
        ("g", "field_name\tvalue\nopenai_endpoint_url\thttps://ai.example.org/v1\nempty\t\\N\nn\t1\n"),
        ("h", "\ufeffopenai_endpoint_url,https://ai.example.org/v1\nempty,\nn,1\n"),
        ("i", "openai_endpoint_url: https://ai.example.org/v1\nempty: ''\nn: 1\n"),
    ],
)
def test_every_form_gives_the_same_values(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    assert read_settings(path) == WANTED


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.json", b"{", "not readable as JSON"),
        ("a.json", b"[1]", "neither a mapping"),
        ("a.json", b'{"a": [1]}', "the value of 'a' is not a text"),
        ("a.json", b'[{"name": "x"}]', "a row without field_name and value"),
        ("a.json", b"[" * 100_000, "not readable as JSON"),
        ("a.yaml", b"a: &x [*x]", "the value of 'a' is not a text"),
        ("a.yaml", b"!!python/object/apply:os.system [x]", "not readable as YAML"),
        ("a.csv", b"a,b,c\n1,2,3\n", "no columns field_name and value"),
        ("a.csv", b"field_name,value\nx\n", "a line with 1 of 2 columns"),
        ("a.csv", b"", "holds no settings"),
        ("a.csv", b"\xff\xfe", "not a text in UTF-8"),
    ],
)
def test_broken_files_are_one_clear_line(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_settings(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        read_settings(tmp_path / "none.json")
