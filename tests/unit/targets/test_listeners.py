"""The ports of a hub's own parts: new ones are out of the way, and those that running servers know stay."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from skrt_hub.hub.applied import Ports
from skrt_hub.hub.ports import server_range
from skrt_hub.targets.machine.listeners import bind_private


def given_by_the_system() -> Ports:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(4)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        hub, proxy, assets, page = (int(probe.getsockname()[1]) for probe in probes)
    return Ports(hub=hub, proxy=proxy, assets=assets, page=page)


def test_ports_of_a_first_version_stay_while_its_servers_run_and_move_afterwards() -> None:
    old = given_by_the_system()
    for as_they_are in (True, False):
        made, ports = bind_private(old, as_they_are=as_they_are)
        for listener in made.values():
            listener.close()
        kept = (ports.hub, ports.proxy, ports.assets) == (old.hub, old.proxy, old.assets)
        assert kept is as_they_are
    first, last = server_range()
    assert all(first <= port <= last for port in (ports.hub, ports.proxy, ports.assets, ports.page))
