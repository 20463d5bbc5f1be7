from __future__ import annotations

import pytest

from scanner.model.signature import Catalogue
from scanner.signatures import Matcher, load_catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="session")
def matcher(catalogue: Catalogue) -> Matcher:
    return Matcher(catalogue)
