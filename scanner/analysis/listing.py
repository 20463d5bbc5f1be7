"""Names of files that the program finds by looking: in a folder, by a pattern, or among the files that it has loaded.

Which files are there nobody knows; but where code names the site's own file, and lists folders to look for it, what it
finds is that file: `foreach (scandir($dir) as $f) if ($f === 'database.php') ...`. Code that does not name it lists
files for other reasons: of those that are loaded, a debugger shows the sizes. Source: the manual, pages of the
functions, chapter SPL (iterators, `SplFileInfo`).
"""

from __future__ import annotations

from collections.abc import Sequence

from scanner.analysis.evaluator import Evaluator
from scanner.analysis.origins import DATABASE_FILE
from scanner.analysis.templates import PARAMETERS, is_known
from scanner.analysis.values import NOTHING, Val

CLASSES = frozenset({"directoryiterator", "filesystemiterator", "globiterator", "recursivedirectoryiterator"})
_NAMES = frozenset({"scandir", "readdir"})
"""Functions that give the names in a folder, whichever these are; for patterns see `keeping`."""
_LISTS = _NAMES | {"get_included_files", "get_required_files"}
_OF_FILES = frozenset({"__tostring", "getbasename", "getfilename", "getpathname", "getrealpath"})
"""Methods of an entry that give its name or path."""
_FILE = "splfileinfo"
_MARKS = (DATABASE_FILE.encode(), DATABASE_FILE.replace(".", "\\.").encode())


def found(evaluator: Evaluator, name: str) -> Val:
    """The site's own file among what a function lists; nothing for any other function."""
    if name not in _LISTS or not _looks_for(evaluator):
        return NOTHING
    one = Val(frozenset([DATABASE_FILE]))
    return one if name == "readdir" else Val(rest=one)


def made(evaluator: Evaluator, instance: Val, args: Sequence[Val]) -> Val:
    """An iterator over a folder: any file in it, and the site's own where the code looks for it."""
    folder = _folder(args[0]) if args else ""
    names = [evaluator.state.holes.template("unknown", "any file")] if folder else []
    if args and _looks_for(evaluator):
        names.append(DATABASE_FILE)
    if not names:
        return instance
    entries = frozenset(f"{folder}/{name}" for name in names)
    return instance.replaced(rest=Val(entries, types=frozenset([_FILE])))


def called(method: str, receiver: Val) -> Val:
    """Name or path of an entry."""
    return Val(receiver.texts) if method in _OF_FILES and _FILE in receiver.types else NOTHING


def _looks_for(evaluator: Evaluator) -> bool:
    """Whether the code of this file names the site's own one."""
    state = evaluator.state
    known = state.names_own_file.get(evaluator.path)
    if known is None:
        unit = state.program.files[state.program.file_of[evaluator.number]]
        bodies = (bytes(function.body) for function in unit.facts.functions)
        known = any(mark in body for body in bodies for mark in _MARKS)
        state.names_own_file[evaluator.path] = known
    return known


def _folder(path: Val) -> str:
    """Folder that is known, without the pattern at its end."""
    known = [text for text in sorted(path.texts) if is_known(text) and not PARAMETERS.search(text)]
    text = known[0] if known else ""
    return text.rpartition("/")[0] if any(mark in text for mark in "*?[{") else text.rstrip("/")
