"""The pages of one's own Dask clusters, through one's own server: nobody else gets there.

The gateway leads whoever knows a cluster's name to its pages, without a password. So people's browsers are not led to
the gateway: this server fetches the pages, and only those of clusters that the gateway says are its owner's. Pages of
Dask inside this sandbox are fetched where it has a network of its own. Somebody else's page here would act with the
rights of the owner's own.

Only what is Dask's: how Jupyter lets the owner in is in `dask_handlers`.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from typing import Any

from tornado import httpclient, web, websocket  # type: ignore[attr-defined]

from skrt_workspace import workers

_ADDRESS = "DASK_GATEWAY__ADDRESS"
PATH = r"/skrt/dask/clusters/([a-z0-9.-]{1,100})/(.*)"
HERE = r"/skrt/dask/here/([0-9]{4,5})/(.*)"
_KNOWN_FOR = 30.0
_DEADLINE = 20.0
_KEPT = ("Content-Type", "Location", "Etag", "Cache-Control", "Last-Modified")
_LONGEST = 64 << 20


class ClusterPages(websocket.WebSocketHandler):  # type: ignore[misc]
    """What one cluster's scheduler shows."""

    _own: dict[str, float] = {}  # noqa: RUF012 - of this server, whoever asks

    def initialize(self, **_: Any) -> None:
        self._upstream: Any = None
        self._asked: list[str] = []

    async def get(self, cluster: str, path: str) -> None:
        """A page, or the line over which it is kept up to date."""
        if self.current_user is None:
            raise web.HTTPError(403)
        self._url = await self._upstream_url(cluster, path)
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            await websocket.WebSocketHandler.get(self)
            return
        answer = await _fetch(self._url)
        self.set_status(answer.code)
        for name in _KEPT:
            if name in answer.headers:
                self.set_header(name, answer.headers[name])
        self.finish(answer.body or b"")

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Bokeh's pages offer their own and a word that only the scheduler understands: both go on."""
        self._asked = subprotocols
        return subprotocols[0] if subprotocols else None

    async def open(self, *_: str) -> None:
        """Connect to the scheduler, too."""
        request = httpclient.HTTPRequest(self._url.replace("http", "ws", 1), connect_timeout=_DEADLINE)
        self._upstream = await websocket.websocket_connect(request, subprotocols=self._asked, max_message_size=_LONGEST)
        asyncio.get_running_loop().create_task(self._pass_on())

    async def on_message(self, message: str | bytes) -> None:
        """Pass on what the page says."""
        if self._upstream is not None:
            await self._upstream.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        """The page is gone."""
        if self._upstream is not None:
            self._upstream.close()

    async def _pass_on(self) -> None:
        try:
            while (message := await self._upstream.read_message()) is not None:
                await self.write_message(message, binary=isinstance(message, bytes))
        except websocket.WebSocketClosedError:
            return
        self.close()

    def _with_query(self, address: str, path: str) -> str:
        if not re.fullmatch(r"[\w./-]*", path) or ".." in path:
            raise web.HTTPError(404)
        return f"{address}/{path}" + (f"?{self.request.query}" if self.request.query else "")

    async def _upstream_url(self, cluster: str, path: str) -> str:
        address = os.environ.get(_ADDRESS, "")
        if not address:
            raise web.HTTPError(404, "There are no workers on other machines here.")
        now = time.monotonic()
        if self._own.get(cluster, 0.0) < now:
            if not await _is_own(address, cluster):
                raise web.HTTPError(404, "You have no such cluster.")
            self._own[cluster] = now + _KNOWN_FOR
        return self._with_query(f"{address}/clusters/{cluster}", path)


class PagesHere(ClusterPages):
    """What Dask in this sandbox shows."""

    async def _upstream_url(self, cluster: str, path: str) -> str:
        if os.environ.get(workers.OWN_NETWORK) != "1":
            raise web.HTTPError(
                403,
                "Dask's pages cannot be shown: this sandbox shares the machine's network, so another participant's "
                "program could listen there. The organiser sees with `skrt-hub check` what is missing.",
            )
        return self._with_query(f"http://127.0.0.1:{cluster}", path)


async def _is_own(address: str, cluster: str) -> bool:
    token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
    answer = await _fetch(f"{address}/api/v1/clusters/{cluster}", {"Authorization": f"jupyterhub {token}"})
    return int(answer.code) == 200


async def _fetch(url: str, headers: dict[str, str] | None = None) -> httpclient.HTTPResponse:
    client = httpclient.AsyncHTTPClient()
    options = {"follow_redirects": False, "request_timeout": _DEADLINE, "headers": headers or {}}
    try:
        return await client.fetch(httpclient.HTTPRequest(url, **options), raise_error=False)
    except (OSError, httpclient.HTTPError) as error:
        raise web.HTTPError(502, f"Dask does not answer: {error}") from None
