"""Text to disk, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from scanner.errors import ConfigurationError


def write(path: Path, text: str) -> None:
    """Replace `path` by a UTF-8 file with `text`: a reader sees the old file or the whole new one.

    Raises: ConfigurationError when the folder is missing or not writable, or the disk is full; then `path` is as
    it was and no temporary file is left.
    """
    temporary = ""
    try:
        if path.exists() and not path.is_file():  # a pipe or /dev/stdout cannot be replaced
            path.write_text(text, "utf-8", "backslashreplace")
            return
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise ConfigurationError(message) from error
    finally:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Permissions of the file that is replaced, else what the process gives to new files."""
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
