"""The distribution skrt-workspace: a wheel, made from the package as it is here, for a participants' environment."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

from skrt_hub.environment import uv
from skrt_hub.errors import EnvironmentBuildError
from skrt_workspace.install.content import content_hash, files_of

PROJECT = Path(__file__).parent / "workspace_project"
PACKAGE = "skrt_workspace"


def package_folder() -> Path:
    """The folder of the package skrt_workspace as it is installed with skrt-hub."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EnvironmentBuildError(
            f"The package {PACKAGE} was not found.",
            why="It comes with skrt-hub; the installation is damaged.",
            remedy="Install skrt-hub again.",
        )
    return Path(spec.submodule_search_locations[0])


def project_files() -> Iterator[tuple[str, Path]]:
    """Every file that the wheel is made from: its name in the project's folder, and where it is now."""
    for path in files_of(PROJECT):
        yield path.relative_to(PROJECT).as_posix(), path
    package = package_folder()
    for path in files_of(package):
        yield f"{PACKAGE}/{path.relative_to(package).as_posix()}", path


def project_hash() -> str:
    """The SHA-256 over all of them."""
    return hashlib.sha256(f"{content_hash(PROJECT)}{content_hash(package_folder())}".encode()).hexdigest()


def write_project(folder: Path) -> None:
    """Copy them into the empty `folder`, with the same modes wherever that is done."""
    for name, source in project_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o644)


def build_wheel(project: Path, to: Path, *, lock: int | None = None) -> Path:
    """The wheel of the project in the folder `project`, made in the folder `to`; the same bytes for the same files."""
    to.mkdir(exist_ok=True)
    uv.run_uv(["build", "--wheel", "--offline", "--no-config", "--out-dir", to, project], folder=to, lock=lock)
    (to / ".gitignore").unlink(missing_ok=True)
    (wheel,) = to.glob("*.whl")
    return wheel
