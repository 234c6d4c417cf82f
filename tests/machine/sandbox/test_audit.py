"""Each attempt of the audit can succeed: the layer that refuses it is switched off, and the audit sees that.

The attacker's program runs in real sandboxes, with and without the layer. What the hub adds (the proxy's rules, the
headers of its pages) is left out in ../test_audit_outside.py.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.audit.run import program
from skrt_workspace.sandbox.identity import ProcessIdentity, is_alive
from skrt_workspace.sandbox.privileges import has_scopes

from .conftest import PARTICIPANT, SOURCE, wait_until

Hub = Any
RUN = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); off = sys.argv.pop(1); "
    "from skrt_workspace.sandbox import enter, kernel, privileges; exec(off); "
    "runpy.run_module('skrt_workspace.sandbox', None, '__main__', True)"
)
FILTER = "privileges.filter_system_calls = lambda *a, **k: None"
SCOPES = "privileges.confine = lambda **k: None"
FILES = "enter.enter_root = lambda document: None"
RIGHTS = "privileges.drop = lambda *given: None"
NUMBERS = "enter._set_limits = lambda limits: None"

_TYPING = Path("/proc/sys/dev/tty/legacy_tiocsti")


def _allows(switch: Path) -> bool:
    """Whether the kernel leaves this to others: a switch that it does not have was not invented yet."""
    return not switch.exists() or switch.read_text(encoding="ascii").strip() != "0"


def findings(hub: Hub, off: str, *probes: str, **facts: Any) -> dict[str, str]:
    """What came of each attempt in a sandbox without the layer that `off` switches off."""
    home = hub.homes / "bob"
    if not home.exists():
        hub.home("bob")
    (home / "audit.pyz").write_bytes(program())
    (home / "facts.json").write_text(json.dumps({"nonce": "0", **facts}), encoding="utf-8")
    inside = str(home) if off == FILES else "/home/jovyan"
    # Where nothing hides the machine's files, a participant finds the machine's Python, not one in somebody's home.
    python = "/usr/bin/python3" if off == FILES else hub.python
    command = [python, "-I", f"{inside}/audit.pyz", f"{inside}/facts.json", f"{inside}/answer.json", *probes]
    for file in ("audit.pyz", "facts.json"):
        owner = PARTICIPANT if hub.is_root else hub.user.get("user", os.geteuid())
        shutil.chown(home / file, owner, owner)
    (home / "answer.json").unlink(missing_ok=True)
    document = hub.document(home, command, working_directory=inside, limits={"open_files": 4096, "processes": 512})
    done = subprocess.run(
        [hub.python, "-I", "-c", RUN, str(SOURCE), off],
        input=json.dumps(document), text=True, capture_output=True, check=False, cwd="/",
        env={"PATH": "/usr/bin:/bin"}, timeout=60, **hub.user,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    identity = ProcessIdentity(**json.loads(done.stdout))
    hub.started.append(identity)
    wait_until(lambda: not is_alive(identity), 60)
    answer = home / "answer.json"
    assert answer.exists(), Path(document["log_file"]).read_text(encoding="utf-8")
    return {row["probe"]: row["outcome"] for row in json.loads(answer.read_text(encoding="utf-8"))["rows"]}


@pytest.mark.parametrize(
    "probe",
    ["new_namespaces", "keyring", "file_handles", "io_rings", "virtual_sockets", "page_faults", "type_into_terminal"],
)
def test_the_filter_of_system_calls(hub: Hub, probe: str) -> None:
    if probe == "type_into_terminal" and not _allows(_TYPING):
        pytest.skip("this kernel lets nobody type into a terminal")
    assert findings(hub, "", probe) == {probe: "refused"}
    assert findings(hub, FILTER, probe) == {probe: "reachable"}


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="the machine has no Python of its own")
@pytest.mark.parametrize(
    ("probe", "fact"),
    [
        ("other_home", "other_file"), ("hub_secrets", "secrets"), ("hub_database", "database"),
        ("host_temporary", "temporary_file"),
    ],
)  # fmt: skip
def test_the_own_file_system(hub: Hub, probe: str, fact: str) -> None:
    other = hub.folder("homes/anna")
    other.chmod(0o755)
    (other / "diary.txt").write_text("secret", encoding="utf-8")
    hub.own(other / "diary.txt")
    facts = {fact: str(other / "diary.txt")}
    assert findings(hub, "", probe, **facts) == {probe: "refused"}
    assert findings(hub, FILES, probe, **facts) == {probe: "reachable"}


@pytest.mark.skipif(not has_scopes(), reason="this kernel cannot keep abstract sockets apart: Linux 6.12 can")
def test_scopes_of_sockets(hub: Hub) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0audit-test-{os.getpid()}")
        listener.listen()
        facts = {"abstract_socket": f"audit-test-{os.getpid()}"}
        assert findings(hub, "", "abstract_socket", **facts) == {"abstract_socket": "refused"}
        assert findings(hub, SCOPES, "abstract_socket", **facts) == {"abstract_socket": "reachable"}


def test_rights(hub: Hub) -> None:
    assert findings(hub, "", "become_root") == {"become_root": "refused"}
    if not hub.is_root:  # as root, the program would be root, and refuses to begin
        assert findings(hub, RIGHTS, "become_root") == {"become_root": "reachable"}


def test_the_size_of_folders_in_memory(hub: Hub) -> None:
    facts = {"memory_limit": 50 * 10**6, "memory_available": 2**40}
    assert findings(hub, "", "memory /tmp", **facts) == {"memory /tmp": "reachable"}  # this sandbox has 2 GB there


def test_the_number_of_open_files(hub: Hub) -> None:
    assert findings(hub, "", "open_files") == {"open_files": "refused"}


def test_a_service_on_loopback_is_reached_where_the_network_is_shared(hub: Hub) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        facts = {"loopback_port": listener.getsockname()[1]}
        assert findings(hub, "", "loopback_services", "kernel_tables", **facts) == {
            "loopback_services": "reachable",
            "kernel_tables": "reachable",
        }


def test_root_does_not_run_it() -> None:
    if os.geteuid() != 0:
        pytest.skip("this is about root")
    done = subprocess.run(
        [shutil.which("python3") or "python3", "-I", "-c", "import sys; sys.path.insert(0, sys.argv[1]); "
         "from skrt_hub.audit.inside.__main__ import main; main(['/none', '/none'])", str(SOURCE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
