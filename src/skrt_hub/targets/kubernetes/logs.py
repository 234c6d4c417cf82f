"""Logs of the hub's parts in the cluster, line by line."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.errors import StateError, UnknownNameError, UsageError, never_logged_in
from skrt_hub.layout import Layout
from skrt_hub.likeness import meant
from skrt_hub.policy.log_in import listed
from skrt_hub.process import follow
from skrt_hub.targets.kubernetes.background import programs
from skrt_hub.targets.kubernetes.cluster.claims import is_home
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, open_cluster
from skrt_hub.targets.kubernetes.cluster.kubectl import explain
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.pods.watch import look

PARTS = {"hub": "deployment/hub", "proxy": "deployment/proxy", "scheduler": "deployment/user-scheduler"}
LOCAL = programs.NAMES
"""What runs in the background of this machine."""


def read(context: Context, part: str, *, lines: int, follow: bool) -> Iterator[str]:
    """The last lines of a part (of PARTS, of LOCAL, or a participant's name), then the new ones."""
    if part in LOCAL:
        return _local(context.layout, part, lines)
    cluster = open_cluster(context)
    workload = PARTS.get(part) or _pod_of(cluster, part.lower())
    words = ["logs", workload, f"--tail={lines}", *(["--follow"] if follow else [])]
    return _stream(cluster, words)


def _pod_of(cluster: Cluster, name: str) -> str:
    seen = look(cluster.kubectl)
    pods = [pod for pod in seen.server_pods() if participant(pod) == name]
    if pods:
        return f"pod/{pods[0]['metadata']['name']}"
    parts = (*PARTS, *LOCAL)
    remedy = f"Parts: {', '.join(parts)}, or the name of a participant with a server (`skrt-hub status` shows them)."
    with_home = {participant(claim) for claim in seen.claims if is_home(claim)}
    # The hub itself is not asked who is known: logs are wanted when it is ill, too.
    in_settings = listed(cluster.settings)
    if name in with_home:
        raise StateError(
            f"There is no log of {name!r} at the moment.",
            why="A pod's log lasts as long as the pod, and this participant has no server now.",
            remedy=remedy,
        )
    if name in in_settings:
        raise never_logged_in(name)
    raise UnknownNameError(
        f"There is no log of {name!r}.",
        why="It is neither a part of the hub nor the name of a participant.",
        remedy=f"{meant(name, (*parts, *with_home, *in_settings))}{remedy}",
    )


def _stream(cluster: Cluster, words: list[str]) -> Iterator[str]:
    with follow(cluster.kubectl.arguments(*words), errors_apart=True) as program:
        yield from program.lines
    if program.code not in (0, -signal.SIGTERM) and program.errors.strip():
        raise explain(program.errors, cluster.context)


def _local(layout: Layout, part: str, lines: int) -> Iterator[str]:
    path = Path(layout.log, f"{part}.log")
    if not path.exists():
        raise UsageError(f"There is no {part} log.", why=f"{part} was never started from this state folder.")
    yield from path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:] if lines else []
