"""Where systemd leaves the hub a control group, the kernel itself holds the limits; nothing is left by `stop`."""

from __future__ import annotations

import json

from .conftest import PATIENCE, HubInside


def test_the_hub_has_a_scope_with_its_own_group_below(hub: HubInside) -> None:
    """Processes may not be in the group that has limits for groups below it."""
    (scope,) = [path for path in hub.scopes() if path.endswith(".scope")]
    assert "/app.slice/" in scope or "/system.slice/" in scope
    held = hub.machine.ssh("root", f"cat {scope}/cgroup.subtree_control").stdout.split()
    assert {"memory", "pids", "cpu"} <= set(held)
    assert hub.machine.ssh("root", f"cat {scope}/cgroup.procs").stdout == ""
    assert hub.machine.ssh("root", f"cat {scope}/hub/cgroup.procs").stdout
    assert "control groups" not in hub.run("check")


def test_a_participant_has_a_group_with_the_limits(hub: HubInside) -> None:
    hub.at_work("anna")
    (group,) = [path for path in hub.scopes() if path.endswith("-anna")]
    told = hub.machine.ssh("root", f"cd {group} && cat memory.max memory.swap.max pids.max cpu.max").stdout.split()
    assert told[:2] == ["599998464", "0"]
    assert hub.machine.ssh("root", f"cat {group}/cgroup.procs").stdout


def test_memory_of_every_kind_is_refused(hub: HubInside) -> None:
    report = json.loads(hub.run("audit", "--json"))
    rows = {row["probe"]: row for row in report["rows"]}
    assert not [row for row in rows.values() if row["outcome"] in ("reachable", "not tried")]
    kinds = [row for name, row in rows.items() if name.startswith("memory")]
    assert len(kinds) == 8
    assert not [layer for layer in report["missing_layers"] if layer.startswith("control groups")]


def test_who_is_over_the_limit_is_told(hub: HubInside) -> None:
    bert = hub.at_work("bert")
    kernel = bert.api("POST", "api/kernels", {"name": "python3"})
    (group,) = [path for path in hub.scopes() if path.endswith("-bert")]
    fill = "python3 -c 'x = bytearray(900_000_000); import time; time.sleep(60)'"
    # In the participant's group as one of their programs is.
    hub.machine.ssh("root", f"echo $$ > {group}/cgroup.procs; {fill}", check=False)
    looked = "find / -xdev -path '*/run/notices/bert/*memory*' | grep ."
    waited = f"for i in $(seq {10 * PATIENCE}); do {looked} && exit 0; sleep 1; done; exit 1"
    assert "-memory" in hub.machine.ssh("root", waited).stdout
    assert bert.api("GET", f"api/kernels/{kernel['id']}"), "the kernel goes on"


def test_stop_leaves_no_group(hub: HubInside) -> None:
    hub.run("stop")
    assert hub.scopes() == []
    hub.up()
