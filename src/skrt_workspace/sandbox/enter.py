"""Starts the first process of a sandbox: the same steps for a plain start and for one from the fork server.

1. The caller (a process of its own, with one thread) opens what needs the hub's rights, and makes the user and process
   namespaces. 2. It forks. 3. The child, pid 1 of the sandbox, leaves the hub's session, files and signals behind,
   builds the file system, sets the limits and gives up every right. 4. It writes "ready" or an error on a pipe.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from skrt_workspace.sandbox import kernel, network, privileges, user_namespace, walls
from skrt_workspace.sandbox.document import HOME_INSIDE, NOTICES_INSIDE, Limits, SandboxDocument
from skrt_workspace.sandbox.errors import DocumentError, HostForbidsError, SandboxError, StartError
from skrt_workspace.sandbox.explain import explain
from skrt_workspace.sandbox.filesystem import enter_root
from skrt_workspace.sandbox.identity import ProcessIdentity, identify

READY = b"ready\n"
LISTENER = 3  # the server's listening socket, as the first one of sd_listen_fds(3)
WATCHES = {
    "max_inotify_instances": 16,
    "max_inotify_watches": 8192,
    "max_fanotify_groups": 4,
    "max_fanotify_marks": 1024,
}
"""What one sandbox may have of the machine's watches of files (namespaces(7), /proc/sys/user)."""
FirstProcess = Callable[[SandboxDocument, int], None]


def start(document: SandboxDocument, first_process: FirstProcess, listener: int | None = None) -> ProcessIdentity:
    """Make the sandbox and run `first_process(document, status)` as its pid 1; returns once it has written READY there.

    `listener` is the socket on which the participant's server will listen: inside it has the number LISTENER.
    The calling process must have one thread, and must end soon after: it is left in the participant's user namespace.
    Raises DocumentError, HostForbidsError, or another SandboxError; then nothing of the sandbox runs any more.
    """
    _check_rights(document)
    document = _as_shown(document)
    output = _open_log(document.log_file)
    _join_control_groups(document.control_groups)
    if document.isolated:
        _make_outer_namespaces(document)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _run_first_process(document, first_process, _Handles(output, writer, listener))
    os.close(writer)
    os.close(output)
    identity = identify(pid)
    _wait_until_ready(pid, reader)
    return identity


def _check_rights(document: SandboxDocument) -> None:
    is_root = os.geteuid() == 0
    if is_root and document.user is None:
        raise DocumentError("the hub runs as root, but the sandbox document names no user for the participant")
    if not is_root and document.user is not None and document.user.uid != os.geteuid():
        raise DocumentError("only a hub that runs as root can give a participant a user of its own")


def _as_shown(document: SandboxDocument) -> SandboxDocument:
    """The document with the variables and the folder that depend on where the home is seen."""
    home = HOME_INSIDE if document.isolated else document.home
    folder = document.working_directory
    if folder == HOME_INSIDE or folder.startswith(HOME_INSIDE + "/"):
        folder = home + folder[len(HOME_INSIDE) :]
    environment = {**document.environment, "HOME": home}
    if document.confined:
        environment |= walls.variables(document)
    if document.notices is not None:
        environment["SKRT_NOTICES"] = NOTICES_INSIDE if document.isolated else document.notices
    return replace(document, environment=environment, working_directory=folder)


def _open_log(path: str | None) -> int:
    if path is None:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        output = os.open(path, flags, 0o600)
        os.set_blocking(output, True)
    except OSError as error:
        raise SandboxError(f"the log file {path} cannot be opened: {error.strerror}") from None
    return output


def _join_control_groups(folders: tuple[str, ...]) -> None:
    for folder in folders:
        try:
            Path(folder, "cgroup.procs").write_text("0", encoding="ascii")
        except OSError as error:
            raise SandboxError(f"the control group {folder} cannot be joined: {error.strerror}") from None


def _make_outer_namespaces(document: SandboxDocument) -> None:
    own_network = kernel.CLONE_NEWNET if document.network.own else 0
    try:
        if document.user is None:
            user_namespace.make_for_one()
        elif not kernel.has_capabilities(kernel.CAP_SYS_ADMIN):
            user_namespace.make_for_all()
        kernel.unshare(kernel.CLONE_NEWPID | own_network)
    except OSError as error:
        raise explain(error) from None


def _wait_until_ready(pid: int, reader: int) -> None:
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    if answer == READY:
        return
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(pid, 0)
    raise _told_by(answer)


def _told_by(answer: bytes) -> SandboxError:
    """The failure that `answer` tells of; pid 1 says READY before its child fails to become the command, or after."""
    try:
        told = json.loads(answer.replace(READY, b""))
        kind = {"HostForbidsError": HostForbidsError, "StartError": StartError}.get(told["kind"], SandboxError)
        return kind(told["error"], told["remedy"])
    except (ValueError, KeyError):
        return SandboxError("the first process of the sandbox was ended while it started")


def report_failure(status: int, error: Exception) -> None:
    """Tell the caller of `start`, through its pipe, why the sandbox does not start."""
    told = {"kind": type(error).__name__, "error": str(error), "remedy": getattr(error, "remedy", "")}
    os.write(status, json.dumps(told).encode())


@dataclass(frozen=True)
class _Handles:
    """The descriptors that go along into the sandbox."""

    output: int
    status: int
    listener: int | None


def _run_first_process(document: SandboxDocument, body: FirstProcess, handles: _Handles) -> None:
    """The child's way into the sandbox; never returns."""
    status = handles.status
    try:
        status = _leave_the_hub(handles)
        if document.isolated:
            _enter(document)
        if document.confined:
            _enter_walls(document)
        _set_limits(document.limits)
        _give_up_rights(document)
        _change_folder(document)
        body(document, status)
    except Exception as error:  # whatever it is, the caller must hear of it, and no second copy of it may go on
        report_failure(status, error)
    finally:
        os._exit(70)


def _leave_the_hub(handles: _Handles) -> int:
    """A session without a terminal, no open files of the hub's, its signals back to their usual handling.

    Returns the number that the status pipe has from here on.
    """
    os.setsid()
    os.umask(0o022)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, descriptor in ((0, nothing), (1, handles.output), (2, handles.output)):
        os.dup2(descriptor, number)
    status = fcntl.fcntl(handles.status, fcntl.F_DUPFD_CLOEXEC, LISTENER + 1)
    # Without a listener its number is taken all the same, so that it is never something else.
    os.dup2(nothing if handles.listener is None else handles.listener, LISTENER, inheritable=True)
    kernel.close_descriptors({0, 1, 2, LISTENER, status})
    kernel.process_control(kernel.PR_SET_PDEATHSIG, 0)
    kernel.new_session_keyring()
    reset_signals()
    return status


def close_listener() -> None:
    """What the first process does once the server has the socket: only the server shall take connections."""
    os.close(LISTENER)


def reset_signals() -> None:
    """Every signal unblocked and at its default; SIGPIPE and SIGXFSZ too, which Python ignores."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            if signal.getsignal(number) is not signal.SIG_DFL:
                signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):  # the C library keeps a few for itself
            continue
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _enter(document: SandboxDocument) -> None:
    if document.user is None:
        _limit_watches()
    try:
        kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS | kernel.CLONE_NEWCGROUP)
        if document.network.own:
            network.bring_up(document.network.unreachable)
        enter_root(document)
        kernel.set_host_name(document.hostname)
    except OSError as error:
        raise explain(error) from None


def _limit_watches() -> None:
    """Leave the others some of the machine's watches of files, where all sandboxes are one user's.

    The kernel counts them for that user (128 instances by default), who needs some: the proxy sees new servers by one.
    """
    for name, most in WATCHES.items():
        with contextlib.suppress(OSError):  # a kernel without this kind, or a container that lets nobody write here
            Path(f"/proc/sys/user/{name}").write_text(str(most), encoding="ascii")


def _enter_walls(document: SandboxDocument) -> None:
    if document.network.own:
        raise HostForbidsError(
            "this container allows no network of the participants' own",
            "remove `internet: false` from `limits` in hub.yaml, or give the container the right to make namespaces",
        )
    assert document.user is not None
    walls.make_place(document.user)


def _set_limits(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, number in ((resource.RLIMIT_NPROC, limits.processes), (resource.RLIMIT_NOFILE, limits.open_files)):
        if number is None:
            continue
        highest = resource.getrlimit(kind)[1]
        allowed = number if highest == resource.RLIM_INFINITY else min(number, highest)
        resource.setrlimit(kind, (allowed, allowed))
    if limits.cpus is not None:
        processors = os.sched_getaffinity(0) & set(limits.cpus)
        if not processors:
            raise SandboxError(f"none of the processors {sorted(limits.cpus)} may be used here")
        os.sched_setaffinity(0, processors)
    if limits.niceness:
        os.nice(limits.niceness)
        weigh_session()


def weigh_session() -> None:
    """Give this session the niceness of its process, where Linux shares time among sessions (sched(7), autogroup).

    There a process's own niceness counts only within its session.
    """
    with contextlib.suppress(OSError):  # not that kind of kernel, or asked too often in one moment
        Path("/proc/self/autogroup").write_text(str(os.getpriority(os.PRIO_PROCESS, 0)), encoding="ascii")


def _give_up_rights(document: SandboxDocument) -> None:
    groups = tuple(folder.gid for folder in document.shared if folder.gid is not None)
    privileges.drop(document.user if os.geteuid() == 0 else None, groups)
    if document.isolated:
        privileges.filter_system_calls()
        privileges.confine(ports=not document.network.own, files=walls.plain_files() if document.shared else ())
    if document.confined:
        walls.begin(document)
        privileges.filter_system_calls()
        privileges.wall_in(walls.rules(document, privileges.landlock_version()))
    # SECURITY: pid 1 carries the sandbox: nothing in it may trace pid 1 or read its memory and environment.
    kernel.process_control(kernel.PR_SET_DUMPABLE, 0)


def _change_folder(document: SandboxDocument) -> None:
    for folder in (document.working_directory, document.environment["HOME"]):
        try:
            os.chdir(folder)
        except OSError:
            continue
        return
    raise SandboxError(
        f"the home {document.home} cannot be entered as the participant",
        "check its owner and mode"
        if document.isolated
        else "check its owner and mode; without a sandbox each folder above it must let other users pass (mode 0711)",
    )
