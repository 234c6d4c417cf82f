"""Filling what can be filled, to twice the limit: memory of every kind, processes, open files, the home.

Each kind is tried in a process of its own, which is expected to be ended or refused.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

from .attempt import GROUP, NUMBER, SIZE, WATCH, Facts, Finding, in_a_child, not_applicable, reachable, refused

_FILL = """
import mmap, os, socket, sys, time
kind, wanted, hold = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
block, kept, done = b"x" * 2**20, [], 0
def grown():
    global done
    done += len(block)
try:
    if kind == "heap":
        while done < wanted: kept.append(bytearray(block)); grown()
    elif kind in ("/tmp", "/dev/shm", "/run/skrt", "unlinked"):
        folder = "/tmp" if kind == "unlinked" else kind
        path = os.path.join(folder, "audit-%d" % os.getpid())
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        if kind == "unlinked": os.unlink(path)
        try:
            while done < wanted: done += os.write(handle, block)
            time.sleep(hold)
        finally:
            if kind != "unlinked": os.unlink(path)
    elif kind == "memfd":
        handle = os.memfd_create("audit")
        while done < wanted: done += os.write(handle, block)
    elif kind == "shared":
        room = mmap.mmap(-1, wanted + len(block))  # the last block is whole too
        while done < wanted: room[done:done + len(block)] = block; grown()
    elif kind == "sockets":
        while done < wanted:
            pair = socket.socketpair(); kept.append(pair); pair[0].setblocking(False)
            pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**22)
            try:
                while True: done += pair[0].send(block)
            except BlockingIOError: pass
    elif kind == "pipes":
        import fcntl
        while done < wanted:
            ends = os.pipe(); kept.append(ends); os.set_blocking(ends[1], False)
            try: fcntl.fcntl(ends[1], 1031, 2**20)
            except OSError: pass
            try:
                while True: done += os.write(ends[1], block[:65536])
            except BlockingIOError: pass
    time.sleep(hold)
except OSError as error:
    print(done, error.errno); sys.exit(3)
print(done, 0)
"""

_WORDS = {
    "heap": "of a program's own",
    "/tmp": "as files in /tmp",  # noqa: S108
    "/dev/shm": "as files in /dev/shm",  # noqa: S108
    "unlinked": "as files without a name",
    "memfd": "as files that never had a name (memfd)",
    "shared": "shared among processes",
    "sockets": "in sockets' buffers",
    "pipes": "in pipes' buffers",
}


def _memory(kind: str) -> Callable[[Facts], Finding]:
    def probe(facts: Facts) -> Finding:
        limit = int(facts.get("memory_limit") or 0)
        if not limit:
            return not_applicable("no limit is known")
        if int(facts.get("memory_available") or 0) < 2 * limit + 10**9:
            return not_applicable("this machine has too little free memory to try it while others work")
        try:
            done = in_a_child(_FILL, kind, str(2 * limit), "5", seconds=90)
        except subprocess.TimeoutExpired:
            return refused(GROUP, "it came no further in a minute and a half")
        return _judge(done, limit)

    probe.__name__ = f"memory {kind}"
    probe.__doc__ = f"Keep twice one's memory {_WORDS[kind]}"
    return probe


def _judge(done: subprocess.CompletedProcess[str], limit: int) -> Finding:
    if done.returncode == -signal.SIGKILL:
        return refused(f"{GROUP}, or {WATCH}", "the program was ended")
    words = done.stdout.split()
    size, error = (int(words[0]), int(words[1])) if len(words) == 2 else (0, -1)
    if size >= limit + limit // 10:
        return reachable(f"{size // 10**6} MB were kept at a limit of {limit // 10**6} MB")
    layer = {24: NUMBER, 28: SIZE, 12: GROUP}.get(error, "the kernel's own limits")
    return refused(layer, f"after {size // 10**6} MB: {os.strerror(error) if error > 0 else 'ended'}")


def processes(facts: Facts) -> Finding:
    """Start processes without end"""
    limit = int(facts.get("processes_limit") or 0)
    if not limit:
        return not_applicable("in a cluster the node's own limit holds")
    code = (
        "import os, sys, signal, time\n"
        "pids = []\n"
        "try:\n"
        f"    for _ in range({limit + 64}):\n"
        "        pid = os.fork()\n"
        "        if pid == 0: time.sleep(60); os._exit(0)\n"
        "        pids.append(pid)\n"
        "except OSError as error: pass\n"
        "print(len(pids))\n"
        "for pid in pids: os.kill(pid, signal.SIGKILL)\n"
    )
    count = int(in_a_child(code, seconds=90).stdout or 0)
    if count >= limit:
        return reachable(f"{count} processes ran at a limit of {limit}")
    return refused(f"{GROUP}, or {NUMBER}", f"after {count}")


def open_files(facts: Facts) -> Finding:
    """Open files without end"""
    code = (
        "import os\nfiles = []\n"
        "try:\n    while len(files) < 200000: files.append(os.open('/dev/null', os.O_RDONLY))\n"
        "except OSError: pass\n"
        "print(len(files))"
    )
    count = int(in_a_child(code, seconds=60).stdout or 0)
    if count >= 200000:
        return reachable(f"{count} files were open at once")
    return refused(NUMBER, f"after {count}")


PROBES = (*(_memory(kind) for kind in _WORDS), processes, open_files)
