"""A copy of the hub's database before every change of the hub, in the state folder of the organiser's machine."""

from __future__ import annotations

import time

from skrt_hub.errors import SkrtHubError, StartError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.pods.diagnosis import state
from skrt_hub.targets.kubernetes.pods.watch import component_label, look

KEPT = 10
PATIENCE = 60.0


def save_database(cluster: Cluster) -> str:
    """Copy the database where the hub runs; returns what was done, in words.

    Raises StartError where the hub runs and its database cannot be copied: nothing is changed then.
    """
    if not _hub_answers(cluster):
        return "The hub does not run, so its database was not copied; it is left as it is in its volume."
    try:
        content = HubPod(cluster.kubectl).database_copy()
    except SkrtHubError as error:
        raise StartError(
            "The hub's database could not be copied, so nothing was changed.",
            why=f"{error.what} {error.why}",
            remedy="See `skrt-hub logs hub`. A damaged database: docs/how-to on disasters.",
        ) from error
    if not content:
        return "The hub has no database file yet; there was nothing to copy."
    folder = cluster.layout.kubernetes / "databases"
    ensure_folder(folder, mode=0o700)
    path = folder / f"jupyterhub-{time.strftime('%Y%m%d-%H%M%S')}.sqlite"
    write_atomically(path, content, mode=0o600)
    for old in sorted(folder.glob("jupyterhub-*.sqlite"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return f"The hub's database was copied to {path}."


def _hub_answers(cluster: Cluster) -> bool:
    """Whether the hub is ready, after waiting a while for one that is just starting."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        seen = look(cluster.kubectl)
        if seen.ready("hub"):
            return True
        pods = [pod for pod in seen.core_pods() if component_label(pod) == "hub"]
        if seen.replicas("hub") == 0 or any(state(pod) in ("failing", "waiting") for pod in pods):
            return False
        time.sleep(0.5)
    return False
