"""Homes that are volumes of a cluster (skrt_hub.homes.access.Homes).

A participant's running server is asked in its own pod. Where none runs, a pod of the participants' image that does
nothing holds the volume meanwhile; where there is no volume yet, the hub itself starts the participant's server
once, so that volume and names are as it makes them. No right is needed beyond those that `up` needs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from skrt_hub.errors import ClusterError
from skrt_hub.homes.access import SHARED, File, Home, shared_home
from skrt_hub.homes.accounts import entries_in
from skrt_hub.homes.packages import answered
from skrt_hub.homes.remote import Agent
from skrt_hub.hub.names import folder_for
from skrt_hub.login.names import order
from skrt_hub.targets.kubernetes.cluster.claims import is_home, shared_name
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.homes.holding import READY_DEADLINE, holding_pod
from skrt_hub.targets.kubernetes.release.values import HOME
from skrt_workspace.home.packages import Installed, SetAside
from skrt_workspace.home.scan import Entry
from skrt_workspace.home.transfer import Outcome, Step

_PROGRAM = ("python", "-P", "-s", "-m")
"""A module of ours in a pod, without what the participant installed: that could write into the answers."""
_PACKAGES_DEADLINE = 120.0


class ClusterHomes:
    """The volumes of one hub. One home at a time is open; the next one closes it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._open: tuple[Home, Agent, contextlib.ExitStack] | None = None

    def all(self) -> list[Home]:
        homes = []
        for name, claim in self._claims().items():
            shared = shared_name(claim)
            homes.append(shared_home(shared) if shared else Home(name, folder_for(name)))
        return sorted(homes, key=lambda home: order(home.name))

    def expected(self, name: str, folder: str) -> Home:
        return Home(name, folder) if folder.startswith(SHARED) else Home(name, folder_for(name))

    def prepare(self, home: Home) -> None:
        # A new home gets its material when its server starts: that must be seen before it is decided what goes where.
        self._agent(home)

    def scan(self, home: Home) -> Iterator[Entry]:
        if home.name not in self._claims():
            return iter(())
        return iter(list(self._agent(home).scan()))  # whole: files are read over the same way

    def path(self, home: Home) -> str | None:
        return None

    def reading(self, home: Home, path: str) -> contextlib.AbstractContextManager[File]:
        return self._agent(home).reading(path)

    def digests(self, home: Home, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        wanted = list(paths)
        if not wanted:
            return iter(())
        if self._open is None and home.name not in self._claims():
            return ((path, None) for path in wanted)
        return iter(list(self._agent(home).digests(wanted)))

    def naming_patients(self, home: Home) -> list[str]:
        return self._agent(home).naming_patients() if home.name in self._claims() else []

    def packages(self, home: Home) -> Installed:
        return answered(Installed, self._about_packages(home, "list"), home.name)

    def set_packages_aside(self, home: Home) -> SetAside:
        return answered(SetAside, self._about_packages(home, "reset"), home.name)

    def _about_packages(self, home: Home, action: str) -> str:
        with self._pod(home) as pod:
            program = (*_PROGRAM, "skrt_workspace.home.packages", action, HOME)
            words = ("exec", pod, "--", *program)
            done = self._cluster.kubectl.run(*words, check=False, deadline=_PACKAGES_DEADLINE)
            return done.out if done.code == 0 else done.err

    def receive(self, home: Home, steps: Iterable[Step]) -> Iterator[Outcome]:
        return iter(self._agent(home).receive(steps))

    def accounts(self) -> bytes:
        return HubPod(self._cluster.kubectl).accounts_file()

    def add_accounts(self, data: bytes, names: set[str]) -> int:
        saved = entries_in(data, names)
        return int(HubPod(self._cluster.kubectl).accounts("take_up", saved)) if saved else 0

    def close(self) -> None:
        """Let go of the home that is open, and of the pod that was made for it."""
        if self._open is not None:
            _, agent, rest = self._open
            self._open = None
            agent.close()
            rest.close()

    def _claims(self) -> dict[str, dict[str, Any]]:
        claims = self._cluster.kubectl.items("persistentvolumeclaims")
        shared = {shared_home(name).name: claim for claim in claims if (name := shared_name(claim))}
        return {**{participant(claim): claim for claim in claims if is_home(claim)}, **shared}

    def _agent(self, home: Home) -> Agent:
        if self._open is not None and self._open[0] == home:
            return self._open[1]
        self.close()
        rest = contextlib.ExitStack()
        try:
            pod = rest.enter_context(self._pod(home))
            program = (*_PROGRAM, "skrt_workspace.home.agent", HOME)
            command = self._cluster.kubectl.arguments("exec", "--stdin", pod, "--", *program)
            agent = Agent(command, f"the home of {home.name}")
        except BaseException:
            rest.close()
            raise
        self._open = (home, agent, rest)
        return agent

    @contextlib.contextmanager
    def _pod(self, home: Home) -> Iterator[str]:
        running = self._server_pod(home.name)
        if running is not None:
            yield running
            return
        claim = self._claims().get(home.name)
        if claim is None and home.is_shared:
            raise ClusterError(
                f"There is no volume for {home.name}.",
                remedy="Name the folder under `shared` in hub.yaml, then type: skrt-hub up",
            )
        if claim is None:
            hub = HubPod(self._cluster.kubectl)
            hub.start_server(home.name, deadline=READY_DEADLINE)
            try:
                pod = self._server_pod(home.name)
                if pod is None:
                    raise ClusterError(f"The server of {home.name} ended at once.", remedy="See: skrt-hub status")
                yield pod
            finally:
                hub.stop_servers([home.name], deadline=60)
            return
        with holding_pod(self._cluster, claim) as name:
            yield name

    def _server_pod(self, name: str) -> str | None:
        for pod in self._cluster.kubectl.items("pods", "component=singleuser-server"):
            if participant(pod) == name and pod["status"].get("phase") == "Running":
                return str(pod["metadata"]["name"])
        return None
