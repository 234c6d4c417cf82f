"""Making sure that the participants' image is where the cluster's nodes find it, and saying what is done for it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.environment import Lock, locks_for
from skrt_hub.errors import SettingsError
from skrt_hub.material import published
from skrt_hub.process import run
from skrt_hub.settings.environment import OwnPackages
from skrt_hub.targets.kubernetes.cluster import placement
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.kinds import ARCHIVE
from skrt_hub.targets.kubernetes.image.contents import LOCAL_NAME, Content, Part
from skrt_hub.targets.kubernetes.image.engine import Engine, find_engine
from skrt_hub.targets.kubernetes.image.load import load_command, nodes_without, require_same_processor


@dataclass(frozen=True)
class Built:
    """An image on this machine: one, or one for each platform."""

    content: Content
    engine: Engine
    fresh: bool

    @property
    def images(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(part.image for part in self.content.parts())


def content_of(context: Context) -> Content:
    """What the image of this hub holds: material is in it once it has been prepared."""
    layout, settings = context.layout, context.settings
    material = layout.material_shown if published.is_shown(layout) else None
    locks = dict(_locks(context))
    own = locks.pop("")
    return Content(
        material, settings.kubernetes.image.platforms, own, settings.environment.apt, others=tuple(locks.items())
    )


_LOCKS: dict[tuple[OwnPackages, Path], dict[str, Lock]] = {}


def _locks(context: Context) -> dict[str, Lock]:
    """The hub's locks, looked at once in a command: code of one's own may lie behind a network."""
    key = (context.settings.environment, context.layout.wheels)
    if key not in _LOCKS:
        _LOCKS[key] = locks_for(*key, context.progress)
    return _LOCKS[key]


def wanted(context: Context) -> str:
    """The whole name of the participants' image: the one in hub.yaml, or the project's own for the present content."""
    image = context.settings.kubernetes.image
    return image.name or content_of(context).name(image.push)


def prepare_material(context: Context) -> None:
    """Fetch the organiser's material, so that it is part of the image. Raises SettingsError for a published image."""
    settings, layout = context.settings, context.layout
    if not settings.material and not layout.handed_out.is_dir() and not published.published(layout):
        return
    states = published.fetch(settings, layout, context.progress, refresh=True, echo=context.echo)
    if states and settings.kubernetes.image.name:
        raise SettingsError(
            f"Material cannot be added to a published image: {', '.join(state.name for state in states)}.",
            why="hub.yaml has kubernetes.image.name, and there is material in hub.yaml or from `hand-out`.",
            remedy="Leave kubernetes.image.name out, and material becomes the last layer of the project's own image. "
            "Or take `material` out of hub.yaml, and take back what was handed out: `hand-out --withdraw --as FOLDER`.",
        )
    for entry in states:
        if entry.problem is not None:
            context.progress.say(f"Material {entry.name}: {entry.problem.what} {entry.problem.why}")


def build(context: Context) -> Built:
    """The project's own image for the present content, built where it is not on this machine yet."""
    engine, content = find_engine(context.echo), content_of(context)
    missing = missing_parts(engine, content)
    for part in missing:
        engine.build(content, part, context.progress)
    return Built(content, engine, fresh=bool(missing))


def missing_parts(engine: Engine, content: Content) -> list[Part]:
    """What is not on this machine yet. Raises PrerequisiteError where the engine cannot build it."""
    missing = [part for part in content.parts() if not engine.has(part.image)]
    engine.require_platforms([part.platform for part in missing if part.platform])
    return missing


def engine_for(cluster: Cluster) -> Engine:
    """The engine of this machine. Raises PrerequisiteError where the cluster could not start what it builds."""
    engine, kubernetes = find_engine(), cluster.settings.kubernetes
    types, nodes = kubernetes.image.architectures, cluster.nodes() or []
    open_nodes = placement.may_be_used(nodes, kubernetes) or nodes
    require_same_processor(types or (engine.architecture,), open_nodes, chosen=bool(types))
    return engine


def server_nodes(cluster: Cluster) -> Sequence[placement.Node] | None:
    """The nodes that servers may run on (all, where that is none); None where the account may not ask for them."""
    nodes = cluster.nodes()
    return None if nodes is None else placement.for_servers(nodes, cluster.settings.kubernetes) or nodes


def push(context: Context) -> str:
    """Build where needed, and push to the registry in hub.yaml; returns the name there.

    Raises SettingsError where hub.yaml names no registry.
    """
    registry = context.settings.kubernetes.image.push
    if not registry:
        raise SettingsError(
            "hub.yaml names no registry to push to.",
            remedy="Write kubernetes.image.push, such as registry.example.org/physics.",
        )
    built = build(context)
    name = built.content.name(registry)
    parts = [part.image for part in built.content.parts(registry)]
    for image, part in zip(built.images, parts, strict=True):
        built.engine.tag(image, part)
        with context.progress.step(f"pushing {part}"):
            built.engine.push(part)
    if len(parts) > 1:
        built.engine.push_list(name, parts)
    return name


def load(cluster: Cluster, *, always: bool = False) -> str:
    """Build where needed, and bring the image to every node that lacks it; returns what was done, in words."""
    context, name = cluster.hub_context, content_of(cluster.hub_context).name()
    if not always and not _lacking(cluster, name):
        return f"The image {name} is on every node already."
    # What the cluster cannot be given is said before an image is built for it.
    if len(cluster.settings.kubernetes.image.platforms) > 1:
        raise SettingsError(
            "An image for several platforms cannot be copied to the nodes.",
            why="From a registry, each node takes its own.",
            remedy="Type: skrt-hub image push. Or leave one platform in kubernetes.image.platforms.",
        )
    own = cluster.settings.kubernetes.image.load
    words = load_command(cluster.kind, cluster.context, name, engine=engine_for(cluster).name, own=own)
    built = build(context)
    with context.progress.step(f"image {name} to the cluster"):
        run_load(words, built.engine, built.images[0])
    return f"The image {name} was brought to the cluster of context {cluster.context}."


def ensure(cluster: Cluster) -> None:
    """Do what the cluster at hand needs so that its nodes can start the image, and say what is done."""
    context, image = cluster.hub_context, cluster.settings.kubernetes.image
    name = wanted(context)
    if image.name or not _lacking(cluster, name):
        return
    if not image.push:
        context.progress.say(load(cluster))
    elif cluster.record is None or cluster.record.image != name:
        engine_for(cluster)
        context.progress.say(f"The image {push(context)} was pushed.")


def _lacking(cluster: Cluster, name: str) -> bool:
    """Whether a node is without the image; where nodes may not be asked for, whether it was brought there before."""
    nodes = server_nodes(cluster)
    if nodes is None:
        return cluster.record is None or cluster.record.image != name
    return bool(nodes_without(name, nodes))


def run_load(words: tuple[str, ...], engine: Engine, image: str) -> None:
    """Run the command that copies an image into the cluster, from an archive where it takes no other."""
    remedy = "Try the command by hand; kubernetes.image.load in hub.yaml replaces it."
    if ARCHIVE not in words:
        run(words, deadline=1800, echo=engine.echo, remedy=remedy)
        return
    with tempfile.TemporaryDirectory(prefix="skrt-hub-image-") as folder:
        archive = Path(folder, f"{LOCAL_NAME.rpartition('/')[2]}.tar")
        engine.save((image,), archive)
        told = tuple(word.replace(ARCHIVE, str(archive)) for word in words)
        run(told, deadline=1800, echo=engine.echo, remedy=remedy)
