"""One person taken out of a hub on Kubernetes: volumes, account, database, and what this computer noted of them."""

from __future__ import annotations

from skrt_hub.hub.log_names import take_out_names
from skrt_hub.hub.names import folder_for
from skrt_hub.policy import erasing
from skrt_hub.policy.erasing import Erased
from skrt_hub.targets.kubernetes.backup import save_database
from skrt_hub.targets.kubernetes.cluster.claims import CLAIMS, is_home
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import participant as owner
from skrt_hub.targets.kubernetes.homes import participants

_PODS = (
    "Not reached: the logs of the hub's pods, which the nodes keep until the pods end (a new one: skrt-hub stop, then "
    "skrt-hub start), and volumes that the storage class retains (reclaimPolicy: Retain)."
)


def erase(cluster: Cluster, name: str) -> Erased:
    """As skrt_hub.policy.erasing says; what was done. Raises the errors of the cluster."""
    hub = HubPod(cluster.kubectl)
    known = name in {person.name for person in participants.everyone(cluster)}
    hub.accounts("lock", name)  # nobody logs in again while the rest goes on
    hub.stop_servers([name], deadline=60)
    hub.forget_user(name)
    claims = cluster.kubectl.items(CLAIMS)
    theirs = [item["metadata"]["name"] for item in claims if is_home(item) and erasing.is_theirs(owner(item), name)]
    if theirs:
        cluster.kubectl.run("delete", CLAIMS, *theirs, "--ignore-not-found", deadline=300)
    hub.accounts("free", name)
    hub.tidy_database()
    _renew_copies(cluster)
    logs = take_out_names(cluster.layout, erasing.words_of(name, folder_for(name)))
    lines = (
        f"The home of {name} is gone: the volume {', '.join(theirs)}" if theirs else f"{name} had no volume.",
        f"Account, log-in name and database have nothing of {name} any more; the name is free.",
        f"Taken out of {len(logs)} logs on this computer." if logs else "No log on this computer names them.",
        _PODS,
    )
    return Erased(lines, known or bool(theirs))


def _renew_copies(cluster: Cluster) -> None:
    """Earlier copies of the database have the name; one as it is now takes their place."""
    earlier = sorted((cluster.layout.kubernetes / "databases").glob("jupyterhub-*.sqlite"))
    if not earlier:
        return
    save_database(cluster)
    for copy in earlier:
        copy.unlink(missing_ok=True)
