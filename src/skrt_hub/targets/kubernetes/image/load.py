"""Bringing the image to the cluster's nodes: by the cluster's own tool, by a command of the organiser's, or a registry.

Pure functions say what is to be run; `skrt_hub.targets.kubernetes.image.ensure` runs it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from skrt_hub.errors import PrerequisiteError, SettingsError
from skrt_hub.settings.image import Platform, architecture_of
from skrt_hub.targets.kubernetes.cluster.kinds import KINDS, load_words
from skrt_hub.targets.kubernetes.cluster.placement import Node, architecture


def load_command(kind: str, context: str, image: str, *, engine: str, own: str = "") -> tuple[str, ...]:
    """The command that copies an image from this machine's engine into the cluster.

    `own` is kubernetes.image.load. The word `{archive}` in the answer is to be replaced by an archive's path.
    Raises PrerequisiteError where the cluster is of no known kind and there is no own command.
    """
    if own:
        if "{image}" not in own:
            raise SettingsError(
                "kubernetes.image.load does not say {image}.",
                why=f"It is {own!r}.",
                remedy="Write {image} where the image's name belongs.",
            )
        return tuple(word.replace("{image}", image) for word in shlex.split(own))
    if (words := load_words(kind, context, image, engine)) is not None:
        return words
    raise PrerequisiteError(
        f"skrt-hub does not know how to bring an image into the cluster of context {context}.",
        why=f"It is none of these: {', '.join(KINDS)}.",
        remedy="Give one of these in hub.yaml: kubernetes.image.push (a registry that the cluster pulls from), "
        "kubernetes.image.load (a command, such as `my-tool load {image}`; for k3s see the guide), or "
        "kubernetes.image.name (a published image).",
    )


def require_same_processor(built_for: Sequence[str], nodes: Sequence[Node], *, chosen: bool = False) -> None:
    """Raise PrerequisiteError where servers could not start because of their node's type of processor.

    The image is built for the types `built_for`. Where they were `chosen` in hub.yaml, servers start on such nodes
    only, and one node is enough; else each needs one of them.
    """
    known = {node["metadata"]["name"]: architecture(node) for node in nodes}
    others = {name: kind for name, kind in known.items() if kind and kind not in built_for}
    some = len(others) < len(known)
    if not all(built_for) or not others or (chosen and some):
        return
    possible = [platform for platform in get_args(Platform) if architecture_of(platform) in known.values()]
    write = (
        f"Write into hub.yaml what it is wanted for: kubernetes.image.platforms: [{', '.join(possible)}]. "
        "Servers then start on nodes of these types only. A build for another type than this machine's takes long; "
        "in its place, type"
        if possible
        else "Type"
    )
    raise PrerequisiteError(
        "The image would not start on all of the cluster's nodes: some have another type of processor."
        if some
        else "The image would not start on the cluster's nodes: they have another type of processor.",
        why=f"It would be built for {' and '.join(built_for)}; "
        f"{', '.join(f'{name} is {kind}' for name, kind in others.items())}.",
        remedy=f"{write} `skrt-hub image push` on a machine of that type, and name here what it pushed: "
        "kubernetes.image.name.",
    )


def nodes_without(image: str, nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the nodes that do not tell of the image. Kubelets tell of their fifty largest images."""
    return [node["metadata"]["name"] for node in nodes if not _has(node, image)]


def _has(node: Mapping[str, Any], image: str) -> bool:
    names = {name for entry in node.get("status", {}).get("images", []) for name in entry.get("names") or []}
    return bool(names & {image, f"docker.io/{image}", f"docker.io/library/{image}"})
