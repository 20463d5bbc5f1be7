"""`redcap-review.yaml`: decisions read, and written back so that they merge.

One decision is one line, sorted by identity: two branches that add decisions change different lines, and with
`merge=union` in `.gitattributes` git joins even those that land side by side. The text is edited by line, so comments
and whatever people wrote by hand stay as they are; a comment belongs to the decision below it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from scanner.errors import ConfigurationError, SignatureError
from scanner.model.decision import Decision, Key, Verdict
from scanner.signatures.document import MAX_BYTES, Node, parse
from scanner.signatures.fields import Fields

DECISIONS_FILE: Final = "redcap-review.yaml"
HEADER: Final = """\
# Decisions about findings of redcap-scanner: one line each, sorted by identity. `redcap-scanner review` writes it.
# A decision counts while identity and evidence of a finding are as they were; comments above a line stay with it.
"""
_REQUIRED: Final = (
    "identity",
    "evidence",
    "rule",
    "path",
    "symbol",
    "verdict",
    "reason",
    "reviewer",
    "date",
    "release",
)
_OPTIONAL: Final = ("review_by", "second_reviewer", "second_date")
_HASH: Final = re.compile(r"[0-9a-f]{8,64}\Z")
_DATE: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z", re.ASCII)
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*\Z", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
"""What some readers of YAML take for something else than text."""


class Record(msgspec.Struct, frozen=True):
    """A decision and its lines in the file, with the comments above them."""

    decision: Decision
    text: str
    """Ends in a newline."""


class Ledger(msgspec.Struct, frozen=True):
    """A decisions file: what stands before the first record, the records, and what follows them."""

    head: str
    records: tuple[Record, ...]
    tail: str = ""

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision once, in the order of the file."""
        return tuple(dict.fromkeys(record.decision for record in self.records))

    @property
    def text(self) -> str:
        """The file: records sorted, their own lines as they were."""
        ordered = sorted(self.records, key=lambda record: _order(record.decision))
        return self.head + "".join(record.text for record in ordered) + self.tail


EMPTY: Final = Ledger(HEADER, ())


def load_ledger(path: Path) -> Ledger:
    """The decisions in a file; an empty ledger when there is no such file.

    Raises: ConfigurationError as `<file>:<line>: what is wrong`.
    """
    try:
        with path.open("rb") as stream:
            return parse_ledger(stream.read(MAX_BYTES + 1), path.name)
    except FileNotFoundError:
        return EMPTY
    except OSError as error:
        message = f"{path}: {error.strerror or error}: correct the path of the decisions"
        raise ConfigurationError(message) from error


def parse_ledger(content: bytes, name: str) -> Ledger:
    """The decisions in the text of a file. Raises: ConfigurationError."""
    try:
        root = parse(content, name)
        if root is None:
            return Ledger(_split(name, content.decode("utf-8"), [])[0], ())
        fields = Fields(name)
        nodes = fields.items(root, "a decisions file")
        decisions = [_decision(fields, node) for node in nodes]
    except SignatureError as error:
        raise ConfigurationError(str(error)) from None
    text = content.decode("utf-8").replace("\r\n", "\n")
    head, pieces, tail = _split(name, text, [node.line for node in nodes])
    return Ledger(head, tuple(Record(*pair) for pair in zip(decisions, pieces, strict=True)), tail)


def with_decision(ledger: Ledger, decision: Decision) -> Ledger:
    """The ledger with one more decision, in place of all others about the same finding."""
    old = [record for record in ledger.records if record.decision.identity == decision.identity]
    comments = "".join(line for record in old for line in _comments(record.text))
    kept = tuple(record for record in ledger.records if record.decision.identity != decision.identity)
    return msgspec.structs.replace(ledger, records=(*kept, Record(decision, comments + line_of(decision))))


def without(ledger: Ledger, decisions: Iterable[Decision]) -> Ledger:
    """The ledger without some decisions and the comments above them."""
    gone = frozenset(decisions)
    kept = tuple(record for record in ledger.records if record.decision not in gone)
    return msgspec.structs.replace(ledger, records=kept)


def disputed(decisions: Iterable[Decision]) -> frozenset[Key]:
    """Findings about which two different decisions are in one file, as after a merge."""
    counts = Counter((decision.identity, decision.evidence) for decision in dict.fromkeys(decisions))
    return frozenset(key for key, number in counts.items() if number > 1)


def line_of(decision: Decision) -> str:
    """A decision as its line of the file."""
    values = [(name, str(getattr(decision, name))) for name in _REQUIRED]
    values += [(name, value) for name in _OPTIONAL if (value := str(getattr(decision, name)))]
    return "- {" + ", ".join(f"{name}: {_scalar(value)}" for name, value in values) + "}\n"


def _scalar(text: str) -> str:
    r"""Text as YAML: bare where it can be taken for nothing else, else in double quotes with `\x` escapes."""
    if _PLAIN.match(text) and text.lower() not in _WORDS and _HASH.match(text) is None:
        return text
    return '"' + "".join(_character(character) for character in text) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004


def _order(decision: Decision) -> tuple[str, ...]:
    return (decision.identity, decision.evidence, decision.date, decision.reviewer, decision.verdict, decision.reason)


def _decision(fields: Fields, node: Node) -> Decision:
    """One record. Raises: SignatureError."""
    got = fields.mapping(node, "a decision", (*_REQUIRED, *_OPTIONAL))
    for name in _REQUIRED:
        if name not in got:
            fields.fail(node, f"a decision needs `{name}`")
    # A finding at file scope has no symbol: that one field may be empty.
    values = {name: "" if name == "symbol" and _is_empty(got[name]) else fields.text(got[name], name) for name in got}
    for name in ("identity", "evidence"):
        if _HASH.match(values[name]) is None:
            fields.fail(got[name], f"{name} is a hash as the report shows it")
    for name in ("date", "review_by", "second_date"):
        if name in values and _DATE.match(values[name]) is None:
            fields.fail(got[name], f"{name} is a day such as 2026-01-31")
    verdict = Verdict(fields.word(got["verdict"], "verdict", [item.value for item in Verdict]))
    if not values["reason"].strip():
        fields.fail(got["reason"], "a decision needs a reason")
    return msgspec.convert({**values, "verdict": verdict}, Decision)


def _is_empty(node: Node) -> bool:
    return getattr(node, "text", None) == ""


def _split(name: str, text: str, starts: list[int]) -> tuple[str, list[str], str]:
    """Head, text of each record with the comments right above it, and tail. `starts` are 1-based lines.

    Raises: ConfigurationError when a record does not begin a line.
    """
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for start in starts:
        if not lines[start - 1].startswith("- "):
            message = f"{name}:{start}: a decision begins its line with `- `"
            raise ConfigurationError(message)
    if not starts:
        return "".join(lines), [], ""
    begins = [_upward(lines, start - 1) for start in starts]
    # What ends in a blank line at the top belongs to the file, and so does our own header.
    blank = [at for at in range(begins[0], starts[0] - 1) if not lines[at].strip()]
    begins[0] = blank[-1] + 1 if blank else _after_header(lines, begins[0])
    last = _upward(lines, len(lines))
    pieces = ["".join(lines[start:end]) for start, end in zip(begins, [*begins[1:], last], strict=True)]
    return "".join(lines[: begins[0]]), pieces, "".join(lines[last:])


def _upward(lines: list[str], at: int) -> int:
    """First of the comment and blank lines right above a line. Only comments in column 0: others are text."""
    while at > 0 and (lines[at - 1].startswith("#") or not lines[at - 1].strip()):
        at -= 1
    return at


def _after_header(lines: list[str], at: int) -> int:
    """The line after our own header, which stays at the top whatever record is first."""
    own = set(HEADER.splitlines(keepends=True))
    while at < len(lines) and lines[at] in own:
        at += 1
    return at


def _comments(text: str) -> list[str]:
    """Comment lines of a record."""
    return [line for line in text.splitlines(keepends=True) if line.startswith("#")]
