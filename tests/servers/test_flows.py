"""Real flows through the protected Apache, by the fixture release itself."""

from __future__ import annotations

import pytest

from scanner.protect.waf.apache import TARGET
from tests.servers.application import NEW, OLD, STEPS, Application, Browser, accepting
from tests.servers.farm import CURRENT, NEXT, Farm
from tests.servers.rig import get, reached, send

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]
UNLOCK = "/__redcap_unlock"
COOKIE = "redcap_admin_secret"


@pytest.fixture
def port(farm: Farm, application: Application) -> int:
    assert farm.closed
    application.reset()
    return application.ports["before"]


def unlocked(port: int, secret: str = OLD) -> Browser:
    """A browser that has shown the secret on the unlock page."""
    browser = Browser(port)
    assert browser.open(UNLOCK, X_Redcap_Secret=secret).status == 204
    return browser


def test_without_the_cookie_nothing_of_install_or_upgrade_is_seen(port: int, application: Application) -> None:
    before = application.read()
    for target in (
        "/install.php",
        "/install.php?auto=1",
        "/upgrade.php?auto=1",
        "/redcap_v15.7.1/upgrade.php",
        "/cron.php",
    ):
        assert Browser(port).open(target).status == 403
    assert Browser(port).open("/install.php", b"institution=x").status == 403
    assert application.read() == before


def test_the_unlock_page_shows_a_form_and_no_cookie_until_the_secret_is_right(port: int) -> None:
    for secret in ("", NEW, OLD + "0"):
        browser = Browser(port)
        response = browser.open(UNLOCK, X_Redcap_Secret=secret)
        assert response.status == 403
        assert b"<form" in response.body
        assert not response.all("set-cookie")


@pytest.mark.parametrize(
    "name", ["apache-php-fpm", "nginx-path-info", "nginx-to-apache", "haproxy-to-apache", "caddy-php-fpm"]
)
def test_every_product_with_an_unlock_page_hands_the_cookie_to_who_shows_the_secret(farm: Farm, name: str) -> None:
    port = farm.closed[name].port
    for secret in ("", "0" * 64, CURRENT + "0", CURRENT.upper()):
        browser = Browser(port)
        response = browser.open(UNLOCK, X_Redcap_Secret=secret)
        assert (response.status, browser.cookies) == (403, {})
        assert b"<form" in response.body
        assert browser.open("/upgrade.php").status == 403
    for secret in (CURRENT, NEXT):
        browser = unlocked(port, secret)
        assert browser.cookies == {COOKIE: secret}
        assert reached(browser.open("/upgrade.php")) == "upgrade.php"
        assert reached(browser.open("/upgrade.php?completed=1")) == "upgrade.php"
        assert browser.open("/cron.php").status == 403


def test_the_cookie_is_for_this_server_only_and_no_script_reads_it(port: int) -> None:
    line = Browser(port).open(UNLOCK, X_Redcap_Secret=OLD).header("set-cookie")
    assert line.split("; ")[1:] == ["Path=/", "Max-Age=1800", "Secure", "HttpOnly", "SameSite=Strict"]


def test_install_form_is_filled_in_and_runs_with_the_cookie(port: int, application: Application) -> None:
    browser = unlocked(port)
    page = browser.open("/install.php")
    assert b"Installation" in page.body
    assert b'action="/install.php"' in page.body  # the form drops any query: a secret there would be lost
    answer = browser.open("/install.php", b"institution=Test+University&project_contact_email=a%40example.org")
    assert b"Test University" in answer.body
    assert b"INSTALLED" in browser.open("/install.php?auto=1").body.upper()
    assert application.read()["installed"] is True


def test_upgrade_follows_its_redirect_that_loses_the_query(port: int, application: Application) -> None:
    application.reset(installed=True)
    browser = unlocked(port)
    assert b"Upgrade from 15.7.0 to 15.7.1" in browser.open("/upgrade.php").body
    answer = browser.open("/upgrade.php?auto=1")
    assert browser.visited[-1] == "/upgrade.php?completed=1"
    assert b"The upgrade is complete" in answer.body
    assert application.read()["version"] == "15.7.1"


def test_the_poll_of_the_upgrade_page_stays_open(port: int, application: Application) -> None:
    application.reset(installed=True, version="15.7.1")
    response = Browser(port).open("/redcap_v15.7.1/ControlCenter/check_upgrade.php?version=15.7.1")
    assert (response.status, response.body.strip()) == (200, b"1")


def test_cron_runs_with_the_header_only(port: int, application: Application) -> None:
    application.reset(installed=True, version="15.7.1")
    response = send(port, get("/cron.php", X_Redcap_Secret=OLD))
    assert (response.status, response.body) == (200, b"0 jobs were run.\n")
    assert application.read()["cron"] == 1
    assert unlocked(port).open("/cron.php").status == 403
    assert application.read()["cron"] == 1


def test_a_rotation_refuses_no_call_of_a_caller_that_switches_between_the_steps(
    farm: Farm, application: Application
) -> None:
    assert farm.closed
    application.reset(installed=True, version="15.7.1")
    accepted = {
        step: {
            value
            for value in (OLD, NEW)
            if send(port, get("/cron.php", X_Redcap_Secret=value)).status == 200
            and send(port, get("/upgrade.php", Cookie=f"{COOKIE}={value}")).status == 200
        }
        for step, port in application.ports.items()
    }
    assert accepted == {step: set(values) for step, values in STEPS.items()}
    # Callers switch after the second step and before the third: each of their values is accepted before and after.
    assert OLD in accepted["before"] & accepted["next added"]
    assert NEW in accepted["next added"] & accepted["promoted"] & accepted["old dropped"]


def test_a_browser_unlocked_with_either_value_stays_so_through_the_rotation(
    farm: Farm, application: Application
) -> None:
    assert farm.closed
    application.reset(installed=True)
    for value in (OLD, NEW):
        browser = unlocked(application.ports["next added"], value)
        assert browser.cookies == {COOKIE: value}
        browser.port = application.ports["promoted"]
        assert browser.open("/upgrade.php").status == 200


def test_values_are_written_only_when_they_are_asked_for() -> None:
    assert OLD in TARGET.render(accepting(OLD))[0].text
