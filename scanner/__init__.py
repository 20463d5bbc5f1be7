"""Static analyser for PHP releases: outbound calls, secrets, and what changed between two releases."""

__version__ = "0.1.0"
