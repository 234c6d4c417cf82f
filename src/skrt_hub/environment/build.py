"""Building a participants' environment, in the folder it will be used in (a virtual environment cannot be moved).

A marker written last makes it valid. One process builds at a time; another that wants the same one waits for it.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from skrt_hub.environment import hashes, marker, uv, workspace
from skrt_hub.environment.bundled import Bundle
from skrt_hub.environment.identity import Environment, Identity, requirements, wanted
from skrt_hub.environment.own import Lock
from skrt_hub.errors import BusyError, EnvironmentBuildError, SpaceError
from skrt_hub.files import ensure_folder, told
from skrt_hub.process import follow, plain_environment
from skrt_hub.progress import Progress, Silent, Step
from skrt_workspace import system
from skrt_workspace.home.walk import remove_tree

# What a new environment takes, and what uv's cache takes beside it where nothing is in the cache yet.
NEEDED_BYTES = 1_300_000_000
NEEDED_WITH_CACHE = 2_600_000_000
LOCK_DEADLINE = 1800.0
READY = "SKRT_HUB_READY_ENVIRONMENTS"
"""The variable that names a folder of environments to use and never to change: those of a container's image."""


def find_environment(environments: Path, *, python: Path | None = None) -> Environment | None:
    """The wanted environment if it is built and whole, else None. Takes some ten milliseconds and changes nothing."""
    return _whole(environments, wanted(python).hash)


def was_built(environments: Path) -> bool:
    """Whether the wanted environment is here; that it is whole, too, takes `find_environment` a look at every file."""
    name = wanted().hash
    return any(marker.finished(folder / name) is not None for folder in (environments.absolute(), *_ready()))


def _whole(environments: Path, name: str) -> Environment | None:
    """The environment of this name: of the hub's own, or one that came with a container's image."""
    folders = [environments.absolute(), *_ready()]
    return next((found for folder in folders if (found := marker.read(folder / name)) is not None), None)


def _ready() -> list[Path]:
    """The folder of environments that came with a container's image, where this is one."""
    came_along = os.environ.get(READY)
    return [Path(came_along)] if came_along else []


def ensure_environment(
    environments: Path,
    *,
    python: Path | None = None,
    lock: Lock | None = None,
    progress: Progress | None = None,
    bundle: Bundle | None = None,
) -> Environment:
    """The wanted environment below the folder `environments`, built first where it is missing or damaged.

    `python` is the Python to make it with (default: the one that skrt-hub runs on), `lock` what it holds (default: our
    lock), `bundle` where its packages come from (default: the network). Raises UsageError, PrerequisiteError,
    SpaceError, NetworkError, PermissionsError, BusyError or EnvironmentBuildError; an unfinished build is never taken
    for an environment.
    """
    progress = progress if progress is not None else Silent()
    lock = lock if lock is not None else Lock(requirements())
    identity = wanted(python, lock.identity)
    folder = environments.absolute() / identity.hash
    if bundle is not None:
        bundle.require_for(lock.identity, identity.python.version_text)
    ready = _whole(environments, identity.hash)
    if ready is not None:
        return ready
    ensure_folder(environments)
    with _alone(environments / f"{identity.hash}.lock", progress) as held:
        ready = marker.read(folder)
        return ready if ready is not None else _build(folder, identity, lock, progress, held, bundle=bundle)


def _build(
    folder: Path, identity: Identity, packages: Lock, progress: Progress, lock: int, *, bundle: Bundle | None
) -> Environment:
    """Build in `folder`. The programs that work there hold the lock too, so that none outlives it unnoticed."""
    in_doubt = folder.exists()
    if in_doubt:
        progress.say(f"The participants' environment is built again: {marker.damage(folder)}.")
        discard(folder)
    _check_space(folder.parent)
    with progress.step("participants' environment: Python") as step:
        options = ("--no-project", "--python", identity.python.executable, folder)
        uv.run_uv(["venv", *options], folder=folder.parent, lock=lock, note=lambda line: step.update(note=line))
    with progress.step("participants' environment: packages") as step:
        sync = ("pip", "sync", "--require-hashes", "--only-binary", ":all:", "--python", folder / "bin" / "python")
        only: tuple[str | Path, ...] = ()
        with ExitStack() as stack:
            if bundle is not None:
                there = stack.enter_context(bundle.wheels(folder))  # in it: what a kill leaves is discarded with it
                only = ("--offline", "--no-config", "--no-cache", "--no-index", "--find-links", there)
            uv.run_uv(
                [*sync, *only, packages.file], folder=folder.parent, lock=lock, note=lambda line: step.update(note=line)
            )
        if in_doubt and bundle is None:
            _mend_cache(folder, (*sync, packages.file), lock, step)
        if packages.wheels:
            own = ("pip", "install", "--no-deps", "--no-index", "--python", folder / "bin" / "python")
            uv.run_uv([*own, *(wheel.path for wheel in packages.wheels)], folder=folder.parent, lock=lock)
    with progress.step("participants' environment: workspace") as step:
        like = marker.most_alike([folder.parent, *_ready()], identity)
        _install_workspace(folder, like, lock, lambda done, total, title: step.update(done - 1, total, title))
    _open_to_readers(folder)
    environment = Environment(folder, identity.hash, identity.python.version_text, identity.python.base_prefix)
    marker.write(environment, packages=identity.packages)
    return environment


def _mend_cache(folder: Path, sync: Sequence[str | Path], lock: int, step: Step) -> None:
    """Fetch again what does not have its publisher's hashes: whatever damaged the environment damaged uv's cache, too.

    Environments of before shared their files with the cache (hard links).
    """
    step.update(note="comparing with the publishers' hashes")
    wrong = hashes.wrong_packages(folder)
    if wrong:
        step.update(note=f"fetching {', '.join(wrong)} again")
        uv.run_uv(["cache", "clean", *wrong], folder=folder.parent, lock=lock)
        again = [word for name in wrong for word in ("--reinstall-package", name)]
        uv.run_uv([*sync, *again], folder=folder.parent, lock=lock)
    if still := hashes.wrong_packages(folder):
        raise EnvironmentBuildError(
            f"Packages do not have their publishers' hashes: {', '.join(still)}.",
            why="They were fetched again, and are still different.",
            remedy="Empty uv's cache with `uv cache clean`, or check the package mirror; then: skrt-hub up",
        )


def _install_workspace(
    folder: Path, like: Environment | None, lock: int, tell: Callable[[int, int, str], None]
) -> None:
    """Install the wheel of skrt-workspace, and run `python -m skrt_workspace.install` in the new environment.

    `like` is an older environment for the same Python, from which byte code is taken over where the source is the same.
    """
    with tempfile.TemporaryDirectory(prefix="skrt-hub-") as work:
        workspace.write_project(Path(work, "project"))
        wheel = workspace.build_wheel(Path(work, "project"), Path(work, "wheel"), lock=lock)
        # Copied, not linked: the steps below may write beside what is in uv's cache.
        options = ("--no-deps", "--offline", "--no-index", "--link-mode", "copy", "--python", folder / "bin" / "python")
        uv.run_uv(["pip", "install", *options, wheel], folder=folder.parent, lock=lock)
        variables = plain_environment()
        variables |= {"PYTHONDONTWRITEBYTECODE": "1", "HOME": work}
        variables["PATH"] = f"{folder / 'bin'}{os.pathsep}{variables.get('PATH', os.defpath)}"
        words = [folder / "bin" / "python", "-m", "skrt_workspace.install", *(("--like", like.folder) if like else ())]
        with follow(words, environment=variables, folder=Path(work), holding=(lock,)) as program:
            for line in program.lines:
                step = line.split(maxsplit=3)
                if len(step) == 4 and step[0] == "step":
                    tell(int(step[1]), int(step[2]), step[3].strip())
    if program.code != 0:
        raise EnvironmentBuildError(
            "The workspace could not be installed into the participants' environment.",
            why=program.last_lines,
            remedy="Run the same command again with --verbose.",
        )


def _check_space(environments: Path) -> None:
    free = shutil.disk_usage(environments).free
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    cache = Path(os.environ.get("UV_CACHE_DIR") or caches / "uv")
    needed = NEEDED_BYTES if cache.exists() else NEEDED_WITH_CACHE
    if free < needed:
        raise SpaceError(
            f"The disk of {environments} is too full for the participants' environment.",
            why=f"{free / 1e9:.1f} GB are free, {needed / 1e9:.1f} GB are needed.",
            remedy="Make room, or choose another disk with --state DIR, then run the same command again.",
        )


def discard(folder: Path) -> None:
    """Remove an environment so that no other program can take what is left of it for one."""
    doomed = folder.with_name(f"{folder.name}.removed-{os.getpid()}")
    with told(folder):
        try:
            folder.rename(doomed)  # under another name its marker makes nothing valid
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            doomed = folder  # a folder of a container's image cannot be renamed
            (folder / marker.NAME).unlink(missing_ok=True)
    remove_tree(doomed)


def _open_to_readers(folder: Path) -> None:
    """Let every user read the environment and only its owner change it, whatever the umask of the build was."""
    for root, folders, files in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in (*folders, *files))):
            if path.is_symlink():
                continue
            mode = path.stat().st_mode & 0o777
            right = 0o755 if path.is_dir() or mode & 0o100 else 0o644
            if mode != right:
                path.chmod(right)


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[int]:
    """Hold the lock of one environment (flock(2)), waiting for another process that builds it."""
    with told(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | system.O_CLOEXEC, 0o644)
    give_up = time.monotonic() + LOCK_DEADLINE
    waits = False
    try:
        while not system.lock(handle):
            if not waits:
                progress.say("Another skrt-hub builds the participants' environment; waiting for it.")
                waits = True
            if time.monotonic() > give_up:
                raise BusyError(
                    "Another program has been building the participants' environment for half an hour.",
                    why=f"{path} is locked.",
                    remedy="End the other skrt-hub, then run the same command again.",
                )
            time.sleep(0.2)
        yield handle
    finally:
        os.close(handle)
