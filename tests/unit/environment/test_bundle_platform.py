"""A bundle for another type of processor takes that processor's packages, and says so of itself."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from skrt_hub.bundle import make
from skrt_hub.context import Context
from skrt_hub.environment import uv
from skrt_hub.environment.bundled import PARTICIPANTS
from skrt_hub.errors import UsageError

FOUND = """
[[packages]]
name = "one"
version = "1.0"
[[packages.wheels]]
url = "https://index.example/one-1.0-cp311-cp311-manylinux_2_28_aarch64.whl"
size = 3
hashes = { sha256 = "00" }
"""


def test_uv_is_asked_for_the_other_processors_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def run_uv(words: list[Any], **_: Any) -> None:
        asked.extend(words)
        Path(words[-1]).write_text(FOUND, encoding="utf-8")

    monkeypatch.setattr(uv, "run_uv", run_uv)
    (wheel,) = make._wheels_of(tmp_path / "lock.txt", PARTICIPANTS, "3.11", "aarch64", tmp_path)
    assert asked[asked.index("--python-platform") + 1] == "aarch64-manylinux_2_28"
    assert wheel.file.endswith("_aarch64.whl")


def test_what_a_bundle_says_of_itself_is_the_other_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    locks = {"": SimpleNamespace(identity="the lock")}
    assert make._contents(cast("Any", locks), "", "aarch64").machine == "aarch64"


def test_a_bundle_of_images_names_its_platforms_elsewhere(tmp_path: Path) -> None:
    context = SimpleNamespace(settings=SimpleNamespace(target="kubernetes"))
    with pytest.raises(UsageError, match="for a cluster") as raised:
        make.make_bundle(cast("Context", context), tmp_path / "x", lambda _: (), "linux/arm64")
    assert "platforms: [linux/arm64]" in raised.value.remedy
    assert list(tmp_path.iterdir()) == []
