"""A sandbox from its start to its end: the first process, signals, limits, the mode without isolation, and refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skrt_workspace.sandbox.document import NAMESPACES
from skrt_workspace.sandbox.identity import is_alive, send_signal, wait_ended

Hub = Any


def log_of(document: dict[str, Any]) -> str:
    path = Path(document["log_file"])
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("isolated", [True, False])
def test_a_polite_end_reaches_the_server_and_takes_everything_along(hub: Hub, until: Any, isolated: bool) -> None:
    script = (
        "trap 'echo asked; exit 0' TERM; (setsid sleep 605 & ); setsid sleep 606 & "
        "echo up; while :; do sleep 0.05; done"
    )
    document = hub.document(hub.home("bob"), ["/bin/bash", "-c", script], isolated=isolated)
    identity = hub.start(document)
    until(lambda: "up" in log_of(document) and pids_with("sleep 605", hub) and pids_with("sleep 606", hub))
    assert send_signal(identity, signal.SIGTERM)
    assert wait_ended(identity, 20)
    assert "asked" in log_of(document)
    until(lambda: not pids_with("sleep 605", hub) + pids_with("sleep 606", hub))


def pids_with(words: str, hub: Hub) -> list[int]:
    uid = 212345 if hub.is_root else hub.user.get("user", os.geteuid())
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if words in command and "bash" not in command and folder.stat().st_uid == uid:
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("isolated", [True, False])
def test_orphans_are_reaped(hub: Hub, isolated: bool) -> None:
    script = "for i in 1 2 3; do (true & ) ; done; sleep 0.5; ps -eo stat,ppid,comm | grep -c ' defunct' ; echo $PPID"
    document = hub.document(hub.home("bob"), ["/bin/bash", "-c", script], isolated=isolated)
    identity = hub.start(document)
    assert wait_ended(identity, 20)
    assert log_of(document).split()[0] == "0"


def test_the_sandbox_outlives_the_program_and_its_group(hub: Hub) -> None:
    identity = hub.start(hub.document(hub.home("bob"), ["/bin/sleep", "600"]), start_new_session=True)
    stat = Path(f"/proc/{identity.pid}/stat").read_text().rpartition(")")[2].split()
    assert int(stat[3]) == identity.pid  # a session of its own
    assert int(stat[4]) == 0  # no terminal
    assert is_alive(identity)


def test_the_given_identity_is_that_of_pid_1(hub: Hub) -> None:
    identity = hub.start(hub.document(hub.home("bob"), ["/bin/sleep", "600"]))
    status = Path(f"/proc/{identity.pid}/status").read_text()
    assert [line.split()[-1] for line in status.splitlines() if line.startswith("NSpid")] == ["1"]


def test_killing_pid_1_ends_the_server(hub: Hub, until: Any) -> None:
    identity = hub.start(hub.document(hub.home("bob"), ["/bin/sleep", "602"]))
    until(lambda: pids_with("sleep 602", hub))
    assert send_signal(identity, signal.SIGKILL)
    until(lambda: not pids_with("sleep 602", hub))


def test_killing_the_first_process_without_isolation_ends_the_server(hub: Hub, until: Any) -> None:
    identity = hub.start(hub.document(hub.home("bob"), ["/bin/sleep", "603"], isolated=False))
    until(lambda: pids_with("sleep 603", hub))
    assert send_signal(identity, signal.SIGKILL)
    until(lambda: not pids_with("sleep 603", hub))


def test_limits_hold(hub: Hub) -> None:
    cpu = min(os.sched_getaffinity(0))
    said = hub.code(
        "import os, resource as r; "
        "print(r.getrlimit(r.RLIMIT_NPROC)[1], r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE)[1], "
        "sorted(os.sched_getaffinity(0)), os.nice(0), oct(os.umask(0)))",
        limits={"processes": 64, "open_files": 256, "cpus": [cpu], "niceness": 3},
    )
    assert said.strip() == f"64 (256, 256) 0 [{cpu}] {os.nice(0) + 3} 0o22"


def test_a_fork_bomb_stops_at_its_limit_and_another_participant_still_starts(hub: Hub, until: Any) -> None:
    script = """
import os, time
made = 0
try:
    for number in range(500):
        if os.fork() == 0:
            time.sleep(600)
        made += 1
except BlockingIOError:
    print("stopped", made, flush=True)
time.sleep(600)
"""
    document = hub.document(hub.home("bomb"), [hub.python, "-I", "-c", script], limits={"processes": 40})
    hub.start(document)
    until(lambda: "stopped" in log_of(document))
    assert 20 <= int(log_of(document).split()[1]) <= 40
    changes = {"limits": {"processes": 40}} | ({"user": {"uid": 212346, "gid": 212346}} if hub.is_root else {})
    if hub.is_root:
        os.chown(hub.home("bob"), 212346, 212346)
    assert hub.shell("echo alive", **changes).strip() == "alive"


def test_without_isolation_the_rest_stays_the_same(hub: Hub) -> None:
    home = hub.home("bob")
    said = hub.shell(
        "pwd; echo $HOME; id -u; id -G; grep CapEff /proc/self/status; grep NoNew /proc/self/status", isolated=False
    )
    uid = "212345" if hub.is_root else str(hub.user.get("user", os.geteuid()))
    words = said.split()
    assert words[:3] == [str(home), str(home), uid]
    assert words[-3:] == ["0000000000000000", "NoNewPrivs:", "1"]


def test_notices_are_shown_and_cannot_be_written(hub: Hub) -> None:
    notices = hub.folder("notices")
    (notices / "memory").write_text("ended for memory")
    (notices / "memory").chmod(0o644)
    notices.chmod(0o755)
    said = hub.shell(
        "cat $SKRT_NOTICES/memory; touch $SKRT_NOTICES/x 2>/dev/null || echo ' kept'", notices=str(notices)
    )
    assert said.split() == ["ended", "for", "memory", "kept"]


def test_a_home_or_log_that_is_a_link_is_refused(hub: Hub) -> None:
    home = hub.home("bob")
    target = hub.home("bob2")
    link = hub.homes / "alias"
    link.symlink_to(target)
    done = hub.program(hub.document(link, ["/bin/true"]))
    assert done.returncode == 70
    assert "alias" in json.loads(done.stdout)["error"]
    log = hub.root / "planted.log"
    log.symlink_to(hub.root / "elsewhere")
    done = hub.program(hub.document(home, ["/bin/true"], log_file=str(log)))
    assert "planted.log" in json.loads(done.stdout)["error"]
    assert not (hub.root / "elsewhere").exists()


def test_nothing_is_made_or_followed_in_the_home(hub: Hub) -> None:
    home, other = hub.home("bob"), hub.home("bob2")
    for name in (".local", "examples", ".jupyter", "data"):
        (home / name).symlink_to(other)
    hub.shell("true", read_only=[{"source": "/usr/share", "inside": "/data"}])
    assert list(other.iterdir()) == []
    assert sorted(path.name for path in home.iterdir()) == [".jupyter", ".local", "data", "examples"]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"command": ["/no/such/program"]}, 71, "/no/such/program cannot be started"),
        ({"home": "/no/such/home"}, 70, "/no/such/home"),
        ({"read_only": [{"source": "/no/such/data", "inside": "/data"}]}, 70, "/no/such/data"),
        ({"hom": "x"}, 65, "document.hom"),
        ({"limits": {"cpus": [4000]}}, 70, "none of the processors"),
        ({"control_groups": ["/no/such/group"]}, 70, "/no/such/group"),
    ],
)
def test_a_failed_start_names_the_cause_and_leaves_nothing(
    hub: Hub, changes: dict[str, Any], code: int, words: str
) -> None:
    done = hub.program(hub.document(hub.home("bob"), ["/bin/sleep", "604"]) | changes)
    assert done.returncode == code, done.stdout
    assert words in json.loads(done.stdout)["error"]
    assert "Traceback" not in done.stderr
    assert not pids_with("sleep 604", hub)


def test_rights_that_do_not_fit_the_user_are_refused(hub: Hub) -> None:
    document = hub.document(hub.home("bob"), ["/bin/true"])
    if hub.is_root:
        del document["user"]
    else:
        document["user"] = {"uid": 4242, "gid": 4242}
    done = hub.program(document)
    assert done.returncode == 65
    assert "root" in json.loads(done.stdout)["error"]


def test_the_probe_finds_that_sandboxes_work(hub: Hub) -> None:
    assert json.loads(hub.program(None, "--probe", NAMESPACES).stdout)["works"] is True


def test_root_of_a_container_makes_namespaces_where_it_may(hub: Hub) -> None:
    """Without CAP_SYS_ADMIN it needs a user namespace, in which each participant has a number of their own."""
    if not hub.is_root:
        pytest.skip("an ordinary user has no such right in any case")
    hub.before = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    assert json.loads(hub.program(None, "--probe", NAMESPACES).stdout)["works"] is True
    told = hub.shell(
        "id -u; ls -d /proc/[0-9]* | wc -l; cat /etc/shadow /proc/1/environ 2>/dev/null; echo a > ~/work.txt"
    )
    user, programs = map(int, told.split())
    assert user == (hub.homes / "bob" / "work.txt").stat().st_uid
    assert programs < 8


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [
        ("echo 0 > /proc/sys/user/max_user_namespaces", "user namespaces are switched off"),
        ("mount -t tmpfs none /proc/driver", "container that hides parts of /proc"),
    ],
)
def test_the_probe_says_why_a_host_forbids_sandboxes(hub: Hub, obstacle: str, words: str) -> None:
    if hub.is_root:
        pytest.skip("root needs no user namespace")
    outer = ["unshare", "-U", "-c", "-m", "-p", "--fork", "--mount-proc", "--keep-caps"]
    command = [*outer, "/bin/bash", "-c", f'{obstacle} && exec "$0" "$@"', *hub.program_line("--probe", NAMESPACES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **hub.user)
    told = json.loads(done.stdout)
    assert told["works"] is False
    assert words in told["reason"]
    assert told["remedy"]
