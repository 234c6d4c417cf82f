"""The kinds of clusters that skrt-hub knows: how each is recognised, and how an image gets in. A new one is a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ARCHIVE = "{archive}"
"""Stands in a command for a docker archive of the image, where the tool cannot read the engine's own store."""
MINIKUBE, OTHER = "minikube", "other"


@dataclass(frozen=True)
class Kind:
    """One kind: `prefix` begins its contexts' names, `load` is the command for (cluster, image, engine)."""

    prefix: str
    load: Callable[[str, str, str], tuple[str, ...]]


def _minikube(cluster: str, image: str, engine: str) -> tuple[str, ...]:
    return ("minikube", "image", "load", _source(image, engine), f"--profile={cluster}")


def _kind(cluster: str, image: str, engine: str) -> tuple[str, ...]:
    what = ("docker-image", image) if engine == "docker" else ("image-archive", ARCHIVE)
    return ("kind", "load", *what, f"--name={cluster}")


def _k3d(cluster: str, image: str, engine: str) -> tuple[str, ...]:
    return ("k3d", "image", "import", _source(image, engine), f"--cluster={cluster}")


def _source(image: str, engine: str) -> str:
    return image if engine == "docker" else ARCHIVE


KINDS = {MINIKUBE: Kind("", _minikube), "kind": Kind("kind-", _kind), "k3d": Kind("k3d-", _k3d)}
"""minikube's contexts have any name: minikube marks them (skrt_hub.targets.kubernetes.cluster.contexts)."""


def kind_of(context: str, *, minikube: bool) -> str:
    """What made the cluster of this context."""
    if minikube:
        return MINIKUBE
    return next((name for name, kind in KINDS.items() if kind.prefix and context.startswith(kind.prefix)), OTHER)


def load_words(kind: str, context: str, image: str, engine: str) -> tuple[str, ...] | None:
    """The command that copies an image from this machine's engine into the cluster; None for an unknown kind."""
    known = KINDS.get(kind)
    return known.load(context.removeprefix(known.prefix), image, engine) if known else None
