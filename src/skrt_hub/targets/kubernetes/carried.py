"""A bundle for a cluster without a network: chart and images, packed outside and brought to the nodes inside."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import zstandard

from skrt_hub import policy
from skrt_hub.context import Context
from skrt_hub.environment import bundled
from skrt_hub.environment.bundled import CLUSTER, Bundle
from skrt_hub.errors import SettingsError, SkrtHubError, SpaceError, UsageError
from skrt_hub.files import ensure_folder
from skrt_hub.targets.kubernetes import rendering
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, open_cluster
from skrt_hub.targets.kubernetes.dask import release as dask
from skrt_hub.targets.kubernetes.dask.chart import DASK_GATEWAY
from skrt_hub.targets.kubernetes.image import ensure
from skrt_hub.targets.kubernetes.image.engine import Engine, find_engine
from skrt_hub.targets.kubernetes.image.load import load_command, nodes_without
from skrt_hub.targets.kubernetes.release.chart import JUPYTERHUB, find_chart

IMAGES = "images.tar.zst"
_LEVEL = 3
"""Of zstd: half the size in some ten seconds; higher ones take minutes for a few per cent."""


def pack(context: Context, folder: Path, kubernetes: str) -> tuple[str, ...]:
    """Write the chart and all images into `folder`, those not yet on this machine fetched; the images' names.

    `kubernetes` is the version there; nothing: that of the cluster at hand. Raises UsageError where it is not known.
    """
    image = context.settings.kubernetes.image
    if image.push:
        raise SettingsError(
            "A bundle brings images to the cluster's nodes, and not to a registry.",
            why=f"hub.yaml has kubernetes.image.push: {image.push}.",
            remedy="Leave it out while you make the bundle, or carry the images by hand: "
            "docs/how-to/cluster-without-internet.md",
        )
    server = _version(context, kubernetes)
    ensure.prepare_material(context)
    values, manifests = rendering.render(context, check=True, server=server)
    engine = find_engine(context.echo) if image.name else ensure.build(context).engine
    names = rendering.images(values, manifests + dask.manifests(context, server))
    for name in names:
        if not engine.has(name):
            with context.progress.step(f"fetching {name}"):
                engine.pull(name)
    _pack_chart(context, folder)
    _pack_images(context, engine, names, folder / IMAGES)
    return names


def _version(context: Context, given: str) -> tuple[int, int]:
    """The version of the cluster that the bundle is for: the scheduler's image depends on it."""
    if given:
        numbers = re.fullmatch(r"v?(\d+)\.(\d+)(\.\d+)?", given)
        if numbers is None:
            raise UsageError(f"{given} is no version of Kubernetes.", remedy="Write, for example: --kubernetes 1.34")
        return int(numbers[1]), int(numbers[2])
    try:
        return open_cluster(context).server_version
    except SkrtHubError as error:
        raise UsageError(
            "It is not known which Kubernetes the bundle is for.",
            why=f"The scheduler's image depends on it, and no cluster answers here: {error.what}",
            remedy="Type its version: skrt-hub bundle make FILE --kubernetes 1.34",
        ) from None


def _pack_chart(context: Context, folder: Path) -> None:
    """The charts as they were fetched. One that hub.yaml names is carried with hub.yaml."""
    charts, kubernetes = context.layout.kubernetes / "charts", context.settings.kubernetes
    asked = [(JUPYTERHUB, kubernetes.chart)]
    if policy.cohorts.on_workers(context.settings):
        asked.append((DASK_GATEWAY, kubernetes.dask_chart))
    for kind, local in asked:
        if local is None:
            chart = find_chart(None, charts, kind)
            assert chart is not None  # the values were checked with it
            shutil.copyfile(chart.path, folder / chart.path.name)


def _pack_images(context: Context, engine: Engine, names: tuple[str, ...], to: Path) -> None:
    size = sum(engine.size(name) for name in names)
    context.progress.say(f"{len(names)} images have {size / 1e6:.0f} MB, and about half of that in the bundle.")
    _require_room(to.parent, 2 * size)
    with (
        context.progress.step("bundle: images"),
        tempfile.NamedTemporaryFile(dir=to.parent, suffix=".tar") as plain,
    ):
        engine.save(names, Path(plain.name))
        with Path(plain.name).open("rb") as source, to.open("wb") as out:
            zstandard.ZstdCompressor(level=_LEVEL, threads=-1).copy_stream(source, out)


def opened(cluster: Cluster) -> Bundle | None:
    """The bundle of this call, if any, with its chart where a fetched one would be, and the versions it was made with.

    Raises UsageError where it is damaged, or for a hub on one machine.
    """
    context = cluster.hub_context
    if context.bundle is None:
        return None
    with context.progress.step("bundle: comparing with its hash"):
        bundle = bundled.read(context.bundle)
    if not bundle.contents.images:
        raise UsageError(
            f"The bundle {bundle.file} does not go with this hub.",
            why="It is for a hub on one machine, and has no images.",
            remedy="Make one with this hub.yaml (target: kubernetes): skrt-hub bundle make FILE",
        )
    bundle.put_locks(context.settings.environment.noted_in(context.layout.root))
    ensure_folder(cluster.charts)
    for name in bundle.names:
        chart = cluster.charts / Path(name).name
        if name.startswith(CLUSTER) and name.endswith(".tgz") and not chart.exists():
            bundle.take_out(name, chart)
    return bundle


def bring(cluster: Cluster, bundle: Bundle, wanted: tuple[str, ...]) -> None:
    """Bring every image to the nodes that lack it. Raises UsageError where one that is wanted is not in the bundle."""
    context, nodes = cluster.hub_context, cluster.nodes()
    lacking = [name for name in wanted if nodes is None or nodes_without(name, nodes)]
    if not_there := [name for name in lacking if name not in bundle.contents.images]:
        raise UsageError(
            f"The bundle {bundle.file} does not go with this hub.",
            why=f"The nodes need {', '.join(not_there)}, which is not in it.",
            remedy="Make one with the same skrt-hub, hub.yaml, material and Kubernetes: skrt-hub bundle make FILE",
        )
    if not lacking:
        return
    engine = ensure.engine_for(cluster)
    _take_over(context, engine, bundle, lacking)
    own = context.settings.kubernetes.image.load
    for number, name in enumerate(lacking):
        with context.progress.step("images to the cluster") as step:
            step.update(number, len(lacking), name)
            words = load_command(cluster.kind, cluster.context, name, engine=engine.name, own=own)
            ensure.run_load(words, engine, name)


def _take_over(context: Context, engine: Engine, bundle: Bundle, names: list[str]) -> None:
    """Have this machine's engine know these images."""
    if all(engine.has(name) for name in names):
        return
    ensure_folder(context.layout.kubernetes)
    with (
        context.progress.step("bundle: images"),
        tempfile.TemporaryDirectory(prefix="bundle-", dir=context.layout.kubernetes) as folder,
    ):
        packed, plain = Path(folder, IMAGES), Path(folder, "images.tar")
        bundle.take_out(f"{CLUSTER}{IMAGES}", packed)
        _require_room(Path(folder), 3 * packed.stat().st_size)
        with packed.open("rb") as source, plain.open("wb") as out:
            zstandard.ZstdDecompressor().copy_stream(source, out)
        packed.unlink()
        engine.load(plain)


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SpaceError(
            f"The disk of {folder} is too full for the images.",
            why=f"{free / 1e6:.0f} MB are free, and {needed / 1e6:.0f} MB are needed for a while.",
            remedy="Make room, then run the same command again.",
        )
