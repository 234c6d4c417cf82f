"""Fetched sets of data on a cluster: a volume for each, filled once from this machine, read by many pods.

Files go through a pod that holds the volume, which computes their hashes anew from what it wrote. Which volume holds
which set is noted on this machine, by the volume claim's own identity: one that was made anew is filled again.
"""

from __future__ import annotations

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from skrt_hub.datasets import fetched, record
from skrt_hub.errors import ClusterError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.process import last_lines, start
from skrt_hub.report import Finding
from skrt_hub.targets.kubernetes.cluster.claims import CLAIMS, DATA_LABELS, DATA_NAME
from skrt_hub.targets.kubernetes.cluster.classes import classes_of
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.homes import shared
from skrt_hub.targets.kubernetes.homes.holding import holding_pod
from skrt_hub.targets.kubernetes.release.data_sets import claim_name
from skrt_hub.targets.kubernetes.release.values import HOME, quantity

_ENDS = 600.0
"""Seconds that the pod may still take after it was given everything."""
_FILL = Path(__file__).parents[1] / "in_server" / "fill.py"


def documents(cluster: Cluster, records: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The volume claims of these sets."""
    kubernetes = cluster.settings.kubernetes
    wanted = kubernetes.shared_storage_class or kubernetes.storage_class
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": claim_name(name),
                "labels": {**DATA_LABELS, "release": cluster.release},
                "annotations": {DATA_NAME: name},
            },
            "spec": {
                "accessModes": ["ReadWriteMany"],
                **({"storageClassName": wanted} if wanted else {}),
                "resources": {"requests": {"storage": quantity(_room(known))}},
            },
        }
        for name, known in records.items()
    ]


def _room(known: Mapping[str, Any]) -> int:
    """With what a file system takes for itself and for each file."""
    return int(known["bytes"] * 1.05) + 8192 * len(known["files"]) + 64 * 2**20


def ensure(cluster: Cluster) -> None:
    """Make and fill the volumes of all sets that were fetched; one that is filled is left alone."""
    layout = cluster.layout
    records = {name: record.read(layout, name) for name in fetched(cluster.hub_context)}
    if not records:
        return
    there = {claim["metadata"]["name"] for claim in cluster.kubectl.items(CLAIMS)}
    for document in documents(cluster, records):
        if document["metadata"]["name"] not in there:
            cluster.kubectl.run("create", "--filename=-", stdin=json.dumps(document))
    noted = read_json(_notes(cluster)) or {}
    for name, known in records.items():
        claim = cluster.kubectl.get(CLAIMS, claim_name(name))
        identity = claim["metadata"]["uid"] if claim else ""
        if claim is not None and noted.get(identity) != known["hash"]:
            _note(cluster, identity, "")
            _fill(cluster, name, claim, known)
            _note(cluster, identity, known["hash"])


def _fill(cluster: Cluster, name: str, claim: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    folder = cluster.layout.dataset(name)
    with cluster.hub_context.progress.step(f"{name}: into its volume") as step, holding_pod(cluster, claim) as pod:
        program = ("python", "-I", "-c", _FILL.read_text(encoding="utf-8"), HOME, record.CITATION)
        words = cluster.kubectl.arguments("exec", "--stdin", pod, "--", *program)
        with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as wrong:
            with start(words, stdin=subprocess.PIPE, stdout=said, stderr=wrong) as program_there:
                _send(folder, program_there, lambda done: step.update(done, known["bytes"]))
            for stream in (said, wrong):
                stream.seek(0)
            answer, error = said.read().decode(errors="replace"), wrong.read().decode(errors="replace")
    if program_there.returncode != 0 or answer.strip() != known["hash"]:
        raise ClusterError(
            f"The data set {name} did not arrive whole in its volume {claim_name(name)}.",
            why=last_lines(error) or f"Its hash there is {answer.strip() or 'not told'}, and must be {known['hash']}.",
            remedy="Type the same command again. See how full the volume is, and: kubectl describe pvc",
        )


def _send(folder: Path, program: Any, tell: Any) -> None:
    """All files as a tar stream; whoever reads it may go away, and says why."""
    done = 0
    try:
        with tarfile.open(fileobj=program.stdin, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    tar.add(path, arcname=path.relative_to(folder).as_posix(), recursive=False)
                    done += path.stat().st_size
                    tell(done)
        program.stdin.close()
        program.wait(timeout=_ENDS)
    except (BrokenPipeError, subprocess.TimeoutExpired):
        program.kill()


def remove(cluster: Cluster, names: Iterable[str]) -> tuple[str, ...]:
    """Remove the volumes of these sets; one that a running server reads goes when that server ends."""
    wanted = {claim_name(name): name for name in names}
    there = [claim["metadata"]["name"] for claim in cluster.kubectl.items(CLAIMS)]
    gone = [claim for claim in wanted if claim in there]
    if gone:
        cluster.kubectl.run("delete", CLAIMS, *gone, "--wait=false", deadline=60)
    return tuple(f"{wanted[claim]}: its volume goes when no server reads it any more." for claim in gone)


def finding(cluster: Cluster) -> tuple[Finding, ...]:
    """For `check`: whether many pods can mount such a volume; nothing where hub.yaml names no sets."""
    if not cluster.settings.datasets:
        return ()
    classes = classes_of(cluster.kubectl, "storageclass")
    return (shared.judged(cluster.settings, classes, what="data sets", key="datasets"),)


def require(cluster: Cluster) -> None:
    """Raises ClusterError where pods would wait for a volume that never comes."""
    if fetched(cluster.hub_context):
        for found in finding(cluster):
            if found.required and not found.ok:
                raise ClusterError(f"Data sets cannot be had: {found.found}.", remedy=found.remedy)


def _notes(cluster: Cluster) -> Path:
    return cluster.layout.kubernetes / "data-sets.json"


def _note(cluster: Cluster, identity: str, digest: str) -> None:
    ensure_folder(cluster.layout.kubernetes, mode=0o700)
    write_json(_notes(cluster), {**(read_json(_notes(cluster)) or {}), identity: digest}, mode=0o600)
