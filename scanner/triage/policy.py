"""`redcap-scanner.toml` to a policy, with errors that name file, line and key."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from publicsuffixlist import PublicSuffixList

from scanner.errors import ConfigurationError, SignatureError
from scanner.model.policy import Policy
from scanner.signatures.sections import Sections

POLICY_FILE: Final = "redcap-scanner.toml"
MAX_BYTES: Final = 1 << 20
_HOST: Final = re.compile(r"(?:config:[A-Za-z0-9_]+|(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)+)\Z", re.ASCII)
_WHERE: Final = re.compile(r"(.*?)(?: - at `(.*)`)?\Z", re.DOTALL)
_STEP: Final = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]")
_EXAMPLE: Final = {"vulnerable": ["read();"], "safe": ["keep();"]}
"""Examples of signatures are for the scanner's own tests; the loader asks for some."""


class PolicyFile(NamedTuple):
    """A policy, and its secrets and wrappers as signature files (name, content) for the loader of the catalogue."""

    policy: Policy = Policy()
    signatures: tuple[tuple[str, bytes], ...] = ()


def load_policy(path: Path) -> PolicyFile:
    """The policy in a file.

    Raises: ConfigurationError as `<file>:<line>: <key>: what is wrong`.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"{path}: {error.strerror or error}: correct the path of the policy"
        raise ConfigurationError(message) from error
    return parse_policy(content, path.name)


def parse_policy(content: bytes, name: str) -> PolicyFile:
    """The policy in the text of a file. Raises: ConfigurationError."""
    if len(content) > MAX_BYTES:
        message = f"{name}:1: larger than {MAX_BYTES} bytes"
        raise ConfigurationError(message)
    try:
        text = content.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{name}:{line}: not UTF-8: save the file as UTF-8"
        raise ConfigurationError(message) from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else max(1, text.count("\n"))
        message = f"{name}:{line}: {error}"
        raise ConfigurationError(message) from None
    except RecursionError:
        message = f"{name}:1: nested too deeply"
        raise ConfigurationError(message) from None
    try:
        policy = msgspec.convert(data, Policy)
    except msgspec.ValidationError as error:
        raise ConfigurationError(_located(str(error), text, name)) from None
    _check_hosts(policy, text, name)
    return PolicyFile(policy, _signatures(policy, text, name))


def _signatures(policy: Policy, text: str, name: str) -> tuple[tuple[str, bytes], ...]:
    """Secrets and wrappers of a policy as signature files, for the loader of the catalogue.

    Shape: (name, content). Each entry stands on the line of its heading in the policy, so that the loader's own
    errors name the right line.
    Raises: ConfigurationError.
    """
    secrets = [
        {
            "label": item.label,
            "kind": item.kind,
            "origin": item.origin,
            "name": item.name,
            **({"table": item.table} if item.table else {}),
            "destinations": list(item.destinations),
            "examples": _EXAMPLE,
        }
        for item in policy.secret
    ]
    wrappers = [
        {
            "id": f"policy.{item.type}.{item.callable}",
            "callable": item.callable,
            "type": item.type,
            "kind": item.kind,
            "phase": "execute",
            "certainty": item.certainty,
            **({"params": list(item.params)} if item.params else {}),
            "arguments": item.arguments,
            **({"destinations": list(item.destinations)} if item.destinations else {}),
            "examples": _EXAMPLE,
        }
        for item in policy.wrapper
    ]
    made = [
        (name, _document(section, entries, text))
        for section, entries in (("secrets", secrets), ("signatures", wrappers))
        if entries
    ]
    sections = Sections()
    try:
        for _, content in made:
            sections.add(content, name)
    except SignatureError as error:
        raise ConfigurationError(str(error)) from None
    return tuple(made)


def _document(section: str, entries: Iterable[dict[str, Any]], text: str) -> bytes:
    """A signature file of one section; JSON is YAML."""
    table = {"secrets": "secret", "signatures": "wrapper"}[section]
    lines = ['{"defaults": {"lib": "policy", "reference": "policy of the site"}, ' + f'"{section}": [']
    for index, entry in enumerate(entries):
        start = _heading(text, table, index)
        lines += [""] * (start - 1 - len(lines))
        own = json.dumps(entry, ensure_ascii=True) + ","
        if len(lines) >= start:  # the heading is the first line of the file, or two entries share one
            lines[-1] += own
        else:
            lines.append(own)
    return ("\n".join(lines) + "]}").encode()


def _located(problem: str, text: str, name: str) -> str:
    """`<file>:<line>: <key>: <problem>` for an error of msgspec."""
    match = _WHERE.match(problem)
    said, path = (match[1], match[2] or "$") if match else (problem, "$")
    unknown = re.search(r"unknown field `([^`]*)`", said)
    steps = [key or index for key, index in _STEP.findall(path)]
    if unknown:
        steps.append(unknown[1])
    key = "".join(f"[{int(step) + 1}]" if step.isdigit() else f".{step}" for step in steps).lstrip(".")
    return f"{name}:{_line(text, steps)}: {key + ': ' if key else ''}{said}"


def _line(text: str, steps: list[str]) -> int:
    """1-based line of a key: as exact as the plain spelling of tables and keys allows."""
    start = 1
    if len(steps) > 1 and steps[1].isdigit():
        start = _heading(text, steps[0], int(steps[1]))
        steps = steps[2:]
    lines = text.splitlines()
    wanted = re.compile(rf"\s*{re.escape(steps[0])}\s*=") if steps else None
    for number in range(start, len(lines) + 1):
        line = lines[number - 1]
        if number > start and line.lstrip().startswith("["):
            if steps and re.match(rf"\s*\[+\s*{re.escape(steps[0])}\s*\]", line):
                return number
            continue
        if wanted and wanted.match(line):
            return number
    return start


def _heading(text: str, table: str, index: int) -> int:
    """1-based line of the `index`-th `[[table]]`; 1 when tables are written in another way."""
    heading = re.compile(rf"\s*\[\[\s*{re.escape(table)}\s*\]\]")
    found = [number for number, line in enumerate(text.splitlines(), 1) if heading.match(line)]
    return found[index] if index < len(found) else 1


def _check_hosts(policy: Policy, text: str, name: str) -> None:
    """Hosts are spelled as reports show them, and no pattern covers a public suffix. Raises: ConfigurationError."""
    suffixes = PublicSuffixList(only_icann=True)
    for table, key, hosts in (
        ("allowed-destination", "host", [item.host for item in policy.allowed_destination]),
        ("expected-flow", "destination", [item.destination for item in policy.expected_flow]),
    ):
        for index, host in enumerate(hosts):
            at = f"{name}:{_line(text, [table, str(index), key])}: {table}[{index + 1}].{key}: "
            if _HOST.match(host) is None:
                message = f"{at}`{host}` is no lower-case host name, `*.pattern` or `config:<setting>`"
                raise ConfigurationError(message)
            if host.startswith("*.") and suffixes.is_public(host[2:]):
                message = f"{at}`{host}` covers names that anybody can register: name the hosts"
                raise ConfigurationError(message)
