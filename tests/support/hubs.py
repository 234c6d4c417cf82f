"""Hubs for the tests: their folder and port, the commands on them, and people with browsers."""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.support import json_output
from tests.support.tools import Tool

# SKRT_HUB_TEST_FORK_SERVER=off runs the same tests on hubs whose servers and kernels start by themselves.
FORK_SERVER = os.environ.get("SKRT_HUB_TEST_FORK_SERVER") != "off"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_open(port: int, program: subprocess.Popen[Any], longest: float = 30.0) -> None:
    """Wait until this program's port answers; a program that has ended, or never listens, is an error."""
    end = time.monotonic() + longest
    while time.monotonic() < end:
        assert program.poll() is None, f"{program.args!r} ended with {program.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"{program.args!r} does not listen on port {port}")


@dataclass
class Hub:
    """One hub: its folder, its hub.yaml, and the commands on it."""

    tool: Tool
    root: Path
    port: int = field(default_factory=free_port)

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def configure(self, **settings: Any) -> None:
        document = {"name": f"test-{self.port}", "port": self.port, "fork_server": FORK_SERVER, **settings}
        (self.root / "hub.yaml").write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML

    def run(self, *words: str, code: int | None = 0, **options: Any) -> CompletedProcess[str]:
        done = self.tool.run(*words, "--config", self.root / "hub.yaml", "--state", self.state, **options)
        if code is not None:
            assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr + done.stdout
        if "--json" in words and code is not None:
            json_output.validate(words, json.loads(done.stdout))
        return done

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return document

    def person(self, name: str, password: str = "correct horse") -> Person:
        return Person(self.url, name, password)

    def at_work(self, name: str, password: str = "correct horse") -> Person:
        """A participant who has logged in, with a server that is ready."""
        person = self.person(name, password)
        person.log_in()
        person.server()
        return person

    @contextlib.contextmanager
    def little_home(self, name: str, size: str) -> Iterator[Path]:
        """Where the running hub is stopped: `name`, who had a server before, has a home of `size`. Root only."""
        if os.geteuid() != 0:
            pytest.skip("a small file system can only be mounted by root")
        self.at_work(name)
        self.run("stop")
        folder = self.state / "homes" / name
        uid = folder.stat().st_uid
        options = f"size={size},mode=0700,uid={uid},gid={uid}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
        try:
            yield folder
        finally:
            self.run("stop")
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

    def remove(self) -> None:
        if self.state.exists():
            self.run("stop", code=None)
        shutil.rmtree(self.root, ignore_errors=True)


class Refused(Exception):  # noqa: N818 - a log-in that was refused is no fault
    """The log-in page came back, with these words."""


class Person:
    """Somebody with a browser, as far as forms and cookies go."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self.url, self.name, self.password = url, name, password
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.ProxyHandler({})
        )
        self.headers = self._opener.addheaders = [("Sec-Fetch-Mode", "navigate")]

    @property
    def path(self) -> str:
        """The name as JupyterHub writes it in addresses."""
        return urllib.parse.quote(self.name, safe="@~")

    def get(self, path: str) -> tuple[int, str, str]:
        """Status, final address and text of a page."""
        try:
            with self._opener.open(urllib.parse.urljoin(self.url, path), timeout=60) as answer:
                return answer.status, answer.url, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.url or "", error.read().decode(errors="replace")

    def log_in(self) -> str:
        """Log in through the form; returns the address that came next. Raises Refused."""
        _, address, page = self.get("hub/login")
        if "/hub/login" not in address:
            return address  # still logged in
        token = re.search(r'name="_xsrf" value="([^"]+)"', page)
        assert token is not None, page
        form = {"_xsrf": token[1], "username": self.name, "password": self.password}
        try:
            with self._opener.open(self.url + "hub/login?next=", urllib.parse.urlencode(form).encode(), 60) as answer:
                return str(answer.url)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            words = re.search(r'class="login_error"[^>]*>([^<]*)<', text)
            raise Refused(words[1] if words else text) from None

    def server(self, deadline: float = 60) -> str:
        """Wait for the own server; returns the address of its lab page."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            status, address, _ = self.get(f"user/{self.path}/lab")
            if status == 200 and "/lab" in address and "/hub/" not in address:
                return address
            time.sleep(0.2)
        raise AssertionError(f"the server of {self.name} did not come up")

    def hub_api(self, method: str, path: str, document: Any = None) -> Any:
        """One call of the hub's interface, as its own pages make them."""
        found = re.search(r'xsrf_token: "([^"]+)"', self.get("hub/home")[2])
        assert found is not None
        headers = {"X-XSRFToken": found[1], "Sec-Fetch-Mode": "cors", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}hub/api/{path}", method=method, headers=headers)
        data = None if document is None else json.dumps(document).encode()
        with self._opener.open(request, data, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def end_server(self, deadline: float = 30) -> None:
        """End the own server, and wait until it has ended."""
        self.hub_api("DELETE", f"users/{self.path}/server")
        end = time.monotonic() + deadline
        while self.hub_api("GET", f"users/{self.path}")["servers"]:
            assert time.monotonic() < end, "the server did not end"
            time.sleep(0.1)

    def token(self) -> str:
        """A new token of the own account."""
        return str(self.hub_api("POST", f"users/{self.path}/tokens", {})["token"])

    def api(self, method: str, path: str, document: Any = None) -> Any:
        """One call of the own Jupyter server's interface."""
        base = f"{self.url}user/{self.path}/"
        token = next((c.value for c in self.cookies if c.name == "_xsrf" and "/user/" in c.path), "")
        request = urllib.request.Request(base + path, method=method, headers={"X-XSRFToken": token or ""})
        data = None if document is None else json.dumps(document).encode()
        with self._opener.open(request, data, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def bytes(self, path: str) -> bytes:
        """What a page gets from the own server at this path, with the page's own token in place of `_xsrf=`."""
        token = next((c.value for c in self.cookies if c.name == "_xsrf" and "/user/" in c.path), "") or ""
        address = f"{self.url}user/{self.path}/{path}".replace("_xsrf=", f"_xsrf={urllib.parse.quote(token)}")
        with self._opener.open(address, timeout=60) as answer:
            data: bytes = answer.read()
            return data
