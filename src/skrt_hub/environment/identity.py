"""Which environment is wanted: a hash over everything that decides its content, and the paths of a built one.

Two hubs with the same lock, Python, kind of machine and skrt_workspace code share the same hash, and any change of
these leads to a new folder beside the old one.
"""

from __future__ import annotations

import hashlib
import json
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.environment.workspace import project_hash
from skrt_hub.errors import PrerequisiteError, ProgramError
from skrt_hub.process import plain_environment, run

LOCK_FOLDER = Path(__file__).parent / "lock"
OLDEST_PYTHON = (3, 11)
_ASK_PYTHON = (
    "import sys, sysconfig, json; print(json.dumps([list(sys.version_info[:3]), sys.implementation.cache_tag,"
    " sysconfig.get_platform(), sys.base_prefix, getattr(sys, '_base_executable', sys.executable)]))"
)


@dataclass(frozen=True)
class Python:
    """A Python on this machine that an environment is made with."""

    executable: Path
    version: tuple[int, ...]
    cache_tag: str
    platform: str
    base_prefix: Path

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))


@dataclass(frozen=True)
class Identity:
    """What decides an environment's content."""

    lock: str
    workspace: str
    python: Python

    @property
    def packages(self) -> str:
        """The identity of what uv installs: the lock and the Python, without our own package."""
        python = self.python
        parts = (self.lock, python.version_text, python.cache_tag, python.platform, str(python.base_prefix))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    @property
    def hash(self) -> str:
        """Sixteen hexadecimal digits, the name of the environment's folder."""
        return hashlib.sha256(f"{self.packages}\0{self.workspace}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Environment:
    """A built participants' environment."""

    folder: Path
    hash: str
    python_version: str
    base_prefix: Path

    @property
    def bin(self) -> Path:
        """The folder of its programs; to stand first in PATH."""
        return self.folder / "bin"

    @property
    def python(self) -> Path:
        return self.bin / "python"

    @property
    def share(self) -> Path:
        """Data of the workspace: the phantom, the list of fonts."""
        return self.folder / "share" / "skrt-workspace"

    @property
    def shown(self) -> tuple[Path, ...]:
        """The folders that a sandbox must show, read-only, for its programs to run; the system's are left out."""
        return (self.folder,) if self.base_prefix == Path("/usr") else (self.folder, self.base_prefix)


def requirements() -> Path:
    """The lock: every package at one version, with hashes."""
    return LOCK_FOLDER / "requirements.txt"


def wanted(python: Path | None = None, lock: str | None = None) -> Identity:
    """The identity of the environment that this skrt-hub wants, with `python` or the Python it runs on itself.

    `lock` is the identity of another lock than ours. Raises PrerequisiteError where the Python cannot be used.
    """
    lock = lock if lock is not None else hashlib.sha256(requirements().read_bytes()).hexdigest()
    return Identity(lock, project_hash(), examine(python))


def examine(python: Path | None) -> Python:
    """Ask a Python what it is. Raises PrerequisiteError when it does not run or is too old."""
    if python is None:
        own = Path(getattr(sys, "_base_executable", sys.executable))
        tag = str(sys.implementation.cache_tag)
        return Python(own, tuple(sys.version_info[:3]), tag, sysconfig.get_platform(), Path(sys.base_prefix))
    chosen = python
    remedy = "Install Python 3.11 or newer, or name one with --python."
    try:
        answer = run([chosen, "-I", "-c", _ASK_PYTHON], deadline=60, environment=plain_environment(), remedy=remedy)
        version, tag, platform, prefix, executable = json.loads(answer.out)
    except (ProgramError, ValueError) as error:
        raise PrerequisiteError(f"{chosen} is not a Python that works.", why=str(error), remedy=remedy) from error
    if tuple(version) < OLDEST_PYTHON:
        text = ".".join(map(str, version))
        raise PrerequisiteError(f"{chosen} is Python {text}.", why="3.11 or newer is needed.", remedy=remedy)
    return Python(Path(executable), tuple(version), tag, platform, Path(prefix))
