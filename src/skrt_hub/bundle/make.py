"""`bundle make`: uv says which wheels a hub takes; they are fetched, compared with their hashes, and packed."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import ssl
import sys
import time
import tomllib
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from skrt_hub import computer
from skrt_hub.bundle import parts_list, starter
from skrt_hub.bundle.own_wheel import build_own_wheel
from skrt_hub.context import Context
from skrt_hub.environment import Lock, choose, locks_for, uv
from skrt_hub.environment.bundled import CLUSTER, HUB, MANIFEST, PARTICIPANTS, PROCESSORS, Contents, lock_in_bundle
from skrt_hub.environment.identity import wanted
from skrt_hub.errors import NetworkError, SpaceError, UsageError
from skrt_hub.files import told
from skrt_hub.progress import Step
from skrt_hub.report import Message
from skrt_hub.version import __version__

OLDEST_LINUX = "manylinux_2_28"
"""Wheels of this kind run on Debian 10, Ubuntu 20.04, RHEL 8 and newer."""
_AT_ONCE, _TIMES, _DEADLINE = 6, 3, 60.0
_PIECE = 1 << 20


@dataclass(frozen=True)
class Wheel:
    """One file to fetch."""

    folder: str
    name: str
    version: str
    address: str
    size: int
    digest: str

    @property
    def file(self) -> str:
        return unquote(urlsplit(self.address).path.rpartition("/")[2])


def make_bundle(
    context: Context, file: Path, pack: Callable[[Path], tuple[str, ...]], platform_there: str = ""
) -> Message:
    """Write the bundle of this hub; `pack` writes what the hub's place takes into a folder, and tells its images.

    `platform_there` is one of PROCESSORS, where the machine without a network has another processor than this one.

    Raises UsageError, NetworkError or SpaceError; nothing is left half written.
    """
    computer.need_linux("A bundle")
    if platform_there and context.settings.target == "kubernetes":
        raise UsageError(
            "--platform is for a hub on one machine; this bundle is for a cluster.",
            why="Its images say themselves what they are for.",
            remedy=f"Leave it out, and write into hub.yaml: kubernetes: {{image: {{platforms: [{platform_there}]}}}}",
        )
    own = context.settings.environment
    if any(one.local or (one.scikit_rt is not None and not one.scikit_rt.version) for one in (own, *own.others)):
        raise UsageError(
            "A bundle holds packages of the index, and hub.yaml has code of one's own.",
            why="What is built from code needs further packages of the index, which nobody can foresee.",
            remedy="Leave environment: local and scikit_rt out while you make the bundle.",
        )
    locks = locks_for(own, context.layout.wheels, context.progress)
    contents = _contents(locks, own.python, PROCESSORS[platform_there] if platform_there else platform.machine())
    with TemporaryDirectory(prefix=".skrt-hub-bundle-", dir=_folder_for(file)) as folder:
        work = Path(folder)
        (work / CLUSTER).mkdir()
        contents = replace(contents, images=pack(work / CLUSTER))
        with context.progress.step("bundle: which packages"):
            wheels = _all_wheels(contents, locks, work)
        size = sum(wheel.size for wheel in wheels) + sum(path.stat().st_size for path in (work / CLUSTER).iterdir())
        with_images = f"{len(contents.images)} images, " if contents.images else ""
        context.progress.say(
            f"The bundle will have {size / 1e6:.0f} MB: {with_images}{len(wheels)} packages, and skrt-hub itself."
        )
        _require_room(work, 2 * size)
        with context.progress.step("bundle: fetching") as step:
            _fetch_all(wheels, work, step)
        with context.progress.step("bundle: packing"):
            own_wheel = build_own_wheel(work / HUB)
            (work / HUB / "hub.txt").write_text(
                _pins([w for w in wheels if w.folder == HUB], own_wheel), encoding="utf-8"
            )
            for name, lock in locks.items():
                shutil.copyfile(lock.file, work / lock_in_bundle(name))
            listed = [(wheel.name, wheel.version, wheel.digest) for wheel in wheels]
            files = [lock.file for lock in locks.values()]
            (work / parts_list.NAME).write_text(
                parts_list.parts_list(__version__, listed, contents.images, files), encoding="utf-8"
            )
            digest = _pack(work, contents, work / "bundle")
        with told(file):
            (work / "bundle").replace(file)
    return Message(
        (
            f"{file} is a hub for a machine without a network: {file.stat().st_size / 1e6:.0f} MB, SHA-256 {digest}",
            f"That machine needs Linux on {contents.machine} and {_pythons(contents)}; none of these is in the bundle.",
            f"There: python{contents.hub_python} {file.name} up",
        )
    )


def _all_wheels(contents: Contents, locks: Mapping[str, Lock], work: Path) -> list[Wheel]:
    """Those of the participants, whom a cluster's images have already, and those of the hub."""
    listed = [
        _wheels_of(lock.file, PARTICIPANTS, contents.python, contents.machine, work, "--no-deps")
        for lock in ([] if contents.images else locks.values())
    ]
    wheels = list(dict.fromkeys(wheel for several in listed for wheel in several))
    return wheels + _wheels_of(_needs_of_the_hub(work), HUB, contents.hub_python, contents.machine, work)


def _contents(locks: Mapping[str, Lock], python: str, machine: str) -> Contents:
    """What the bundle says of itself; the first environment has no name."""
    first = locks[""].identity
    identity = wanted(choose(python), first)
    return Contents(
        skrt_hub=__version__,
        hub_python="{}.{}".format(*sys.version_info[:2]),
        python=".".join(map(str, identity.python.version[:2])),
        machine=machine,
        lock=first,
        others=tuple((name, lock.identity) for name, lock in locks.items() if name),
    )


def _pythons(contents: Contents) -> str:
    if contents.images:
        return f"Python {contents.hub_python}, kubectl and helm, and docker or podman"
    if contents.python == contents.hub_python:
        return f"Python {contents.python}"
    return f"Python {contents.hub_python} for skrt-hub and {contents.python} for the participants"


def _folder_for(file: Path) -> Path:
    if file.is_dir() or not file.absolute().parent.is_dir():
        why = "It is a folder." if file.is_dir() else "Its folder does not exist."
        raise UsageError(
            f"{file} cannot be a bundle.", why=why, remedy="Name a new file: skrt-hub bundle make hub.bundle"
        )
    return file.absolute().parent


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SpaceError(
            f"The disk of {folder.parent} is too full for the bundle.",
            why=f"{free / 1e6:.0f} MB are free, and {needed / 1e6:.0f} MB are needed while it is made.",
            remedy="Make room, or name a file on another disk.",
        )


def _needs_of_the_hub(work: Path) -> Path:
    """What skrt-hub needs, as a file; in the versions that run here, where uv finds that they go together."""
    needs, held = work / "needs.txt", work / "held.txt"
    needs.write_text("\n".join(metadata.requires("skrt-hub") or ()), encoding="utf-8")
    here = {canonicalize_name(one.name): one.version for one in metadata.distributions()}
    held.write_text("\n".join(f"{name}=={version}" for name, version in sorted(here.items())), encoding="utf-8")
    return needs


def _wheels_of(file: Path, folder: str, python: str, machine: str, work: Path, *options: str) -> list[Wheel]:
    """The wheels of a file of requirements for this Python, with sizes and hashes, as uv finds them in the index."""
    to = work / f"pylock.{folder.rstrip('/')}.toml"
    if (work / "held.txt").exists():
        options += ("--constraints", "held.txt")
    words = ["pip", "compile", "--quiet", "--format", "pylock.toml", "--only-binary", ":all:", *options]
    there = ("--python-platform", f"{machine}-{OLDEST_LINUX}", "--python-version", python)
    uv.run_uv([*words, *there, file, "-o", to], folder=work, what="It was not found which packages the bundle takes.")
    packages = tomllib.loads(to.read_text(encoding="utf-8"))["packages"]
    return [_wheel(folder, package, wheel) for package in packages for wheel in package["wheels"]]


def _wheel(folder: str, package: dict[str, Any], wheel: dict[str, Any]) -> Wheel:
    return Wheel(
        folder, package["name"], package["version"], wheel["url"], int(wheel["size"]), wheel["hashes"]["sha256"]
    )


def _fetch_all(wheels: Sequence[Wheel], work: Path, step: Step) -> None:
    for folder in {wheel.folder for wheel in wheels}:
        (work / folder).mkdir(exist_ok=True)
    variables = uv.environment()
    trusted = ssl.create_default_context(cafile=variables.get("SSL_CERT_FILE"), capath=variables.get("SSL_CERT_DIR"))
    total, done = sum(wheel.size for wheel in wheels), 0
    with ThreadPoolExecutor(_AT_ONCE) as at_once:
        for wheel in at_once.map(lambda wheel: _fetch(wheel, work, trusted), wheels):
            done += wheel.size
            step.update(done, total, wheel.file)


def _fetch(wheel: Wheel, work: Path, trusted: ssl.SSLContext) -> Wheel:
    why: object = ""
    for again in range(_TIMES):
        time.sleep(again)
        try:
            digest = hashlib.sha256()
            with (
                urllib.request.urlopen(wheel.address, timeout=_DEADLINE, context=trusted) as source,  # noqa: S310 - uv's
                (work / wheel.folder / wheel.file).open("wb") as to,
            ):
                while piece := source.read(_PIECE):
                    digest.update(piece)
                    to.write(piece)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            why = getattr(error, "reason", error)
            continue
        if digest.hexdigest() == wheel.digest:
            return wheel
        why = "it does not have its publisher's hash"
    raise NetworkError(
        f"{wheel.file} could not be fetched for the bundle.",
        why=f"{why}.",
        remedy="Look at the network and its proxy, then run the same command again.",
    )


def _pins(wheels: Iterable[Wheel], own: Path) -> str:
    """What the starter installs, each with its hashes."""
    hashes: dict[str, list[str]] = {}
    for wheel in wheels:
        hashes.setdefault(f"{wheel.name}=={wheel.version}", []).append(wheel.digest)
    name, version = own.name.split("-")[:2]
    hashes[f"{re.sub('_', '-', name)}=={version}"] = [hashlib.sha256(own.read_bytes()).hexdigest()]
    return "".join(
        f"{pin} {' '.join(f'--hash=sha256:{digest}' for digest in digests)}\n" for pin, digests in hashes.items()
    )


def _pack(work: Path, contents: Contents, to: Path) -> str:
    """The file: a zip file that Python runs, and at its end the hash of all before."""
    there = [work / name for name in (PARTICIPANTS, HUB, CLUSTER) if (work / name).is_dir()]
    first = [work / parts_list.NAME, *sorted(work.glob("lock*.txt"))]
    paths = [*first, *(path for folder in there for path in sorted(folder.iterdir()))]
    files = []
    with zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("__main__.py", Path(starter.__file__).read_text(encoding="utf-8"))
        for path in paths:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            name = path.relative_to(work).as_posix()
            files.append((name, path.stat().st_size, digest))
            packed.write(path, name)
            path.unlink()
        packed.writestr(MANIFEST, replace(contents, files=tuple(files)).to_json())
        packed.comment = b"0" * 64
    with to.open("r+b") as stream:
        stream.seek(0)
        digest_of_all, left = hashlib.sha256(), to.stat().st_size - 64
        while left and (piece := stream.read(min(_PIECE, left))):
            digest_of_all.update(piece)
            left -= len(piece)
        stream.seek(-64, 2)
        stream.write(digest_of_all.hexdigest().encode())
    with to.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
