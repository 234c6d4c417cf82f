"""The manual's notebooks find their data unchanged: a link stands where they would download it to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skrt_hub.settings.datasets import Dataset
from skrt_workspace import data_links


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "shown"
    (place / "SPECT_CT_data").mkdir(parents=True)
    monkeypatch.setenv(data_links.VARIABLE, data_links.variables({"data/spect_ct": str(place)})[data_links.VARIABLE])
    return place


def test_the_notebooks_folder_is_there_without_a_copy(tmp_path: Path, shown: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for _ in range(2):
        data_links.link(home)
    topdir = home / Dataset(name="spect-ct").in_home  # "~/data/spect_ct" in the notebooks' first cell
    assert (topdir / "SPECT_CT_data").exists()
    assert topdir.is_symlink()


def test_what_stands_there_stays(tmp_path: Path, shown: Path) -> None:
    own = tmp_path / "home/data/spect_ct"
    own.mkdir(parents=True)
    data_links.link(tmp_path / "home")
    assert not own.is_symlink()
    other = tmp_path / "other/data"
    other.mkdir(parents=True)
    (other / "spect_ct").symlink_to("/elsewhere")
    data_links.link(tmp_path / "other")
    assert os.fspath((other / "spect_ct").readlink()) == "/elsewhere"
    (tmp_path / "third").mkdir()
    (tmp_path / "third/data").write_text("a file of one's own")
    data_links.link(tmp_path / "third")


def test_a_link_to_data_that_is_gone_makes_room_for_a_download(tmp_path: Path, shown: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    data_links.link(home)
    shown.rename(tmp_path / "gone")
    data_links.link(home)
    assert not (home / "data/spect_ct").is_symlink()
    data_links.link(home)
    assert not (home / "data/spect_ct").is_symlink()


@pytest.mark.parametrize("text", ["", "{", "{}"])
def test_a_server_that_is_told_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(data_links.VARIABLE, text)
    data_links.link(tmp_path)
    assert not [*tmp_path.iterdir()]
