"""A full disk under the hub: what was open stays, `close` and `open` work, it is named, and room made is enough."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hubs import Hub, Refused

from .test_faults import answers, pid_of, until

pytestmark = pytest.mark.long

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def fill(folder: Path) -> list[Path]:
    """Leave nothing, not even for a small file."""
    made = []
    for number, size in enumerate((10**6, 4096, 1)):
        made.append(folder / f"fill-{number}")
        try:
            with made[-1].open("wb", buffering=0) as stream:
                while stream.write(b"x" * size):
                    pass
        except OSError:
            continue
    return made


def test_a_full_disk_locks_nobody_out(make_hub: Callable[..., Hub]) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted by root")
    hub = make_hub()
    hub.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300M,mode=0711", "tmpfs", hub.state], check=True)
    try:
        hub.run("up")
        anna = hub.at_work("anna")
        (hub.state / "homes/anna/work.ipynb").write_text(NOTEBOOK)
        (hub.state / "homes/anna/work.ipynb").chmod(0o644)
        filling = fill(hub.state)
        assert any("is full" in note and str(hub.state) in note for note in hub.status()["notes"])
        hub.run("close")
        hub.run("open")
        assert answers(hub)
        assert anna.api("GET", "api/contents/work.ipynb")["content"]["cells"] == []
        with pytest.raises(Refused, match="disk is full"):
            hub.person("newcomer").log_in()
        assert hub.person("anna").log_in()
        os.kill(pid_of(hub, "hub"), signal.SIGKILL)
        until(lambda: not answers(hub) or True)
        for file in filling:
            file.unlink()
        until(lambda: answers(hub), 90)
        assert hub.person("newcomer").log_in()
        assert not any("is full" in note for note in hub.status()["notes"])
    finally:
        hub.run("stop", code=None)
        subprocess.run(["umount", "--lazy", hub.state], check=True)
