"""A sample of the differential table on every real server; `benchmarks/servers.py` runs all of it."""

from __future__ import annotations

import pytest

from tests.servers.farm import CONFIGURATIONS, Configuration, Farm
from tests.servers.judge import ALL, generated, sample
from tests.servers.measure import HALF_DECODED, OTHER_CASE, allowed, corpus, measure
from tests.servers.rig import get, reached, send

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]
WRONG, RANDOM, RIGHT = 130, 60, 130


@pytest.mark.parametrize("item", CONFIGURATIONS, ids=lambda item: item.name)
def test_nothing_reaches_a_protected_script_and_nothing_else_is_lost(farm: Farm, item: Configuration) -> None:
    row = measure(farm, item, corpus(item.protection, WRONG, RANDOM), allowed(farm, item.protection, RIGHT))
    assert row.attacks == WRONG + RANDOM + len(HALF_DECODED) + len(OTHER_CASE)
    assert row.legitimate == RIGHT
    assert len(row.reached) > 40  # the server would run the script: the protection is what refuses
    assert row.passed == []
    assert row.lost == []
    rule, peer = generated(item.protection), sample(ALL)
    assert [request for request in row.reached if rule.lets_through(request)] == []
    assert any(peer.lets_through(request) for request in row.reached)  # the judge can say yes


def test_the_corpora_are_as_large_as_the_documentation_says(farm: Farm) -> None:
    for item in CONFIGURATIONS:
        assert len(corpus(item.protection)) >= 2000
        assert len(allowed(farm, item.protection)) >= 300


def test_an_address_that_is_valid_until_it_is_decoded_opens_nothing(farm: Farm) -> None:
    """A condition on HAProxy's `url_dec` fails on such a path, so a rule that only refuses what matches lets it in."""
    target = "/cron.php/%25zz"
    assert reached(send(farm.open["haproxy-to-apache"].port, get(target))) == "cron.php"
    assert {reached(send(site.port, get(target))) for site in farm.closed.values()} == {""}


def test_a_name_in_other_case_is_the_same_name(farm: Farm) -> None:
    for name in farm.open:
        assert reached(send(farm.open[name].port, get("/CRON.php"))) == "cron.php"
        assert reached(send(farm.closed[name].port, get("/CRON.php"))) == ""
