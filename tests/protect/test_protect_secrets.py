"""Values of secrets: which are strong enough, and where they may be read from."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import ConfigurationError
from scanner.protect.secrets import bits, read_value, require_strong


@pytest.mark.parametrize(
    "value",
    ["", "mysecret", "prodsecret", "7", "0123456789", "a" * 64, "ab" * 40, "0123456789abcdef0123456789abcdef",
     "password" * 8, "correct-horse", "abcdefghijklmnopqrstuvwxyz", "f" * 31 + "0", "9876543210" * 5],
)  # fmt: skip
def test_what_can_be_guessed_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="128 bits"):
        require_strong("current", value)


@given(st.binary(min_size=32, max_size=32).filter(lambda data: len(set(data)) > 24))
def test_random_values_of_every_usual_form_are_accepted(data: bytes) -> None:
    for value in (
        data.hex(),
        data.hex().upper(),
        base64.b64encode(data).decode(),
        base64.urlsafe_b64encode(data).decode(),
    ):
        assert require_strong("next", value) == value


def test_128_bits_are_just_enough() -> None:
    assert all(bits(secrets.token_hex(16)) == 128 for _ in range(200))
    assert bits(secrets.token_hex(15)) < 128


def test_values_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDCAP_A", "v")
    path = tmp_path / "secret"
    path.write_bytes(b"w\r\n")
    assert (read_value("env:REDCAP_A"), read_value(f"file:{path}")) == ("v", "w")


@pytest.mark.parametrize("source", ["env:REDCAP_NOT_SET", "file:/nonexistent/x", "abcdef", "env:", "file:", "stdin:x"])
def test_other_sources_are_refused(source: str) -> None:
    with pytest.raises(ConfigurationError):
        read_value(source)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not text"):
        read_value(f"file:{path}")
