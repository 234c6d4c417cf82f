"""What an `up` that did not come far leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_hub.api import Hub
from skrt_hub.context import Context
from skrt_hub.errors import BusyError, PortTakenError, SkrtHubError
from skrt_hub.targets.machine import up


def bring_up(state: Path, monkeypatch: pytest.MonkeyPatch, error: SkrtHubError) -> None:
    def refuse(context: Context) -> None:
        assert context.layout.root.is_dir()
        raise error

    monkeypatch.setattr(up, "_take_addresses", refuse)
    with pytest.raises(type(error)):
        Hub.load(state=state).up()


def test_a_new_hub_that_cannot_be_begun_leaves_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(tmp_path / "state", monkeypatch, PortTakenError("taken"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["before", "work", "another's"])
def test_what_somebody_has_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    state = tmp_path / "state"
    if what == "before":
        state.mkdir()
    if what == "work":
        monkeypatch.setattr(up, "_check_database", lambda context: context.layout.roster.write_text("x"))
    bring_up(state, monkeypatch, BusyError("busy") if what == "another's" else PortTakenError("taken"))
    assert (state / "homes").is_dir()
