"""Profiles of the property tests, short for every run and long for `make fuzz`; and groups of tests in one process."""

from __future__ import annotations

import os

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings

settings.register_profile("default", deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `--dist loadgroup` see the groups: its plugin names them in `_nodeid`, which pytest 9 does not read.

    Without, the tests of a group are spread: each process starts all servers and scans the same applications again.
    """
    for item in items:
        named = getattr(item, "_nodeid", item.nodeid)
        if named != item.nodeid:
            item._id = NodeId.parse(named)  # noqa: SLF001  there is no other way to name it
    # What takes long starts first, so that no process waits for the last test of another.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say so when groups are no longer seen, which costs minutes and is not noticed otherwise."""
    if not session.config.getoption("loadgroup", default=False):
        return
    lost = [item.nodeid for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
    if lost:
        message = f"the groups of {len(lost)} tests are not seen by pytest-xdist, of {lost[0]} first"
        raise pytest.UsageError(message)
