"""What a browser or a program on the network can try without being let in, or as another participant."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from skrt_hub.audit.inside.attempt import (
    GATE,
    HOSTS,
    LOG_IN,
    ORIGIN,
    WINDOWS,
    Finding,
    not_applicable,
    reachable,
    refused,
)

_PATIENCE = 20.0


@dataclass(frozen=True)
class Seen:
    """An answer: its number, its headers and its first words."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass(frozen=True)
class Outside:
    """The hub as it is reached from outside. `facts` are the same that the participant's program gets."""

    url: str
    name: str
    facts: Mapping[str, Any]
    host: str = ""
    server_host: str = ""

    def ask(self, path: str, *, method: str = "GET", body: str | None = None, **headers: str) -> Seen:
        """One request, redirects not followed; `_` in a header's name stands for `-`. Raises OSError."""
        where = urlsplit(self.url)
        # Whose certificate it is does not matter here: nothing secret is sent.
        kind: Callable[..., http.client.HTTPConnection] = http.client.HTTPConnection
        options: dict[str, Any] = {"timeout": _PATIENCE}
        if where.scheme == "https":
            kind, options["context"] = http.client.HTTPSConnection, ssl._create_unverified_context()  # noqa: S323
        connection = kind(where.hostname or "", where.port, **options)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            own = self.server_host if path.startswith("/user/") else self.host
            if own and "Host" not in sent:
                sent["Host"] = own
            connection.request(method, where.path.rstrip("/") + path, body=body, headers=sent)
            answer = connection.getresponse()
            return Seen(answer.status, answer.headers, answer.read(20000).decode(errors="replace"))
        finally:
            connection.close()

    @property
    def _server(self) -> str:
        return f"/user/{self.name}/api/status"


def server_without_mark(hub: Outside) -> Finding:
    """Open a page of a participant's server at the hub's own origin, without being its owner"""
    # Where each server has an origin of its own, what matters is that the hub's does not show it.
    at = {"Host": hub.host} if hub.server_host else {}
    seen = [
        hub.ask(hub._server, **at),
        hub.ask(hub._server, Authorization="Basic Og==", **at),
        hub.ask(hub._server + "?token=x", **at),
    ]
    if cookie := hub.facts.get("marks_of_another"):
        seen.append(hub.ask(hub._server, Cookie=str(cookie), **at))
    for answer in seen:
        if not _is_the_hubs(answer):
            return reachable(f"the server itself answered, {answer.status}")
    return refused(ORIGIN if hub.server_host else GATE, "the hub answered in its place")


def _is_the_hubs(answer: Seen) -> bool:
    """Whether the hub answered, or led to itself; a participant's server says neither, whatever it says else."""
    return "/hub/" in answer.headers.get("Location", "")


def server_without_token(hub: Outside) -> Finding:
    """Use a participant's server with a wrong token"""
    answer = hub.ask(hub._server, Authorization="token 0123456789abcdef0123456789abcdef")
    return reachable(f"answer {answer.status}") if answer.status < 300 else refused(LOG_IN, f"answer {answer.status}")


def hub_interface(hub: Outside) -> Finding:
    """Use the hub's interface and figures without logging in"""
    for path in ("/hub/api/users", "/hub/api/proxy", "/hub/metrics", "/hub/admin", "/hub/api/services"):
        answer = hub.ask(path)
        if answer.status < 300:
            return reachable(f"{path}: answer {answer.status}")
    return refused(LOG_IN)


def proxy_interface(hub: Outside) -> Finding:
    """Use the proxy's interface from outside"""
    for path in ("/api/overview", "/api/http/routers", "/api/routes", "/dashboard/"):
        answer = hub.ask(path)
        if answer.status < 300:
            return reachable(f"{path}: answer {answer.status}")
    return refused("the proxy's interface is not at the public address")


def other_host(hub: Outside) -> Finding:
    """Reach the hub under another site's name (DNS rebinding)"""
    answer = hub.ask("/hub/login", Host="rebound.attacker.example")
    return (
        reachable(f"answer {answer.status} to another name")
        if answer.status < 400
        else refused(HOSTS, f"answer {answer.status}")
    )


def pages_to_scripts(hub: Outside) -> Finding:
    """Read the hub's pages from a script of another page of the same origin"""
    for way in ({"Sec_Fetch_Dest": "empty", "Sec_Fetch_Mode": "cors"}, {"Sec_Fetch_Dest": "iframe"}):
        answer = hub.ask("/hub/login", **way)
        if answer.status < 400:
            return reachable(f"answer {answer.status} to a request for {way['Sec_Fetch_Dest']}")
    answer = hub.ask("/hub/login", method="POST", body="", Referer=f"{hub.url}user/{hub.name}/lab")
    if answer.status != 403:
        return reachable(f"answer {answer.status} to a form on a participant's page")
    return refused(WINDOWS)


def framed(hub: Outside) -> Finding:
    """Show the hub's pages inside another page, and use its cookies from other sites"""
    answer = hub.ask("/hub/login")
    policy = answer.headers.get("Content-Security-Policy", "")
    if "frame-ancestors 'none'" not in policy:
        return reachable("other pages may frame the log-in page")
    if answer.headers.get("X-Content-Type-Options") != "nosniff":
        return reachable("browsers may guess what kind of file an answer is")
    careless = [line for line in answer.headers.get_all("Set-Cookie") or [] if "samesite" not in line.lower()]
    if careless:
        return reachable(f"a cookie without SameSite: {careless[0].partition('=')[0]}")
    if hub.url.startswith("https") and not all(
        "secure" in line.lower() for line in answer.headers.get_all("Set-Cookie") or []
    ):
        return reachable("a cookie that is sent without encryption, too")
    return refused("headers of the hub's pages")


def guess_passwords(hub: Outside) -> Finding:
    """Guess a password forty times in a row"""
    page = hub.ask("/hub/login")
    cookies = "; ".join(line.partition(";")[0] for line in page.headers.get_all("Set-Cookie") or [])
    token = page.text.partition('name="_xsrf" value="')[2].partition('"')[0]
    name = str(hub.facts.get("with_password") or "")
    if not token or not name:
        return not_applicable("this kind of log-in has no passwords of the hub's own")
    for number in range(40):
        form = urlencode({"_xsrf": token, "username": name, "password": f"wrong horse {number}"})
        kind = "application/x-www-form-urlencoded"
        answer = hub.ask("/hub/login", method="POST", body=form, Cookie=cookies, Content_Type=kind)
        if answer.status == 302:
            return reachable(f"a wrong password was taken after {number + 1} tries")
        if answer.status == 429 or "Too many" in answer.text:
            return refused("brake on wrong passwords", f"after {number + 1} tries")
    return reachable("forty wrong passwords were weighed one after the other")


def forwarded_names(hub: Outside) -> Finding:
    """Make the hub lead people to another site"""
    for header in ("X_Forwarded_Host", "X_Forwarded_Server", "X_Original_URL"):
        answer = hub.ask("/", **{header: "rebound.attacker.example"})
        if "attacker.example" in answer.headers.get("Location", ""):
            return reachable(f"{header.replace('_', '-')} changes where people are led")
    for path in ("//attacker.example/%2e%2e", "/hub/login?next=https://attacker.example/", "/\\attacker.example"):
        place = hub.ask(path).headers.get("Location", "")
        if urlsplit(place).hostname == "attacker.example":
            return reachable(f"{path} leads to {place}")
    return refused("the hub leads to its own addresses only")


PROBES: tuple[Callable[[Outside], Finding], ...] = (
    server_without_mark,
    server_without_token,
    hub_interface,
    proxy_interface,
    other_host,
    pages_to_scripts,
    framed,
    forwarded_names,
    guess_passwords,
)
