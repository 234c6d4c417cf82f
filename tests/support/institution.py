"""A log-in provider of an institution (OpenID Connect), as a process of its own, and people who log in there."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.hubs import Person, Refused, free_port

SECRET = "a-secret-of-the-client"


@dataclass(frozen=True)
class Institution:
    """The provider at one address."""

    issuer: str

    def knows(self, sub: str, **claims: Any) -> None:
        """Somebody at the institution, with what is known of them now."""
        address = f"{self.issuer}/users/{urllib.parse.quote(sub)}"
        request = urllib.request.Request(address, json.dumps(claims).encode(), method="PUT")
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request, timeout=10).close()


@contextlib.contextmanager
def institution(port: int | None = None, *, listen: str = "127.0.0.1") -> Iterator[Institution]:
    """A provider that runs; `listen`: the address that it answers at, besides calling itself 127.0.0.1."""
    port = port or free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", listen]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    there = Institution(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{there.issuer}/.well-known/openid-configuration", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the provider ended"
                assert time.monotonic() < deadline, "the provider did not start"
                time.sleep(0.1)
        yield there
    finally:
        process.terminate()
        process.wait(10)


class Member(Person):
    """Somebody of the institution, in a browser as far as forms and cookies go; `name` is theirs at the hub."""

    def __init__(self, url: str, sub: str, name: str) -> None:
        super().__init__(url, name, "")
        self.sub = sub

    def log_in(self) -> str:
        """Log in at the provider; returns the address that came next. Raises Refused with the hub's words."""
        status, address, page = self.get("hub/oauth_login?next=/hub/home")  # and no server is started
        if status != 200:
            raise Refused(_words(page))
        return self.agree(address)

    def agree(self, address: str) -> str:
        """Say at the provider's page who one is."""
        try:
            with self._opener.open(address, urllib.parse.urlencode({"sub": self.sub}).encode(), 60) as answer:
                return str(answer.url)
        except urllib.error.HTTPError as error:
            raise Refused(_words(error.read().decode(errors="replace"))) from None


def _words(page: str) -> str:
    found = re.search(r'class="login_error" role="alert">([^<]*)<', page)
    return found[1] if found else page[:2000]
