"""Files, sockets and processes of others and of the hub."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from pathlib import Path

from .attempt import (
    FILE_SYSTEM,
    NETWORK,
    OWNER,
    PROCESSES,
    READ_ONLY,
    SCOPES,
    Facts,
    Finding,
    not_applicable,
    reachable,
    tried,
)
from .attempt import refused as refused_by

_GONE = {errno.ENOENT: FILE_SYSTEM, errno.ENOTDIR: FILE_SYSTEM, errno.EACCES: OWNER, errno.EPERM: OWNER}


def _read(facts: Facts, name: str) -> Finding:
    path = facts.get(name)
    if not path:
        return not_applicable("there is none on this target")

    def read() -> str:
        place = Path(path)
        return f"{len(os.listdir(path))} names" if place.is_dir() else f"{len(place.read_bytes())} bytes"  # noqa: PTH208

    found = tried(read, _GONE)
    if found.outcome == "reachable":
        return reachable(f"{path}: read")
    by_process = tried(lambda: Path(f"/proc/1/root{path}").stat().st_size, _GONE)
    return reachable(f"/proc/1/root{path}") if by_process.outcome == "reachable" else found


def other_home(facts: Facts) -> Finding:
    """Read a file in another participant's home, by its path on the machine"""
    return _read(facts, "other_file")


def hub_secrets(facts: Facts) -> Finding:
    """Read the hub's secrets, by their path on the machine"""
    return _read(facts, "secrets")


def hub_database(facts: Facts) -> Finding:
    """Read the hub's database and accounts"""
    found = [_read(facts, name) for name in ("database", "accounts")]
    return next((one for one in found if one.outcome == "reachable"), found[0])


def host_temporary(facts: Facts) -> Finding:
    """Read a file in the machine's own /tmp"""
    return _read(facts, "temporary_file")


def cluster_token(facts: Facts) -> Finding:
    """Read a token for the cluster's interface"""
    if not facts.get("pod"):
        return not_applicable("this hub runs on one machine")
    return _read({"token": "/var/run/secrets/kubernetes.io/serviceaccount/token"}, "token")


def change_environment(facts: Facts) -> Finding:
    """Change a file of everybody's environment"""

    def write() -> str:
        for folder in (Path(os.__file__).parent, Path(sys.prefix), Path("/usr/bin"), Path("/etc")):
            try:
                mark = folder / f".audit-{os.getpid()}"
                mark.touch()
            except OSError as error:
                last = error
                continue
            mark.unlink()
            return f"{folder} can be written to"
        raise last

    return tried(write, {errno.EROFS: READ_ONLY, errno.EACCES: OWNER, errno.EPERM: OWNER})


def hub_sockets(facts: Facts) -> Finding:
    """Connect to the hub's control socket and to the fork server's"""
    paths = [facts[name] for name in ("control_socket", "fork_server_socket") if facts.get(name)]
    if not paths:
        return not_applicable("there are none on this target")
    last = refused_by(FILE_SYSTEM)
    for path in paths:
        with socket.socket(socket.AF_UNIX) as client:
            # A path may be longer than a socket's address: then by its folder.
            last = tried(lambda client=client, path=path: _connect_by_folder(client, path), _GONE)  # type: ignore[misc]
        if last.outcome == "reachable":
            return reachable(f"{path}: connected")
    return last


def _connect_by_folder(client: socket.socket, path: str) -> str:
    folder = os.open(str(Path(path).parent), os.O_PATH)
    try:
        client.connect(f"/proc/self/fd/{folder}/{Path(path).name}")
    finally:
        os.close(folder)
    return path


def abstract_socket(facts: Facts) -> Finding:
    """Connect to an abstract Unix socket of the machine"""
    name = facts.get("abstract_socket")
    if not name:
        return not_applicable("there is none on this target")
    with socket.socket(socket.AF_UNIX) as client:
        layers = {errno.EPERM: SCOPES, errno.ECONNREFUSED: NETWORK}
        return tried(lambda: client.connect(f"\0{name}"), layers, "connected")


def host_processes(facts: Facts) -> Finding:
    """See, read and signal processes of the machine"""
    pid = int(facts.get("host_pid") or 0)
    if not pid:
        return not_applicable("this machine's processes are not those of the pod's node")
    mark = f"skrt-audit-{facts['nonce']}"
    for entry in os.listdir("/proc"):  # noqa: PTH208
        try:
            if entry.isdigit() and mark.encode() in Path("/proc", entry, "cmdline").read_bytes():
                return reachable(f"process {entry} of the machine is seen, with its arguments")
        except OSError:
            continue
    return tried(lambda: os.kill(pid, 0), {errno.ESRCH: PROCESSES, errno.EPERM: OWNER}, "it can be signalled")


def first_process(facts: Facts) -> Finding:
    """Read the environment and memory of the sandbox's first process"""
    if facts.get("pod"):
        return not_applicable("a pod's first process is the participant's own, and has nothing that they may not have")

    def read() -> str:
        for name in ("environ", "mem"):
            with Path("/proc/1", name).open("rb") as stream:
                stream.read(1)
        return "/proc/1 was read"

    return tried(read, {errno.EACCES: OWNER, errno.EPERM: OWNER})


def signal_outside(facts: Facts) -> Finding:
    """End processes that are not one's own"""
    pid = int(facts.get("host_pid") or 0)
    if not pid:
        return not_applicable("this machine's processes are not those of the pod's node")
    return tried(lambda: os.kill(pid, signal.SIGURG), {errno.ESRCH: PROCESSES, errno.EPERM: OWNER})


PROBES = (
    other_home, hub_secrets, hub_database, host_temporary, cluster_token, change_environment, hub_sockets,
    abstract_socket, host_processes, first_process, signal_outside,
)  # fmt: skip
