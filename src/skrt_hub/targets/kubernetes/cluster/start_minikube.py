"""Starting the cluster itself, where it is minikube's: the only kind that skrt-hub starts, stops and deletes."""

from __future__ import annotations

from skrt_hub.context import Context
from skrt_hub.errors import ClusterError
from skrt_hub.targets.kubernetes.cluster import contexts, minikube
from skrt_hub.targets.kubernetes.cluster.connection import read_record


def ensure_running(context: Context) -> bool:
    """Make or start minikube's cluster where `to_start` says so; returns whether it was started.

    A profile that exists keeps its sizes and its data. Raises ClusterError or ProgramError.
    """
    profile = to_start(context)
    if profile is None:
        return False
    new = profile.state == "absent"
    context.progress.say(f"minikube: {'making' if new else 'starting'} the cluster {profile.name!r}.")
    with context.progress.step(f"minikube {profile.name}"):
        minikube.start(profile.name, context.settings.kubernetes.minikube if new else None, context.echo)
    return True


def to_start(context: Context) -> minikube.Profile | None:
    """The profile of minikube that the hub is for and that does not run yet, or None where there is nothing to start.

    Where no context is set up at all, or the one named in hub.yaml is `minikube` and is not there yet, it is a new one.
    Raises ClusterError where it is not well.
    """
    settings, known = context.settings.kubernetes, contexts.read_contexts(context.echo)
    record = read_record(context.layout)
    name = settings.context or (record.context if record else "") or known.current
    if not minikube.installed():
        return None
    if not name and not known.names:
        name = "minikube"
    if name not in known.minikubes and name != "minikube":
        return None
    profile = minikube.profile(name, context.echo)
    if profile.state == "broken":
        raise ClusterError(
            f"The minikube cluster {name!r} is not well.",
            why=profile.detail,
            remedy=f"See `minikube status --profile={name}`; often `minikube start --profile={name}` mends it.",
        )
    return profile if profile.state != "running" else None
