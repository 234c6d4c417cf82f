"""What a participant can reach: the own home, and nothing of others, of the hub, or of the host."""

from __future__ import annotations

import json
import os
import shlex
import socket
import stat
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.hub import given
from skrt_workspace.sandbox.enter import WATCHES
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive, wait_ended
from skrt_workspace.sandbox.privileges import has_scopes

Hub = Any
WALK = """
import os, sys
seen = []
for top in ("/", ):
    for folder, folders, files in os.walk(top, followlinks=False):
        if folder.startswith(("/proc", "/sys", "/usr")):
            folders[:] = []
        seen += [os.path.join(folder, name) for name in files + folders]
print([path for path in seen if any(word in path for word in sys.argv[1:])])
"""


def test_the_home_is_shown_writable_and_belongs_to_the_participant(hub: Hub) -> None:
    home = hub.home("bob")
    (home / "note.txt").write_text("mine")
    said = hub.shell(
        "pwd; cat note.txt; echo; whoami; id -u; id -G; echo $HOME; echo done > made.txt; stat -c %U made.txt"
    )
    uid = "212345" if hub.is_root else "1000"
    assert said.split() == ["/home/jovyan", "mine", "jovyan", uid, uid, "/home/jovyan", "jovyan"]
    owner = (home / "made.txt").stat().st_uid
    assert owner == (212345 if hub.is_root else hub.user.get("user", os.geteuid()))


def test_no_other_home_and_nothing_of_the_hub_can_be_found(hub: Hub) -> None:
    other = hub.home("bob2")
    (other / "diary.txt").write_text("secret of bob2")
    secrets = hub.folder("secrets")
    (secrets / "cookie_secret").write_text("0" * 64)
    home = hub.home("bob")
    (home / "link").symlink_to(other / "diary.txt")
    (home / "far").symlink_to("/proc/1/root" + str(other))
    said = hub.shell(
        f"for p in {other} {other}/diary.txt link far/diary.txt {secrets}/cookie_secret {hub.root} "
        "/proc/1/root/etc /proc/1/cwd/../bob2 ../bob2 /home/bob2 /root/.bashrc /home/tester /var/lib/docker; do "
        "if cat $p 2>/dev/null || ls $p/. 2>/dev/null; then echo FOUND $p; fi; done; echo end"
    )
    assert said.split() == ["end"]
    found = hub.run([hub.python, "-I", "-c", WALK, "bob2", "diary", "cookie_secret"], "bob")
    assert found.strip() == "[]"


def test_only_own_processes_are_seen_and_none_of_the_host_can_be_signalled(hub: Hub) -> None:
    stranger = subprocess.Popen(["/bin/sleep", "600"], **hub.user)
    try:
        said = hub.code(
            f"""
import os
print(sorted(int(p) for p in os.listdir("/proc") if p.isdigit()), os.getpid())
try:
    os.kill({stranger.pid}, 9); print("killed")
except ProcessLookupError:
    print("no such process")
"""
        )
        assert said.splitlines() == ["[1, 2] 2", "no such process"]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("file", ["environ", "mem", "maps", "fd", "root/etc"])
def test_pid_1_cannot_be_read(hub: Hub, file: str) -> None:
    script = f"ls -d /proc/1/{file} >/dev/null; head -c1 /proc/1/{file} >/dev/null && echo READ; ls /proc/1/{file}/"
    said = hub.shell(script + " && echo READ")
    assert "READ" not in said
    assert "ermission denied" in said


def test_pid_1_cannot_be_traced(hub: Hub) -> None:
    said = hub.code(
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
        "print(libc.ptrace(16, 1, 0, 0), ctypes.get_errno())"  # PTRACE_ATTACH
    )
    assert said.split() == ["-1", "1"]


def test_all_rights_are_gone(hub: Hub) -> None:
    lines = dict(line.split(":", 1) for line in hub.shell("cat /proc/self/status").splitlines())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(lines[name], 16) == 0, name
    assert lines["NoNewPrivs"].strip() == "1"
    assert lines["Seccomp"].strip() == "2"
    assert set(lines["Groups"].split()) <= {"212345", "1000", "65534"}


@pytest.mark.parametrize(
    "command",
    [
        "mount -t tmpfs none /tmp",
        "mount --bind /usr /home/jovyan",
        "mount -o remount,rw,bind /usr",
        "umount -l /home/jovyan",
        "unshare -Ur true",
        "unshare -m true",
        "unshare -p -f true",
        "nsenter -t 1 -m true",
        "chroot /usr true",
        "mknod x b 8 0",
        "hostname other",
        "chmod u+w / && touch /x",
        "touch /etc/x",
        "touch /usr/x",
        "echo x > /etc/passwd",
        "echo 0 > /proc/sys/kernel/randomize_va_space",
        "echo b > /proc/sysrq-trigger",
        "dd if=/dev/mem of=/dev/null count=1",
        "renice -n -5 $$",
        "chown 0:0 /home/jovyan",
    ],
)
def test_what_needs_rights_fails(hub: Hub, command: str) -> None:
    said = hub.shell(f"export PATH=$PATH:/usr/sbin:/sbin; if {command}; then echo DONE; else echo refused; fi")
    assert said.splitlines()[-1] == "refused", said


def test_a_set_user_id_program_in_the_home_has_no_effect(hub: Hub) -> None:
    home = hub.home("bob")
    program = home / "id"
    program.write_bytes(Path("/usr/bin/id").read_bytes())
    program.chmod(0o4755)
    said = hub.shell("./id -u")
    assert said.strip() == ("212345" if hub.is_root else "1000")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make the device file that is planted")
def test_a_device_file_in_the_home_cannot_be_opened(hub: Hub) -> None:
    device = hub.home("bob") / "null"
    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    device.chmod(0o666)
    assert "ermission denied" in hub.shell("cat null")


def test_the_environment_and_shown_data_cannot_be_written(hub: Hub) -> None:
    data, exchange = hub.folder("data"), hub.folder("exchange")
    (data / "ct.nii").write_text("x")
    for path in (data, exchange):
        path.chmod(0o777)
    binds = {
        "read_only": [{"source": str(data), "inside": "/data/course"}],
        "read_write": [{"source": str(exchange), "inside": "/mnt/exchange"}],
    }
    said = hub.shell(
        "cat /data/course/ct.nii; touch /data/course/y || echo no; touch /data/x || echo no;"
        "touch /mnt/exchange/y && echo yes",
        **binds,
    )
    assert [line for line in said.split() if line in ("x", "no", "yes", "xtouch:")][-3:] == ["no", "no", "yes"]
    assert (exchange / "y").exists()
    assert not (data / "y").exists()


def test_no_open_file_and_no_variable_of_the_hub_gets_in(hub: Hub) -> None:
    secret = hub.root / "token"
    secret.write_text("token of the proxy")
    hub.own(secret)
    descriptor = os.open(secret, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    home = hub.home("bob")
    script = "ls -l /proc/self/fd /proc/$$/fd; env; cat /proc/self/environ"
    document = hub.document(home, ["/bin/bash", "-c", script])
    try:
        variables = {"PATH": "/usr/bin", "PROXY_TOKEN": "hush"}
        identity = hub.start(document, pass_fds=[descriptor], env=variables)
    finally:
        os.close(descriptor)
    assert wait_ended(identity, 20)
    said = Path(document["log_file"]).read_text()
    assert "token" not in said.lower()
    assert "hush" not in said
    assert "pipe" not in said
    assert "LANG=C.UTF-8" in said


def test_a_terminal_of_the_hub_cannot_be_reached_or_typed_into(hub: Hub) -> None:
    script = """
import fcntl, os, pty
try:
    os.open("/dev/tty", os.O_RDWR); print("OPEN")
except OSError as error:
    print("closed", error.errno)
mine, other = os.openpty()
for name in (0x5412, 0x541C):
    try:
        fcntl.ioctl(other, name, b"x"); print("TYPED")
    except OSError as error:
        print("refused", error.errno)
print(os.listdir("/dev/pts"))
"""
    document = hub.document(hub.home("bob"), [hub.python, "-I", "-c", script])
    # The program gets a terminal as its controlling one, as it has when somebody starts the hub by hand.
    given = hub.root / "document.json"
    given.write_text(json.dumps(document))
    hub.own(given)
    line = f"{shlex.join(hub.program_line())} < {given} > {hub.root}/said"
    subprocess.run(["script", "-qec", line, "/dev/null"], check=True, cwd="/", timeout=60, **hub.user)
    assert wait_ended(ProcessIdentity(**json.loads((hub.root / "said").read_text())), 20)
    lines = Path(document["log_file"]).read_text().splitlines()
    assert lines[:3] == ["closed 6", "refused 1", "refused 1"]
    assert sorted(eval(lines[3])) == ["0", "ptmx"]


def test_abstract_sockets_and_shared_memory_of_the_host_are_out_of_reach(hub: Hub) -> None:
    name = f"skrt-test-{uuid.uuid4().hex}"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0" + name)
    listener.listen()
    shared = Path("/dev/shm", name)
    shared.write_text("x")
    try:
        said = hub.code(
            f"""
import os, socket
print(os.path.exists("/dev/shm/{name}"))
try:
    socket.socket(socket.AF_UNIX).connect("\\0{name}"); print("CONNECTED")
except PermissionError:
    print("refused")
own = socket.socket(socket.AF_UNIX); own.bind("\\0own"); own.listen()
socket.socket(socket.AF_UNIX).connect("\\0own"); print("own works")
"""
        )
    finally:
        shared.unlink()
        listener.close()
    expected = "refused" if has_scopes() else "CONNECTED"
    assert said.splitlines() == ["False", expected, "own works"]


def test_keyrings_are_out_of_reach(hub: Hub) -> None:
    number = 250 if os.uname().machine == "x86_64" else 219
    said = hub.code(
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); "
        f"print(libc.syscall({number}, 0, -3, 0), ctypes.get_errno())"
    )
    assert said.split() == ["-1", "1"]


def test_git_names_hosts_fonts_terminals_and_subprocesses_work(hub: Hub) -> None:
    said = hub.shell(
        "git init -q r && cd r && git config user.email a@b && git config user.name b;"
        "git commit -q --allow-empty -m x && git log --oneline | wc -l; getent hosts localhost | wc -l;"
        "echo x > /tmp/x; cat /tmp/x; script -qc 'tty' /dev/null;"
        "test -s /etc/resolv.conf && echo resolves; ls -d /etc/ssl; nproc >/dev/null && echo ok"
    )
    assert said.split() == ["1", "1", "x", "/dev/pts/0", "resolves", "/etc/ssl", "ok"]


def test_threads_and_multiprocessing_work(hub: Hub) -> None:
    script = (
        "import multiprocessing, threading\n"
        "context = multiprocessing.get_context('fork')\n"
        "with context.Pool(2) as pool: print(pool.map(abs, [-1, -2]))\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
    )
    assert hub.code(script).splitlines() == ["[1, 2]", "thread"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_two_sandboxes_of_the_same_user_do_not_see_each_other(hub: Hub, until: Any) -> None:
    first = hub.home("bob")
    identity = hub.start(hub.document(first, ["/bin/sleep", "600"]))
    said = hub.shell("ls /proc | grep -c '^[0-9]'; kill -9 -1 2>/dev/null; echo x", name="bob2")
    assert int(said.split()[0]) <= 5
    assert is_alive(identity)


def test_one_sandbox_leaves_others_of_the_same_user_watches_of_files(hub: Hub) -> None:
    found = json.loads(
        hub.code(
            "import ctypes, json\nlibc = ctypes.CDLL(None)\n"
            "def many(make):\n    return sum(make() >= 0 for _ in range(300))\n"
            "print(json.dumps([many(lambda: libc.inotify_init1(0)), many(lambda: libc.fanotify_init(0x200, 0))]))"
        )
    )
    # Run by root, each participant is a user of their own, and the kernel counts them apart.
    assert hub.is_root or found == [WATCHES["max_inotify_instances"], WATCHES["max_fanotify_groups"]]
    assert found[0] > 0


def test_the_hub_knows_connections_of_one_sandbox_from_anothers(hub: Hub) -> None:
    connect = (
        "import os, socket, time\nheld = []\nfor child in range(2):\n    if child and os.fork() == 0:\n"
        "        os.setsid()\n    one = socket.socket(socket.AF_UNIX)\n    one.connect('door.sock')\n"
        "    held.append(one)\n"
        "time.sleep(5)"
    )
    seen: dict[str, set[tuple[int, int]]] = {}
    for name in ("bob", "anna"):
        home = hub.home(name)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(home / "door.sock"))
            (home / "door.sock").chmod(0o777)
            listener.listen()
            listener.settimeout(10)
            hub.start(hub.document(home, [hub.python, "-I", "-c", connect]))
            seen[name] = {given.sandbox_of(listener.accept()[0]) for _ in range(3)}
    assert [len(known) for known in seen.values()] == [1, 1], "also from a session of its own"
    assert all(first for known in seen.values() for _, first in known)
    assert not seen["bob"] & seen["anna"]
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert given.sandbox_of(ours) == (os.getuid(), 0)
