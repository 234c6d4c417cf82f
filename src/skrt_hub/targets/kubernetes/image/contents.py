"""What the image is built from, as a folder for the engine and as a hash that is the image's tag.

The hash covers every file of the build context, so the same content has the same tag wherever it is built, and an
image that is there under its tag need not be built again.
"""

from __future__ import annotations

import ast
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from skrt_hub.environment import workspace
from skrt_hub.environment.identity import LOCK_FOLDER, requirements
from skrt_hub.environment.own import Lock, additions
from skrt_hub.material.published import shown_now
from skrt_hub.settings.image import architecture_of
from skrt_hub.version import __version__

LOCAL_NAME = "localhost/skrt-hub/workspace"
"""The name of images that no registry has: nothing outside this machine can answer for the host `localhost`."""
REMOTE_NAME = "skrt-hub-workspace"
OWN = Path(__file__).parent
# The program that prepares the libraries' layer, and the one that makes the phantom's. Their layers are built from what
# these import, so only a change of that builds them anew.
LIBRARIES_PROGRAM = "skrt_workspace.install.__main__"
PHANTOM_PROGRAM = "skrt_workspace.install.phantom"


@dataclass(frozen=True)
class Part:
    """What one build makes: an image for one platform, such as linux/arm64; empty for the engine's own."""

    image: str
    platform: str = ""


@dataclass(frozen=True)
class Content:
    """The image's content: the project's own, and the organiser's prepared material (a folder), where there is any.

    `platforms` are those of kubernetes.image.platforms; without them it is built for the engine's own. `lock` and `apt`
    hold packages of the organiser's own; `others` are the further environments by name.
    """

    material: Path | None = None
    platforms: tuple[str, ...] = ()
    lock: Lock = field(default_factory=lambda: Lock(requirements()))
    apt: tuple[str, ...] = ()
    others: tuple[tuple[str, Lock], ...] = ()

    def name(self, push: str = "") -> str:
        """The image's name and tag, in the registry folder `push` or on this machine."""
        repository = f"{push.rstrip('/')}/{REMOTE_NAME}" if push else LOCAL_NAME
        return f"{repository}:{self.tag()}"

    def parts(self, push: str = "") -> tuple[Part, ...]:
        """What is to be built: one image, or one for each platform, whose names end in the type of processor."""
        name = self.name(push)
        if len(self.platforms) < 2:
            return (Part(name, *self.platforms),)
        return tuple(Part(f"{name}-{architecture_of(platform)}", platform) for platform in self.platforms)

    def tag(self) -> str:
        """Twelve hexadecimal digits over the platforms, and the name and content of all files it is built from."""
        return self._tag

    @cached_property
    def _tag(self) -> str:
        digest = hashlib.sha256()
        for name, source in sorted(self._files()):
            digest.update(name.encode() + b"\0" + hashlib.sha256(source.read_bytes()).digest())
        for name, text in self._made().items():
            digest.update(name.encode() + b"\0" + text.encode())
        digest.update(" ".join((_uv_version(), *self.platforms)).encode())
        return digest.hexdigest()[:12]

    def write(self, folder: Path) -> dict[str, str]:
        """Copy the build context into the empty `folder`; returns the build arguments that go with it."""
        (folder / "material").mkdir()
        for place in ("own", "others", *(f"others/{name}" for name, _ in self.others)):
            (folder / place / "wheels").mkdir(parents=True)
        for name, text in self._made().items():
            (folder / name).write_text(text, encoding="utf-8")
        for place, lock in (("own", self.lock), *((f"others/{name}", lock) for name, lock in self.others)):
            for wheel in lock.wheels:
                shutil.copyfile(wheel.path, folder / place / "wheels" / wheel.path.name)
        for name, source in self._files():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            # Modes as on any machine: the engine's cache then knows the layer again.
            target.chmod(0o755 if source.stat().st_mode & 0o100 and name.startswith("material/") else 0o644)
        return {"UV_VERSION": _uv_version(), "CONTENT": self.tag(), "VERSION": __version__}

    def _made(self) -> dict[str, str]:
        """The files of the context that are made from hub.yaml. Wheels count by what they were built from."""
        further = {
            f"others/{name}/{file}": text
            for name, lock in self.others
            for file, text in {
                "requirements.txt": lock.file.read_text(encoding="utf-8"),
                "wheels.txt": _lines(lock),
            }.items()
        }
        return {
            **further,
            "own/requirements.txt": additions(self.lock),
            "own/apt.txt": "".join(f"{name}\n" for name in self.apt),
            "own/wheels.txt": _lines(self.lock),
        }

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Each file of the context: its name there and where it is now."""
        for name in ("Dockerfile", "slim.py"):
            yield name, OWN / name
        for name in ("requirements.txt", "niftyreg.txt"):
            yield f"lock/{name}", LOCK_FOLDER / name
        package = workspace.package_folder()
        for part, program in (("install", LIBRARIES_PROGRAM), ("phantom", PHANTOM_PROGRAM)):
            for path in needed_by(program, package):
                yield f"{part}/{path.relative_to(package).as_posix()}", path
        for name, path in _tree(package / "phantom"):
            yield f"phantom/phantom/{name}", path
        for name, path in workspace.project_files():
            yield f"workspace/{name}", path
        if self.material is not None:
            for place in shown_now(self.material):
                for path in (place,) if place.is_file() else _below(place):
                    yield f"material/{path.relative_to(self.material).as_posix()}", path


def _lines(lock: Lock) -> str:
    return "".join(f"{wheel.line}\n" for wheel in lock.wheels)


def needed_by(program: str, package: Path) -> list[Path]:
    """The files of the package that importing the module `program` reads: its own imports and theirs.

    Imports inside functions do not count: a program that makes one layer does not reach those of another.
    """
    found: set[Path] = set()
    waiting = [program]
    while waiting:
        path = _file_of(waiting.pop(), package)
        if path is not None and path not in found:
            found.add(path)
            waiting += _imports(path)
    # Importing a module runs the packages that it lies in.
    rooms = {room / "__init__.py" for path in found for room in path.parents if room.is_relative_to(package)}
    return sorted(found | rooms)


def _imports(path: Path) -> Iterator[str]:
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _file_of(module: str, package: Path) -> Path | None:
    first, *rest = module.split(".")
    if first != package.name:
        return None
    place = package.joinpath(*rest)
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _tree(package: Path) -> Iterator[tuple[str, Path]]:
    for path in _below(package):
        inside = path.relative_to(package)
        if not any(part.startswith((".", "__pycache__")) for part in inside.parts):
            yield inside.as_posix(), path


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _uv_version() -> str:
    return version("uv")
