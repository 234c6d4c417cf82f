"""Starting the cluster itself, where it is minikube's: the only kind that skrt-hub starts, stops and deletes."""

from __future__ import annotations

from skrt_hub.context import Context
from skrt_hub.errors import ClusterError
from skrt_hub.targets.kubernetes import contexts, minikube
from skrt_hub.targets.kubernetes.cluster import read_record


def ensure_running(context: Context) -> bool:
    """Start minikube where the hub's context is minikube's and it is stopped; returns whether it was started.

    Where no context is set up at all, or the one named in hub.yaml is `minikube` and is not there yet, a new profile
    is made with the sizes of hub.yaml. A profile that exists keeps its sizes and its data.
    """
    settings, known = context.settings.kubernetes, contexts.read_contexts(context.echo)
    record = read_record(context.layout)
    name = settings.context or (record.context if record else "") or known.current
    if not minikube.installed():
        return False
    if not name and not known.names:
        name = "minikube"
    if name not in known.minikubes and name != "minikube":
        return False
    profile = minikube.profile(name, context.echo)
    if profile.state == "running":
        return False
    if profile.state == "broken":
        raise ClusterError(
            f"The minikube cluster {name!r} is not well.",
            why=profile.detail,
            remedy=f"See `minikube status --profile={name}`; often `minikube start --profile={name}` mends it.",
        )
    new = profile.state == "absent"
    context.progress.say(f"minikube: {'making' if new else 'starting'} the cluster {name!r}.")
    with context.progress.step(f"minikube {name}"):
        minikube.start(name, settings.minikube if new else None, context.echo)
    return True
