"""The organiser's sources of material, each brought into a new folder as plain files.

A folder is copied, a git repository fetched into a private bare clone and exported, an archive unpacked. None of them
is ever written to.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from skrt_hub.errors import CopyError, NetworkError, PrerequisiteError, ProgramError, SettingsError, SpaceError
from skrt_hub.material.unpack import unpack, unpack_tar_stream
from skrt_hub.process import Echo, plain_environment, run, start
from skrt_hub.settings.material import Material
from skrt_workspace.home.tree import split

IGNORED = frozenset({".git", "__pycache__", ".ipynb_checkpoints", ".DS_Store"})
_FETCH_DEADLINE = 600.0
_TELL_EVERY = 500
# No program that a repository names is run. Git refuses a clone of somebody else's; here the organiser named it, and it
# is only read.
_SAFE = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor=false"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "gc.auto=0"),
    *("-c", "safe.directory=*"),
)
_TAKEN = ("examples",)


@dataclass(frozen=True)
class Exported:
    """A source as plain files: what to call its version, and what was left out and why."""

    version: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fetching:
    """Where a source may keep its clone, whether to ask the network for a newer state, and who is told the commands."""

    clones: Path
    refresh: bool = False
    echo: Echo | None = None
    environment: dict[str, str] = field(default_factory=lambda: plain_environment("SSH_AUTH_SOCK", "https_proxy"))
    tell: Callable[[str], None] = lambda words: None  # how far it is, for a progress bar


def name_of(material: Material) -> str:
    """The folder's name in the homes. Raises SettingsError where it cannot be one."""
    source = material.collection or material.git or material.folder or material.archive
    name = material.name or PurePosixPath(str(source).rstrip("/")).name.removesuffix(".git")
    if not material.name and material.archive is not None:
        name = name.split(".")[0] or name
    if why := why_no_name(name):
        raise SettingsError(
            f"material: {name!r} cannot be the name of a folder in the homes.",
            why=why,
            remedy="Give the entry another one in hub.yaml, such as `name: course`.",
        )
    return name


def why_no_name(name: str) -> str:
    """Why a folder in the homes cannot have this name; nothing where it can."""
    if name in _TAKEN:
        return "It is the name of the built-in examples."
    bad = name.startswith(".") or "/" in name or not name or not name.isprintable() or len(name.encode()) > 200
    return "It is no plain name." if bad else ""


def stamp_of(material: Material) -> str | None:
    """A text that changes when a local source does; None where only the network can tell."""
    facts: list[object] = [material.model_dump(mode="json")]
    if material.folder is not None:
        for path in sorted(_walk(material.folder)):
            found = path.lstat()
            facts.append((os.fspath(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode))
    elif material.archive is not None:
        found = _existing(material.archive).stat()
        facts.append((found.st_size, found.st_mtime_ns, found.st_ctime_ns))
    else:
        return None
    return hashlib.sha256(repr(facts).encode("utf-8", "surrogateescape")).hexdigest()


def export(material: Material, into: Path, fetching: Fetching) -> Exported:
    """Bring the source's files into the new folder `into`. Raises a SkrtHubError that names the source."""
    if material.git is not None:
        return _export_git(material.git, material.at, material.subfolder, into, fetching)
    if material.folder is not None:
        return _export_folder(_inside(_existing(material.folder), material.subfolder), into, fetching.tell)
    assert material.archive is not None
    whole = into.with_name(f"{into.name}.whole")
    unpack(_existing(material.archive), whole, lambda count: fetching.tell(f"{count} entries unpacked"))
    try:
        return _export_folder(_inside(whole, material.subfolder), into, fetching.tell)
    finally:
        shutil.rmtree(whole, ignore_errors=True)


def _export_folder(folder: Path, into: Path, tell: Callable[[str], None]) -> Exported:
    notes = []
    into.mkdir(mode=0o700, parents=True)
    root = folder.resolve()
    for number, path in enumerate(_walk(folder), start=1):
        if number % _TELL_EVERY == 0:
            tell(f"{number} files copied")
        target = into / path.relative_to(folder)
        real = path.resolve()
        if not stat.S_ISREG(_mode(real)):
            notes.append(f"{path} was left out: it is no file")
            continue
        if path.is_symlink() and not real.is_relative_to(root):
            notes.append(f"{path} was left out: it is a link to something outside the folder")
            continue
        if real.stat().st_size > shutil.disk_usage(into).free:
            raise SpaceError(f"{path} does not fit on the disk of the hub's state folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(real, target)
        target.chmod(0o755 if os.access(real, os.X_OK) and real.stat().st_mode & 0o111 else 0o644)
    return Exported("", tuple(notes))


def _walk(folder: Path) -> list[Path]:
    """Every file below `folder`, as the material counts them. Links to folders are not entered."""
    found = []
    for root, folders, names in os.walk(_existing(folder)):
        folders[:] = [name for name in folders if name not in IGNORED]
        found += [Path(root, name) for name in names if name not in IGNORED]
        found += [Path(root, name) for name in folders if Path(root, name).is_symlink()]
    return found


def _export_git(address: str, at: str | None, subfolder: str, into: Path, fetching: Fetching) -> Exported:
    if address.startswith("-") or (at or "").startswith("-"):
        raise SettingsError(f"material: {address} {at or ''} is no address of a git repository.")
    _ensure_git()
    clone = _local_repository(address)
    if clone is not None:
        # Read where it is: a clone may be shallow, or lack large files that nobody asks for here.
        commit = _commit(clone, (at or "HEAD", f"refs/remotes/origin/{at}"), address, at)
    else:
        clone = fetching.clones / hashlib.sha256(f"{address}\0{at}".encode()).hexdigest()[:16]
        known = _known_commit(clone)
        commit = _fetch(address, at, clone, fetching) if known is None or fetching.refresh else known
    tree = f"{commit}:{subfolder.strip('/')}" if subfolder.strip("/") else commit
    if run(_git(clone, "cat-file", "-t", tree), deadline=60, check=False).out.strip() not in ("tree", "commit"):
        raise SettingsError(
            f"material: {address} has no folder {subfolder!r} at {at or 'its default branch'}.",
            remedy="Correct `subfolder` or `at` in hub.yaml.",
        )
    lacking = _lacking(clone, tree)
    _unpack_tree(clone, tree, into, address, lacking)
    for left in [path for path in into.rglob("*") if path.name in IGNORED]:
        shutil.rmtree(left, ignore_errors=True)
    notes = tuple(
        f"{path} was left out: the clone {address} lacks it (fetch it there, then: skrt-hub material update)"
        for path in lacking
    )
    return Exported(f"{at + ' ' if at else ''}{commit[:12]}", notes)


def _lacking(clone: Path, tree: str) -> tuple[str, ...]:
    """The files of a tree that the clone does not have, as one has that was made without large files."""
    listed = run(_git(clone, "ls-tree", "-r", "-z", tree), deadline=_FETCH_DEADLINE, check=False).out.split("\0")
    blobs = [(path, facts.split()[2]) for facts, tab, path in (line.partition("\t") for line in listed) if tab]
    names = "\n".join(sorted({name for _, name in blobs})) + "\n"
    # Nothing is fetched for the question: the organiser decides what the own clone holds.
    offline = {**plain_environment(), "GIT_NO_LAZY_FETCH": "1"}
    ask = _git(clone, "cat-file", "--batch-check")
    answer = run(ask, deadline=_FETCH_DEADLINE, check=False, stdin=names, environment=offline)
    gone = {line.split()[0] for line in answer.out.splitlines() if line.endswith(" missing")}
    return tuple(path for path, name in blobs if name in gone)


def _unpack_tree(clone: Path, tree: str, into: Path, address: str, lacking: Sequence[str] = ()) -> None:
    """Unpack a tree's archive: of the tree, not the commit, whose export-ignore rules would leave files out."""
    refused: CopyError | None = None
    with tempfile.TemporaryFile() as words:
        command = _git(clone, "archive", "--format=tar", tree, *_without(lacking))
        with start(command, stdout=subprocess.PIPE, stderr=words) as program:
            assert program.stdout is not None
            try:
                unpack_tar_stream(f"The repository {address}", program.stdout, into)
            except CopyError as error:
                refused = error
                program.stdout.close()
        words.seek(0)
        said = words.read().decode(errors="replace").strip().splitlines()
    if program.returncode > 0:
        shutil.rmtree(into, ignore_errors=True)
        raise ProgramError(
            f"git could not read {address}.", why=said[-1] if said else "", remedy="Is the clone whole? Try: git fsck"
        )
    if refused is not None:
        raise refused


def _without(paths: Sequence[str]) -> tuple[str, ...]:
    return ("--", ".", *(f":(exclude,literal){path}" for path in paths)) if paths else ()


def _fetch(address: str, at: str | None, clone: Path, fetching: Fetching) -> str:
    """Fetch one commit and no history; a server that gives no single commits is asked for everything."""
    if not clone.exists():
        run(("git", "init", "--quiet", "--bare", clone), deadline=60)
    environment = {**fetching.environment, "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -oBatchMode=yes"}
    wanted = at or "HEAD"
    one = _git(clone, "fetch", "--quiet", "--depth=1", "--", address, f"+{wanted}:refs/skrt-hub/fetched")
    every = _git(clone, "fetch", "--quiet", "--", address, "+refs/*:refs/skrt-hub/all/*")
    for command in (one, every):
        done = run(command, deadline=_FETCH_DEADLINE, check=False, environment=environment, echo=fetching.echo)
        if done.code == 0:
            break
    else:
        raise NetworkError(
            f"The git repository {address} could not be fetched{f' at {at}' if at else ''}.",
            why=done.err.strip().splitlines()[-1] if done.err.strip() else "",
            remedy="Check the address, `at` and the network; or clone it yourself and give the clone's folder.",
        )
    names = ("refs/skrt-hub/fetched",) if command is one else (wanted, f"refs/skrt-hub/all/heads/{wanted}")
    commit = _commit(clone, names, address, at)
    run(_git(clone, "update-ref", "refs/skrt-hub/used", commit), deadline=60)
    return commit


def _commit(clone: Path, names: Sequence[str], address: str, at: str | None) -> str:
    """The commit that one of the names stands for. Raises SettingsError."""
    for name in names:
        found = run(_git(clone, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"), deadline=60, check=False)
        if found.code == 0:
            return found.out.strip()
    raise SettingsError(f"material: {address} has no branch, tag or commit {at!r}.", remedy="Correct `at` in hub.yaml.")


def _local_repository(address: str) -> Path | None:
    """The git folder of a clone on this machine, or None where `address` is none."""
    local = Path(address).expanduser().absolute()
    if not local.is_dir():
        return None
    command = ("git", *_SAFE, "-C", str(local), "rev-parse", "--absolute-git-dir")
    found = run(command, deadline=60, check=False)
    return Path(found.out.strip()) if found.code == 0 else None


def _known_commit(clone: Path) -> str | None:
    if not clone.exists():
        return None
    found = run(_git(clone, "rev-parse", "--verify", "--quiet", "refs/skrt-hub/used"), deadline=60, check=False)
    return found.out.strip() if found.code == 0 else None


def _git(clone: Path, *words: str) -> list[str]:
    return ["git", *_SAFE, f"--git-dir={clone}", *words]


def _ensure_git() -> None:
    if shutil.which("git") is None:
        raise PrerequisiteError(
            "Material from a git repository needs the program git, which was not found.",
            remedy="Install it (for example: apt install git), or give a folder or an archive in hub.yaml.",
        )


def _existing(path: Path) -> Path:
    if not path.exists():
        raise SettingsError(f"material: {path} does not exist.", remedy="Correct the path in hub.yaml.")
    return path


def _inside(folder: Path, subfolder: str) -> Path:
    wanted = subfolder.strip("/")
    if not wanted:
        return folder
    try:
        inside = folder.joinpath(*split(wanted))
    except ValueError:
        raise SettingsError(f"material: subfolder {subfolder!r} is no plain relative path.") from None
    if not inside.is_dir():
        raise SettingsError(f"material: there is no folder {subfolder!r} in it.", remedy="Correct `subfolder`.")
    return inside


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
