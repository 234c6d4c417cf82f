"""The participants of a hub on Kubernetes: their passwords lie in the hub's pod, their homes in volumes.

The programs below run in the hub's pod and come on its standard input, so a password is in no argument and no log.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from skrt_hub.errors import nobody_called
from skrt_hub.report import Message, Participant
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HUB, HubPod
from skrt_hub.targets.kubernetes.release.values import AUTHENTICATOR_MODULE, AUTHENTICATOR_PATH, HUB_STATE

_PROGRAM = """
import json, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from {module} import Accounts
accounts = Accounts(Path({file!r}))
action, name, password = json.loads({request!r})
if action == "names":
    print(json.dumps(accounts.names()))
elif action == "set":
    print(json.dumps(accounts.set(name, password)))
elif action == "forget":
    print(json.dumps(accounts.forget(name)))
elif action == "open":
    print(json.dumps(accounts.open(name)))
elif action == "lock":
    print(json.dumps(accounts.lock(name)))
"""


def everyone(cluster: Cluster) -> tuple[Participant, ...]:
    """Every name that the hub knows, has a password, or is named in hub.yaml."""
    settings = cluster.target.settings
    users = {user["name"]: user for user in HubPod(cluster.kubectl).users()}
    with_password = set(_accounts(cluster, "names"))
    names = sorted({*users, *with_password, *settings.participants, *settings.admins})
    return tuple(
        Participant(
            name=name,
            password=name in with_password,
            admin=name in settings.admins,
            server=bool(users.get(name, {}).get("servers")),
            home="a volume of the namespace" if name in users else "",
        )
        for name in names
    )


def set_password(cluster: Cluster, name: str, password: str) -> None:
    """Give the name this password."""
    _accounts(cluster, "set", name, password)


def forget_password(cluster: Cluster, name: str) -> bool:
    """Let the next log-in with the name choose a password; False when it had none."""
    if _accounts(cluster, "forget", name):
        return True
    known = {user["name"]: user for user in HubPod(cluster.kubectl).users()}.get(name)
    if known is None or not known.get("last_activity"):
        return False
    _accounts(cluster, "open", name)  # the account of somebody who was here is lost
    return True


def remove(cluster: Cluster, name: str) -> Message:
    """End the server and lock the name: its volume stays, and nobody else can take the name and with it the volume."""
    if name not in {person.name for person in everyone(cluster)}:
        raise nobody_called(name)
    hub = HubPod(cluster.kubectl)
    hub.stop_servers([name], deadline=60)
    _accounts(cluster, "lock", name)
    hub.forget_user(name)
    return Message(
        (
            f"{name} was removed. The volume is kept, and the name is locked so that nobody else gets it.",
            f"Give it a password again with: skrt-hub participants password {name}",
        )
    )


def _accounts(cluster: Cluster, action: str, name: str = "", password: str = "") -> Any:
    script = _PROGRAM.format(
        folder=str(PurePosixPath(AUTHENTICATOR_PATH).parent),
        module=AUTHENTICATOR_MODULE,
        file=f"{HUB_STATE}/accounts.json",
        request=json.dumps([action, name, password]),
    )
    return json.loads(cluster.kubectl.exec_python(HUB, script))
