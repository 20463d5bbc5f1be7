"""The servers of a test session: each product is started once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.application import Application
from tests.servers.farm import Farm, running

RELEASE = Path(__file__).parents[2] / "fixtures" / "releases" / "redcap15.7.1.zip"


@pytest.fixture(scope="session")
def release() -> Path:
    """Archive of the release that is served."""
    return RELEASE


@pytest.fixture(scope="session")
def application() -> Application:
    """The fixture release itself behind the protected Apache; it is served by `farm`."""
    return Application(RELEASE)


@pytest.fixture(scope="session")
def farm(application: Application) -> Iterator[Farm]:
    """Every configuration, open and protected, with a marker in place of every file of the release."""
    with running(RELEASE, hosts=application.hosts) as sites:
        yield sites
