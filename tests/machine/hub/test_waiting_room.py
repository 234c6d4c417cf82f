"""Whoever asks while the proxy is being started waits, and then gets the page."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from tests.support.hubs import Hub

from .test_faults import pid_of, until


class Visitors:
    """Ask for the log-in page without end, each time by a new connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._over = threading.Event()
        self.count = 4
        self.answers: list[int | str] = []
        hosts = ("127.0.0.1", "::1") * (self.count // 2)
        self._threads = [threading.Thread(target=self._ask, args=(host,)) for host in hosts]

    def __enter__(self) -> Visitors:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, answer: int) -> None:
        """Until somebody got this answer."""
        end = time.monotonic() + 20
        while answer not in self.answers:
            assert time.monotonic() < end, set(self.answers)
            time.sleep(0.05)

    def _ask(self, host: str) -> None:
        while not self._over.is_set():
            connection = http.client.HTTPConnection(host, self._port, timeout=60)
            try:
                connection.request("GET", "/hub/login")
                self.answers.append(connection.getresponse().status)
            except (OSError, http.client.HTTPException) as error:
                self.answers.append(type(error).__name__)
            finally:
                connection.close()
            time.sleep(0.01)


@pytest.mark.long
def test_who_comes_while_the_proxy_starts_waits_and_is_answered(make_hub: Callable[..., Hub]) -> None:
    hub = make_hub()
    hub.run("up")
    with Visitors(hub.port) as visitors:
        hub.run("close")
        visitors.wait_for(503)  # whoever was left waiting meanwhile asks again a second later
        hub.run("open", "--no-browser")
        hub.configure(limits={"idle": "2 h"})
        hub.run("up")
    cut_off = [answer for answer in visitors.answers if isinstance(answer, str)]  # asked as the old proxy ended
    assert set(visitors.answers) - set(cut_off) == {200, 503}, "503 is the page of a closed hub"
    assert len(cut_off) <= 3 * visitors.count
    kills = 3
    with Visitors(hub.port) as visitors:
        for _ in range(kills):
            killed = pid_of(hub, "proxy")
            os.kill(killed, signal.SIGKILL)
            until(lambda old=killed: hub.status()["components"]["proxy"] not in ("not running", f"running, pid {old}"))
            time.sleep(1)
    # Only who asks in the very moment of the kill is cut off, or meets the new proxy before it has read its routes.
    assert sum(answer != 200 for answer in visitors.answers) <= kills * 2 * visitors.count
