"""The participants of a hub on Kubernetes: their passwords lie in the hub's pod, their homes in volumes.

The programs below run in the hub's pod and come on its standard input, so a password is in no argument and no log.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from skrt_hub.errors import nobody_called
from skrt_hub.policy import removing
from skrt_hub.policy.log_in import listed
from skrt_hub.report import Message, Participant
from skrt_hub.targets.kubernetes.cluster.claims import CLAIMS, is_home
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HUB, HubPod
from skrt_hub.targets.kubernetes.cluster.objects import USERNAME, participant
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
    names = sorted({*users, *with_password, *listed(settings)})
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


def remove(cluster: Cluster, name: str, *, free: bool) -> Message:
    """As skrt_hub.policy.removing says. Raises UnknownNameError."""
    if name not in {person.name for person in everyone(cluster)}:
        raise nobody_called(name)
    hub = HubPod(cluster.kubectl)
    _accounts(cluster, "lock", name)
    hub.stop_servers([name], deadline=60)
    hub.forget_user(name)
    claims = [claim for claim in cluster.kubectl.items(CLAIMS) if is_home(claim) and participant(claim) == name]
    kept = ", ".join(f"the volume {claim['metadata']['name']}" for claim in claims) or None
    if free:
        aside = removing.aside_name(name, datetime.now(UTC))
        for claim in claims:
            cluster.kubectl.run("annotate", CLAIMS, claim["metadata"]["name"], f"{USERNAME}={aside}", "--overwrite")
        _accounts(cluster, "forget", name)
    return Message(removing.in_words(cluster.settings, name, kept, freed=free))


def _accounts(cluster: Cluster, action: str, name: str = "", password: str = "") -> Any:
    script = _PROGRAM.format(
        folder=str(PurePosixPath(AUTHENTICATOR_PATH).parent),
        module=AUTHENTICATOR_MODULE,
        file=f"{HUB_STATE}/accounts.json",
        request=json.dumps([action, name, password]),
    )
    return json.loads(cluster.kubectl.exec_python(HUB, script))
