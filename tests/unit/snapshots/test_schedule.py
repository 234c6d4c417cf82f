"""The one rule by which a hub saves by itself, on both targets."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import schedule


def test_it_saves_when_it_is_time_and_ends_when_nobody_wants_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "_LOOK_EVERY", 0)
    layout = Layout(tmp_path)
    layout.saves.mkdir()
    every_day = Settings.model_validate({"saves": {"place": str(tmp_path / "copies"), "every": "24 h"}})
    rounds = iter((Settings(), every_day, every_day, None))
    saved: list[int] = []

    async def save() -> None:
        saved.append(len(saved))
        (layout.saves / "schedule.json").write_text(f'{{"saved": "{datetime.now(UTC).isoformat()}"}}')

    asyncio.run(schedule.keep(lambda: next(rounds), layout, save))
    assert saved == [0]  # not without `every`, and not twice a day
    assert next(rounds, "all were asked for") == "all were asked for"
