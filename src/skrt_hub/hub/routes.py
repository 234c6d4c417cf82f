"""JupyterHub's way to traefik, for a class that arrives together, and for names with an apostrophe or a plus sign.

The library's own class writes the whole file for each participant and asks about each of them with growing pauses; here
changes that come together share one file and one question. traefik compares paths with ' and + as they are in the
request, encoded (RFC 3986 counts them among the reserved characters), while the library writes its rules decoded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path
from typing import Any

from jupyterhub_traefik_proxy.fileprovider import TraefikFileProviderProxy
from jupyterhub_traefik_proxy.traefik_utils import deep_merge
from tornado.httpclient import HTTPClientError
from traitlets import Unicode, observe

from skrt_hub.hub.given import entry_point_names
from skrt_hub.hub.route_rules import with_reserved
from skrt_hub.hub.visitors import SERVER_HEADERS, Gate

_FIRST_PAUSE = 0.015
_LONGEST_PAUSE = 0.1
_APART = 0.2  # seconds between two files
_MARK = "written-"
SERVERS = "servers"
"""The name of what the proxy does to every answer of a participant's server."""
SERVERS_MIDDLEWARE = {"headers": {"customResponseHeaders": SERVER_HEADERS}}


class RouteFile:
    """The routes as JSON, which traefik reads as the YAML it is; some twenty times quicker to write than TOML."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def load(self) -> dict[str, Any]:
        """The routes written before; none where the file is new or damaged: JupyterHub then adds its own again."""
        with contextlib.suppress(ValueError):
            routes = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(routes, dict):
                return routes
        return {}

    def atomic_dump(self, routes: dict[str, Any]) -> None:
        """Replace the file as a whole. It lies in the run folder, so nothing waits for the disk."""
        # Beside its folder: the proxy looks at everything that happens in there.
        temporary = self._path.parent.with_name(f".{self._path.name}.new")
        temporary.write_text(json.dumps(routes), encoding="utf-8")
        temporary.chmod(0o600)
        temporary.replace(self._path)


class RoutesProxy(TraefikFileProviderProxy):  # type: ignore[misc]
    """JupyterHub's side of traefik. Changes that come while one is on its way go together into the next file."""

    gate_secret = Unicode(help="Servers answer their owners' browsers alone (skrt_hub.hub.visitors). Empty: all.").tag(
        config=True
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._current: asyncio.Future[None] | None = None
        self._next: asyncio.Future[None] | None = None
        self._written = 0.0

    @observe("dynamic_config_file")  # type: ignore[untyped-decorator]
    def _set_dynamic_config_file(self, change: Any) -> None:
        self.dynamic_config_handler = RouteFile(change.new)

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        """Add or change a route; returns when traefik follows it. Raises TimeoutError."""
        await self._ready()
        traefik, jupyterhub = self._dynamic_config_for_route(self.validate_routespec(routespec), target, data)
        deep_merge(self.dynamic_config, {**traefik, "jupyterhub": jupyterhub})
        await self._publish()

    async def delete_route(self, routespec: str) -> None:
        """Delete a route; one that is not there is no error."""
        await self._ready()
        traefik_keys, jupyterhub_keys = self._keys_for_route(self.validate_routespec(routespec))
        for path in (*traefik_keys, *(["jupyterhub", *keys] for keys in jupyterhub_keys)):
            parent = self.dynamic_config
            for key in path[:-1]:
                parent = parent.get(key, {})
            parent.pop(path[-1], None)
        await self._publish()

    def _dynamic_config_for_route(self, routespec: str, target: str, data: Any) -> tuple[Any, Any]:
        traefik, jupyterhub = super()._dynamic_config_for_route(routespec, target, data)
        for router in traefik["http"]["routers"].values():
            router["rule"] = with_reserved(router["rule"], routespec)
            if "user" in data:
                router["middlewares"] = [SERVERS]
                if self.gate_secret:
                    router["rule"] = f"({router['rule']}) && {Gate(self.gate_secret).rule(data['user'])}"
            router["entryPoints"] = entry_point_names()
        return traefik, jupyterhub

    async def _setup_traefik_dynamic_config(self) -> None:
        """Routes that an earlier hub wrote get this one's rules before anybody is led by them; no others of it stay."""
        routers: dict[str, Any] = {}
        for route in list(self.dynamic_config["jupyterhub"]["routes"].values()):
            found, _ = self._dynamic_config_for_route(route["routespec"], route["target"], route["data"])
            routers.update(found["http"]["routers"])
        self.dynamic_config["http"]["routers"] = routers  # those of the settings are added again
        await super()._setup_traefik_dynamic_config()

    async def _ready(self) -> None:
        if self._start_future is not None and not self._start_future.done():
            await self._start_future

    async def _publish(self) -> None:
        """Take part in the next file; returns when traefik has read it."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._write(self._current))
        await asyncio.shield(self._next)

    async def _write(self, previous: asyncio.Future[None] | None) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        # After a change just now more are on their way, as each makes traefik build its whole table anew.
        await asyncio.sleep(max(0.0, self._written + _APART - time.monotonic()))
        self._written = time.monotonic()
        self._current, self._next = self._next, None  # a change from here on belongs to the following file
        mark = f"{_MARK}{time.time_ns()}"
        services = self.dynamic_config["http"]["services"]
        for old in [name for name in services if name.startswith(_MARK)]:
            del services[old]
        # A service nobody is led to: traefik shows it once it has read this file, and thus all of this file.
        services[mark] = {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:9"}]}}
        self._persist_dynamic_config()
        await self._until_read(mark)

    async def _until_read(self, mark: str) -> None:
        give_up = time.monotonic() + self.check_route_timeout
        pause = _FIRST_PAUSE
        await asyncio.sleep(pause)
        while not await self._knows(mark):
            if time.monotonic() > give_up:
                self.log.error("traefik has not read its routes for %d s", self.check_route_timeout)
                raise TimeoutError("The proxy has not read its routes.")
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)

    async def _knows(self, service: str) -> bool:
        try:
            await self._traefik_api_request(f"/api/http/services/{service}@{self.provider_name}")
        except (HTTPClientError, OSError):
            return False  # not read yet, or the proxy is just being started
        return True
