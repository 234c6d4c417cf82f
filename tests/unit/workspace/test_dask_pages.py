"""Dask's pages through one's own server: one's own clusters, and one's own sandbox where nobody else listens there."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from tornado import httpclient, httpserver, netutil, web, websocket  # type: ignore[attr-defined]

from skrt_hub.hub.sandboxing import Start, render_sandbox
from skrt_workspace import workers
from skrt_workspace.sandbox.document import Network
from skrt_workspace.server_extension import dask_pages
from tests.unit.hub.test_rendering import ANNA, LAYOUT, applied

OWN = "hub.0123"
Fetch = Callable[[str], Coroutine[Any, Any, httpclient.HTTPResponse]]


class Cluster(web.RequestHandler):
    """The gateway's word about a cluster: it is carla's, who has this token."""

    def get(self, name: str) -> None:
        own = name == OWN and self.request.headers.get("Authorization") == "jupyterhub carla's"
        self.set_status(200 if own else 403)


class Page(web.RequestHandler):
    """A scheduler's page, which tells what it was asked with."""

    def get(self, name: str, path: str) -> None:
        self.set_header("Set-Cookie", "evil=1")
        self.finish(json.dumps({"of": name, "path": path, "cookies": self.request.headers.get("Cookie", "")}))


class Line(websocket.WebSocketHandler):
    """Says again what it hears."""

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[0] if subprotocols else None

    async def on_message(self, message: str | bytes) -> None:
        await self.write_message(message, binary=isinstance(message, bytes))


def at_work(monkeypatch: pytest.MonkeyPatch, what: Callable[[str], Coroutine[Any, Any, None]], user: str = "c") -> None:
    """A server with our handlers, and a gateway behind it."""

    async def run() -> None:
        gateway = web.Application(
            [(r"/api/v1/clusters/(.*)", Cluster), (r"/clusters/[^/]+/line", Line), (r"/clusters/([^/]+)/(.*)", Page)]
        )
        monkeypatch.setattr(dask_pages.ClusterPages, "current_user", property(lambda self: user))
        ours = web.Application([(dask_pages.PATH, dask_pages.ClusterPages), (dask_pages.HERE, dask_pages.PagesHere)])
        served = []
        for application in (gateway, ours):
            sockets = netutil.bind_sockets(0, "127.0.0.1")
            server = httpserver.HTTPServer(application)
            server.add_sockets(sockets)
            served.append((server, sockets[0].getsockname()[1]))
        monkeypatch.setenv("DASK_GATEWAY__ADDRESS", f"http://127.0.0.1:{served[0][1]}")
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "carla's")
        monkeypatch.setattr(dask_pages.ClusterPages, "_own", {})
        await what(f"127.0.0.1:{served[1][1]}/skrt/dask")
        for server, _ in served:
            server.stop()
            await server.close_all_connections()

    asyncio.run(run())


async def fetch(address: str, path: str) -> httpclient.HTTPResponse:
    asked = httpclient.HTTPRequest(f"http://{address}{path}", headers={"Cookie": "secret=1"})
    return await httpclient.AsyncHTTPClient().fetch(asked, raise_error=False)


def test_the_owner_sees_the_page_and_no_cookie_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    async def what(address: str) -> None:
        answer = await fetch(address, f"/clusters/{OWN}/status?a=1")
        assert answer.code == 200
        assert json.loads(answer.body) == {"of": OWN, "path": "status", "cookies": ""}
        assert "Set-Cookie" not in answer.headers

    at_work(monkeypatch, what)


def test_somebody_elses_cluster_is_not_shown_here(monkeypatch: pytest.MonkeyPatch) -> None:
    async def what(address: str) -> None:
        assert (await fetch(address, "/clusters/hub.another/status")).code == 404
        assert (await fetch(address, f"/clusters/{OWN}/../hub.another/status")).code in (403, 404)
        assert (await fetch(address, f"/clusters/{OWN}/%2e%2e/hub.another/status")).code == 404

    at_work(monkeypatch, what)


def test_nobody_sees_anything_without_a_log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def what(address: str) -> None:
        assert (await fetch(address, f"/clusters/{OWN}/status")).code == 403

    at_work(monkeypatch, what, user=None)  # type: ignore[arg-type]


def test_the_page_is_kept_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    async def what(address: str) -> None:
        line = await websocket.websocket_connect(f"ws://{address}/clusters/{OWN}/line", subprotocols=["bokeh", "word"])
        assert line.selected_subprotocol == "bokeh"
        for said in ("words", b"\0bytes"):
            await line.write_message(said, binary=isinstance(said, bytes))
            assert await line.read_message() == said
        line.close()

    at_work(monkeypatch, what)


def test_dask_in_the_sandbox_is_shown_where_nobody_else_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def what(address: str) -> None:
        port = int(os.environ["DASK_GATEWAY__ADDRESS"].rpartition(":")[2])  # something that listens here
        monkeypatch.delenv(workers.OWN_NETWORK, raising=False)
        refused = await fetch(address, f"/here/{port}/clusters/x/status")
        assert refused.code == 403
        monkeypatch.setenv(workers.OWN_NETWORK, "1")
        assert (await fetch(address, f"/here/{port}/clusters/x/status")).code == 200
        assert (await fetch(address, "/here/1/status")).code in (404, 502)

    at_work(monkeypatch, what)


@pytest.mark.parametrize("own", [True, False])
def test_a_sandbox_is_told_whether_its_network_is_its_own(own: bool) -> None:
    start = Start(ANNA, {"JUPYTERHUB_USER": "anna"}, ("--port=1",), network=Network(own=own))
    told = render_sandbox(applied(), LAYOUT, start, machine_cpus=8).environment
    assert (told.get(workers.OWN_NETWORK) == "1") is own
    assert ("DASK_DISTRIBUTED__DASHBOARD__LINK" in told) is own
