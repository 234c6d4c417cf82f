"""What the hub asks of a sandbox, as data: one frozen document, read strictly from JSON and written back the same.

The hub renders it (a pure function of the settings), the sandbox program and the fork server carry it out. All
that decides what a participant can see stands here and nowhere else.
"""

from __future__ import annotations

import ipaddress
import json
import posixpath
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, NoReturn, Union, get_args, get_origin, get_type_hints

from skrt_workspace.sandbox.errors import DocumentError

HOME_INSIDE = "/home/jovyan"
SHARED_INSIDE = "/shared"
NOTICES_INSIDE = "/run/skrt/notices"
DOOR_INSIDE = "/run/skrt/door"
WARDEN_SOCKET_INSIDE = "/run/skrt/warden.sock"
WARDEN_SOCKET_VARIABLE = "SKRT_WARDEN_SOCKET"
"""Tells a participant's processes where the warden listens."""
LISTENER_VARIABLE = "SKRT_SANDBOX_LISTENER"
"""Tells the sandbox program the number of the socket that the server is to listen on."""
USER_NAME = "jovyan"
NAMESPACES, LANDLOCK, NONE = "namespaces", "landlock", "none"
"""The kinds of sandboxes: isolated, confined, and no sandbox."""
ORDINARY_UID = 1000  # what a participant is inside, when the hub runs as an ordinary user

MIB = 1024 * 1024
_OWNED_INSIDE = ("/proc", "/dev", "/sys", "/run/skrt", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64", HOME_INSIDE)
_WHOLE_ONLY_INSIDE = ("/home", "/run", "/tmp", "/root", "/var", "/opt", "/mnt", "/srv", "/media")  # noqa: S108


@dataclass(frozen=True)
class Bind:
    """A folder or file of the host (`source`) and where it is shown (`inside`); both absolute."""

    source: str
    inside: str


@dataclass(frozen=True)
class Temporary:
    """A writable folder in memory, empty at each start, at most `size` bytes."""

    inside: str
    size: int


@dataclass(frozen=True)
class Shared:
    """A folder of the host that several participants write into; shown at `inside`. No link in it is followed.

    gid: the group that makes its files everybody's; null where all participants are one user.
    """

    source: str
    inside: str
    write: bool = False
    gid: int | None = None


@dataclass(frozen=True)
class User:
    """The host's user and group id that the participant's processes get. Only a hub that runs as root can give one."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Network:
    """The network of a sandbox: the machine's, or a namespace of its own.

    own: in a namespace of its own nothing of the machine's network can be reached or taken; the hub may lead it to the
    internet. unreachable: IPv4 networks and addresses that stay out of reach even then, beside the private ones.
    names: names are asked of network.NAMESERVER, not of what the machine asks.
    """

    own: bool = False
    unreachable: tuple[str, ...] = ()
    names: bool = False


@dataclass(frozen=True)
class Limits:
    """Limits for each participant; null leaves what the hub has.

    `processes` counts threads too. `cpus` are the processors that may be used, `niceness` is added to the hub's own.
    """

    processes: int | None = None
    open_files: int | None = None
    cpus: tuple[int, ...] | None = None
    niceness: int = 0


def default_temporary() -> tuple[Temporary, ...]:
    """The folders in memory that every sandbox has, at their usual sizes."""
    return (
        Temporary("/tmp", 2048 * MIB),  # noqa: S108
        Temporary("/run", 64 * MIB),
        Temporary("/dev/shm", 1024 * MIB),  # noqa: S108
    )


@dataclass(frozen=True)
class SandboxDocument:
    """One participant's sandbox.

    home: host folder shown at `/home/jovyan`; neither it nor what is in it is followed as a symbolic link.
    command, working_directory, environment: what runs, where, with exactly these variables.
    log_file: host file that the output is appended to (made with mode 0600); null throws the output away.
    isolated: false starts the command without namespaces (`sandbox: none`), everything else stays the same.
    confined: without namespaces, but kept apart by the user and by Landlock (`walls.py`); paths are the host's.
    user: null when the hub is an ordinary user.
    shared: host folders that several participants write into.
    read_only, read_write: host folders shown inside. The environment and its Python are shown without being listed.
    temporary: folders in memory; where one of `/tmp`, `/run`, `/dev/shm` is not listed it gets its usual size.
    control_groups: cgroup folders of the host that the first process joins before it enters.
    notices: host folder shown read-only at `/run/skrt/notices`, through which the hub tells a server things.
    network: whether the sandbox has a network of its own, and how names are found in it.
    door: host folder shown read-only at `/run/skrt/door`, with the hub's Unix socket, through which a server asks it.
    devices: files under `/dev` beside the usual ones, for computing on graphics cards.
    """

    home: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    working_directory: str = HOME_INSIDE
    log_file: str | None = None
    isolated: bool = True
    confined: bool = False
    user: User | None = None
    hostname: str = "skrt-hub"
    read_only: tuple[Bind, ...] = ()
    read_write: tuple[Bind, ...] = ()
    shared: tuple[Shared, ...] = ()
    temporary: tuple[Temporary, ...] = field(default_factory=default_temporary)
    limits: Limits = field(default_factory=Limits)
    control_groups: tuple[str, ...] = ()
    notices: str | None = None
    door: str | None = None
    devices: tuple[str, ...] = ()
    network: Network = field(default_factory=Network)

    def __post_init__(self) -> None:
        """Check what types cannot say. Raises DocumentError that names the field."""
        _check_document(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> SandboxDocument:
        """Read a document. Raises DocumentError for anything unknown, missing, or of a wrong type."""
        try:
            value = json.loads(text)
        except (ValueError, UnicodeDecodeError) as error:
            raise DocumentError(f"the sandbox document is not JSON: {error}") from None
        document = _read(cls, value, "document")
        assert isinstance(document, SandboxDocument)
        return document

    def to_json(self) -> str:
        """The document as one line of JSON, which `from_json` reads back to an equal document."""
        return json.dumps(_plain(self), separators=(",", ":"), ensure_ascii=True)


def _refuse(where: str, why: str) -> NoReturn:
    raise DocumentError(f"sandbox document: {where}: {why}", "this is an error in skrt-hub; please report it")


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _read(kind: Any, value: Any, where: str) -> Any:
    """Turn a JSON value into `kind`: a dataclass, a tuple, a mapping, an optional or a plain type."""
    origin = get_origin(kind)
    if origin in (types.UnionType, Union):
        if value is None:
            return None
        return _read(next(arg for arg in get_args(kind) if arg is not types.NoneType), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            _refuse(where, "a list is needed")
        return tuple(_read(get_args(kind)[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, dict):
            _refuse(where, "an object is needed")
        return {key: _read(str, item, f"{where}.{key}") for key, item in value.items()}
    if hasattr(kind, "__dataclass_fields__"):
        return _read_dataclass(kind, value, where)
    if type(value) is not kind:
        _refuse(where, f"{kind.__name__} is needed, not {type(value).__name__}")
    if kind is str and "\0" in value:
        _refuse(where, "must not contain a null character")
    return value


def _read_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        _refuse(where, "an object is needed")
    hints = get_type_hints(kind)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        _refuse(f"{where}.{unknown[0]}", "there is no such key")
    for part in fields(kind):
        if part.name not in value and part.default is MISSING and part.default_factory is MISSING:
            _refuse(f"{where}.{part.name}", "is missing")
    return kind(**{name: _read(hints[name], value[name], f"{where}.{name}") for name in value})


def _check_document(document: SandboxDocument) -> None:
    _check_host_path(document.home, "home")
    _check_host_path(document.working_directory, "working_directory")
    if not document.command:
        _refuse("command", "must not be empty")
    if not document.command[0].startswith("/"):
        _refuse("command[0]", "must be an absolute path")
    for name in document.environment:
        if not name or "=" in name:
            _refuse("environment", f"{name!r} is not a name of a variable")
    for name, path in (("log_file", document.log_file), ("notices", document.notices), ("door", document.door)):
        if path is not None:
            _check_host_path(path, name)
    for path in document.devices:
        _check_host_path(path, "devices")
        if not path.startswith("/dev/") or path.startswith(("/dev/shm/", "/dev/pts/")):  # noqa: S108
            _refuse("devices", f"{path} is not a file of a device")
    for path in document.control_groups:
        _check_host_path(path, "control_groups")
    if document.user is not None and (document.user.uid < 1 or document.user.gid < 1):
        _refuse("user", "a participant cannot be root")
    if document.confined and (document.isolated or document.user is None):
        _refuse("confined", "goes with a user, and without namespaces")
    if not 1 <= len(document.hostname) <= 63 or not document.hostname.replace("-", "a").isalnum():
        _refuse("hostname", "must be 1 to 63 letters, digits and hyphens")
    _check_limits(document.limits)
    _check_network(document.network)
    _check_places(document)
    _check_shared(document)


def _check_shared(document: SandboxDocument) -> None:
    for folder in document.shared:
        if posixpath.dirname(folder.inside) != SHARED_INSIDE:
            _refuse(f"shared {folder.inside}", f"must lie in {SHARED_INSIDE}")
        if folder.gid is not None and (document.user is None or folder.gid < 1):
            _refuse(f"shared {folder.inside}", "a group goes with a user, and is not root's")


def _check_network(network: Network) -> None:
    for text in network.unreachable:
        try:
            ipaddress.IPv4Network(text)
        except ValueError as error:
            _refuse("network.unreachable", str(error))


def _check_limits(limits: Limits) -> None:
    for name in ("processes", "open_files"):
        number = getattr(limits, name)
        if number is not None and number < 16:
            _refuse(f"limits.{name}", "a Jupyter server cannot work with fewer than 16")
    if limits.cpus is not None and (not limits.cpus or min(limits.cpus) < 0):
        _refuse("limits.cpus", "must name at least one processor")
    if not 0 <= limits.niceness <= 19:
        _refuse("limits.niceness", "must be from 0 to 19")


def _check_places(document: SandboxDocument) -> None:
    """No bind may hide another, a part of the system, or be mounted under the participant's home.

    A mount point under a folder that the participant can write to can be swapped for a symbolic link while the sandbox
    is made (GHSA-pxhw-h44j-8pfx in bubblewrap), so there are none.
    """
    seen: set[str] = set()
    binds = (*document.read_only, *document.read_write)
    for bind in (*binds, *(Bind(folder.source, folder.inside) for folder in document.shared)):
        _check_host_path(bind.source, "read_only")
        _check_host_path(bind.inside, "read_only")
        if bind.inside in _WHOLE_ONLY_INSIDE or bind.inside == "/":
            _refuse(f"bind {bind.inside}", "would hide a folder of the sandbox; show it one level deeper")
        for owned in _OWNED_INSIDE:
            if _is_within(bind.inside, owned):
                _refuse(f"bind {bind.inside}", f"nothing can be shown under {owned}")
        if bind.inside in seen:
            _refuse(f"bind {bind.inside}", "is given twice")
        seen.add(bind.inside)
    for place in document.temporary:
        if place.inside not in ("/tmp", "/run", "/dev/shm"):  # noqa: S108
            _refuse(f"temporary {place.inside}", "only /tmp, /run and /dev/shm can be folders in memory")
        if place.size < MIB:
            _refuse(f"temporary {place.inside}", "must be at least 1 MiB")


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _check_host_path(path: str, where: str) -> None:
    if not path.startswith("/") or posixpath.normpath(path) != path or path.startswith("//"):
        _refuse(where, f"{path!r} is not an absolute, normal path")
