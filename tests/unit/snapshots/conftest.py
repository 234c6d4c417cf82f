"""A hub with two homes, and a folder for their saved copies."""

from pathlib import Path

import pytest

from skrt_hub.snapshots.copies import Copies
from tests.support.homes import fill, home, hub


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "copies"


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    made = hub(tmp_path / "one", "anna", "Björn Ö.")
    fill(home(made, "anna"))
    (home(made, "Björn Ö.") / "a.txt").write_text("from Björn")
    return made
