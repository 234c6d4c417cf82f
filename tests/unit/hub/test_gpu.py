"""Graphics cards on one machine: which files are found, and that only a server that is to have them sees them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.hub import gpu
from skrt_hub.hub.sandboxing import Start, render_sandbox
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import checks
from skrt_workspace.sandbox import walls
from tests.unit.hub.test_rendering import ANNA as PLACE
from tests.unit.hub.test_rendering import LAYOUT, applied


@pytest.fixture(autouse=True)
def files_are_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can make a device."""
    monkeypatch.setattr(gpu, "_is_device", Path.is_file)


def machine(root: Path, *files: str) -> gpu.Cards:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return gpu.found(root)


def test_a_machine_without_cards_has_none_also_with_a_display(tmp_path: Path) -> None:
    assert machine(tmp_path, "dev/dri/renderD128", "usr/lib/x86_64-linux-gnu/libcuda.so.1") == gpu.Cards()


def test_nvidia(tmp_path: Path) -> None:
    names = ("dev/nvidia0", "dev/nvidia1", "dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia-caps/nvidia-cap1")
    cards = machine(tmp_path, *names, "dev/dri/renderD128", "usr/lib/x86_64-linux-gnu/libcuda.so.1")
    assert cards.cards == ("/dev/nvidia0", "/dev/nvidia1")
    assert set(cards.devices) == {f"/{name}" for name in names}
    assert cards.driver and cards.libraries == ()


def test_libraries_beside_the_systems_are_shown_too(tmp_path: Path) -> None:
    cards = machine(tmp_path, "dev/kfd", "dev/dri/renderD128", "opt/rocm/lib/libhsa-runtime64.so.1")
    assert cards.devices == ("/dev/kfd", "/dev/dri/renderD128")
    assert cards.libraries == ("/opt/rocm/lib",)


def test_a_sandbox_shows_what_its_start_was_given() -> None:
    cards = gpu.Cards(("/dev/nvidia0",), ("/dev/nvidia0", "/dev/nvidiactl"), ("/opt/rocm/lib",), driver=True)
    without = Start(PLACE, {}, ())
    document = render_sandbox(applied(), LAYOUT, replace(without, cards=cards), machine_cpus=2)
    assert document.devices == cards.devices
    assert "/opt/rocm/lib" in [bind.inside for bind in document.read_only]
    assert document.environment["LD_LIBRARY_PATH"] == "/opt/rocm/lib"
    assert render_sandbox(applied(), LAYOUT, without, machine_cpus=2).devices == ()
    confined = replace(document, isolated=False, confined=True, devices=("/dev/null",))
    allowed = [path for path, _ in walls.rules(confined, 5)]
    assert allowed.count("/dev/null") == 2


@pytest.mark.parametrize(
    ("cards", "ok", "words"),
    [
        (gpu.Cards(), False, "none on this machine"),
        (gpu.Cards(("/dev/nvidia0",), ("/dev/nvidia0",)), False, "no library of its driver"),
        (gpu.Cards(("/dev/nvidia0",), ("/dev/nvidia0",), driver=True), True, "shared by all"),
    ],
)
def test_check_says_what_is_here(monkeypatch: pytest.MonkeyPatch, cards: gpu.Cards, ok: bool, words: str) -> None:
    monkeypatch.setattr(gpu, "found", lambda: cards)
    asked: Any = {"profiles": [{"name": "Usual"}, {"name": "Card", "limits": {"gpu": 1}}]}
    (finding,) = checks.graphics_cards(Settings.model_validate(asked))
    assert (finding.ok, finding.required) == (ok, False) and words in finding.found
    assert checks.graphics_cards(Settings()) == ()
