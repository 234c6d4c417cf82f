"""Making sure that the participants' image is where the cluster's nodes find it, and saying what is done for it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.errors import SettingsError
from skrt_hub.process import run
from skrt_hub.progress import Progress
from skrt_hub.settings.model import Image
from skrt_hub.targets.kubernetes.cluster import Cluster
from skrt_hub.targets.kubernetes.image.context import LOCAL_NAME, image_name
from skrt_hub.targets.kubernetes.image.engine import Engine, find_engine
from skrt_hub.targets.kubernetes.image.place import ARCHIVE, load_command, nodes_without
from skrt_hub.targets.kubernetes.kubectl import Kubectl


@dataclass(frozen=True)
class Built:
    """An image on this machine."""

    name: str
    engine: Engine
    fresh: bool


def build(progress: Progress, echo: object = None) -> Built:
    """The project's own image for the present content, built where it is not on this machine yet."""
    engine = find_engine(echo if callable(echo) else None)
    name = image_name()
    if engine.has(name):
        return Built(name, engine, fresh=False)
    engine.build(name, progress)
    return Built(name, engine, fresh=True)


def push(settings: Image, progress: Progress, echo: object = None) -> str:
    """Build where needed, and push to the registry in hub.yaml. Raises SettingsError where it names none."""
    if not settings.push:
        raise SettingsError(
            "hub.yaml names no registry to push to.",
            remedy="Write kubernetes.image.push, such as registry.example.org/physics.",
        )
    built = build(progress, echo)
    name = image_name(settings.push)
    built.engine.tag(built.name, name)
    with progress.step(f"pushing {name}"):
        built.engine.push(name)
    return name


def load(cluster: Cluster, *, always: bool = False) -> str:
    """Build where needed, and bring the image to every node that lacks it; returns what was done, in words."""
    progress, name = cluster.target.progress, image_name()
    lacking = nodes_without(name, cluster.kubectl.items("nodes"))
    if not lacking and not always:
        return f"The image {name} is on every node already."
    built = build(progress, cluster.target.echo)
    own = cluster.settings.kubernetes.image.load
    words = load_command(cluster.kind, cluster.context, name, engine=built.engine.name, own=own)
    with progress.step(f"image {name} to the cluster"):
        _run_load(words, built)
    return f"The image {name} was brought to the cluster of context {cluster.context}."


def ensure(cluster: Cluster) -> str:
    """Do what the cluster at hand needs so that it can start the image; returns the image's name."""
    image, progress = cluster.settings.kubernetes.image, cluster.target.progress
    if image.name:
        return image.name
    if image.push:
        name = image_name(image.push)
        if cluster.record is None or cluster.record.image != name or not _known(cluster.kubectl, name):
            progress.say(f"Image: {push(image, progress, cluster.target.echo)} was pushed.")
        return name
    if nodes_without(image_name(), cluster.kubectl.items("nodes")):
        progress.say(load(cluster))
    return image_name()


def _known(kubectl: Kubectl, name: str) -> bool:
    return not nodes_without(name, kubectl.items("nodes"))


def _run_load(words: tuple[str, ...], built: Built) -> None:
    remedy = "Try the command by hand; kubernetes.image.load in hub.yaml replaces it."
    if ARCHIVE not in words:
        run(words, deadline=1800, echo=built.engine.echo, remedy=remedy)
        return
    with tempfile.TemporaryDirectory(prefix="skrt-hub-image-") as folder:
        archive = Path(folder, f"{LOCAL_NAME.rpartition('/')[2]}.tar")
        built.engine.save(built.name, archive)
        told = tuple(word.replace(ARCHIVE, str(archive)) for word in words)
        run(told, deadline=1800, echo=built.engine.echo, remedy=remedy)
