"""What the tests of real servers stand on."""

from __future__ import annotations

import pytest

from tests.servers import rig
from tests.servers.rig import free_ports


def test_no_port_is_given_twice_even_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rig, "SERVER_PORTS", range(31_000, 31_200))
    ports = [*free_ports(60), *free_ports(1)]
    assert len(set(ports)) == len(ports)
