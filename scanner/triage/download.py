"""Decisions that were chosen in the HTML report and saved by the browser. The file is hostile until proved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.decision import Verdict

SCHEMA: Final = "redcap-review-download/1"
MAX_BYTES: Final = 32 << 20
MAX_DECISIONS: Final = 25_000

Hash = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8,64}\Z")]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"\S")]


class Choice(msgspec.Struct, frozen=True):
    """One decision of the file. Rule, path and symbol are for people: they are not trusted."""

    identity: Hash
    evidence: Hash
    verdict: Verdict
    reason: Reason
    rule: Text = ""
    path: Text = ""
    symbol: Text = ""


class _Download(msgspec.Struct, frozen=True):
    schema: Literal["redcap-review-download/1"]
    decisions: Annotated[tuple[Choice, ...], msgspec.Meta(max_length=MAX_DECISIONS)]


def read_download(path: Path) -> tuple[Choice, ...]:
    """The decisions of a file, one for each finding. Raises: ConfigurationError in one line."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"{path}: {error.strerror or error}: correct the path of the download"
        raise ConfigurationError(message) from error
    if len(content) > MAX_BYTES:
        message = f"{path}: larger than {MAX_BYTES >> 20} MiB: no download of the HTML report"
        raise ConfigurationError(message)
    try:
        read = msgspec.json.decode(content, type=_Download)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{path}: no download of the HTML report ({SCHEMA}): {error}"
        raise ConfigurationError(message) from None
    identities = [choice.identity for choice in read.decisions]
    if len(identities) != len(set(identities)):
        message = f"{path}: two decisions about one finding: download again"
        raise ConfigurationError(message)
    return read.decisions
