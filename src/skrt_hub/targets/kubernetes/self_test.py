"""`verify` on Kubernetes: the workspace's own self-test in a participant's pod, made by the hub like any other."""

from __future__ import annotations

import time

from skrt_hub.hub.applied import applied_settings
from skrt_hub.report import VerifyReport, VerifyRow
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.guest import there_for_once
from skrt_hub.targets.kubernetes.pods.watch import look
from skrt_hub.targets.kubernetes.release import environments
from skrt_hub.targets.self_test_answer import all_rows, title

TESTER = "skrt-hub self-test"
"""A name that the log-in never gives away by chance; its server, volume and entry are removed afterwards."""
DEADLINE = 1800.0


def self_test(cluster: Cluster, *, quick: bool) -> VerifyReport:
    """Run the self-test in a pod with a participant's image, limits, volume and protections."""
    began = time.monotonic()
    hub = HubPod(cluster.kubectl)
    with there_for_once(cluster, hub, TESTER):
        with cluster.hub_context.progress.step("self-test: a participant's server"):
            hub.start_server(TESTER, deadline=300)
            started = time.monotonic() - began
        rows = [VerifyRow("server in a pod", "ok", round(started, 1), _pod_of(cluster))]
        applied = applied_settings(cluster.layout) or cluster.settings
        for environment in ("", *(other.name for other in applied.environment.others)):
            rows += _run(cluster, applied, environment, quick=quick)
    return VerifyReport(tuple(rows), round(time.monotonic() - began, 1))


def _run(cluster: Cluster, applied: Settings, environment: str, *, quick: bool) -> tuple[VerifyRow, ...]:
    # A further environment's programs come first in PATH, as for a server that runs in it.
    told = [f"{name}={value}" for name, value in environments.variables(applied, environment).items()]
    within = ("env", *told) if environment else ()
    program = (*within, "python", "-P", "-m", "skrt_workspace.verify", "--json", *(["--quick"] if quick else []))
    with cluster.hub_context.progress.step(title(environment)):
        done = cluster.kubectl.run(
            "exec", f"pod/{_pod_of(cluster)}", "--container=notebook", "--", *program, check=False, deadline=DEADLINE
        )
    return all_rows(f"{done.err}\n{done.out}", environment)


def _pod_of(cluster: Cluster) -> str:
    pods = [pod for pod in look(cluster.kubectl).server_pods() if participant(pod) == TESTER]
    return str(pods[0]["metadata"]["name"]) if pods else "the pod is gone"
