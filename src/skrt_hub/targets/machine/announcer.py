"""The program that announces the hub's name on the local network (multicast DNS and DNS-SD, RFC 6762 and 6763).

SECURITY: it reads what anybody on the network sends, so it is a process of its own that has nothing of the hub: where
the hub runs as root it becomes a user without rights before it reads anything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from zeroconf import AddressResolver, IPVersion, NonUniqueNameException  # type: ignore[attr-defined]
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from skrt_hub.hub.applied import applied_settings
from skrt_hub.hub.reach import numbers_outside
from skrt_hub.layout import Layout
from skrt_hub.policy import announced
from skrt_hub.settings.model import Settings

_NOBODY = 65534
_LOOK = 20.0
"""Seconds after which the machine's addresses are looked at again: a laptop changes networks."""
_ASKED = 3000
"""Milliseconds for others to say that they have the name."""


async def announce(settings: Settings) -> str:
    """Announce the name until the program is ended; returns why not, where somebody else has it."""
    name = announced.name(settings)
    kind = "_https._tcp.local." if settings.tls.encrypted else "_http._tcp.local."

    def service(addresses: list[str]) -> AsyncServiceInfo:
        return AsyncServiceInfo(
            kind, f"{settings.name}.{kind}", port=settings.port, server=f"{name}.", parsed_addresses=addresses
        )

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    network = AsyncZeroconf(ip_version=IPVersion.All)
    try:
        known = numbers_outside(settings)
        if other := await _who_has(network, name, known):
            return f"another machine on this network, {other}, is called {name}"
        try:
            await network.async_register_service(service(known))
        except NonUniqueNameException:
            return f"another machine on this network announces a hub called {settings.name}"
        print(f"{name} is announced at {', '.join(known)}", flush=True)
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _LOOK)
            if (found := numbers_outside(settings)) != known:
                known = found
                await network.async_update_service(service(known))
                print(f"{name} is now at {', '.join(known)}", flush=True)
        await network.async_unregister_all_services()
        return ""
    finally:
        await network.async_close()


async def _who_has(network: AsyncZeroconf, name: str, own: list[str]) -> str:
    """The address at which another machine already answers to this name, or nothing."""
    found = AddressResolver(f"{name}.")
    if not await found.async_request(network.zeroconf, _ASKED):
        return ""
    others = [address for address in found.parsed_addresses() if address.partition("%")[0] not in own]
    return others[0] if others else ""


def give_up_rights() -> None:
    """Become a user who may do nothing, where this is root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    settings = applied_settings(Layout(parser.parse_args().root))
    if settings is None or not announced.name(settings):
        return 0
    give_up_rights()
    try:
        why = asyncio.run(announce(settings))
    except OSError as error:
        why = f"the network cannot be used: {error.strerror}"
    if why:
        print(f"{announced.name(settings)} is not announced: {why}", file=sys.stderr)
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
