"""PHP front end: bytes of a file to facts."""

from scanner.php.extraction import extract

__all__ = ["extract"]
