"""Giving up rights for good: user, groups, capabilities, new privileges, and a few system calls nobody needs here.

Each step is on by default and none can be taken back. The order matters: groups before user (setresuid(2)),
no_new_privs before the filters (seccomp(2), landlock(7)).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
from collections.abc import Callable, Iterable

from skrt_workspace.sandbox import kernel, processors, walls
from skrt_workspace.sandbox.document import User

_LAST_CAPABILITY = 63
_SECCOMP_MODE_FILTER = 2
_RET_ALLOW = 0x7FFF0000
_RET_ERRNO = 0x00050000
_RET_KILL_PROCESS = 0x80000000
_TIOCSTI = 0x5412
_TIOCLINUX = 0x541C
_LANDLOCK_SCOPES = 3  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL
_LANDLOCK_ABI_WITH_SCOPES = 6
_LANDLOCK_ABI_WITH_PORTS = 4
_LANDLOCK_BIND_TCP = 1
_LANDLOCK_PATH, _LANDLOCK_NET = 1, 2  # LANDLOCK_RULE_PATH_BENEATH, LANDLOCK_RULE_NET_PORT
_ANY_FREE_PORT = 0

# struct seccomp_data offsets and the BPF opcodes used (linux/filter.h)
_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _JUMP_AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_FIRST, _OFFSET_SECOND, _OFFSET_THIRD = 0, 4, 16, 24, 32
_X32_BIT = 0x40000000

_CLONE3 = 435
_SOL_SOCKET, _BUFFERS = 1, (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF, and both with FORCE
_AF_UNIX, _INTERNET = 1, (2, 10)  # AF_INET, AF_INET6
_PROTOCOLS = (0, 1, 6, 17, 58)  # the usual one, ICMP, TCP, UDP, ICMPv6
_AF_NETLINK, _NETLINK_ROUTE = 16, 0


def drop(user: User | None, groups: Iterable[int] = ()) -> None:
    """Become the participant for good. `user` is given when this process is root of the host, else None.

    `groups`: those of the shared folders that the participant has.

    Raises OSError when any step fails: a participant's process never runs with a right more.
    """
    kernel.process_control(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_CLEAR_ALL)
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            kernel.process_control(kernel.PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno == errno.EINVAL:  # past the last one this kernel has
                break
            if error.errno == errno.EPERM and user is None:  # no namespace of our own: there is nothing to drop
                break
            raise
    if user is not None:
        os.setgroups(list(groups))
        os.setresgid(user.gid, user.gid, user.gid)
        os.setresuid(user.uid, user.uid, user.uid)
    kernel.clear_capabilities()
    kernel.process_control(kernel.PR_SET_NO_NEW_PRIVS, 1)


def filter_system_calls() -> None:
    """Refuse terminal injection, namespaces in the namespace, mounts, keyrings, and rarely used ways into the kernel.

    Does nothing on a processor whose table is not known here; `probe` says so.
    """
    program = _filter_program()
    if not program:
        return
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("=H6xQ", len(program) // 8, ctypes.addressof(code)), 16)
    kernel.process_control(kernel.PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(header))


def _filter_program() -> bytes:
    architecture = processors.ARCHITECTURE
    if architecture is None:
        return b""

    def step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, when_true, when_false, value)

    def refuse(code: int) -> bytes:
        return step(_RETURN, _RET_ERRNO | code)

    user_namespace = kernel.CLONE_NEWUSER
    parts = [
        step(_LOAD, _OFFSET_ARCHITECTURE),
        step(_JUMP_EQUAL, architecture, 1, 0),
        step(_RETURN, _RET_KILL_PROCESS),
        step(_LOAD, _OFFSET_NUMBER),
    ]
    if processors.HAS_X32:  # the same calls under other numbers
        parts += [step(_JUMP_AT_LEAST, _X32_BIT, 0, 1), refuse(errno.ENOSYS)]
    for number in processors.REFUSED:
        parts += [step(_JUMP_EQUAL, number, 0, 1), refuse(errno.EPERM)]
    for number in processors.NOT_THERE:
        parts += [step(_JUMP_EQUAL, number, 0, 1), refuse(errno.ENOSYS)]
    # Its flags are behind a pointer, which a filter cannot read; the C library then uses clone.
    parts += [step(_JUMP_EQUAL, _CLONE3, 0, 1), refuse(errno.ENOSYS)]
    for number in (processors.UNSHARE, processors.CLONE):
        parts += [
            step(_JUMP_EQUAL, number, 0, 4),
            step(_LOAD, _OFFSET_FIRST),
            step(_JUMP_ANY_BIT, user_namespace, 0, 1),
            refuse(errno.EPERM),
            step(_RETURN, _RET_ALLOW),
        ]
    parts += _socket_kinds(step, refuse)
    parts += _socket_buffers(step, refuse)
    parts += [
        step(_JUMP_EQUAL, processors.IOCTL, 0, 4),
        step(_LOAD, _OFFSET_SECOND),
        step(_JUMP_EQUAL, _TIOCSTI, 1, 0),
        step(_JUMP_EQUAL, _TIOCLINUX, 0, 1),
        refuse(errno.EPERM),
        step(_RETURN, _RET_ALLOW),
    ]
    return b"".join(parts)


def _socket_buffers(step: Callable[..., bytes], refuse: Callable[[int], bytes]) -> list[bytes]:
    """A larger buffer is not given, in silence: the kernel keeps what is in it, and shows it to no watch."""
    options = [part for one in _BUFFERS for part in (step(_JUMP_EQUAL, one, 0, 1), refuse(0))]
    of_sockets = [step(_LOAD, _OFFSET_THIRD), *options]
    inner = [step(_LOAD, _OFFSET_SECOND), step(_JUMP_EQUAL, _SOL_SOCKET, 0, len(of_sockets)), *of_sockets]
    return [step(_JUMP_EQUAL, processors.SETSOCKOPT, 0, len(inner) + 1), *inner, step(_RETURN, _RET_ALLOW)]


def _socket_kinds(step: Callable[..., bytes], refuse: Callable[[int], bytes]) -> list[bytes]:
    """Sockets of files and of the internet, and the kernel's answers about addresses (rtnetlink(7)); no other kind.

    Others lead past every namespace (vsock(7): to the host of a virtual machine) or to rarely used code of the kernel.
    Multipath TCP takes a port of TCP, and Landlock's rule about ports does not know it.
    """

    def allow(numbers: Iterable[int]) -> list[bytes]:
        return [part for one in numbers for part in (step(_JUMP_EQUAL, one, 0, 1), step(_RETURN, _RET_ALLOW))]

    protocols = [step(_LOAD, _OFFSET_THIRD), *allow(_PROTOCOLS), refuse(errno.EPROTONOSUPPORT)]
    internet = [
        step(_JUMP_EQUAL, _INTERNET[0], 1, 0),
        step(_JUMP_EQUAL, _INTERNET[1], 0, len(protocols)),
        *protocols,
    ]
    routes = [
        step(_JUMP_EQUAL, _AF_NETLINK, 0, 3),
        step(_LOAD, _OFFSET_THIRD),
        step(_JUMP_EQUAL, _NETLINK_ROUTE, 0, 1),
        step(_RETURN, _RET_ALLOW),
    ]
    inner = [step(_LOAD, _OFFSET_FIRST), *allow([_AF_UNIX]), *internet, *routes, refuse(errno.EAFNOSUPPORT)]
    return [part for call in processors.SOCKETS for part in (step(_JUMP_EQUAL, call, 0, len(inner)), *inner)]


def confine(*, ports: bool, files: tuple[tuple[str, int], ...] = ()) -> None:
    """Keep abstract Unix sockets and signals inside the sandbox, where the kernel can (Linux 6.12, landlock(7)).

    Abstract sockets cross every namespace but the network's. With `ports`, for a sandbox that shares the machine's
    network: of TCP ports it gets those that the kernel gives to whoever names none (Linux 6.7), which are never the
    hub's: so nobody can stand in for a part of the hub that is just being started. `files`: where links, pipes and
    sockets may be made, of who has shared folders (walls.plain_files).
    """
    handled = walls.ODD_FILES if files and landlock_version() >= walls.OLDEST else 0
    with contextlib.suppress(OSError):  # without it the namespaces still hold
        _restrict(ports=ports, handled=handled, files=files)


def wall_in(files: Iterable[tuple[str, int]]) -> None:
    """The same for a sandbox without namespaces: of files, only these may be opened. Raises OSError: it must hold."""
    _restrict(ports=True, handled=walls.handled(landlock_version()), files=tuple(files))


def _restrict(*, ports: bool, handled: int, files: tuple[tuple[str, int], ...]) -> None:
    version = landlock_version()
    scopes = _LANDLOCK_SCOPES if version >= _LANDLOCK_ABI_WITH_SCOPES else 0
    binding = _LANDLOCK_BIND_TCP if ports and version >= _LANDLOCK_ABI_WITH_PORTS else 0
    if not scopes and not binding and not handled:
        return
    length = 24 if scopes else 16 if binding else 8
    attributes = ctypes.create_string_buffer(struct.pack("=QQQ", handled, binding, scopes)[:length], length)
    ruleset = kernel.system_call("landlock", kernel.SYS_LANDLOCK_CREATE_RULESET, attributes, length, 0)
    try:
        if binding:
            rule = ctypes.create_string_buffer(struct.pack("=QQ", _LANDLOCK_BIND_TCP, _ANY_FREE_PORT), 16)
            kernel.system_call("landlock_add_rule", kernel.SYS_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_NET, rule, 0)
        for path, access in files if handled else ():
            _allow(ruleset, path, access)
        kernel.system_call("landlock_restrict_self", kernel.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, access: int) -> None:
    place = walls.open_place(path)
    try:
        rule = ctypes.create_string_buffer(struct.pack("=Qi", access, place), 12)
        what = f"landlock_add_rule {path}"
        kernel.system_call(what, kernel.SYS_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_PATH, rule, 0)
    finally:
        os.close(place)


def landlock_version() -> int:
    """The version of Landlock's interface that this kernel has; 0 for none."""
    try:
        return kernel.system_call("landlock", kernel.SYS_LANDLOCK_CREATE_RULESET, None, 0, 1)
    except OSError:
        return 0


def has_scopes() -> bool:
    """Whether this kernel can keep abstract sockets and signals inside a sandbox."""
    return landlock_version() >= _LANDLOCK_ABI_WITH_SCOPES


def has_ports() -> bool:
    """Whether this kernel can keep a sandbox that shares the network from the hub's ports."""
    return landlock_version() >= _LANDLOCK_ABI_WITH_PORTS


def has_filter() -> bool:
    """Whether system calls are filtered on this processor."""
    return processors.ARCHITECTURE is not None
