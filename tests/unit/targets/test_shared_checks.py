"""What `check` says of shared folders that may only be read, where a sandbox cannot keep them so."""

from __future__ import annotations

import pytest

from skrt_hub.hub import kinds
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import checks
from skrt_workspace.sandbox import privileges
from skrt_workspace.sandbox.document import LANDLOCK

FOLDERS = {"shared": [{"name": "sheets", "write": False}, {"name": "drop"}]}


@pytest.mark.parametrize(
    ("kind", "version", "said"),
    [(LANDLOCK, 2, "sheets: not shown"), (LANDLOCK, 3, ""), ("namespaces", 2, "")],
)
def test_a_kernel_that_lets_files_be_emptied_is_told(
    kind: str, version: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "kind", lambda _: kind)
    monkeypatch.setattr(privileges, "landlock_version", lambda: version)
    found = checks.read_only_folders(Settings.model_validate(FOLDERS))
    assert [one.found.startswith(said) for one in found] == ([True] if said else [])
    assert checks.read_only_folders(Settings.model_validate({"shared": [{"name": "drop"}]})) == ()


def test_without_a_sandbox_nothing_is_kept() -> None:
    (found,) = checks.read_only_folders(Settings.model_validate({**FOLDERS, "sandbox": "none"}))
    assert not found.ok and "everybody can change" in found.found
