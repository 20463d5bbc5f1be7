"""Errors a user can cause or must know of, and the exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command; other programs rely on them."""

    OK = 0
    """Nothing at or above `--fail-on`."""
    FINDINGS = 1
    """At least one finding at or above `--fail-on`."""
    USAGE = 2
    """Usage, configuration or input error."""
    INCOMPLETE = 3
    """A file could not be read or analysed within its limits, and `--allow-incomplete` was not given."""


class ScannerError(Exception):
    """Base of all expected errors. Its text is one line and says what to do."""

    exit_code = ExitCode.USAGE


class SourceError(ScannerError):
    """A release could not be opened: no such path, not an archive, no such ref, empty."""


class SignatureError(ScannerError):
    """A signature file is not valid; the text names file and line."""


class ConfigurationError(ScannerError):
    """A policy or decision file, or an option, is not valid."""


class CacheError(ScannerError):
    """The cache folder cannot be used at all (a failed write of one entry is not an error)."""
