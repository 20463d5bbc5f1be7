"""What is to be protected and how, before any vendor's language: the contract of the `protect` stage."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec


class Mode(StrEnum):
    """How a script that anyone can call is kept from them."""

    BLOCK = "block"
    """Nobody reaches it; opened by hand for a maintenance window."""
    HEADER = "header"
    """Automation shows a secret in a request header."""
    COOKIE = "cookie"
    """A browser shows a secret in a cookie that an unlock request has set."""


class ProtectedScript(msgspec.Struct, frozen=True, order=True):
    """One script name of the release and every place of it."""

    name: str
    """Base name as in the release: `cron.php`."""
    paths: tuple[str, ...]
    """Canonical release paths that hold it, sorted."""
    mode: Mode
    why: str
    """One sentence for the administrator."""


class OpenPage(msgspec.Struct, frozen=True, order=True):
    """One page of the release that answers without the product's own login."""

    path: str
    """Canonical release path."""
    auth: str
    """What it asks for instead: see `EndpointSummary.auth`."""
    effects: tuple[str, ...]
    """What a call can do: sorted subset of `egress db-write file-write mail exec secrets`."""
    why: str
    """For a page that stays open: who calls it. For another: how it is open."""


class ProtectionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What `waf plan` says about one release, before any choice of product, header name or secret."""

    schema: str = "redcap-scanner/waf-plan/1"
    release: str
    version: str | None
    scripts: tuple[ProtectedScript, ...]
    """To protect, sorted by name."""
    folders: tuple[str, ...]
    """Folders of these scripts relative to the base path, sorted: `` is the base path itself, `redcap_v@` every
    version folder, also an old one that was left on the server."""
    stay_open: tuple[OpenPage, ...]
    """Pages with a caller who cannot show a secret: a rule must let them through."""
    consider: tuple[OpenPage, ...]
    """Open, with an effect, and with no known caller: for a person to look at."""


class AcceptedSecret(msgspec.Struct, frozen=True):
    """One of at most two values that open a script: the current one and the next."""

    slot: str
    """`current` or `next`."""
    reference: str
    """Name under which the deployment keeps the value (Secrets Manager id, environment variable, file)."""
    value: str | None = None
    """The value itself, only when the user asked for it to be written out."""


class Protection(msgspec.Struct, frozen=True, kw_only=True):
    """A rule: these scripts only with one of these secrets."""

    scripts: tuple[ProtectedScript, ...]
    base_path: str = "/"
    """Where REDCap is mounted; starts and ends with a slash."""
    header: str = "X-Redcap-Secret"
    cookie: str = "redcap_admin_secret"
    query: str | None = None
    """Name of a query argument that may carry the secret too; None, the default, for none."""
    secrets: tuple[AcceptedSecret, ...] = ()
    multiviews: bool = False
    """The server also serves `/cron` for `cron.php` (Apache's MultiViews)."""
    paranoid: bool = False
    """More and dearer conditions where a product has them (AWS WAF)."""


class GeneratedFile(msgspec.Struct, frozen=True):
    """One file of a generated configuration."""

    name: str
    text: str


def _nothing(_protection: Protection) -> tuple[str, ...]:
    return ()


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One product that a protection is written for. A module with a `TARGET` is found by its package."""

    name: str
    """Word for `--target`: `aws-wafv2`, `nginx`."""
    title: str
    checked: str
    """How the generated files are checked: by a real server, by the vendor's schema, by a golden file."""
    render: Callable[[Protection], tuple[GeneratedFile, ...]]
    """Files in the product's language. Same protection, same text. Raises: ConfigurationError when the product cannot
    express the protection."""
    summary: Callable[[Protection], tuple[str, ...]] = _nothing
    """Lines for the person who generates: what it costs, what else has to be done."""
    caller: bool = False
    """It is not a rule but something that calls a script and shows the secret."""


class RequestSpelling(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request as bytes on the wire."""

    method: bytes
    target: bytes
    """Request target as sent, not normalised: may hold any byte but CR and LF."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Beyond `Host` and `Content-Length`."""
    body: bytes = b""
    family: str
    """How it was made: `path-info`, `percent-encoding`, `dot-segments`, ..."""
    script: str
    """Protected script it may reach; `` for a legitimate request to something else."""
    legitimate: bool
    """It must never be blocked."""
