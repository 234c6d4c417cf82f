"""The organiser's own packages: resolved against our lock, and written down beside hub.yaml.

What skrt-hub is tested with keeps its versions. The file holds every package with its hashes and no address, so it can
be kept under version control and used on any machine; while hub.yaml asks for the same, nothing is resolved again.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skrt_hub.environment import sources, uv
from skrt_hub.environment.identity import LOCK_FOLDER, requirements
from skrt_hub.environment.sources import Wheel
from skrt_hub.errors import EnvironmentBuildError, SettingsError
from skrt_hub.files import write_atomically
from skrt_hub.progress import Progress
from skrt_hub.settings.environment import OwnPackages

if TYPE_CHECKING:  # packaging is imported where it is used: every command comes by here, and few hubs have packages
    from packaging.requirements import Requirement

_HEAD = (
    "# Every package of the participants' environment, as hub.yaml's `environment` asks for it. Made by `skrt-hub up`;",
    "# keep it with hub.yaml. Remove it to let `up` take newer versions of the packages of your own.",
)
_WANTED, _OWN = "# wanted ", "# own "
TOOLKIT = "scikit-rt"
_NEED = re.compile(r"([A-Za-z0-9][\w.-]*?)(?:[<>=!~]=?[^ ]*)? depends on ([A-Za-z0-9][\w.-]*)((?:[<>=!~]=?[\w.*]+,?)+)")
_UNKNOWN = re.compile(
    r"Because (?:there are no versions of )?([A-Za-z0-9][\w.-]*) (?:was not found in|has no usable wheels)"
)
_NO_VERSION = re.compile(
    r"Because (?:there is no version of [^ ]+|only ([^ ]+) is available) and skrt-workspace-environment depends on "
    r"([A-Za-z0-9][\w.-]*)([^ ]*?),? we can conclude"
)


@dataclass(frozen=True)
class Lock:
    """What an environment is built from: a file of pinned packages, and wheels of the organiser's own."""

    file: Path
    wheels: tuple[Wheel, ...] = ()

    @property
    def identity(self) -> str:
        """A hash of all of it."""
        digest = hashlib.sha256(self.file.read_bytes())
        if self.wheels:
            digest.update("\n".join(wheel.line for wheel in self.wheels).encode())
        return digest.hexdigest()


def lock_for(own: OwnPackages, wheels: Path, progress: Progress) -> Lock:
    """The lock of a hub: ours, or with own packages the file beside hub.yaml, which is made or brought up to date.

    `wheels` is a folder for what is built from code. Raises SettingsError for a clash, NetworkError,
    EnvironmentBuildError.
    """
    if not own.any:
        return Lock(requirements())
    own = own.noted_in(wheels.parent)
    assert own.lock is not None
    asked = _asked(own)
    _refuse_clashes(asked)
    with progress.step("own packages: code"):
        built = _built(own, wheels, own.lock.parent)
    wanted = _digest(own, asked, built)
    if _noted(own.lock) == wanted:
        return Lock(own.lock, built)
    with progress.step("own packages: versions"):
        text = _resolve(own, own.lock, asked, built)
    notes = [*_HEAD, _WANTED + wanted, *(_OWN + wheel.line for wheel in built)]
    write_atomically(own.lock, "\n".join(notes) + "\n" + text)
    progress.say(f"The versions of the packages are noted in {own.lock}; keep it with hub.yaml.")
    return Lock(own.lock, built)


def locks_for(own: OwnPackages, wheels: Path, progress: Progress) -> dict[str, Lock]:
    """The locks of all environments by their names, the first one's without a name first. Raises as `lock_for`."""
    own = own.noted_in(wheels.parent)
    found = {"": lock_for(own, wheels, progress)}
    for other in own.others:
        try:
            found[other.name] = lock_for(own.of(other), wheels, progress)
        except SettingsError as error:
            what = error.what.replace("environment:", f"environment: others: {other.name}:", 1)
            raise SettingsError(what, why=error.why, remedy=error.remedy) from None
    return found


def held() -> dict[str, list[str]]:
    """Our lock: each package's versions (older Pythons have others), by the index's spelling of its name."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    found: dict[str, list[str]] = {}
    pins = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^ ;\\]+)", requirements().read_text(encoding="utf-8"), re.M)
    for name, version in pins:
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def tested_against(wish: Requirement) -> str:
    """What we are tested with in place of this wish, or nothing where the two go together."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    versions = held().get(canonicalize_name(wish.name), [])
    if not versions or any(wish.specifier.contains(version, prereleases=True) for version in versions):
        return ""
    return f"{wish.name} {versions[-1]}"


def _asked(own: OwnPackages) -> list[str]:
    """All that hub.yaml and its requirements file ask of the index. Raises SettingsError for a line of another kind."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    asked = list(own.packages)
    if own.requirements is None:
        return asked
    try:
        lines = own.requirements.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"environment: {own.requirements} cannot be read.", why=str(error)) from None
    for number, line in enumerate(lines, start=1):
        text = line.split(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        try:
            given = Requirement(text)
        except InvalidRequirement:
            given = None
        if given is None or given.url is not None:
            raise SettingsError(
                f"{own.requirements}, line {number}: this is not a package of the index.",
                why=text,
                remedy="Write one package a line, such as torch>=2.8; wheels and folders go under environment: local.",
            )
        asked.append(text)
    return asked


def _refuse_clashes(asked: list[str]) -> None:
    from packaging.requirements import Requirement  # noqa: PLC0415

    for text in asked:
        wish = Requirement(text)
        tested = tested_against(wish)
        if tested and (wish.marker is None or wish.marker.evaluate()):
            raise clash(f"hub.yaml asks for {text}", tested)


def clash(asking: str, tested: str) -> SettingsError:
    """The error for two that cannot be had together."""
    return SettingsError(
        f"environment: {asking}, and skrt-hub is tested with {tested}.",
        why="Packages of your own come beside the tested ones, whose versions stay as they are.",
        remedy="Ask for a version that goes with it, or leave the package out. A participant who needs it alone can "
        "make an environment in the home: python -m venv ~/own",
    )


def _built(own: OwnPackages, folder: Path, beside: Path) -> tuple[Wheel, ...]:
    made = [sources.local(path, folder) for path in own.local]
    given = [str(path) for path in own.local]
    if own.scikit_rt is not None and not own.scikit_rt.version:
        made.append(sources.toolkit(own.scikit_rt, folder, beside))
        given.append("scikit_rt")
    names = [wheel.name for wheel in made]
    for name in names:
        if names.count(name) > 1:
            both = [where for where, wheel in zip(given, made, strict=True) if wheel.name == name]
            raise SettingsError(
                f"environment: {name} is given twice.",
                why=f"It is in {' and in '.join(both)}.",
                remedy="Leave one of them in hub.yaml.",
            )
        if name in held() and name != TOOLKIT:
            raise clash(f"`local` has a {name} of its own", f"{name} {held()[name][-1]}")
    if own.scikit_rt is not None and not own.scikit_rt.version and names[-1] != TOOLKIT:
        raise SettingsError(
            f"environment: scikit_rt leads to {names[-1]}.", remedy="Write other packages under environment: local."
        )
    return tuple(made)


def _digest(own: OwnPackages, asked: list[str], built: tuple[Wheel, ...]) -> str:
    """What the lock was made for: with another value it is made again."""
    version = own.scikit_rt.version if own.scikit_rt else ""
    parts = [requirements().read_text(encoding="utf-8"), *sorted(asked), version, *(wheel.line for wheel in built)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _noted(lock: Path) -> str | None:
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.removeprefix(_WANTED) for line in lines if line.startswith(_WANTED)), None)


def _resolve(own: OwnPackages, lock: Path, asked: list[str], built: tuple[Wheel, ...]) -> str:
    """The whole lock, by uv: ours as it is, and what is asked beside it."""
    replaced = own.scikit_rt is not None
    with tempfile.TemporaryDirectory(prefix="skrt-hub-") as work:
        folder = Path(work)
        document = tomllib.loads((LOCK_FOLDER / "pyproject.toml").read_text(encoding="utf-8"))
        (folder / "pyproject.toml").write_text(_project(own, document), encoding="utf-8")
        pins = requirements().read_text(encoding="utf-8")
        if replaced:
            pins = re.sub(rf"^{TOOLKIT}==.*(\n .*)*\n", "", pins, flags=re.M)
        (folder / "tested.txt").write_text(pins, encoding="utf-8")
        needs = [need for wheel in built if wheel.name != TOOLKIT for need in wheel.needs]
        if any(wheel.name == TOOLKIT for wheel in built):
            needs += _needs_of_toolkit(document)
        (folder / "own.in").write_text("\n".join([*asked, *needs]) + "\n", encoding="utf-8")
        if lock.exists():
            shutil.copyfile(lock, folder / "lock.txt")
        options = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header")
        words = ["pip", "compile", *options, "--no-annotate", "--only-binary", ":all:", "pyproject.toml", "own.in"]
        try:
            uv.run_uv([*words, "-c", "tested.txt", "-o", "lock.txt"], folder=folder, what="The versions clash.")
        except EnvironmentBuildError as error:
            raise _explained(error) from None
        return (folder / "lock.txt").read_text(encoding="utf-8")


def _project(own: OwnPackages, document: Mapping[str, Any]) -> str:
    """Our lock's project for Linux alone, with another scikit-rt where one is asked for."""
    text = (LOCK_FOLDER / "pyproject.toml").read_text(encoding="utf-8")
    text = text.replace("[tool.uv]\n", "[tool.uv]\nenvironments = [\"sys_platform == 'linux'\"]\n")
    if own.scikit_rt is None:
        return text
    pinned = next(need for need in document["project"]["dependencies"] if need.startswith(f"{TOOLKIT}=="))
    wanted = f'"{TOOLKIT}=={own.scikit_rt.version}",' if own.scikit_rt.version else ""
    text = text.replace(f'"{pinned}",', wanted)
    return re.sub(rf'(name = "{TOOLKIT}"\n)version = "[^"]*"\n', r"\1", text)


def _needs_of_toolkit(document: Mapping[str, Any]) -> list[str]:
    """What scikit-rt needs, as our lock states it: its own statement leads to an elastix that is not there."""
    stated: list[dict[str, Any]] = document["tool"]["uv"]["dependency-metadata"]
    return [need for entry in stated if entry["name"] == TOOLKIT for need in entry["requires-dist"]]


def _explained(error: EnvironmentBuildError) -> SettingsError:
    """uv's reasoning, with the two that clash first where they can be told."""
    from packaging.requirements import Requirement  # noqa: PLC0415

    words = " ".join(error.why.split())
    if (missing := _NO_VERSION.search(words)) is not None:
        return _no_such_version(*missing.groups())
    for who, name, specifier in _NEED.findall(words):
        wish = Requirement(f"{name}{specifier.rstrip(',')}")
        tested = tested_against(wish)
        if tested:
            return clash(f"{who} needs {wish}", tested)
    unknown = _UNKNOWN.search(words)
    if unknown is not None:
        return SettingsError(
            f"environment: there is no package {unknown[1]} for this Python.",
            why="The package index does not have it, or not as a wheel (.whl) for Linux.",
            remedy="Correct its name in hub.yaml. What has no wheel can be given as a folder, under `local`.",
        )
    return SettingsError(
        "environment: the packages in hub.yaml cannot be had together.",
        why=words,
        remedy="Leave one of them out, or ask for other versions.",
    )


def _no_such_version(there: str | None, name: str, wanted: str) -> SettingsError:
    remedy = "Correct the version in hub.yaml."
    if name == TOOLKIT:
        remedy += " One that is not published can be had from its repository: scikit_rt: {git: ADDRESS, at: BRANCH}"
    return SettingsError(
        f"environment: the package index has no {name}{wanted}.",
        why=f"What can be had is {there}." if there else "No such version was published.",
        remedy=remedy,
    )


def additions(lock: Lock) -> str:
    """The part of the lock that ours does not have: what an image adds to the tested layer."""
    block = re.compile(r"^[A-Za-z0-9].*(?:\n .*)*\n", re.M)
    ours = {entry.splitlines()[0] for entry in block.findall(requirements().read_text(encoding="utf-8"))}
    names = set(held())
    found = block.findall(lock.file.read_text(encoding="utf-8"))
    new = [entry for entry in found if entry.splitlines()[0] not in ours]
    # A tested package may stand there with another condition, for fewer systems: it is in the layer already.
    return "".join(entry for entry in new if _name(entry) not in names or _name(entry) == TOOLKIT)


def _name(entry: str) -> str:
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    return canonicalize_name(entry.split("==", maxsplit=1)[0])
