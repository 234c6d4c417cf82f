"""Speaking to JupyterHub from inside its own pod, as the service that the chart makes for skrt-hub.

The service's token stays in the pod: a small program there reads it. So no port is opened, no secret leaves the
cluster, and the permission `create pods/exec` is all it needs.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from skrt_hub.errors import ClusterError, StartError, StateError
from skrt_hub.policy.profiles import NO_SUCH_SIZE, OPTION
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl
from skrt_hub.targets.kubernetes.in_hub.admin import ACCOUNTS

HUB = "deployment/hub"
PROGRAM = Path(__file__).parents[1] / "in_hub" / "admin.py"
Request = tuple[str, str, Any]


class OlderHubError(StateError):
    """The hub in the cluster is older than these commands."""


@dataclass(frozen=True)
class HubPod:
    """The hub's pod of one namespace."""

    kubectl: Kubectl

    def ask(self, *requests: Request, deadline: float = 90) -> list[tuple[int, Any]]:
        """The answers of JupyterHub's interface to (method, path, body): status and document.

        Raises ClusterError where the hub's pod does not run or does not answer.
        """
        told = self._run({"do": "ask", "requests": requests}, deadline=deadline)
        answers = [(status, _document(text)) for status, text in told]
        for status, text in answers:
            if status == 0:
                raise ClusterError("JupyterHub does not answer in its pod.", why=str(text), remedy="skrt-hub logs hub")
        return answers

    def users(self) -> list[dict[str, Any]]:
        """Every participant that the hub knows, with their servers."""
        found: list[dict[str, Any]] = []
        while True:
            ((status, page),) = self.ask(("GET", f"/users?limit=200&offset={len(found)}", None))
            if status != 200:
                raise ClusterError("JupyterHub refused to list the participants.", why=str(page))
            found += page
            if len(page) < 200:
                return found

    def sync_proxy(self) -> None:
        """Have the hub tell the proxy all routes again, after the proxy was away."""
        self.ask(("POST", "/proxy", None))

    def start_server(self, name: str, *, deadline: float) -> None:
        """Make the participant where it is new, start the server, wait until it is ready. Raises StartError."""
        user = quote(name, safe="")
        _, (status, _) = self.ask(("POST", f"/users/{user}", None), ("POST", f"/users/{user}/server", None))
        if status == NO_SUCH_SIZE:  # JupyterHub remembers a size that is gone: then it is the first
            self.ask(("POST", f"/users/{user}/server", {OPTION: ""}))
        for server in self._servers(name, deadline):
            if server.get("ready"):
                return
            if not server and not self._pending(name):
                break
        raise StartError(
            f"The server of {name} did not start.", remedy=f"See `skrt-hub status` and `skrt-hub logs {name}`."
        )

    def stop_servers(self, names: list[str], *, deadline: float) -> list[str]:
        """End these participants' servers in an orderly way; returns the names whose servers still run."""
        if names:
            self.ask(*(("DELETE", f"/users/{quote(name, safe='')}/server", None) for name in names), deadline=deadline)
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            left = [user["name"] for user in self.users() if user["name"] in names and user.get("servers")]
            if not left:
                return []
            time.sleep(0.5)
        return left

    def forget_user(self, name: str) -> None:
        """Remove the participant's entry in the hub; the home stays."""
        self.ask(("DELETE", f"/users/{quote(name, safe='')}", None))

    def database_copy(self) -> bytes:
        """A consistent, checked copy of the hub's database; empty where there is none yet."""
        return base64.b64decode(self._run({"do": "copy_database"}, deadline=120))

    def tidy_database(self) -> None:
        """Have nothing of a removed row left in the database's file."""
        self._run({"do": "tidy_database"}, deadline=120)

    def accounts_file(self) -> bytes:
        """The hub's accounts, as they are kept; empty where there are none yet."""
        return base64.b64decode(self._run({"do": "read_accounts"}))

    def own_config(self) -> Any:
        """What the hub noted of hub.yaml's `hub_config` when it started (skrt_hub.hub.own_config)."""
        return self._run({"do": "own_config"})

    def room(self) -> Any:
        """What is free of the hub's own volume (in_hub/admin.py)."""
        return self._run({"do": "room"})

    def accounts(self, method: str, *arguments: Any) -> Any:
        """One question to the accounts, or one change of them (skrt_hub.login.requests).

        Raises StateError, and OlderHubError where the hub there does not know the question.
        """
        found = self._run({"do": "accounts", "method": method, "arguments": arguments})
        if "older" in found:
            raise OlderHubError(
                "The hub in the cluster was set up by an older skrt-hub.",
                why=f"Its log-in does not know what is asked of it ({method}).",
                remedy="Run: skrt-hub up",
            )
        if "damaged" in found:
            raise StateError(
                "The list of accounts cannot be used; nobody can log in.",
                why=found["damaged"],
                remedy=f"Put a saved copy back as {ACCOUNTS} in the hub's pod, or remove that file there: names that "
                "have a home then stay locked until `skrt-hub participants reset NAME` gives each a new code.",
            )
        return found["answer"]

    def seats(self, *, begin: bool = False) -> Any:
        """What the keeper of the seats wrote last; `begin`: have it make them ready. Raises OlderHubError."""
        found = self._run({"do": "seats", "begin": begin})
        if "older" in found:
            raise OlderHubError(
                "The hub in the cluster was set up by an older skrt-hub.",
                why="It makes no seats ready.",
                remedy="Run: skrt-hub up",
            )
        return found["answer"]

    def _run(self, request: Mapping[str, Any], *, deadline: float = 60) -> Any:
        """The answer of in_hub/admin.py. What it is asked is part of the program's text: an argument could be read."""
        program = f"{PROGRAM.read_text(encoding='utf-8')}\nmain(json.loads({json.dumps(request)!r}))\n"
        return json.loads(self.kubectl.exec_python(HUB, program, deadline=deadline))

    def _servers(self, name: str, deadline: float) -> Iterator[dict[str, Any]]:
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            ((status, user),) = self.ask(("GET", f"/users/{quote(name, safe='')}", None))
            yield (user.get("servers") or {}).get("", {}) if status == 200 else {}
            time.sleep(1)

    def _pending(self, name: str) -> bool:
        ((status, user),) = self.ask(("GET", f"/users/{quote(name, safe='')}", None))
        return status == 200 and bool(user.get("pending"))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
