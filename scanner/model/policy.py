"""The rules of a site for its releases: `redcap-scanner.toml`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Level = Literal["critical", "high", "medium", "low", "info", "never"]


class AllowedDestination(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A host that calls of the release may reach."""

    host: Text
    """A host name, `*.pattern`, or `config:<setting>`."""
    reason: Text


class ExpectedFlow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A secret that may go to a destination."""

    secret: Text
    """Label of the secret, as reports show it."""
    destination: Text
    reason: Text


class ExtraSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A secret that the scanner's own signatures do not know."""

    label: Text
    name: Text
    """Variable, setting, column, environment variable, session key or function."""
    origin: Text
    """`database.php`, `redcap_config`, `table`, `session`, `env`, `function` or `file`."""
    kind: str = "other"
    table: str = ""
    destinations: tuple[Text, ...] = ()
    """Where it may go."""


class ExtraWrapper(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A function or method that sends, and that the scanner's own signatures do not know."""

    callable: Text
    arguments: dict[str, Text]
    """Index of an argument (`0`, `1+`) -> role (`url`, `payload`, `header`, ...)."""
    type: Literal["function", "method", "static"] = "function"
    kind: str = "http"
    certainty: Literal["always", "if-url", "if-remote"] = "always"
    params: tuple[Text, ...] = ()
    destinations: tuple[Text, ...] = ()
    """Hosts that it contacts whatever its arguments."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What a site allows, expects and asks for. There is nothing in it that leaves files or rules out."""

    fail_on: Level | None = None
    allow_incomplete: bool = False
    reviewers: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    """How many people must agree on a decision."""
    allowed_destination: tuple[AllowedDestination, ...] = ()
    expected_flow: tuple[ExpectedFlow, ...] = ()
    secret: tuple[ExtraSecret, ...] = ()
    wrapper: tuple[ExtraWrapper, ...] = ()
