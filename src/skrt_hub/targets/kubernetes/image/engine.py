"""The door to docker or podman: building the image with progress, and what is known of images on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.errors import NetworkError, PermissionsError, PrerequisiteError, ProgramError, SpaceError
from skrt_hub.process import Echo, run
from skrt_hub.progress import Progress
from skrt_hub.targets.kubernetes.image.context import Content

INSTALL_ENGINE = "Install docker (https://docs.docker.com/engine/install/) or podman (https://podman.io)."
_STEP = re.compile(r"^(?:STEP|Step) (\d+)/(\d+)\s*:?\s*(.*)")


@dataclass(frozen=True)
class Engine:
    """A container engine that answers."""

    name: str
    version: str
    echo: Echo | None = None

    def has(self, image: str) -> bool:
        """Whether the image is on this machine."""
        return run((self.name, "image", "inspect", image), deadline=60, check=False).code == 0

    def size(self, image: str) -> int:
        """The image's unpacked size in bytes, as the engine counts it."""
        done = run((self.name, "image", "inspect", image, "--format={{.Size}}"), deadline=60)
        return int(done.out.strip())

    def build(self, content: Content, progress: Progress) -> str:
        """Build the image of this content and return its name. Raises NetworkError, SpaceError or ProgramError."""
        image = content.name()
        with tempfile.TemporaryDirectory(prefix="skrt-hub-image-") as folder:
            values = content.write(Path(folder))
            words = [self.name, "build", "--tag", image]
            for key, value in values.items():
                words += ["--build-arg", f"{key}={value}"]
            with progress.step(f"image {image}") as step:
                self._follow([*words, folder], step.update)
        return image

    def tag(self, image: str, other: str) -> None:
        """Give the image another name."""
        run((self.name, "tag", image, other), deadline=60, echo=self.echo)

    def push(self, image: str) -> None:
        """Push the image to its registry. Raises ProgramError with the registry's words."""
        run(
            (self.name, "push", image),
            deadline=3600,
            echo=self.echo,
            remedy=f"Log in to the registry with `{self.name} login`, check kubernetes.image.push, and run it again.",
        )

    def save(self, image: str, file: Path) -> None:
        """Write the image as a docker archive."""
        form = ("--format=docker-archive",) if self.name == "podman" else ()
        run((self.name, "save", *form, "--output", str(file), image), deadline=1800, echo=self.echo)

    def _follow(self, words: list[str], update: Callable[..., None]) -> None:
        if self.echo is not None:
            self.echo("+ " + " ".join(words))
        last: deque[str] = deque(maxlen=40)
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env=self._build_environment(),
        ) as process:  # fmt: skip
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    last.append(line.rstrip())
                    match = _STEP.match(line)
                    if match is not None:
                        update(done=int(match[1]) - 1, total=int(match[2]), note=match[3][:60])
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            raise _build_error(self.name, process.returncode, "\n".join(last))

    def _build_environment(self) -> dict[str, str]:
        variables = dict(os.environ)
        if self.name == "docker" and run(("docker", "buildx", "version"), deadline=20, check=False).code != 0:
            variables["DOCKER_BUILDKIT"] = "0"  # docker without its build plugin has only the older builder
        return variables


def find_engine(echo: Echo | None = None) -> Engine:
    """docker, else podman: the first that answers. Raises PrerequisiteError or PermissionsError."""
    silent = ""
    for name in ("docker", "podman"):
        if shutil.which(name) is None:
            continue
        done = run((name, "version", "--format=json"), deadline=30, check=False)
        if done.code == 0:
            return Engine(name, _version(done.out), echo)
        silent = silent or f"{name}: {done.err.strip()[-500:]}"
    if "permission denied" in silent:
        raise PermissionsError(
            "docker may not be used by you.",
            why=silent,
            remedy="Add yourself to the group docker and log in again, or install podman.",
        )
    raise PrerequisiteError(
        "No container engine answers." if silent else "Neither docker nor podman is installed.",
        why=silent or "One of them builds the participants' image.",
        remedy=("Start the docker service. " if silent else f"{INSTALL_ENGINE} ")
        + "Or name a published image in hub.yaml: kubernetes.image.name.",
    )


def _version(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    parts = [document.get(side) or {} for side in ("Server", "Client")]
    return next((str(part["Version"]) for part in parts if part.get("Version")), "")


def _build_error(engine: str, code: int, text: str) -> ProgramError | NetworkError | SpaceError:
    why = "\n".join(text.splitlines()[-12:])
    lowered = text.lower()
    if "no space left" in lowered:
        return SpaceError(
            "The image could not be built: the engine's disk is full.",
            why=why,
            remedy=f"Make room, for example with `{engine} system prune`, and run the command again.",
        )
    if any(words in lowered for words in ("temporary failure resolving", "failed to fetch", "connection error",
                                          "dns error", "i/o timeout", "could not connect")):  # fmt: skip
        return NetworkError(
            "The image could not be built: the network did not deliver.",
            why=why,
            remedy="Check the network and run the command again; finished layers are kept.",
        )
    return ProgramError(
        f"The image could not be built: {engine} ended with exit code {code}.",
        why=why,
        remedy="Run `skrt-hub image build --verbose`, or name a published image: kubernetes.image.name.",
    )
