"""The program that does cohorts starts, whatever its owner has put in the place of its files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from skrt_workspace.cohort import runner


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "put", [os.mkfifo, lambda log: log.symlink_to("/dev/full"), lambda log: log.write_bytes(bytes(2 << 20))]
)
def test_nothing_in_place_of_the_log_holds_it_up(tmp_path: Path, put: Callable[[Path], object]) -> None:
    log = tmp_path / "cohorts.log"
    put(log)
    handle = runner._open_log(log)
    os.write(handle, b"begun\n")
    os.close(handle)
    handle = runner._open_log(log)
    os.write(handle, b"again\n")
    os.close(handle)
    assert log.read_bytes() == b"begun\nagain\n"
