"""A participant for once: made for an attempt on the hub at hand, and removed afterwards with all that was theirs."""

from __future__ import annotations

import contextlib
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "audit-"
"""No participant's name begins so by chance; only such names are ever removed by this."""
_HEEDED_WITHIN = 60.0


@dataclass(frozen=True)
class Guest:
    """A participant with a server that runs.

    `token` is good for this participant alone. `facts` are what an attacker could know: paths, ports, limits, and the
    things laid out to be found (JSON). `revive` starts the server again where an attempt ended it. `missing_layers`:
    protections that this kernel or cluster does not have. `trust` knows the hub's certificate. `host` and `server_host`
    are the names to ask the hub and the server by, where they are others than the address's.
    """

    name: str
    url: str
    token: str
    facts: Mapping[str, Any]
    hub_runs_as: str
    revive: Callable[[], None]
    missing_layers: tuple[str, ...] = ()
    trust: ssl.SSLContext | None = None
    host: str = ""
    server_host: str = ""


@contextlib.contextmanager
def account(ask: Callable[..., Any], name: str) -> Iterator[None]:
    """An account for this name while this lasts, with a password that nobody knows.

    Without one the hub starts no server for a name that is on no list. `ask`: see skrt_hub.login.requests.
    """
    ask("set", name, secrets.token_urlsafe(24))
    try:
        # A new password ends what the name is logged in with: first that, or it would end what is begun next.
        end = time.monotonic() + _HEEDED_WITHIN
        while name in ask("to_end") and time.monotonic() < end:
            time.sleep(0.2)
        yield
    finally:
        ask("free", name)
