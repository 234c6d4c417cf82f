"""What the image is built from, as a folder for the engine and as a hash that is the image's tag.

The hash covers every file of the build context, so the same content has the same tag wherever it is built, and an
image that is there under its tag need not be built again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from skrt_hub import __version__
from skrt_hub.environment.identity import LOCK_FOLDER, workspace_package

LOCAL_NAME = "localhost/skrt-hub/workspace"
"""The name of images that no registry has: nothing outside this machine can answer for the host `localhost`."""
REMOTE_NAME = "skrt-hub-workspace"
DOCKERFILE = Path(__file__).parent / "Dockerfile"
# What prepares the libraries' layer. Only a change of these, of the lock or of the Dockerfile builds it anew.
_LIBRARY_STEPS = ("__init__.py", "__main__.py", "bytecode.py", "commands.py", "orphans.py", "prune.py")


def image_name(push: str = "") -> str:
    """The name and tag of the image for the present content, in the registry folder `push` or on this machine."""
    repository = f"{push.rstrip('/')}/{REMOTE_NAME}" if push else LOCAL_NAME
    return f"{repository}:{content_tag()}"


def content_tag() -> str:
    """Twelve hexadecimal digits over the name and content of all files that the image is built from."""
    digest = hashlib.sha256()
    for name, source in sorted(_files()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(source.read_bytes()).digest())
    digest.update(_uv_version().encode())
    return digest.hexdigest()[:12]


def write_context(folder: Path) -> dict[str, str]:
    """Copy the build context into the empty `folder`; returns the build arguments that go with it."""
    for name, source in _files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        # Modes and times as on any machine: the engine's cache then knows the layer again.
        target.chmod(0o644)
    return {"UV_VERSION": _uv_version(), "CONTENT": content_tag(), "VERSION": __version__}


def _files() -> Iterator[tuple[str, Path]]:
    """Each file of the context: its name there and where it is now."""
    yield "Dockerfile", DOCKERFILE
    yield "lock/requirements.txt", LOCK_FOLDER / "requirements.txt"
    package = workspace_package()
    yield "install/__init__.py", package / "__init__.py"
    for name in _LIBRARY_STEPS:
        yield f"install/install/{name}", package / "install" / name
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inside.parts):
            yield f"workspace/skrt_workspace/{inside.as_posix()}", path


def _uv_version() -> str:
    return version("uv")
