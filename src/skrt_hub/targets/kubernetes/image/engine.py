"""The door to docker or podman: building the image with progress, and what is known of images on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.environment.workspace import build_wheel
from skrt_hub.errors import PrerequisiteError
from skrt_hub.process import Echo, follow, run
from skrt_hub.progress import Progress
from skrt_hub.settings.image import architecture_of
from skrt_hub.targets import engine
from skrt_hub.targets.kubernetes.image import output
from skrt_hub.targets.kubernetes.image.contents import Content, Part


@dataclass(frozen=True)
class Engine:
    """A container engine that answers."""

    name: str
    version: str
    echo: Echo | None = None
    architecture: str = ""
    """The processor type that it builds for, such as amd64; empty where it does not tell."""

    def has(self, image: str) -> bool:
        """Whether the image is on this machine."""
        return run((self.name, "image", "inspect", image), deadline=60, check=False).code == 0

    def size(self, image: str) -> int:
        """The image's unpacked size in bytes, as the engine counts it."""
        done = run((self.name, "image", "inspect", image, "--format={{.Size}}"), deadline=60)
        return int(done.out.strip())

    def require_platforms(self, platforms: Sequence[str]) -> None:
        """Raise PrerequisiteError where this engine cannot build for the platforms."""
        own = self.architecture
        others = [platform for platform in platforms if own and architecture_of(platform) != own]
        if others and self.name == "docker" and not self._has_buildx():
            raise PrerequisiteError(
                f"docker cannot build for {' and '.join(others)} without its build plugin.",
                why="Its older builder would take a base image of this machine's type, without a word.",
                remedy="Install buildx (package docker-buildx-plugin or docker-buildx), or podman.",
            )

    def build(self, content: Content, part: Part, progress: Progress) -> None:
        """Build this part of the content. Raises NetworkError, SpaceError, PrerequisiteError or ProgramError."""
        with tempfile.TemporaryDirectory(prefix="skrt-hub-image-") as folder:
            values = content.write(Path(folder))
            build_wheel(Path(folder, "workspace"), Path(folder, "wheel"))
            words = [self.name, "build", "--tag", part.image]
            if part.platform:
                words += ["--platform", part.platform]
            for key, value in values.items():
                words += ["--build-arg", f"{key}={value}"]
            with progress.step(f"image {part.image}") as step:
                self._follow([*words, folder], step.update)

    def tag(self, image: str, other: str) -> None:
        """Give the image another name."""
        run((self.name, "tag", image, other), deadline=60, echo=self.echo)

    def push(self, image: str) -> None:
        """Push the image to its registry. Raises PermissionsError, NetworkError or ProgramError."""
        self._to_registry(image, "push", *output.plain_http(self.name, image), image)

    def push_list(self, image: str, parts: Sequence[str]) -> None:
        """Push one name for images of several platforms, which the registry has already; nodes take theirs.

        Raises as `push` does.
        """
        plain = output.plain_http(self.name, image)
        # A list of that name from an earlier try would be added to.
        run((self.name, "manifest", "rm", image), deadline=60, check=False)
        if self.name == "docker":
            insecure = ("--insecure",) if output.is_loopback(output.registry_of(image)) else ()
            self._to_registry(image, "manifest", "create", *insecure, image, *parts)
            self._to_registry(image, "manifest", "push", "--purge", *insecure, image)
            return
        self._to_registry(image, "manifest", "create", image, *(f"containers-storage:{part}" for part in parts))
        self._to_registry(image, "manifest", "push", "--all", *plain, image, f"docker://{image}")

    def _to_registry(self, image: str, *words: str) -> None:
        done = run((self.name, *words), deadline=3600, check=False, echo=self.echo)
        if done.code != 0:
            raise output.push_error(self.name, output.registry_of(image), done.err or done.out)

    def pull(self, image: str) -> None:
        """Fetch a published image. Raises NetworkError, PermissionsError or ProgramError."""
        done = run((self.name, "pull", image), deadline=3600, check=False, echo=self.echo)
        if done.code != 0:
            raise output.pull_error(image, done.err or done.out)

    def save(self, images: Sequence[str], file: Path) -> None:
        """Write the images as a docker archive."""
        form = ("--format=docker-archive", "--multi-image-archive") if self.name == "podman" else ()
        run((self.name, "save", *form, "--output", str(file), *images), deadline=1800, echo=self.echo)

    def load(self, file: Path) -> None:
        """Take over the images of a docker archive, with their names."""
        run((self.name, "load", "--input", str(file)), deadline=1800, echo=self.echo)

    def _follow(self, words: list[str], update: Callable[..., None]) -> None:
        with follow(words, environment=self._build_environment(), keep=40, echo=self.echo) as program:
            for line in program.lines:
                begins = output.build_step(line)
                if begins is not None:
                    update(*begins)
        if program.code != 0:
            raise output.build_error(self.name, program.code, program.last_lines)

    def _build_environment(self) -> dict[str, str]:
        # Notes on how it was built would make a list of two images out of each: no part of a list of platforms.
        variables = {**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        if self.name == "docker" and not self._has_buildx():
            variables["DOCKER_BUILDKIT"] = "0"  # docker without its build plugin has only the older builder
        return variables

    def _has_buildx(self) -> bool:
        return run((self.name, "buildx", "version"), deadline=20, check=False).code == 0


def find_engine(echo: Echo | None = None) -> Engine:
    """docker, else podman: the first that answers. Raises PrerequisiteError or PermissionsError."""
    another = "Or name a published image in hub.yaml: kubernetes.image.name."
    name, said = engine.find("One of them builds the participants' image.", another)
    return Engine(name, output.version(said), echo, output.architecture(said))
