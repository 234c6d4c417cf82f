"""Archives made while they are sent: one odd file never stops the rest, and what is left out is named."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from skrt_workspace.server_extension.download import LEFT_OUT_LIST, zip_blocks
from tests.support.homes import YEARS, odd


@pytest.mark.parametrize("whole_home", [True, False])
def test_one_odd_file_never_stops_the_rest(tmp_path: Path, whole_home: bool) -> None:
    odd(tmp_path / "odd")
    data = b"".join(zip_blocks(tmp_path / "odd", inside="odd", whole_home=whole_home))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {"odd/a-first.txt", "odd/z-last.txt", "odd/inner/"} <= set(archive.namelist())
        for name in YEARS:
            assert archive.read(f"odd/{name}").decode() == name
            assert 1980 <= archive.getinfo(f"odd/{name}").date_time[0] <= 2107
        told = archive.read(f"odd/{LEFT_OUT_LIST}").decode()
        assert "root:" not in "".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    for name in ("pipe", "dangling", "out", "huge"):
        assert name in told


def test_hidden_files_are_in_a_home_s_archive_only(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/much").write_text("x")

    def names(whole_home: bool) -> list[str]:
        return zipfile.ZipFile(io.BytesIO(b"".join(zip_blocks(tmp_path, whole_home=whole_home)))).namelist()

    assert names(whole_home=True) == [".hidden"]
    assert names(whole_home=False) == []
