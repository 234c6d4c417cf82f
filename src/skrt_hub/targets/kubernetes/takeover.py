"""Taking over a JupyterHub that skrt-hub did not make: the old manual's, or any made with the same chart.

Volumes and the hub's database stay. Running servers are ended first, because they run the old image.
"""

from __future__ import annotations

from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.pods.watch import look
from skrt_hub.targets.kubernetes.release.revisions import Release


def prepare(cluster: Cluster, release: Release) -> list[str]:
    """End the old servers; returns what the organiser must know. Does nothing for a release of our own."""
    if release.owner == "us":
        return []
    chart = release.newest.chart if release.newest else ""
    seen = look(cluster.kubectl)
    names = sorted({participant(pod) for pod in seen.server_pods()})
    with cluster.hub_context.progress.step(f"ending {len(names)} servers of the old hub"):
        cluster.kubectl.run(
            "delete", "pods", "--selector=component=singleuser-server", "--ignore-not-found", deadline=180
        )
    homes = [claim for claim in seen.claims if claim["metadata"]["name"].startswith("claim-")]
    return [
        f"The release {release.name!r} ({chart}) was taken over: {len(homes)} volumes with homes, and the hub's "
        "database, were kept.",
        "The names of the old hub have no password yet: whoever logs in first with a name chooses it and gets that "
        "name's files. Have the participants log in at once, or list their names in hub.yaml (participants).",
    ]
