"""`service install` on a machine that is really started anew: who comes back, with what, and who does not."""

from __future__ import annotations

from .conftest import HubInside

KILL = "pkill --signal KILL --full 'skrt_hub.(watchdog|targets.machine.supervisor)'"


def test_no_kernel_ends_with_the_supervisor(hub: HubInside) -> None:
    hub.run("service", "install")
    anna = hub.at_work("anna")
    kernel = anna.api("POST", "api/kernels", {"name": "python3"})["id"]
    hub.machine.ssh("root", KILL)
    hub.up()
    assert anna.api("GET", f"api/kernels/{kernel}")["id"] == kernel


def test_a_reboot_brings_the_hub_back_at_its_address(hub: HubInside) -> None:
    hub.run("close")
    hub.machine.reboot()
    assert hub.wait_for("closed", 120)["url"].endswith(f":{hub.port}/")
    hub.run("open")
    assert [path for path in hub.scopes() if path.endswith(".scope")], "it has a group again"
    hub.at_work("anna")


def test_what_was_stopped_stays_so(hub: HubInside) -> None:
    hub.run("stop")
    hub.machine.reboot()
    hub.machine.ssh("root", "while systemctl is-system-running | grep -q starting; do sleep 1; done", check=False)
    assert hub.status()["state"] == "stopped"
    hub.up()


def test_without_the_service_a_reboot_ends_the_hub(hub: HubInside) -> None:
    assert "comes back" in hub.run("check")
    hub.run("service", "remove")
    assert hub.status()["state"] == "running"
    hub.machine.reboot()
    told = hub.status()
    assert told["state"] == "stopped"
    assert "skrt-hub service install" in " ".join(told["notes"])
    hub.up()


def test_cron_does_it_where_systemd_does_not(hub: HubInside) -> None:
    """As on a machine without systemctl: the command is out of sight, cron runs all the same."""
    hub.machine.ssh("root", "mv /usr/bin/systemctl /usr/bin/systemctl.aside")
    try:
        assert "crontab -l" in hub.run("service", "install")
    finally:
        hub.machine.ssh("root", "mv /usr/bin/systemctl.aside /usr/bin/systemctl")
    hub.machine.reboot()
    hub.wait_for("running", 120)
    hub.run("service", "remove")
    assert "skrt-hub" not in hub.machine.ssh(hub.user, "crontab -l", check=False).stdout
