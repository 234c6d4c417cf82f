"""A throw-away participant of a hub on Kubernetes, made by the hub like any other, in a pod like any other's."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from functools import partial

from skrt_hub.errors import SkrtHubError, StartError, StateError
from skrt_hub.policy import profiles
from skrt_hub.targets.guest import PREFIX, Guest, account
from skrt_hub.targets.kubernetes.access import find_url, hub_name
from skrt_hub.targets.kubernetes.cluster.claims import CLAIMS, is_home
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod
from skrt_hub.targets.kubernetes.cluster.objects import participant
from skrt_hub.targets.kubernetes.pods.watch import look

_START_DEADLINE = 300.0


@contextlib.contextmanager
def guest(cluster: Cluster) -> Iterator[Guest]:
    """A participant with a server, while this lasts. Raises StateError where the hub has no address."""
    url = find_url(cluster)
    if url is None:
        raise StateError("The hub has no address that it could be attacked at.", remedy="Run: skrt-hub open")
    name = f"{PREFIX}{secrets.token_hex(4)}"
    hub = HubPod(cluster.kubectl)
    with there_for_once(cluster, hub, name):
        hub.start_server(name, deadline=_START_DEADLINE)
        ((status, answer),) = hub.ask(("POST", f"/users/{name}/tokens", {"expires_in": 3600}))
        if status >= 300:
            raise StartError(
                "The hub gave no token for the throw-away participant.",
                why=f"It answered {status}: {answer}",
                remedy="This release was made by an older skrt-hub. Run: skrt-hub up",
            )
        limits = profiles.usual(cluster.settings).limits
        facts = {
            "nonce": secrets.token_hex(8),
            "pod": True,
            "memory_limit": limits.memory,
            # Nobody here knows what the node has left; the pod's own limit ends what is tried.
            "memory_available": 2**60,
            "internet_allowed": bool(getattr(limits, "internet", True)),
        }
        revive = partial(hub.start_server, name, deadline=_START_DEADLINE)
        host = hub_name(cluster.settings)
        yield Guest(
            name,
            url,
            str(answer["token"]),
            facts,
            "a pod",
            revive,
            missing_layers=_missing_layers(cluster, name),
            host=host,
            server_host=f"{name}.{host}" if host else "",
        )


def _missing_layers(cluster: Cluster, name: str) -> tuple[str, ...]:
    """What this cluster does not have, found by trying it from the pod."""
    policies = "network policies: the hub makes them, and this cluster does not enforce them (see docs/how-to/cloud.md)"
    return (policies,) if _reaches_the_proxys_interface(cluster, name) else ()


def _reaches_the_proxys_interface(cluster: Cluster, name: str) -> bool:
    """Whether a connection is made that the chart's policies refuse to every participant's pod."""
    pods = [pod for pod in look(cluster.kubectl).server_pods() if participant(pod) == name]
    if not pods:
        return False
    program = "import socket; socket.create_connection(('proxy-api', 8001), timeout=5).close()"
    words = ("exec", f"pod/{pods[0]['metadata']['name']}", "--container=notebook", "--", "python", "-I", "-c", program)
    return cluster.kubectl.run(*words, check=False, quiet=True, deadline=60).code == 0


@contextlib.contextmanager
def there_for_once(cluster: Cluster, hub: HubPod, name: str) -> Iterator[None]:
    """A name that may have a server while this lasts; then server, volume, entry and account are removed."""
    with account(hub.accounts, name):
        try:
            yield
        finally:
            _clean_up(cluster, hub, name)


def _clean_up(cluster: Cluster, hub: HubPod, name: str) -> None:
    try:
        hub.stop_servers([name], deadline=60)
        hub.forget_user(name)
        claims = [claim for claim in cluster.kubectl.items(CLAIMS) if is_home(claim) and participant(claim) == name]
        if claims:
            names = [claim["metadata"]["name"] for claim in claims]
            cluster.kubectl.run("delete", CLAIMS, *names, "--wait=false")
    except SkrtHubError as error:
        cluster.hub_context.progress.say(f"A server that was there for once was not removed fully: {error.what}")
