"""Code of the organiser's own (a git repository, a folder, a wheel) as a wheel with an identity.

A wheel is built once for each identity: the commit, or the content of the folder. It is kept beside the environments.
"""

from __future__ import annotations

import email.parser
import hashlib
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from skrt_hub.environment import uv
from skrt_hub.errors import EnvironmentBuildError, ProgramError, SettingsError
from skrt_hub.files import ensure_folder
from skrt_hub.process import plain_environment, run
from skrt_hub.settings.environment import Toolkit

_GIT_DEADLINE = 600.0
_NOT_CONTENT = {".git", "__pycache__", ".venv", "build", "dist", ".ipynb_checkpoints"}


@dataclass(frozen=True)
class Wheel:
    """A wheel that was made here: its name in the index's spelling, its version, and what it was made from."""

    name: str
    version: str
    path: Path
    origin: str

    @property
    def line(self) -> str:
        """How the lock tells it; without any address."""
        return f"{self.name} {self.version} {self.origin}"

    @property
    def needs(self) -> tuple[str, ...]:
        """What it asks for."""
        with zipfile.ZipFile(self.path) as archive:
            named = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            found = email.parser.BytesParser().parsebytes(archive.read(named))
        return tuple(need for need in found.get_all("Requires-Dist") or () if "extra ==" not in need)


def toolkit(given: Toolkit, wheels: Path, beside: Path) -> Wheel:
    """scikit-rt of a git repository or a folder; a git repository given as a folder is taken from `beside`."""
    if given.folder is not None:
        return local(given.folder, wheels)
    where = given.git if "://" in given.git or given.git.startswith("git@") else str(beside / given.git)
    with tempfile.TemporaryDirectory(prefix="skrt-hub-") as folder:
        clone = Path(folder) / "clone"
        commit = _clone(where, given.at, clone)
        return _build(clone, f"git {commit}", wheels)


def local(path: Path, wheels: Path) -> Wheel:
    """A wheel, or a folder with a project, of this machine. Raises SettingsError where it is neither."""
    if path.is_file() and path.suffix == ".whl":
        return _of_file(path, f"wheel {hashlib.sha256(path.read_bytes()).hexdigest()}")
    if path.is_dir() and ((path / "pyproject.toml").exists() or (path / "setup.py").exists()):
        return _build(path, f"folder {_content(path)}", wheels)
    raise SettingsError(
        f"environment: {path} cannot be installed.",
        why="It is neither a wheel (.whl) nor a folder with a pyproject.toml or a setup.py.",
        remedy="Correct the path in hub.yaml; relative ones begin at the folder of hub.yaml.",
    )


def _clone(where: str, at: str, folder: Path) -> str:
    """Clone and check out; returns the commit."""
    variables = {
        **plain_environment(*uv.PASSED_ON),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    }
    try:
        run(["git", "clone", "--quiet", "--", where, folder], deadline=_GIT_DEADLINE, environment=variables)
        if at:
            commands: list[list[str | Path]] = [
                ["git", "-C", folder, "checkout", "--quiet", "--detach", ref] for ref in (f"origin/{at}", at)
            ]
            if all(run(words, deadline=60, environment=variables, check=False).code for words in commands):
                raise SettingsError(
                    f"environment: {where} has no branch, tag or commit {at}.", remedy="Correct `at` in hub.yaml."
                )
        head = run(["git", "-C", folder, "rev-parse", "HEAD"], deadline=60, environment=variables)
    except ProgramError as error:
        raise SettingsError(
            f"environment: {where} cannot be cloned.",
            why=error.why,
            remedy="Correct `git` in hub.yaml, or give a folder with the code.",
        ) from None
    return head.out.strip()


def _content(folder: Path) -> str:
    """A hash of the folder's files, by name and content; what builds leave behind does not count."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part in _NOT_CONTENT or part.endswith(".egg-info") for part in parts):
            digest.update("/".join(parts).encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _build(folder: Path, origin: str, wheels: Path) -> Wheel:
    """The wheel of the project in `folder`, built where there is none of this origin yet."""
    kept = wheels / origin.replace(" ", "-")[:60]
    for path in kept.glob("*.whl"):
        return _of_file(path, origin)
    ensure_folder(wheels)
    # A build writes into the folder it works in: it gets a copy. Without .git some projects know no version.
    with tempfile.TemporaryDirectory(prefix="skrt-hub-", dir=wheels) as work:
        copy, out = Path(work) / "source", Path(work) / "out"
        shutil.copytree(folder, copy, symlinks=True)
        words: list[str | Path] = ["build", "--wheel", "--out-dir", out, copy]
        uv.run_uv(words, folder=wheels, what=f"{folder.name} could not be built.")
        made = list(out.glob("*.whl"))
        if len(made) != 1:
            raise EnvironmentBuildError(f"{folder.name} could not be built.", why="The build made no wheel.")
        shutil.rmtree(kept, ignore_errors=True)
        out.rename(kept)
        return _of_file(kept / made[0].name, origin)


def _of_file(path: Path, origin: str) -> Wheel:
    from packaging.utils import canonicalize_name, parse_wheel_filename  # noqa: PLC0415 - see environment.own

    name, version, *_ = parse_wheel_filename(path.name)
    return Wheel(canonicalize_name(name), str(version), path, origin)
