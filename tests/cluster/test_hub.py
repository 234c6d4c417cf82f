"""The hub on a real cluster, from `up` to `delete`, with participants that come in through the real proxy.

The tests stand in the order of a hub's life; each leaves the hub running.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from .conftest import Hub
from .participant import FIRST_SLICE, Participant

T = TypeVar("T")


def as_participant(hub: Hub, name: str, act: Callable[[Participant], Awaitable[T]], *, server: bool = True) -> T:
    async def visit() -> T:
        async with Participant(hub.url, name) as one:
            await one.log_in()
            if server:
                await one.server()
            return await act(one)

    return asyncio.run(visit())


def answers(hub: Hub) -> bool:
    try:
        with urllib.request.urlopen(f"{hub.url}hub/login", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def test_check_finds_everything(hub: Hub) -> None:
    assert hub.run("check")["ok"] is True


def test_up_again_changes_nothing(hub: Hub) -> None:
    revisions = len(hub.history())
    assert hub.run("up")["changed"] is False
    assert len(hub.history()) == revisions


def test_two_participants_work_apart_and_come_back(hub: Hub) -> None:
    for name in ("ana", "ben.m@lab-2"):
        as_participant(hub, name, lambda one, name=name: one.write("note.txt", f"by {name}"))  # type: ignore[misc]
    assert as_participant(hub, "ana", lambda one: one.look_at("ben.m@lab-2")) in (403, 404)
    assert as_participant(hub, "ben.m@lab-2", lambda one: one.read("note.txt")) == "by ben.m@lab-2"
    names = {server["name"] for server in hub.run("status")["servers"]}
    assert names == {"ana", "ben.m@lab-2"}


def test_a_taken_name_needs_its_password(hub: Hub) -> None:
    async def guess() -> None:
        async with Participant(hub.url, "ana", "not her password") as stranger:
            await stranger.log_in()

    with pytest.raises(PermissionError):
        asyncio.run(guess())


def test_a_notebook_runs_in_the_pod_and_the_pod_is_protected(hub: Hub) -> None:
    printed = as_participant(hub, "ana", lambda one: one.run(FIRST_SLICE))
    assert "slice" in printed
    assert "[picture]" in printed
    look = (
        "import os, pathlib\n"
        "print(os.getuid(), os.environ['OMP_NUM_THREADS'], pathlib.Path('/var/run/secrets').exists())\n"
        "try:\n    pathlib.Path('/opt/skrt/x').touch(); print('writable')\nexcept OSError: print('read-only')\n"
    )
    assert as_participant(hub, "ana", lambda one: one.run(look)).split() == ["1000", "1", "False", "read-only"]


@pytest.mark.skipif(
    not os.environ.get("SKRT_HUB_TEST_POLICIES"),
    reason="SKRT_HUB_TEST_POLICIES does not say that this cluster enforces network policies",
)
def test_a_pod_reaches_hub_and_proxy_and_nothing_else_of_the_cluster(hub: Hub) -> None:
    as_participant(hub, "ben.m@lab-2", lambda one: one.page())
    pods = json.loads(hub.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=json"))["items"]
    (other,) = (pod["status"]["podIP"] for pod in pods if pod["metadata"]["name"].startswith("jupyter-ben"))
    reach = f"""
import socket
for host, port in (("{other}", 8888), ("kubernetes.default", 443), ("proxy-api", 8001), ("169.254.169.254", 80),
                   ("hub", 8081), ("proxy-public", 80)):
    try:
        socket.create_connection((host, port), timeout=4).close()
        print("reached")
    except OSError:
        print("kept out")
"""
    printed = as_participant(hub, "ana", lambda one: one.run(reach)).splitlines()
    assert printed == ["kept out"] * 4 + ["reached"] * 2


def test_kernels_come_warm_from_the_pods_own_program(hub: Hub) -> None:
    look = (
        "import os, sys, pathlib\n"
        "parent = pathlib.Path(f'/proc/{os.getppid()}/cmdline').read_text()\n"
        "print('--warm' in parent, 'matplotlib.pyplot' in sys.modules)\n"
    )
    assert as_participant(hub, "ana", lambda one: one.run(look)).split() == ["True", "True"]


def test_work_outlives_the_server_and_the_hub(hub: Hub) -> None:
    as_participant(hub, "ana", lambda one: one.write("kept.txt", "kept"))
    as_participant(hub, "ana", lambda one: one.stop_server(), server=False)
    hub.kubectl("delete", "pod", "--selector=component=hub")
    hub.kubectl("rollout", "status", "deployment/hub", "--timeout=90s")
    assert as_participant(hub, "ana", lambda one: one.read("kept.txt")) == "kept"


def test_close_cuts_everybody_off_and_open_brings_the_same_servers_back(hub: Hub) -> None:
    before = hub.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=name")
    hub.run("close")
    assert not answers(hub)
    assert hub.run("status")["state"] == "closed"
    hub.run("open", "--no-browser")
    assert answers(hub)
    assert hub.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=name") == before


def test_the_connection_outlives_the_proxys_pod(hub: Hub) -> None:
    hub.kubectl("delete", "pod", "--selector=component=proxy")
    hub.kubectl("rollout", "status", "deployment/proxy", "--timeout=90s")
    assert answers(hub)


def test_a_home_under_another_volumes_name_is_found(hub: Hub) -> None:
    claim = f"""
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: claim-eva-40example-2eorg
  labels: {{component: singleuser-storage, app: jupyterhub, release: {hub.name}}}
  annotations: {{hub.jupyter.org/username: eva@example.org, hub.jupyter.org/servername: ""}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 100Mi}}}}}}
"""
    apply = ["kubectl", f"--namespace={hub.name}", "apply", "--filename=-"]
    subprocess.run(apply, input=claim, text=True, check=True, timeout=60)
    as_participant(hub, "eva@example.org", lambda one: one.write("there.txt", "x"))
    claims = hub.kubectl("get", "persistentvolumeclaims", "--output=name").split()
    assert sum("eva" in name for name in claims) == 1


def test_changed_limits_reach_new_servers(hub: Hub) -> None:
    hub.configure(limits={"cpu": 2, "memory": "1 GB", "home": "20 MB"})
    assert hub.run("up")["changed"] is True
    copies = list((hub.state / "kubernetes" / "databases").glob("*.sqlite"))
    assert copies, "the hub's database was not copied before the upgrade"
    as_participant(hub, "ben.m@lab-2", lambda one: one.stop_server(), server=False)
    time.sleep(2)
    look = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['MEM_LIMIT'])"
    assert as_participant(hub, "ben.m@lab-2", lambda one: one.run(look)).split() == ["2", "1000000000"]
    # The test cluster's volumes are folders of the node: nothing holds the limit, so it has to be told.
    fill = "open('large.bin', 'wb').write(bytes(25_000_000)); print('written')"
    assert as_participant(hub, "ben.m@lab-2", lambda one: one.run(fill)).strip() == "written"
    wait_until(lambda: any("limit" in text for text in as_participant(hub, "ben.m@lab-2", lambda one: one.notices())))
    as_participant(hub, "ben.m@lab-2", lambda one: one.run("import os; os.unlink('large.bin')"))


def wait_until(holds: Callable[[], bool], *, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(1)


def comes(hub: Hub, name: str, path: str, text: str | None, *, seconds: float = 30) -> bool:
    """Whether a file comes to have this text within some seconds (None: goes), seen by its participant."""

    async def look(one: Participant) -> bool:
        end = time.monotonic() + seconds
        while await one.read(path) != text:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.5)
        return True

    return as_participant(hub, name, look)


def test_what_is_handed_out_reaches_running_servers_and_later_ones(hub: Hub, tmp_path: Path) -> None:
    if os.environ.get("SKRT_HUB_TEST_IMAGE"):
        pytest.skip("nothing can be handed out with a published image")
    as_participant(hub, "ana", lambda one: one.write("own.txt", "own"))
    running = set(hub.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=name").split())
    sheet = tmp_path / "sheet.txt"
    sheet.write_text("sheet 1")
    told = hub.run("hand-out", str(sheet), "--as", "week-1")["delivered"]
    assert any("running server" in line for line in told), told
    assert comes(hub, "ana", "week-1/sheet.txt", "sheet 1")
    as_participant(hub, "ana", lambda one: one.write("week-1/sheet.txt", "answers"))
    sheet.write_text("sheet 2")
    hub.run("hand-out", str(sheet), "--as", "week-1")
    assert comes(hub, "ana", "week-1/sheet (new version).txt", "sheet 2")
    assert comes(hub, "ana", "week-1/sheet.txt", "answers", seconds=0)
    assert comes(hub, "dan", "week-1/sheet.txt", "sheet 2", seconds=0), "a server that started later"
    hub.run("hand-out", "--withdraw", "--as", "week-1")
    assert comes(hub, "dan", "week-1/sheet.txt", None)
    assert comes(hub, "ana", "week-1/sheet.txt", "answers", seconds=0)
    now = set(hub.kubectl("get", "pods", "--selector=component=singleuser-server", "--output=name").split())
    assert running < now, "nobody's server was started again"


def test_saves_are_made_by_themselves_while_the_hub_is_up(hub: Hub, tmp_path: Path) -> None:
    as_participant(hub, "ana", lambda one: one.write("kept.txt", "kept"))
    place = tmp_path / "copies"
    hub.configure(saves={"place": str(place), "every": "10 min"})
    hub.run("up")
    wait_until(lambda: any(place.glob("saves/*/save.json")), seconds=240)
    assert hub.run("logs", "saves")["lines"][-1].startswith("saved ")
    assert hub.run("saves", "verify", "--from", str(place))["problems"] == []
    hub.run("restore", "ana", "--from", str(place), "--into", str(tmp_path / "back"))
    assert [path.read_text() for path in (tmp_path / "back").glob("ana*/kept.txt")] == ["kept"]
    assert hub.run("status")["notes"] == []
    hub.configure()
    hub.run("up")
    hub.run("saves", "list", "--from", str(place))


def test_a_failed_upgrade_is_rolled_back(hub: Hub) -> None:
    good = hub.history()[-1]["revision"]
    hub.configure(kubernetes={"values": {"hub": {"extraConfig": {"broken": "raise RuntimeError('broken')"}}}})
    error = hub.run("up", code=11)
    assert f"revision {good}" in error["error"]
    assert "broken" in error["why"]
    assert answers(hub)
    hub.configure()
    hub.run("up")


def up_is_killed(hub: Hub, status: str) -> None:
    """Begin an `up`, and kill it and its Helm once the release is in this status."""
    selector = f"--selector=owner=helm,status={status}"
    look = ["kubectl", f"--namespace={hub.name}", "get", "secrets", selector, "--watch", "--output=name"]
    helm = hub.state / "run" / "helm.json"
    helm.unlink(missing_ok=True)
    with subprocess.Popen(look, stdout=subprocess.PIPE, text=True) as watch:
        with subprocess.Popen(hub.command("up"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as command:
            assert watch.stdout is not None
            assert watch.stdout.readline(), f"no release became {status}"
            command.kill()
            os.kill(json.loads(helm.read_text())["pid"], signal.SIGKILL)
        watch.terminate()
    assert hub.history()[-1]["status"] == status


def next_up_mends(hub: Hub, status: str) -> None:
    done = subprocess.run(hub.command("up"), capture_output=True, text=True, timeout=600, check=False)
    print(done.stderr, done.stdout)
    assert done.returncode == 0
    assert f"was interrupted ({status}, revision {hub.history()[-1]['revision']})" in done.stderr
    assert hub.history()[-1]["status"] == "deployed"
    assert as_participant(hub, "ana", lambda one: one.read("kept.txt")) == "kept"
    assert "ben.m@lab-2" in {row["name"] for row in hub.run("participants")["participants"]}


def test_an_upgrade_killed_with_its_helm_is_mended_and_nothing_is_lost(hub: Hub) -> None:
    hub.configure(limits={"cpu": 1.5})
    up_is_killed(hub, "pending-upgrade")
    next_up_mends(hub, "pending-upgrade")


def test_an_upgrade_interrupted_by_ctrl_c_goes_on_with_the_next_up(hub: Hub) -> None:
    hub.configure(limits={"cpu": 1.75})
    (hub.state / "run" / "helm.json").unlink(missing_ok=True)
    # A shell that runs the tests in its background has them, and what they start, ignore Ctrl-C.
    heed = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    words = [sys.executable, "-c", heed, *hub.command("up")]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as command:
        end = time.monotonic() + 120
        while not (hub.state / "run" / "helm.json").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        command.send_signal(signal.SIGINT)
        _, told = command.communicate(timeout=60)
    assert command.returncode == 130
    assert "Traceback" not in told
    assert hub.run("up")["changed"] is True
    assert hub.history()[-1]["status"] == "deployed"


def test_two_ups_at_once_make_one_hub(hub: Hub) -> None:
    hub.configure(limits={"cpu": 1.25})
    both = [subprocess.Popen([*hub.command("up"), "--json"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers_ = [command.communicate(timeout=600)[0] for command in both]
    assert sorted(command.returncode for command in both) == [0, 8]
    refused = next(text for command, text in zip(both, answers_, strict=True) if command.returncode == 8)
    assert "Another skrt-hub command" in refused
    assert hub.history()[-1]["status"] == "deployed"


def test_stop_and_start_bring_everything_back(hub: Hub) -> None:
    hub.run("stop")
    assert hub.run("status")["state"] == "stopped"
    assert hub.kubectl("get", "pods", "--selector=component in (hub,proxy,singleuser-server)", "--output=name") == ""
    hub.run("start")
    assert as_participant(hub, "ana", lambda one: one.read("kept.txt")) == "kept"


def test_delete_is_guarded_and_keeps_homes(hub: Hub) -> None:
    as_participant(hub, "ana", lambda one: one.write("kept.txt", "kept"))
    assert "no saved copy" in hub.run("delete", "--volumes", "--confirm", hub.name, code=12)["error"]
    assert "homes" in hub.run("delete", "--namespace", "--confirm", hub.name, code=12)["error"]
    hub.run("delete", "--confirm", "wrong", code=12)
    assert answers(hub)
    hub.run("delete", "--confirm", hub.name)
    assert hub.history() == []
    hub.run("up")
    assert as_participant(hub, "ana", lambda one: one.read("kept.txt")) == "kept"


def test_an_installation_killed_with_its_helm_is_mended_and_nothing_is_lost(hub: Hub) -> None:
    hub.run("delete", "--confirm", hub.name)
    up_is_killed(hub, "pending-install")
    next_up_mends(hub, "pending-install")
