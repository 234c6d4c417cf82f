"""`skrt-hub image`: Build the participants' image, bring it to a cluster's nodes, or push it to a registry."""

from __future__ import annotations

import click

from skrt_hub.command_line.parameters import OneOf
from skrt_hub.commands.session import Session
from skrt_hub.errors import SkrtHubError
from skrt_hub.report import Message, human_size
from skrt_hub.targets.kubernetes import rendering
from skrt_hub.targets.kubernetes.cluster.connection import open_cluster, require_kubernetes
from skrt_hub.targets.kubernetes.dask import release as dask
from skrt_hub.targets.kubernetes.image import ensure
from skrt_hub.targets.kubernetes.release.chart import OLDEST_KUBERNETES

HELP = "Kubernetes: build the participants' image, bring it to the cluster's nodes, or push it to a registry."
ACTIONS = ("build", "load", "push", "name", "list")
PARAMETERS: tuple[click.Parameter, ...] = (
    click.Argument(
        ["action"],
        type=OneOf(ACTIONS),
        help="build: make it on this machine; load: bring it to the cluster's nodes; push: to kubernetes.image.push; "
        "name: print its name; list: print every image that the hub needs on its nodes",
    ),
)


def run(session: Session, *, action: str) -> Message:
    """What was done; each action does the ones it needs before."""
    require_kubernetes(session.context)
    ensure.prepare_material(session.context)
    return {"build": _build, "load": _load, "push": _push, "name": _name, "list": _list}[action](session)


def _build(session: Session) -> Message:
    built = ensure.build(session.context)
    done = "was built" if built.fresh else "was there already, with the present content"
    return Message(
        tuple(
            f"The image {image} {done} ({human_size(built.engine.size(image))} unpacked, {built.engine.name})."
            for image in built.images
        )
    )


def _load(session: Session) -> Message:
    return Message((ensure.load(open_cluster(session.context), always=True),))


def _push(session: Session) -> Message:
    return Message((f"The image {ensure.push(session.context)} was pushed.",))


def _name(session: Session) -> Message:
    return Message((ensure.wanted(session.context),))


def _list(session: Session) -> Message:
    server = _server_version(session)
    values, manifests = rendering.render(session.context, check=True, server=server)
    return Message(rendering.images(values, manifests + dask.manifests(session.context, server)))


def _server_version(session: Session) -> tuple[int, int]:
    """The cluster's Kubernetes version, on which the scheduler's image depends, or the chart's oldest without one."""
    try:
        return open_cluster(session.context).server_version
    except SkrtHubError:
        return OLDEST_KUBERNETES
