"""Where the documentation of AWS WAF leaves room: each open question with both answers."""

from __future__ import annotations

import re
from itertools import product

import msgspec

from scanner.model.protection import RequestSpelling


class Reading(msgspec.Struct, frozen=True, order=True):
    """One answer to every open question. False is what we hold more likely."""

    fragment_in_path: bool = False
    """A `#fragment` in the request target stays part of the path (it became a component of its own in 2025)."""
    plus_is_blank: bool = False
    """URL_DECODE turns `+` into a blank."""
    bad_escape_dropped: bool = False
    """URL_DECODE removes the `%` of an invalid escape; otherwise it stays."""
    bad_escape_stops: bool = False
    """A value with an invalid escape is not decoded at all."""
    regex_needs_utf8: bool = False
    """A regular expression never matches a value that is not valid UTF-8."""
    absolute_target: bool = False
    """The path of `GET http://host/path` is the whole target."""
    argument_names_decoded: bool = False
    """Names of query arguments are percent-decoded before they are compared."""

    @property
    def text(self) -> str:
        """Words for a report; "" for the likely reading."""
        return ", ".join(_WORDS[name] for name in self.__struct_fields__ if getattr(self, name))


_WORDS = {
    "fragment_in_path": "a fragment is part of the path",
    "plus_is_blank": "`+` is decoded to a blank",
    "bad_escape_dropped": "the `%` of an invalid escape is dropped",
    "bad_escape_stops": "a value with an invalid escape is not decoded",
    "regex_needs_utf8": "no regular expression matches what is not UTF-8",
    "absolute_target": "the path of an absolute target is the whole target",
    "argument_names_decoded": "names of query arguments are decoded",
}
_BAD_ESCAPE = re.compile(rb"%(?:25|(?![0-9A-Fa-f]{2}))")
_PLUS = re.compile(rb"\+|%2b", re.IGNORECASE)
_BYTE_BEYOND_ASCII = re.compile(rb"[\x80-\xff]|%[89A-Fa-f]|%25[89A-Fa-f]|%u", re.IGNORECASE)


def readings(request: RequestSpelling) -> tuple[Reading, ...]:
    """Every reading in which this request may fare differently, the likely one first."""
    target = request.target
    everything = target + request.body + b"".join(value for _, value in request.headers)
    broken = _BAD_ESCAPE.search(everything) is not None
    open_questions = (
        b"#" in target,
        _PLUS.search(everything) is not None,
        broken,
        broken,
        _BYTE_BEYOND_ASCII.search(everything) is not None,
        not target.startswith(b"/"),
        b"%" in target.partition(b"?")[2],
    )
    answers = [(False, True) if is_open else (False,) for is_open in open_questions]
    return tuple(Reading(*combination) for combination in product(*answers))
