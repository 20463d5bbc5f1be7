"""Which files an `include` at file scope names: constant folding of paths, without the program phase."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from scanner.analysis.program import Program
from scanner.model.facts import Call, CallKind, Concat, Const, ConstRef, Value, Var

HOLE = "\0"
"""A piece of a path that is not known."""
_VERSION = re.compile(r"redcap_v\d+(?:\.\d+)*", re.IGNORECASE)
_MAX_DEPTH = 8
_MAX_FILES = 6
_NO_TEXTS: Mapping[str, str] = {}


class Paths:
    """Folds path expressions of a program. `dirname(__FILE__)`, constants and concatenation are followed."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def included(self, text: str, file: int) -> list[int]:
        """Numbers of the files that an include of a folded path in `file` can mean, at most six; empty: unknown."""
        here = self._program.files[file].path
        text = _VERSION.sub("redcap_v@", text)
        base = posixpath.basename(text)
        if not base or HOLE in base:
            return []
        folder = posixpath.dirname(text)
        if HOLE in folder:
            return self._by_pattern(folder, base, file)
        whole = text if text.startswith("/") else posixpath.join("/", posixpath.dirname(here), text)
        same = self._program.by_base_name.get(base.lower(), ())
        for known in (whole, f"/{text}"):
            exact = [number for number in same if self._path(number) == posixpath.normpath(known).lstrip("/").lower()]
            if exact:
                return exact
        tail = posixpath.normpath(text.lstrip("/"))
        return [number for number in self._program.files_by_tail(tail.replace("../", ""), here) if number != file][
            :_MAX_FILES
        ]

    def _by_pattern(self, folder: str, base: str, file: int) -> list[int]:
        """Files of one name whose folder fits the known pieces; a launcher never means itself."""
        pieces = [re.escape(piece.lower()) for piece in posixpath.normpath(folder).lstrip("/").split(HOLE)]
        if not pieces[0]:
            del pieces[0]  # what is not known at the start can be any folder
        inside = "[^/]*".join(pieces).strip("/")
        pattern = re.compile(rf"(?:.*/)?{inside}{'/' if inside else ''}{re.escape(base.lower())}")
        found = [
            number
            for number in self._program.by_base_name.get(base.lower(), ())
            if number != file and pattern.fullmatch(self._path(number).replace("redcap_v@", "redcap_v"))
        ]
        return found[:_MAX_FILES]

    def _path(self, number: int) -> str:
        return self._program.files[number].path.lower()

    def fold(self, value: Value, here: str, texts: Mapping[str, str] = _NO_TEXTS, depth: int = 0) -> str:
        """The text of a path expression in the file `here`, with `HOLE` for what is not known.

        `texts`: known texts of variables.
        """
        if depth > _MAX_DEPTH:
            return HOLE
        if isinstance(value, Const):
            return str(value.value) if isinstance(value.value, (str, int)) else HOLE
        if isinstance(value, Concat):
            return "".join(self.fold(part, here, texts, depth + 1) for part in value.parts)
        if isinstance(value, Var):
            return texts.get(value.name, HOLE)
        if isinstance(value, ConstRef):
            return self._constant(value, here, depth)
        if isinstance(value, Call) and value.kind == CallKind.FUNCTION and value.args:
            return self._function(value, here, texts, depth)
        return HOLE

    def _constant(self, value: ConstRef, here: str, depth: int) -> str:
        name = value.name.upper()
        if name == "__FILE__":
            return f"/{here}"
        if name == "__DIR__":
            return f"/{posixpath.dirname(here)}"
        if name in ("DIRECTORY_SEPARATOR", "DS"):
            return "/"
        known = self._program.constants.get(value.name, ())
        texts = {self.fold(unit.value, self._program.path(unit.function), depth=depth + 1) for unit in known[:4]}
        return texts.pop() if len(texts) == 1 else HOLE

    def _function(self, call: Call, here: str, texts: Mapping[str, str], depth: int) -> str:
        name = str(call.name).lower()
        text = self.fold(call.args[0].value, here, texts, depth + 1)
        if name == "dirname":
            levels = call.args[1].value if len(call.args) > 1 else Const(1)
            count = levels.value if isinstance(levels, Const) and isinstance(levels.value, int) else 1
            for _ in range(min(max(count, 1), 16)):
                text = posixpath.dirname(text)
            return text
        if name == "basename":
            return posixpath.basename(text)
        if name in ("realpath", "rtrim", "strval"):
            return text
        return HOLE
