"""Which names a template may be."""

from __future__ import annotations

import fnmatch

from hypothesis import given
from hypothesis import strategies as st

from scanner.analysis.templates import FIRST_PRIVATE, like

_NAMES = st.lists(st.text("ab", max_size=6), max_size=12, unique=True)
_PARTS = st.lists(st.text("ab", max_size=3), min_size=2, max_size=4)


@given(_PARTS, _NAMES)
def test_a_template_is_like_what_its_known_parts_leave_room_for(parts: list[str], names: list[str]) -> None:
    found = like(FIRST_PRIVATE.join(parts), names)
    assert found == [name for name in names if fnmatch.fnmatchcase(name, "*".join(parts))]
