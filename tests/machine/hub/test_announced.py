"""The hub's name on the local network: found by others while the hub runs, and never taken from another machine."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

import psutil
import pytest
from cryptography import x509
from zeroconf import AddressResolver, ServiceInfo, Zeroconf  # type: ignore[attr-defined]
from zeroconf.asyncio import AsyncZeroconf

from tests.support.hubs import Hub

pytestmark = pytest.mark.long
BEYOND = {"address": "lan", "announce": True, "tls": "class", "login": "codes", "participants": ["anna"]}


def answers(name: str) -> list[str]:
    """The addresses that this network gives for a name."""

    async def ask() -> list[str]:
        async with AsyncZeroconf() as network:
            found = AddressResolver(f"{name}.")
            return found.parsed_addresses() if await found.async_request(network.zeroconf, 3000) else []

    return asyncio.run(ask())


def test_the_name_leads_to_the_hub_as_long_as_it_runs(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(**BEYOND)
    name = f"test-{hub.port}.local"
    assert f"https://{name}:{hub.port}/" in hub.run("up").stdout
    end = time.monotonic() + 60
    while not (found := answers(name)) and time.monotonic() < end:
        time.sleep(1)
    own = [entry.address.partition("%")[0] for entries in psutil.net_if_addrs().values() for entry in entries]
    assert found and set(found) <= set(own)
    # What a browser would do: ask the address that the name leads to, trusting the hub's authority.
    trust = ssl.create_default_context(cafile=str(next(hub.state.rglob("authority.crt"))))
    trust.check_hostname = False  # it is asked by a number here
    opener = build_opener(HTTPSHandler(context=trust), ProxyHandler({}))
    page = opener.open(Request(f"https://127.0.0.1:{hub.port}/hub/login", headers={"Host": f"{name}:{hub.port}"}))
    assert page.status == 200
    shown = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", hub.port)).encode())
    named = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert name in named.get_values_for_type(x509.DNSName)
    pid = next(part.pid for part in psutil.process_iter(["cmdline"]) if _announces(part, hub))
    if psutil.Process().uids().real == 0:
        assert psutil.Process(pid).uids().real != 0, "what reads the network has no rights here"
    hub.run("stop")
    assert not psutil.pid_exists(pid)
    assert answers(name) == []


def _announces(part: psutil.Process, hub: Hub) -> bool:
    words = part.info["cmdline"] or []
    return "skrt_hub.targets.machine.announcer" in words and str(hub.state) in words


def test_a_name_of_another_machine_is_left_alone_and_the_conflict_is_told(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub(**BEYOND)
    name = f"test-{hub.port}"
    kind = "_workstation._tcp.local."
    other = ServiceInfo(kind, f"{name}.{kind}", port=9, server=f"{name}.local.", parsed_addresses=["192.0.2.99"])
    network = Zeroconf()
    try:
        network.register_service(other)
        hub.run("up")
        end = time.monotonic() + 60
        while "192.0.2.99" not in (told := hub.run("logs", "announcer", code=None).stdout) and time.monotonic() < end:
            time.sleep(1)
        assert f"{name}.local is not announced: another machine on this network, 192.0.2.99" in told
        assert answers(f"{name}.local") == ["192.0.2.99"]
    finally:
        network.close()
