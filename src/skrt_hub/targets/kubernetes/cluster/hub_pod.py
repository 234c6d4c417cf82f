"""Speaking to JupyterHub from inside its own pod, as the service that the chart makes for skrt-hub.

The service's token stays in the pod: a small program there reads it. So no port is opened, no secret leaves the
cluster, and the permission `create pods/exec` is all it needs.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from skrt_hub.errors import ClusterError, StartError
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl

HUB = "deployment/hub"
DATABASE = "/srv/jupyterhub/jupyterhub.sqlite"
_ASK = """
import json, sys, urllib.error, urllib.request
token = open("/usr/local/etc/jupyterhub/secret/hub.services.skrt-hub.apiToken").read()
answers = []
for method, path, body in json.loads(sys.argv[1]):
    request = urllib.request.Request("http://127.0.0.1:8081/hub/api" + path, method=method)
    request.add_header("Authorization", "token " + token)
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, timeout=30) as answer:
            answers.append([answer.status, answer.read().decode()])
    except urllib.error.HTTPError as error:
        answers.append([error.code, error.read().decode(errors="replace")])
    except OSError as error:
        answers.append([0, str(error)])
print(json.dumps(answers))
"""
_COPY = """
import base64, sqlite3, sys, tempfile, pathlib
source = pathlib.Path(sys.argv[1])
if source.exists():
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "copy.sqlite")
        with sqlite3.connect(source) as old, sqlite3.connect(copy) as new:
            old.backup(new)
        whole = sqlite3.connect(copy).execute("pragma integrity_check").fetchone()[0]
        if whole != "ok":
            sys.exit("the database is damaged: " + whole)
        sys.stdout.write(base64.b64encode(copy.read_bytes()).decode())
"""
Request = tuple[str, str, Any]


@dataclass(frozen=True)
class HubPod:
    """The hub's pod of one namespace."""

    kubectl: Kubectl

    def ask(self, *requests: Request, deadline: float = 90) -> list[tuple[int, Any]]:
        """The answers of JupyterHub's interface to (method, path, body): status and document.

        Raises ClusterError where the hub's pod does not run or does not answer.
        """
        out = self.kubectl.exec_python(HUB, _ASK, json.dumps(requests), deadline=deadline)
        answers = [(status, _document(text)) for status, text in json.loads(out)]
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
        self.ask(("POST", f"/users/{user}", None), ("POST", f"/users/{user}/server", None))
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
        return base64.b64decode(self.kubectl.exec_python(HUB, _COPY, DATABASE, deadline=120))

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
