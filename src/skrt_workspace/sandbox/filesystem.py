"""The file system that one participant sees: an empty root in memory, into which the system, the environment and the
home are mounted, each read-only unless it is the participant's own.

SECURITY: sources are opened before anything is covered and mounted by descriptor, so nothing that a participant can
change decides where a mount goes; there is no mount point under the home; the root itself is read-only at the end.
"""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from skrt_workspace.sandbox import kernel
from skrt_workspace.sandbox.document import (
    DOOR_INSIDE,
    HOME_INSIDE,
    NOTICES_INSIDE,
    ORDINARY_UID,
    USER_NAME,
    SandboxDocument,
    default_temporary,
)
from skrt_workspace.sandbox.errors import SandboxError
from skrt_workspace.sandbox.network import NAMESERVER

# Any folder that every system has: the new root is mounted over it, in our namespace only.
_BASE = "/tmp"  # noqa: S108
_READ_ONLY = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
_SHARED = kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV | kernel.MOUNT_ATTR_NOSYMFOLLOW
_OWN = kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
_MEMORY_FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
# fmt: off
SYSTEM_SETTINGS = (
    "alternatives", "bash.bashrc", "bash_completion.d", "bashrc", "ca-certificates", "crypto-policies", "fonts",
    "inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "locale.alias", "locale.conf", "magic",
    "mime.types", "nanorc", "os-release", "pki/ca-trust", "pki/tls", "profile", "profile.d", "protocols",
    "resolv.conf", "rpc", "services", "shells", "skel", "ssl", "terminfo", "timezone", "vim", "vimrc", "wgetrc",
    "zshrc", "zsh",
)
# fmt: on
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_PROCESSORS = "/sys/devices/system/cpu"


@dataclass(frozen=True)
class _Mount:
    tree: int
    inside: str
    is_folder: bool
    attributes: int


def enter_root(document: SandboxDocument) -> None:
    """Build the participant's root and enter it. Needs new mount and pid namespaces, as their first process.

    Raises SandboxError that names what could not be shown.
    """
    kernel.mount(None, "/", kernel.MS_REC | kernel.MS_PRIVATE)
    mounts = _collect(document)
    kernel.mount("tmpfs", _BASE, _MEMORY_FLAGS, "mode=0755,size=8m")
    _make_skeleton()
    _make_memory_folders(document)
    for mount in mounts:
        _attach(mount)
    _make_settings(document)
    _make_devices(document)
    # The host's /proc must still be mounted: without it an ordinary user may not mount a new one (user_namespaces(7)).
    kernel.mount("proc", _BASE + "/proc", _MEMORY_FLAGS | kernel.MS_NOEXEC)
    kernel.set_mount_attributes(_BASE, kernel.MOUNT_ATTR_RDONLY, recursive=False)
    os.chdir(_BASE)
    kernel.pivot_root_here()
    os.chdir("/")


def python_folders() -> list[str]:
    """The folders without which this Python and its environment do not run, as they are named (links not followed)."""
    executable = getattr(sys, "_base_executable", sys.executable) or sys.executable
    named = [sys.prefix, sys.base_prefix, sys.base_exec_prefix, str(Path(executable).parent.parent)]
    return list(dict.fromkeys(os.path.normpath(path) for path in named))


def _collect(document: SandboxDocument) -> list[_Mount]:
    """Open everything that will be shown, before the host's file system is covered."""
    folders = [path for path in SYSTEM if Path(path).is_dir() and not Path(path).is_symlink()]
    mounts = [_open_tree(path, path, _READ_ONLY) for path in folders]
    for file in (Path("/etc", name) for name in SYSTEM_SETTINGS):
        if file.exists() and not (file.name == "resolv.conf" and document.network.names):
            mounts.append(_open_tree(str(file.resolve()), str(file), _READ_ONLY))
    for source in _environment_sources():
        if not _is_shown(source, mounts):
            mounts.append(_open_tree(source, source, _READ_ONLY))
    if Path(_PROCESSORS).is_dir():
        mounts.append(_open_tree(_PROCESSORS, _PROCESSORS, _READ_ONLY))
    for bind in document.read_only:
        mounts.append(_open_tree(os.path.realpath(bind.source), bind.inside, _READ_ONLY))
    for bind in document.read_write:
        mounts.append(_open_tree(os.path.realpath(bind.source), bind.inside, _OWN))
    for folder in document.shared:
        # SECURITY: others write there, and would lead a program that follows a link to any file of whom it belongs to.
        writing = 0 if folder.write else kernel.MOUNT_ATTR_RDONLY
        mounts.append(_open_folder(folder.source, folder.inside, _SHARED | writing))
    if document.notices is not None:
        mounts.append(_open_tree(document.notices, NOTICES_INSIDE, _READ_ONLY))
    if document.door is not None:
        mounts.append(_open_tree(document.door, DOOR_INSIDE, _READ_ONLY))
    mounts.append(_open_folder(document.home, HOME_INSIDE, _OWN))
    return mounts


def _environment_sources() -> list[str]:
    sources = list(dict.fromkeys(os.path.realpath(path) for path in python_folders()))
    for source in sources:
        if source in ("/", HOME_INSIDE) or source.startswith(HOME_INSIDE + "/"):
            raise SandboxError(
                f"the participants' environment needs {source}, which cannot be shown in a sandbox",
                f"keep the state folder and Python outside {HOME_INSIDE}, for example with --state",
            )
    return [path for path in sources if not any(path != o and path.startswith(o + "/") for o in sources)]


def _is_shown(path: str, mounts: list[_Mount]) -> bool:
    return any(path == mount.inside or path.startswith(mount.inside + "/") for mount in mounts)


def _open_tree(source: str, inside: str, attributes: int) -> _Mount:
    try:
        is_folder = stat.S_ISDIR(Path(source).stat().st_mode)
        tree = kernel.clone_tree(source)
        kernel.set_mount_attributes(tree, attributes, recursive=True)
    except OSError as error:
        raise SandboxError(f"{source} cannot be shown in the sandbox: {error.strerror}") from None
    return _Mount(tree, inside, is_folder, attributes)


def _open_folder(folder: str, inside: str, attributes: int) -> _Mount:
    """A home, or a shared folder: its last part is not followed as a link."""
    try:
        descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        what = "home" if inside == HOME_INSIDE else "shared folder"
        raise SandboxError(f"the {what} {folder} cannot be opened: {error.strerror}") from None
    try:
        tree = kernel.clone_tree(descriptor)
        kernel.set_mount_attributes(tree, attributes, recursive=True)
    finally:
        os.close(descriptor)
    return _Mount(tree, inside, True, attributes)


def _attach(mount: _Mount) -> None:
    target = _BASE + mount.inside
    if mount.is_folder:
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    kernel.attach_tree(mount.tree, target)
    os.close(mount.tree)


def _make_skeleton() -> None:
    for path in ("etc", "proc", "dev", "dev/pts", "dev/shm", "tmp", "run", "var", "root", "home", "sys", "mnt", "opt"):
        Path(_BASE, path).mkdir(mode=0o755)
    for path, target in (("var/tmp", "../tmp"), ("var/run", "../run"), ("var/lock", "../run")):
        Path(_BASE, path).symlink_to(target)
    for path in SYSTEM:
        if Path(path).is_symlink():
            Path(_BASE + path).symlink_to(Path(path).readlink())
    _make_links()


def _make_links() -> None:
    """Symbolic links on the way to the environment and its Python stay links, so that every name of them works."""
    for named in python_folders():
        walked = Path("/")
        for part in Path(named).parts[1:]:
            walked /= part
            if not walked.is_symlink() or walked.is_relative_to("/usr"):
                continue
            link = Path(_BASE + str(walked))
            if not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(os.path.realpath(walked))
            break


def _make_memory_folders(document: SandboxDocument) -> None:
    sizes = {place.inside: place.size for place in document.temporary}
    sizes = {place.inside: place.size for place in default_temporary()} | sizes
    owner = "" if document.user is None else f",uid={document.user.uid},gid={document.user.gid}"
    for inside, size in sizes.items():
        mode = "0755" if inside == "/run" else "1777"
        kernel.mount("tmpfs", _BASE + inside, _MEMORY_FLAGS, f"mode={mode},size={size}{owner}")
    own = Path(_BASE, "run/skrt")
    own.mkdir(mode=0o755)
    if document.user is not None:
        os.chown(own, document.user.uid, document.user.gid)


def _make_settings(document: SandboxDocument) -> None:
    uid, gid = (ORDINARY_UID, ORDINARY_UID) if document.user is None else (document.user.uid, document.user.gid)
    name = document.hostname
    files = {
        "passwd": f"root:x:0:0:root:/root:/usr/sbin/nologin\n{USER_NAME}:x:{uid}:{gid}::{HOME_INSIDE}:/bin/bash\n"
        "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
        "group": f"root:x:0:\n{USER_NAME}:x:{gid}:\nnogroup:x:65534:\n{_shared_groups(document)}",
        "hostname": f"{name}\n",
        "hosts": f"127.0.0.1 localhost {name}\n::1 localhost ip6-localhost ip6-loopback\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
        "machine-id": "",
    }
    if document.network.names:
        files["resolv.conf"] = f"nameserver {NAMESERVER}\n"
    for file, text in files.items():
        Path(_BASE, "etc", file).write_text(text, encoding="ascii")
    Path(_BASE, "etc/mtab").symlink_to("../proc/self/mounts")


def _shared_groups(document: SandboxDocument) -> str:
    """A name for the group of each shared folder, so that `ls -l` can be read."""
    shared = [folder for folder in document.shared if folder.gid is not None]
    return "".join(f"{folder.inside.rpartition('/')[2]}:x:{folder.gid}:{USER_NAME}\n" for folder in shared)


def _make_devices(document: SandboxDocument) -> None:
    base = Path(_BASE, "dev")
    for name in (*_DEVICES, *(path.removeprefix("/dev/") for path in document.devices)):
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).touch()
        tree = kernel.clone_tree(f"/dev/{name}")
        kernel.attach_tree(tree, f"{_BASE}/dev/{name}")
        os.close(tree)
    flags = kernel.MS_NOSUID | kernel.MS_NOEXEC
    kernel.mount("devpts", str(base / "pts"), flags, "newinstance,ptmxmode=0666,mode=0620")
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
    for name, target in links.items():
        (base / name).symlink_to(target)
