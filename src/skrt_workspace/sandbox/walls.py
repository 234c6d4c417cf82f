"""A sandbox without namespaces, for a hub that runs as root in a container which allows none: what Landlock is told.

Each participant has a user of their own, so the file system's owners keep homes and secrets apart, as on any shared
machine. Landlock (landlock(7)) adds a list of all that may be opened: what is not on it stays closed, whatever its
mode.
Two things need a place of their own outside the home: temporary files, and sockets, whose paths must be short.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from skrt_workspace.sandbox import kernel
from skrt_workspace.sandbox.document import SHARED_INSIDE, SandboxDocument, User
from skrt_workspace.sandbox.errors import HostForbidsError, SandboxError
from skrt_workspace.sandbox.filesystem import SYSTEM, SYSTEM_SETTINGS, python_folders

OLDEST = 2
"""The first version of Landlock's interface in which files can be moved between folders (Linux 5.19)."""
KEEPS_LENGTH = 3
"""The first version that keeps a file from being emptied by whoever may only read it (Linux 6.2)."""
OWN_PLACES = "/run/skrt"

_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MOVE, _TRUNCATE, _DEVICE = 1 << 13, 1 << 14, 1 << 15
_MAKE_ODD = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12  # devices of both kinds, sockets, pipes, symbolic links
ODD_FILES = _MAKE_ODD | _MOVE
"""What Landlock is asked to watch for shared folders; moving is refused wherever it is not asked (landlock(7))."""
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE
_USE = _EXECUTE | _READ | _LIST
_EVERYTHING_BEFORE_2 = (1 << 13) - 1
_ADDED = {2: _MOVE, 3: _TRUNCATE, 5: _DEVICE}  # moving between folders; shortening; orders to devices
_NAMES = ("passwd", "group", "hostname", "hosts", "nsswitch.conf", "machine-id")
_SEEN = ("/proc", "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")
_MEMORY = "/dev/shm"  # noqa: S108


def own_place(user: User) -> Path:
    """The participant's own folder for temporary files and sockets."""
    return Path(OWN_PLACES, str(user.uid))


def variables(document: SandboxDocument) -> dict[str, str]:
    """What a participant's programs are told of their own place."""
    return {} if document.user is None else {"TMPDIR": str(own_place(document.user) / "tmp")}


def make_place(user: User) -> None:
    """Make the participant's own place; as root. Nobody else can make anything in the folder that it lies in."""
    Path(OWN_PLACES).mkdir(mode=0o711, exist_ok=True)
    place = own_place(user)
    with suppress(FileExistsError):
        place.mkdir(mode=0o700)
    os.chown(place, user.uid, user.gid, follow_symlinks=False)


def begin(document: SandboxDocument) -> None:
    """As the participant, before anything of theirs runs: end what an earlier server left, and its sockets.

    Temporary files go when the home is made ready (skrt_workspace.prepare_home).
    """
    assert document.user is not None
    end_all()
    os.umask(0o077)  # files in folders that several share are read by nobody else
    place = own_place(document.user)
    for entry in place.iterdir():
        if not entry.is_dir():
            entry.unlink()
    (place / "tmp").mkdir(mode=0o700, exist_ok=True)


def end_all() -> None:
    """End every process of this user but this one (kill(2) with -1, which leaves nobody time to fork away)."""
    if os.getuid() == 0:
        raise SandboxError("root has no sandbox")
    with suppress(ProcessLookupError, PermissionError):
        os.kill(-1, signal.SIGKILL)


def end_user(user: User) -> None:
    """End every process of this user; this process becomes that user for it, and is of no other use afterwards."""
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)
    end_all()


def handled(version: int) -> int:
    """Every kind of access to files that this version of Landlock can refuse."""
    return _EVERYTHING_BEFORE_2 | sum(bit for since, bit in _ADDED.items() if since <= version)


def rules(document: SandboxDocument, version: int) -> tuple[tuple[str, int], ...]:
    """All paths that may be opened, each with what may be done there; a path that is not there is left out.

    So is a shared folder that may only be read, where Landlock cannot keep it whole: its group may write to it.

    Raises HostForbidsError where the kernel's Landlock cannot do it.
    """
    if version < OLDEST:
        raise HostForbidsError(
            "this machine's Linux has no Landlock that keeps participants' files apart",
            "use Linux 5.19 or newer, with landlock among its security modules (/sys/kernel/security/lsm)",
        )
    assert document.user is not None
    everything = handled(version)
    wanted = [*((path, _USE) for path in _readable(document)), *((f"/dev/{name}", everything) for name in _DEVICES)]
    wanted += [(path, everything) for path in document.devices]
    wanted += [(path, everything & ~_EXECUTE) for path in (_MEMORY,)]
    wanted += [(path, everything) for path in _own(document)]
    wanted += [
        (folder.source, everything & ~_MAKE_ODD if folder.write else _USE)
        for folder in document.shared
        if folder.write or version >= KEEPS_LENGTH
    ]
    return tuple((path, _fitting(path, access & everything)) for path, access in wanted if _is_there(path))


def plain_files() -> tuple[tuple[str, int], ...]:
    """Rules for a sandbox or a pod with shared folders: in these nothing but files and folders can be made.

    Each of its people could otherwise leave there what another one's programs wait for or are led away by. Everywhere
    else all may be made, so this names each folder of the root.
    """
    with os.scandir("/") as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    shared = SHARED_INSIDE.strip("/")
    return tuple((f"/{name}", _MOVE if name == shared else ODD_FILES) for name in names)


def _readable(document: SandboxDocument) -> Iterable[str]:
    settings = (str(Path("/etc", name)) for name in (*SYSTEM_SETTINGS, *_NAMES))
    shown = (os.path.realpath(bind.source) for bind in document.read_only)
    told = (path for path in (document.notices, document.door) if path is not None)
    python = (os.path.realpath(path) for path in python_folders())
    return dict.fromkeys((*SYSTEM, *(os.path.realpath(path) for path in settings), *python, *shown, *told, *_SEEN))


def _own(document: SandboxDocument) -> Iterable[str]:
    assert document.user is not None
    writable = (os.path.realpath(bind.source) for bind in document.read_write)
    return (document.home, str(own_place(document.user)), *writable)


def _is_there(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - what the participant cannot reach anyway counts as absent


def _fitting(path: str, access: int) -> int:
    """A rule for a file may only speak of what can be done with a file."""
    return access if Path(path).is_dir() else access & _OF_FILES


def open_place(path: str) -> int:
    """The descriptor that a rule is made for. A link in its last part is not followed: it may be the participant's."""
    return os.open(path, os.O_PATH | os.O_CLOEXEC | (0 if _is_of_the_system(path) else os.O_NOFOLLOW))


def _is_of_the_system(path: str) -> bool:
    return path in SYSTEM or path.startswith("/dev/")


def is_possible() -> bool:
    """Whether this process may give participants users of their own: root, with the rights that takes."""
    return os.geteuid() == 0 and kernel.has_capabilities(kernel.CAP_CHOWN, kernel.CAP_SETGID, kernel.CAP_SETUID)
