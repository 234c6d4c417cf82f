"""What comes back from workers: kept, or an error of that patient; never a reason to begin anew for ever."""

from __future__ import annotations

import errno
import io
import tarfile
from pathlib import Path

import pytest

from skrt_workspace.cohort import away, carried
from skrt_workspace.cohort.table import Table

KEY = "0" * 32


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> away.Away:
    """Without an engine: only what takes an answer."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "elsewhere").symlink_to("/tmp")
    one = away.Away.__new__(away.Away)
    one._table, one._labels = Table(tmp_path / "cohorts/n"), {KEY: "p1"}
    one._table.results.mkdir(parents=True)
    one._table.errors.mkdir()
    return one


def answer() -> dict[str, object]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("elsewhere/moved.nii"))
    return {"kind": "result", "files": stream.getvalue(), "text": b""}


def test_files_that_belong_nowhere_are_their_patients_error(made: away.Away) -> None:
    made._keep(KEY, away.OnTheWay(None, 0.0), answer())
    kept = made._table.error(KEY)
    assert kept is not None and "could not be laid where it belongs" in kept["error"]


def test_a_full_home_is_nobodys_error(made: away.Away, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(home: Path, piece: bytes) -> list[Path]:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(carried, "unpack", full)
    with pytest.raises(OSError, match="quota"):
        made._keep(KEY, away.OnTheWay(None, 0.0), answer())
    assert made._table.error(KEY) is None
