"""What PHP quotes of the arguments of its own functions and constructors when it complains about them.

`new DateTime($x)` throws `Failed to parse time string (...)`, with all of `$x` in it: who catches that has `$x`. A
warning goes to the program's error handler. Found by calling every function and constructor of PHP 8.2 with a text that
is nothing it can use; what complains about callables and names of classes is alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.analysis import reported
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.values import Val, all_labels, join_all

_FIRST = (0,)
_SECOND = (1,)
_BOTH = (0, 1)
_ENCODING = "iconv_mime_decode iconv_mime_decode_headers htmlspecialchars htmlentities get_html_translation_table"
_WARNINGS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(
        ("define", "class_alias", "timezone_open", "date_interval_create_from_date_string",
         "date_default_timezone_set", "gzfile", "gzopen", "opendir", "dir", "scandir", "getimagesize",
         "getimagesizefromstring", "class_implements", "class_parents", "class_uses", "exif_read_data",
         "exif_thumbnail", "exif_imagetype", "ini_get_all", "ini_parse_quantity", "simplexml_load_string",
         "simplexml_load_file", "dateinterval::createfromdatestring", "unlink", "rmdir", "filesize", "filemtime",
         "copy", "rename", "readfile", "file", "parse_ini_file", "highlight_file", "php_strip_whitespace"),
        _FIRST,
    ),
    **dict.fromkeys(("date_modify", "iconv_strlen", "ini_set"), _SECOND),
    **dict.fromkeys(_ENCODING.split(), (2,)),
    "iconv": _BOTH, "iconv_substr": (3,), "iconv_strpos": (3,), "iconv_strrpos": (2,),
}  # fmt: skip
"""Functions that warn, and which arguments the message has in it."""
_THROWN: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(
        ("constant", "get_class_vars", "mb_language", "mb_internal_encoding", "mb_regex_encoding", "mb_http_output",
         "datetime", "datetimeimmutable", "datetimezone", "dateinterval", "dateperiod", "reflectionfunction",
         "reflectionclass", "reflectionextension", "reflectionenum", "directoryiterator", "filesystemiterator",
         "recursivedirectoryiterator", "splfileobject", "phar", "phardata", "pharfileinfo"),
        _FIRST,
    ),
    **dict.fromkeys(
        ("reflectionmethod", "reflectionproperty", "reflectionclassconstant", "reflectionparameter",
         "reflectionenumunitcase", "reflectionenumbackedcase"),
        _BOTH,
    ),
    **dict.fromkeys(("mb_strlen", "mb_strtoupper", "mb_strtolower", "mb_convert_case"), _SECOND),
    "mb_convert_encoding": (1, 2),
}  # fmt: skip
"""Functions, and classes whose constructors, throw; likewise."""


def of_function(evaluator: Evaluator, name: str, args: Sequence[Val]) -> None:
    """A call of a function of PHP (lower case), or of a static method."""
    evaluator.state.complain(*(args[place] for place in _WARNINGS.get(name, ()) if place < len(args)))
    throw(evaluator, [args[place] for place in _THROWN.get(name, ()) if place < len(args)])


def of_new(evaluator: Evaluator, cls: str, args: Sequence[Val]) -> None:
    """A new object of one of PHP's own classes, or of what extends it and has no constructor of its own."""
    program = evaluator.state.program
    named = (cls, *program.ancestors(cls)) if program.find_method(cls, "__construct") is None else ()
    places = {place for one in named for place in _THROWN.get(one, ())}
    throw(evaluator, [args[place] for place in sorted(places) if place < len(args)])


def name(evaluator: Evaluator, value: Val) -> None:
    """A function, class or method is called by a name: `Call to undefined function ...()`.

    Not where callers pass it, since that is a closure most often, which has in it what it captures.
    """
    if value.labels and not (value.refs or value.types or value.items):
        secrets = {label: trace for label, trace in value.labels.items() if evaluator.state.is_specific(label)}
        throw(evaluator, [Val(labels=secrets)])


def throw(evaluator: Evaluator, quoted: Sequence[Val]) -> None:
    """An exception of PHP with values in it: a `catch` gets it, or the program's handler."""
    labels = _labels(evaluator, quoted)
    if labels.labels:
        evaluator.thrown = evaluator.join(evaluator.thrown, labels)
        reported.report(evaluator, reported.EXCEPTION, [labels])


def _labels(evaluator: Evaluator, quoted: Sequence[Val]) -> Val:
    """Single secrets among values, and what only a caller knows."""
    given = join_all((Val(labels=all_labels(value)) for value in quoted if value.labels), evaluator.state.overflow)
    return Val(labels=evaluator.state.lasting(given.labels))
