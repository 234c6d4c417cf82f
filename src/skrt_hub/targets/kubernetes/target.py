"""The Kubernetes target: each verb in a few lines, the work in the modules beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skrt_hub.context import Context
from skrt_hub.errors import StartError, StateError
from skrt_hub.policy.erasing import Erased
from skrt_hub.report import CheckReport, Message, Participant, StatusReport, UpReport, VerifyReport
from skrt_hub.seats_told import SeatsTold
from skrt_hub.targets.guest import Guest
from skrt_hub.targets.kubernetes import (
    access,
    carried,
    checks,
    delete,
    delivery,
    erasing,
    logs,
    messages,
    status,
    stop,
    up,
)
from skrt_hub.targets.kubernetes.background import programs
from skrt_hub.targets.kubernetes.cluster import start_minikube
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, open_cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.guest import guest
from skrt_hub.targets.kubernetes.homes import participants
from skrt_hub.targets.kubernetes.homes.volumes import ClusterHomes
from skrt_hub.targets.kubernetes.pods.watch import Watcher
from skrt_hub.targets.kubernetes.self_test import self_test
from skrt_hub.targets.protocol import DeleteOptions, Removal, Service


def make(context: Context) -> KubernetesTarget:
    """The target for one call of the command line."""
    return KubernetesTarget(context)


class KubernetesTarget:
    """A hub on a Kubernetes cluster (skrt_hub.targets.protocol.Target)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def check(self) -> CheckReport:
        return CheckReport("kubernetes", checks.all_findings(self._context))

    def up(self, *, foreground: bool = False) -> UpReport:
        report = up.bring_up(self._context)
        if foreground:
            stop.stay(self._context, report)
        return report

    def pack(self, folder: Path, *, kubernetes: str = "") -> tuple[str, ...]:
        return carried.pack(self._context, folder, kubernetes)

    def status(self) -> StatusReport:
        return status.status(self._context)

    def open(self) -> str:
        with self._alone() as cluster, self._context.progress.step("connections") as step:
            status.require(cluster, "running", "closed")
            cluster.kubectl.scale(("deployment/proxy",), 1)
            Watcher(cluster.kubectl, step).wait_ready(("proxy",), deadline=120)
            stop.let_in(cluster)
            programs.ensure(cluster.settings, cluster.layout, cluster.kubectl)
            return access.open_door(cluster, step, deadline=120)

    def close(self) -> Message:
        with self._alone() as cluster:
            status.require(cluster, "running", "closed")
            told = stop.close(cluster)
            count = len(status.servers(cluster))
        kept = f"{count} server{'s' * (count != 1)} and their kernels go on." if count else "No server runs."
        return Message((f"{told} ({cluster.words}).", kept, "Enable them again with: skrt-hub open"))

    def logs(self, part: str, *, lines: int, follow: bool) -> Iterator[str]:
        return logs.read(self._context, part, lines=lines, follow=follow)

    def verify(self, *, quick: bool) -> VerifyReport:
        cluster = open_cluster(self._context)
        status.require(cluster, "running", "closed")
        return self_test(cluster, quick=quick)

    @contextmanager
    def guest(self) -> Iterator[Guest]:
        cluster = open_cluster(self._context)
        status.require(cluster, "running")
        with guest(cluster) as participant:
            yield participant

    def stop(self) -> Message:
        with self._alone() as cluster:
            return stop.stop(cluster)

    def start(self) -> UpReport:
        began = time.monotonic()
        start_minikube.ensure_running(self._context)
        with self._alone() as cluster:
            status.require(cluster, "running", "closed", "stopped")
            return up.restart(self._context, cluster, began=began)

    def service(self) -> Service:
        raise StateError(
            "A hub on Kubernetes needs no service.",
            why="The cluster brings it back by itself when its machines have started.",
            remedy="With minikube or kind on this computer: have that start with it, then skrt-hub start.",
        )

    def show_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        return delivery.show_datasets(self._context)

    def hide_datasets(self, names: Sequence[str]) -> tuple[str, ...]:
        return delivery.hide_datasets(self._context, names)

    def deliver(self) -> tuple[str, ...]:
        return delivery.deliver(self._context)

    def homes(self) -> ClusterHomes:
        return ClusterHomes(open_cluster(self._context))

    def participants(self) -> tuple[Participant, ...]:
        return participants.everyone(self._hub())

    def take_list(self) -> None:
        cluster = self._hub()
        with self._context.alone():
            participants.take_list(cluster)
            if cluster.record is not None:
                cluster.record.write(self._context.layout, self._context.settings)

    def log_in_address(self) -> str:
        return access.find_url(self._hub()) or self._context.settings.url

    def ask_accounts(self, action: str, *arguments: Any) -> Any:
        return HubPod(self._hub().kubectl).accounts(action, *arguments)

    def remove_participant(self, name: str, *, free: bool = False) -> Message:
        with self._alone() as cluster:
            return participants.remove(cluster, name, free=free)

    def erase_participant(self, name: str) -> Erased:
        with self._alone() as cluster:
            return erasing.erase(cluster, name)

    def end_server(self, name: str) -> None:
        left = HubPod(self._hub().kubectl).stop_servers([name], deadline=90)
        if left:
            raise StartError(f"The server of {name} does not end.", remedy="See: skrt-hub status")

    def start_server(self, name: str) -> None:
        HubPod(self._hub().kubectl).start_server(name, deadline=300)

    def seats(self) -> SeatsTold:
        cluster = self._hub()
        status.require(cluster, "running", "closed")
        return status.told_of_seats(cluster)

    def make_seats_ready(self) -> None:
        cluster = self._hub()
        status.require(cluster, "running")
        HubPod(cluster.kubectl).seats(begin=True)

    def leave_message(self, text: str, names: Sequence[str]) -> tuple[str, ...]:
        return messages.leave(self._hub(), text, names)

    def delete_plan(self, options: DeleteOptions) -> tuple[Removal, ...]:
        return delete.plan(open_cluster(self._context), options).rows()

    def ensure_no_loss(self, options: DeleteOptions) -> None:
        delete.ensure_no_loss(delete.plan(open_cluster(self._context), options))

    def delete(self, options: DeleteOptions) -> Message:
        programs.stop(self._context.layout)
        with self._alone() as cluster:
            found = delete.plan(cluster, options)
            delete.ensure_no_loss(found)
            return delete.carry_out(cluster, found)

    def _hub(self) -> Cluster:
        """The cluster that this hub was made on. Raises StateError where there is none."""
        cluster = open_cluster(self._context)
        if cluster.record is None:
            raise StateError(
                f"The hub “{self._context.settings.name}” is not on Kubernetes yet.",
                why=f"Nothing was set up from {self._context.layout.root}.",
                remedy="Set it up with: skrt-hub up",
            )
        cluster.require_same_cluster()
        return cluster

    @contextmanager
    def _alone(self) -> Iterator[Cluster]:
        """The same, while no other command changes the hub."""
        cluster = self._hub()
        with self._context.alone():
            yield cluster
