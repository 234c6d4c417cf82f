"""In the chart's hub: while the hub is closed, its proxy has no way to a participant's server, but to organisers' ones.

Whether it is closed stands beside the accounts, so a hub or a proxy that is started again keeps to it. A connection
that is open already is cut by gate.js, when JupyterHub takes the way back from the proxy.

This file stands alone (JupyterHub's own libraries only): the chart hands it to the hub as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def closing_proxy(base: Any, accounts: Any, organises: Callable[[Any], bool]) -> type:
    """The class `base` of proxies, which keeps to what the accounts say."""

    def is_closed(name: str) -> bool:
        return bool(accounts.closed) and not organises(accounts.find(name) or {})

    parent: Any = base

    async def add_route(self: Any, routespec: str, target: str, data: dict[str, Any]) -> Any:
        if "user" in data and is_closed(data["user"]):
            return None
        return await parent.add_route(self, routespec, target, data)

    async def check_routes(self: Any, user_dict: Any, *more: Any, **named: Any) -> Any:
        """JupyterHub takes a way back whose participant is not among those that it is told."""
        allowed = {key: user for key, user in user_dict.items() if not is_closed(user.name)}
        return await parent.check_routes(self, allowed, *more, **named)

    return type("ClosingProxy", (base,), {"add_route": add_route, "check_routes": check_routes})
