"""System calls that nobody here needs, and rights that nobody here has.

Each call is made with arguments that a kernel without the filter takes; the numbers are x86-64's and AArch64's.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from .attempt import (
    CALLS,
    FILE_SYSTEM,
    NETWORK,
    RIGHTS,
    Facts,
    Finding,
    in_a_child,
    not_applicable,
    reachable,
    refused,
    tried,
)

_COLUMN = 1 if platform.machine() == "aarch64" else 0
_libc = ctypes.CDLL(None, use_errno=True)
_REFUSED = {errno.EPERM: CALLS, errno.ENOSYS: CALLS, errno.EACCES: RIGHTS}


def _call(number: int, *arguments: object) -> int:
    wide = [ctypes.c_long(value) if isinstance(value, int) else value for value in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *wide))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def new_namespaces(facts: Facts) -> Finding:
    """Make a user namespace, and with it all rights over new mounts and networks"""
    code = (
        "import ctypes, os, sys\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "done = libc.unshare(0x10000000)\n"
        "sys.exit(0 if done == 0 else ctypes.get_errno())"
    )
    done = in_a_child(code)
    if done.returncode == 0:
        return reachable("unshare(CLONE_NEWUSER) worked")
    return refused(CALLS if done.returncode == errno.EPERM else "the kernel", errno.errorcode.get(done.returncode, "?"))


def keyring(facts: Facts) -> Finding:
    """Use the kernel's keyrings, which namespaces share"""
    return tried(lambda: _call((250, 219)[_COLUMN], 0, -3, 1), _REFUSED)


def kernel_programs(facts: Facts) -> Finding:
    """Load programs into the kernel (bpf)"""
    attributes = ctypes.create_string_buffer(struct.pack("=IIII", 2, 4, 8, 1), 128)  # an array of one number
    return tried(lambda: _call((321, 280)[_COLUMN], 0, attributes, 128), _REFUSED)


def watch_kernel(facts: Facts) -> Finding:
    """Watch the processor's counters (perf_event_open)"""
    attributes = ctypes.create_string_buffer(struct.pack("=IIQQQQQ", 1, 112, 0, 0, 0, 0, 0x20), 112)
    return tried(lambda: _call((298, 241)[_COLUMN], attributes, 0, -1, -1, 0), _REFUSED)


def page_faults(facts: Facts) -> Finding:
    """Stop the kernel at page faults (userfaultfd)"""
    return tried(lambda: _call((323, 282)[_COLUMN], 1), _REFUSED)


def io_rings(facts: Facts) -> Finding:
    """Have the kernel work past the filter (io_uring)"""
    parameters = ctypes.create_string_buffer(120)
    return tried(lambda: _call(425, 4, parameters), _REFUSED)


def file_handles(facts: Facts) -> Finding:
    """Name files by number, past their folders (name_to_handle_at)"""
    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136)
    mount = ctypes.c_int()
    # In memory: the layered file systems of containers have no numbers to give.
    return tried(lambda: _call((303, 264)[_COLUMN], -100, b"/dev/shm", handle, ctypes.byref(mount), 0), _REFUSED)


def new_mount(facts: Facts) -> Finding:
    """Mount something"""
    with tempfile.TemporaryDirectory() as folder:  # where it works it must hide nothing of others
        done = _libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, None)
        code = ctypes.get_errno()
        if done == 0:
            _libc.umount2(os.fsencode(folder), 2)
            return reachable("a tmpfs was mounted")
    return refused(f"{CALLS}; {RIGHTS}", errno.errorcode[code])


def type_into_terminal(facts: Facts) -> Finding:
    """Type into another's terminal (TIOCSTI)"""
    parent, child = os.openpty()
    code = "import fcntl, os, sys\ntry: fcntl.ioctl(0, 0x5412, b'x')\nexcept OSError as error: sys.exit(error.errno)"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", f"import fcntl\nfcntl.ioctl(0, {termios.TIOCSCTTY}, 0)\n{code}"],
            stdin=child, start_new_session=True, capture_output=True, timeout=20, check=False, env={},
        )  # fmt: skip
    finally:
        os.close(parent)
        os.close(child)
    if done.returncode == 0:
        return reachable("a character was typed")
    return refused(CALLS if done.returncode == errno.EPERM else "the kernel", errno.errorcode.get(done.returncode, "?"))


def become_root(facts: Facts) -> Finding:
    """Become root: by setuid(2), and by the programs that may"""
    if os.getuid() == 0:
        return reachable("the participant is root")
    for number in (0, os.getuid() + 1):
        found = tried(lambda number=number: os.setuid(number), {errno.EPERM: RIGHTS, errno.EINVAL: RIGHTS})  # type: ignore[misc]
        if found.outcome == "reachable":
            return reachable(f"setuid({number}) worked")
    status = Path("/proc/self/status").read_text(encoding="ascii")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    if int(fields["CapEff"], 16) or int(fields["CapBnd"], 16) or fields["NoNewPrivs"].strip() != "1":
        return reachable(f"rights are left: CapEff {fields['CapEff']}, NoNewPrivs {fields['NoNewPrivs']}")
    return found


def make_device(facts: Facts) -> Finding:
    """Make a device, and read the machine's disk or memory through it"""
    path = Path("/tmp", f"audit-device-{os.getpid()}")  # noqa: S108

    def make() -> str:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 1))
        try:
            with path.open("rb") as stream:
                stream.read(1)
        finally:
            path.unlink()
        return "a device was made and read"

    return tried(make, {errno.EPERM: RIGHTS, errno.EACCES: FILE_SYSTEM})


def raw_packets(facts: Facts) -> Finding:
    """Send and read raw packets"""
    for kind in ((socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), (socket.AF_PACKET, socket.SOCK_RAW, 0)):
        found = tried(lambda kind=kind: socket.socket(*kind).close(), {errno.EPERM: RIGHTS})  # type: ignore[misc]
        if found.outcome == "reachable":
            return found
    return found


def virtual_sockets(facts: Facts) -> Finding:
    """Speak to the machine's hypervisor (AF_VSOCK)"""
    layers = {errno.EPERM: CALLS, errno.EACCES: CALLS, errno.EAFNOSUPPORT: CALLS}
    if not hasattr(socket, "AF_VSOCK"):
        return not_applicable("this Python does not know them")
    return tried(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(), layers)


def kernel_tables(facts: Facts) -> Finding:
    """Read who listens where on the machine (/proc/net, AF_NETLINK)"""
    port = facts.get("loopback_port")
    if not port:
        return not_applicable("no port of the machine is known")
    wanted = f":{int(port):04X} "
    for name in ("tcp", "tcp6"):
        try:
            if wanted in Path("/proc/self/net", name).read_text(encoding="ascii"):
                return reachable(f"the machine's listeners stand in /proc/net/{name}, with their owners")
        except OSError as error:
            return refused(FILE_SYSTEM, str(error.strerror))
    return refused(NETWORK, "the machine's listeners are not in /proc/net")


PROBES = (
    new_namespaces, keyring, kernel_programs, watch_kernel, page_faults, io_rings, file_handles, new_mount,
    type_into_terminal, become_root, make_device, raw_packets, virtual_sockets, kernel_tables,
)  # fmt: skip
