"""PHP front end: bytes of a file to facts."""

from scanner.php.extraction import extract
from scanner.php.interest import Vocabulary

__all__ = ["Vocabulary", "extract"]
