"""Messages to participants on Kubernetes: into the home of each whose server runs, where JupyterLab looks for them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from skrt_hub.errors import SkrtHubError
from skrt_hub.process import run
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.objects import participant

_AT_ONCE = 8
_PYTHON = ("/opt/skrt/bin/python", "-P", "-")
_PROGRAM = Path(__file__).parent / "in_server" / "message.py"


def leave(cluster: Cluster, text: str, names: Sequence[str]) -> tuple[str, ...]:
    """Leave the message in the pods of these people, or of everybody; those without a server cannot get it."""
    pods = [
        pod
        for pod in cluster.kubectl.items("pods", "component=singleuser-server")
        if pod["status"].get("phase") == "Running" and (not names or participant(pod) in names)
    ]

    program = f"{_PROGRAM.read_text(encoding='utf-8')}\nleave({text!r})\n"

    def send(pod: dict[str, Any]) -> str:
        words = cluster.kubectl.arguments("exec", "--stdin", pod["metadata"]["name"], "--", *_PYTHON)
        try:
            run(words, deadline=30, stdin=program, echo=cluster.kubectl.echo)
        except SkrtHubError:  # the pod has just ended, or has an image of an older skrt-hub
            return ""
        return str(participant(pod))

    with ThreadPoolExecutor(_AT_ONCE) as several:
        return tuple(sorted(filter(None, several.map(send, pods))))
