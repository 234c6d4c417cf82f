"""The chart's own proxy with our gate in it: who is led to a participant's server, and who to the hub.

The proxy is the real one (npm's configurable-http-proxy), started as the chart does; the servers behind it only say who
they are. What the hub does with those who are led to it is the same on one machine (hub/test_visitors.py).
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skrt_hub.hub.visitors import Gate
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes import rendering
from skrt_hub.targets.kubernetes.release import web
from tests.support.hubs import free_port

PROXY = shutil.which("configurable-http-proxy")
TOKEN = "what-hub-and-proxy-share"
GATE = Gate(TOKEN)
SETTINGS = Settings.model_validate({"target": "kubernetes", "public_url": "https://hub.example.org"})

pytestmark = pytest.mark.skipif(PROXY is None, reason="npm install -g configurable-http-proxy")


def serve(words: str) -> int:
    """A server on loopback that answers everything with these words; its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Service-Worker-Allowed", "/")
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Clear-Site-Data", '"cookies"')
            self.end_headers()
            self.wfile.write(words.encode())

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


@dataclass
class Proxy:
    port: int
    interface: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def lead(self, path: str, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.interface, timeout=10)
        body = json.dumps({"target": f"http://127.0.0.1:{port}"})
        connection.request("POST", f"/api/routes{path}", body, {"Authorization": f"token {TOKEN}"})
        assert connection.getresponse().status == 201


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with started(SETTINGS) as made:
        yield made


@contextlib.contextmanager
def started(settings: Settings, host: str = "") -> Iterator[Proxy]:
    assert PROXY is not None
    made = Proxy(free_port(), free_port())
    variables = {
        "PATH": os.environ["PATH"],
        "CONFIGPROXY_AUTH_TOKEN": TOKEN,
        **web.proxy_variables(settings, Path(rendering.__file__).with_name("gate.js").read_text(encoding="utf-8")),
        "SKRT_HUB_INTERFACE": str(made.interface),
    }
    words = [PROXY, "--ip=127.0.0.1", f"--port={made.port}", "--api-ip=127.0.0.1", f"--api-port={made.interface}"]
    words += ["--host-routing"] if host else []
    program = subprocess.Popen([*words, f"--default-target=http://127.0.0.1:{serve('the hub')}"], env=variables)
    try:
        end = time.monotonic() + 20
        while True:
            try:
                made.lead(f"{host}/user/mallory", serve("mallory's server"))
                break
            except OSError:
                assert time.monotonic() < end, "the proxy did not start"
                time.sleep(0.1)
        made.lead(f"{host}/user/o%27neil%20l", serve("o'neil's server"))
        yield made
    finally:
        program.kill()
        program.wait()


def open_channel(proxy: Proxy, path: str, host: str) -> bytes:
    """The first bytes of the answer to somebody who wants a WebSocket."""
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as channel:
        channel.sendall(head.encode())
        return channel.recv(100)


def mark(name: str) -> str:
    return f"{GATE.cookie}={GATE.mark(name)}"


def test_the_owners_browser_and_programs_are_led_to_the_server(proxy: Proxy) -> None:
    status, headers, words = proxy.ask("/user/mallory/lab", Cookie=f"a=b; {mark('mallory')}")
    assert (status, words) == (200, "mallory's server")
    assert "Service-Worker-Allowed" not in headers
    assert headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert proxy.ask("/user/mallory/api", Authorization="token x")[2] == "mallory's server"
    assert proxy.ask("/user/o%27neil%20l/lab", Cookie=mark("o'neil l"))[2] == "o'neil's server"


@pytest.mark.parametrize(
    "path",
    [
        "/user/mallory/open", "/user/mallory", "//user/mallory/open", "/user/mallory/?token=x", "/user%2Fmallory/open",
        "/user/%6dallory/open", "/x/../user/mallory/open", "/user/mallory/%zz", "http://x/user/mallory/open",
    ],
)  # fmt: skip
def test_nobody_else_is(proxy: Proxy, path: str) -> None:
    planted = {"Cookie": f"{mark('mallory')}; {mark('anna')}"}  # by a page at another port or host of the domain
    for headers in ({}, {"Cookie": mark("anna")}, planted, {"Authorization": "Basic bWFsbG9yeTp4"}):
        status, answered, words = proxy.ask(path, **headers)
        assert "mallory's" not in words
        if status == 302:
            assert answered["Location"].startswith("/hub/")


def test_the_hub_is_reached_as_before(proxy: Proxy) -> None:
    for path in ("/", "/hub/login", "/hub/user/mallory/lab", "/services/x", "/users/mallory"):
        assert proxy.ask(path)[2] == "the hub"


def test_forms_and_channels_of_others_are_refused(proxy: Proxy) -> None:
    assert proxy.ask("/user/mallory/api", "POST")[0] == 403
    assert open_channel(proxy, "/user/mallory/c", "localhost").startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("name", ["hub.example.org", "HUB.example.org:443", "localhost", "anna.localhost", "10.0.0.7"])
def test_the_hubs_own_names_are_answered(proxy: Proxy, name: str) -> None:
    assert proxy.ask("/hub/login", Host=name)[2] == "the hub"


@pytest.mark.parametrize("name", ["rebound.example", "hub.example.org.rebound.example", "hub-example.org", ""])
def test_other_names_are_told_the_hubs_address(proxy: Proxy, name: str) -> None:
    for path in ("/hub/login", "/user/mallory/lab"):
        status, _, words = proxy.ask(path, Host=name, Cookie=mark("mallory"))
        assert status == 403
        assert "Its address is https://hub.example.org" in words
    assert open_channel(proxy, "/hub/x", name).startswith(b"HTTP/1.1 403")


def test_at_a_participants_name_there_is_that_participants_server_alone() -> None:
    """With own origins, a page of the hub there would be of one origin with that participant's pages."""
    public = "https://hub.example.org"
    settings = SETTINGS.model_copy(update={"public_url": public, "participant_url": "https://*.hub.example.org"})
    theirs = "mallory.hub.example.org"
    with started(settings, f"/{theirs}") as proxy:
        status, headers, words = proxy.ask("/user/mallory/lab", Host=theirs)
        assert (status, words) == (200, "mallory's server")
        assert "Clear-Site-Data" not in headers
        for path in ("/", "/hub/login?x=y", "/services/class/", "/user/../hub/login", "//hub/login"):
            status, headers, _ = proxy.ask(path, Host=theirs)
            assert (status, headers["Location"]) == (302, f"{public}{path}")
        for own in ("hub.example.org", "class--service.hub.example.org"):
            assert proxy.ask("/services/class/", Host=own)[2] == "the hub"
        assert open_channel(proxy, "/hub/x", theirs).startswith(b"HTTP/1.1 403")
