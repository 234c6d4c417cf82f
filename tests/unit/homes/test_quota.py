"""A home's size is measured as the disk has it, and told to its server."""

import os
from pathlib import Path

import pytest

from skrt_hub.homes.quota import tell_usage
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_workspace.home import space
from skrt_workspace.home.walk import size_of


def test_each_file_counts_once_and_links_lead_nowhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "a").write_bytes(os.urandom(200_000))
    os.link(home / "a", home / "b")
    (tmp_path / "large").write_bytes(os.urandom(3_000_000))
    (home / "link").symlink_to(tmp_path / "large")
    assert 200_000 <= size_of(home) < 250_000
    assert size_of(tmp_path / "none") == 0


def test_a_server_is_told_before_its_home_is_full_and_when_it_is(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.home("anna").mkdir(parents=True)
    (layout.home("anna") / "a").write_bytes(os.urandom(950_000))
    for limit, state in (("1 MB", "nearly"), ("900 kB", "full")):
        tell_usage(Settings.model_validate({"limits": {"home": limit}}), layout, "anna")
        measured = space.measure(layout.home("anna"), layout.notices("anna"))
        assert measured.state in (state, "full")
        assert space.warning(measured)
        assert "nothing more can be saved" not in space.warning(measured), "it is only watched here"
    tell_usage(Settings(), layout, "anna")
    assert not (layout.notices("anna") / space.USAGE).exists()


def test_a_volume_that_holds_nobody_is_watched_in_its_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "_EVERY", 0.0)
    now = [100.0]
    monkeypatch.setattr("skrt_workspace.home.space.time.monotonic", lambda: now[0])
    monkeypatch.setenv(space.LIMIT, str(10 * space.MB))
    assert space.measure(tmp_path, tmp_path / "no notices").state == "ok"
    (tmp_path / "scan").write_bytes(os.urandom(11 * space.MB))
    assert space.measure(tmp_path, tmp_path / "no notices").state == "ok"  # not measured again at once
    now[0] += 1
    found = space.measure(tmp_path, tmp_path / "no notices")
    assert (found.state, found.held) == ("full", False)
    assert "limit (11 of 10 MB)" in space.warning(found)


def test_a_volume_of_its_own_size_is_its_own_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = os.statvfs(tmp_path)
    monkeypatch.setenv(space.LIMIT, str(found.f_blocks * found.f_frsize))
    assert space.measure(tmp_path, tmp_path / "no notices").limit is None
