"""What is known of PHP, its libraries and REDCap: read from YAML, validated, indexed for look-up."""

from scanner.signatures.browser import BrowserMatcher, Fetch
from scanner.signatures.load import load_catalogue, load_standard_library
from scanner.signatures.match import Match, Matcher
from scanner.signatures.secrets import SecretReader

__all__ = [
    "BrowserMatcher",
    "Fetch",
    "Match",
    "Matcher",
    "SecretReader",
    "load_catalogue",
    "load_standard_library",
]
