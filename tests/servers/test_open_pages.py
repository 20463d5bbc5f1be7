"""The class of every page of the fixture release agrees with what a real Apache answers a stranger."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from scanner.model.report import EndpointSummary
from scanner.pipeline import ScanOptions, scan
from scanner.protect.wire import Response
from tests.servers.application import Application
from tests.servers.farm import Farm
from tests.servers.rig import get, send

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]
FORM = b"redcap_login_a38us_09i85"
"""A field of the fixture release's login form."""
LIBRARY = ("/Libraries/", "/UnitTests/", "/Classes/", "/Controllers/", "modules/", "hook_functions.php", "database.php")


@pytest.fixture(scope="module")
def pages(release: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[EndpointSummary, ...]:
    return scan(str(release), ScanOptions(cache=tmp_path_factory.mktemp("cache"), jobs=0)).endpoints


@pytest.fixture(scope="module")
def classes(pages: tuple[EndpointSummary, ...]) -> dict[str, str]:
    return {page.path: page.auth for page in pages}


@pytest.fixture(scope="module")
def names(release: Path) -> list[str]:
    """Paths of the release's own PHP files as the archive has them."""
    with zipfile.ZipFile(release) as archive:
        found = [name.removeprefix("redcap/") for name in archive.namelist() if name.endswith(".php")]
    return sorted(name for name in found if not any(part in f"/{name}" for part in LIBRARY))


def answer(application: Application, target: str) -> Response:
    return send(application.unprotected, get(target))


def canonical(name: str) -> str:
    return name.replace("redcap_v15.7.1/", "redcap_v@/")


def test_a_stranger_gets_the_login_form_exactly_where_the_analysis_says_so(
    farm: Farm, application: Application, names: list[str], pages: tuple[EndpointSummary, ...]
) -> None:
    assert farm.closed
    application.reset(installed=True, version="15.7.1")
    asked = {canonical(name) for name in names if FORM in answer(application, f"/{name}?pid=1").body}
    said = {page.path for page in pages if page.auth == "login"}
    depends = {page.path for page in pages if "under a condition" in page.how}  # on a key that was not sent
    assert len(asked) > 30
    assert sorted(asked - said - depends) == []
    opened = {page.path for page in pages} - said - depends
    assert opened.isdisjoint(asked)


def test_a_route_answers_a_stranger_exactly_where_the_analysis_says_so(
    farm: Farm, application: Application, pages: tuple[EndpointSummary, ...]
) -> None:
    assert farm.closed
    application.reset(installed=True, version="15.7.1")
    routes = {page.path: page.auth for page in pages if "?" in page.path}
    said = {path for path, auth in routes.items() if auth == "login"}
    answers = {path: answer(application, f"/{path.replace('redcap_v@', 'redcap_v15.7.1')}") for path in routes}
    asked = {path for path in routes if FORM in answers[path].body}
    assert (len(routes), len(said)) == (14, 9)
    assert asked == said
    assert b"is not right" in answers["redcap_v@/index.php?route=SendItController:download"].body  # its own message


def test_a_page_that_needs_no_login_answers_and_a_fragment_does_nothing(
    farm: Farm, application: Application, names: list[str], classes: dict[str, str]
) -> None:
    assert farm.closed
    application.reset(installed=True, version="15.7.1")
    before = application.read()
    for name in names:
        if canonical(name) not in classes:
            answer(application, f"/{name}?pid=1")
    assert application.read() == before
    assert {classes[path] for path in ("install.php", "redcap_v@/install.php", "upgrade.php")} == {"install"}
    assert classes["api/index.php"] == "token"
    assert classes["redcap_v@/Surveys/index.php"] == "survey-hash"
    assert answer(application, "/cron.php").status == 200
    assert application.read()["cron"] != before["cron"]
    assert classes["cron.php"] == classes["redcap_v@/cron.php"] == "none"
