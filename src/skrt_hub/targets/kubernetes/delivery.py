"""Material for a class at work: into the image, for servers that start later, and into the pods of those that run."""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from skrt_hub.context import Context
from skrt_hub.errors import SkrtHubError
from skrt_hub.material.published import shown_now
from skrt_hub.process import run
from skrt_hub.targets.kubernetes import status, up
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, open_cluster, read_record
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.homes import data_sets
from skrt_hub.targets.kubernetes.image import ensure
from skrt_hub.targets.kubernetes.pods.watch import look

_AT_ONCE = 4
_DEADLINE = 300.0  # seconds for one pod
_RECEIVE = ("/opt/skrt/bin/python", "-P", "-m", "skrt_workspace.material.receive")


def deliver(context: Context) -> tuple[str, ...]:
    """Bring the prepared material to everybody; what was done, and who gets it later, in words."""
    if read_record(context.layout) is None:
        return ("It becomes part of the image when the hub is set up: skrt-hub up",)
    cluster = open_cluster(context)
    cluster.require_same_cluster()
    found = status.state_of(cluster, look(cluster.kubectl))
    if found != "running":
        return (f"The hub is {found} ({cluster.words}). Servers get it once it was brought up: skrt-hub up",)
    up.bring_up(context)
    reached, missed = _into_pods(cluster)
    return _words(reached, missed)


def show_datasets(context: Context) -> tuple[str, ...]:
    """Bring fetched sets into volumes that servers have from their next start on; what was done."""
    if not _runs(context):
        return ("Servers see it once the hub was brought up: skrt-hub up",)
    up.bring_up(context)
    return ("Servers that start from now on see it; one that runs does so after its next start.",)


def hide_datasets(context: Context, names: Sequence[str]) -> tuple[str, ...]:
    """Remove the volumes of these sets, once no server that starts waits for them; what was done."""
    if read_record(context.layout) is None:
        return ()
    if not _runs(context):
        return ("A volume on the cluster stays. Bring the hub up (skrt-hub up), then type the same command again.",)
    up.bring_up(context)
    return data_sets.remove(open_cluster(context), names)


def _runs(context: Context) -> bool:
    if read_record(context.layout) is None:
        return False
    cluster = open_cluster(context)
    cluster.require_same_cluster()
    return status.state_of(cluster, look(cluster.kubectl)) == "running"


def _words(reached: list[str], missed: dict[str, str]) -> tuple[str, ...]:
    lines = ["Servers that start from now on have it."]
    if reached:
        lines.append(f"{len(reached)} running server{'s' * (len(reached) != 1)} got it, and place it within seconds.")
    lines += [f"{name} gets it when the server starts the next time: {why}" for name, why in sorted(missed.items())]
    return tuple(lines)


def _into_pods(cluster: Cluster) -> tuple[list[str], dict[str, str]]:
    """Send it to the pods that run an older image: who has it now, and who could not be reached and why."""
    image = ensure.wanted(cluster.hub_context)
    pods = [pod for pod in cluster.kubectl.items("pods", "component=singleuser-server") if _is_older(pod, image)]
    missed: dict[str, str] = {}
    if not pods:
        return [], missed
    with tempfile.TemporaryDirectory(prefix="skrt-hub-material-") as folder:
        archive = pack(cluster.layout.material_shown, Path(folder, "material.tar"))
        with ThreadPoolExecutor(_AT_ONCE) as several, cluster.hub_context.progress.step("running servers") as step:
            for number, (pod, problem) in enumerate(
                several.map(lambda pod: _send(cluster, pod, archive), pods), start=1
            ):
                step.update(number, len(pods), note=participant(pod))
                if problem:
                    missed[participant(pod)] = problem
    return sorted({participant(pod) for pod in pods} - missed.keys()), missed


def pack(shown: Path, archive: Path) -> Path:
    """A tar archive of what servers are to see: the manifest, and the folder that it names."""
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for place in shown_now(shown):
            tar.add(place, arcname=os.fspath(place.relative_to(shown)))
    return archive


def _is_older(pod: dict[str, Any], image: str) -> bool:
    return bool(pod["status"].get("phase") == "Running" and pod["spec"]["containers"][0]["image"] != image)


def _send(cluster: Cluster, pod: dict[str, Any], archive: Path) -> tuple[dict[str, Any], str]:
    words = cluster.kubectl.arguments("exec", "--stdin", pod["metadata"]["name"], "--", *_RECEIVE)
    try:
        run(words, deadline=_DEADLINE, stdin=archive, echo=cluster.kubectl.echo)
    except SkrtHubError as error:
        return pod, (error.why or error.what).strip().splitlines()[-1]
    return pod, ""
