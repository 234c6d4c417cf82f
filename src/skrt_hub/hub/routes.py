"""JupyterHub's way to traefik, with routes for names that have an apostrophe or a plus sign.

traefik compares paths with these two characters as they are in the request, encoded (RFC 3986 counts them among the
reserved ones), while jupyterhub-traefik-proxy writes its rules decoded: such a route would never match.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from jupyterhub_traefik_proxy.fileprovider import TraefikFileProviderProxy

_RESERVED = re.compile("(%27|%2B)", re.IGNORECASE)


class RoutesProxy(TraefikFileProviderProxy):  # type: ignore[misc]
    """The file provider's proxy, whose rules also match reserved characters."""

    def _dynamic_config_for_route(self, routespec: str, target: str, data: Any) -> tuple[Any, Any]:
        traefik, jupyterhub = super()._dynamic_config_for_route(routespec, target, data)
        for router in traefik["http"]["routers"].values():
            router["rule"] = with_reserved(router["rule"], routespec)
        return traefik, jupyterhub


def with_reserved(rule: str, routespec: str) -> str:
    """`rule`, extended by the path of `routespec` with its reserved characters left encoded, where there are any."""
    if not _RESERVED.search(routespec):
        return rule
    path = "".join(part.upper() if _RESERVED.fullmatch(part) else unquote(part) for part in _RESERVED.split(routespec))
    return f"{rule} || PathPrefix(`{path}`) || Path(`{path.rstrip('/')}`)"
