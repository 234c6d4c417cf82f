"""The participants of a hub on Kubernetes: their passwords lie in the hub's pod, their homes in volumes."""

from __future__ import annotations

from datetime import UTC, datetime

from skrt_hub.errors import nobody_called
from skrt_hub.policy import removing
from skrt_hub.policy.log_in import listed
from skrt_hub.report import Message, Participant
from skrt_hub.targets.kubernetes.cluster.claims import CLAIMS, is_home
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import USERNAME, participant


def everyone(cluster: Cluster) -> tuple[Participant, ...]:
    """Every name that the hub knows, has a password, or is named in hub.yaml."""
    settings = cluster.target.settings
    hub = HubPod(cluster.kubectl)
    users = {user["name"]: user for user in hub.users()}
    with_password = set(hub.accounts("names"))
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
    HubPod(cluster.kubectl).accounts("set", name, password)


def forget_password(cluster: Cluster, name: str) -> bool:
    """Let the next log-in with the name choose a password; False when it had none."""
    hub = HubPod(cluster.kubectl)
    if hub.accounts("forget", name):
        return True
    known = {user["name"]: user for user in hub.users()}.get(name)
    if known is None or not known.get("last_activity"):
        return False
    hub.accounts("open", name)  # the account of somebody who was here is lost
    return True


def remove(cluster: Cluster, name: str, *, free: bool) -> Message:
    """As skrt_hub.policy.removing says. Raises UnknownNameError."""
    if name not in {person.name for person in everyone(cluster)}:
        raise nobody_called(name)
    hub = HubPod(cluster.kubectl)
    hub.accounts("lock", name)
    hub.stop_servers([name], deadline=60)
    hub.forget_user(name)
    claims = [claim for claim in cluster.kubectl.items(CLAIMS) if is_home(claim) and participant(claim) == name]
    kept = ", ".join(f"the volume {claim['metadata']['name']}" for claim in claims) or None
    if free:
        aside = removing.aside_name(name, datetime.now(UTC))
        for claim in claims:
            cluster.kubectl.run("annotate", CLAIMS, claim["metadata"]["name"], f"{USERNAME}={aside}", "--overwrite")
        hub.accounts("forget", name)
    return Message(removing.in_words(cluster.settings, name, kept, freed=free))
