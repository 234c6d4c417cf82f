"""Lines of logs go when they are older than hub.yaml says."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from skrt_hub.hub.log_ages import cut_old_lines
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings

NOW = datetime(2026, 11, 29, 12)
DAY = 86400


def hub_line(days: float, text: str = "anna logged in") -> str:
    return f"[I {NOW - timedelta(days=days):%Y-%m-%d %H:%M:%S}.123 JupyterHub login:1] {text}\n"


def proxy_line(days: float) -> str:
    return f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%S}Z INF a route\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    (made.log / "servers").mkdir(parents=True)
    return made


def write(layout: Layout, name: str, text: str, changed: float = 0) -> Path:
    file = layout.log / name
    file.write_text(text)
    moment = (NOW - timedelta(days=changed)).timestamp()
    os.utime(file, (moment, moment))
    return file


def test_old_lines_go_and_what_belongs_to_newer_ones_stays(layout: Layout) -> None:
    log = write(layout, "hub.log", hub_line(9) + "Traceback\n  of old\n" + hub_line(3) + "Traceback\n" + hub_line(1))
    proxy = write(layout, "proxy.log", proxy_line(8) + proxy_line(2))
    assert sorted(cut_old_lines(layout, 7 * DAY, NOW)) == ["hub.log", "proxy.log"]
    assert log.read_text() == hub_line(3) + "Traceback\n" + hub_line(1)
    assert proxy.read_text() == proxy_line(2)
    assert cut_old_lines(layout, 7 * DAY, NOW) == []


def test_a_program_that_writes_goes_on_at_the_end(layout: Layout) -> None:
    log = write(layout, "servers/anna.log", hub_line(9) + hub_line(1))
    with log.open("a") as writer:
        cut_old_lines(layout, 7 * DAY, NOW)
        writer.write("more\n")
    assert log.read_text() == hub_line(1) + "more\n"


def test_a_log_to_which_nobody_wrote_since_then_is_emptied(layout: Layout) -> None:
    log = write(layout, "servers/gone.log", "no time stands here\n", changed=30)
    assert cut_old_lines(layout, 7 * DAY, NOW) == ["gone.log"]
    assert log.read_text() == ""
    assert cut_old_lines(layout, 7 * DAY, NOW) == []


def test_a_time_that_has_not_come_keeps_nothing(layout: Layout) -> None:
    forged = "[I 2099-01-01 00:00:00.000 x] printed by a participant\n"
    log = write(layout, "servers/eve.log", forged + hub_line(9) + hub_line(1))
    cut_old_lines(layout, 7 * DAY, NOW)
    assert log.read_text() == hub_line(1)


def test_nothing_is_cut_without_a_time_or_where_all_is_new(layout: Layout) -> None:
    log = write(layout, "hub.log", "begin without a time\n" + hub_line(1) + "2026-99-99 99:99:99 no time\n")
    before = log.read_text()
    assert cut_old_lines(layout, 0, NOW) == []
    assert cut_old_lines(layout, 7 * DAY, NOW) == []
    assert log.read_text() == before


def test_a_link_in_place_of_a_log_is_left_alone(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "other").write_text(hub_line(9) + hub_line(1))
    (layout.log / "servers" / "x.log").symlink_to(tmp_path / "other")
    assert cut_old_lines(layout, 7 * DAY, NOW) == []


def test_the_setting() -> None:
    assert Settings.model_validate({"logs": {"keep": "30 d"}}).logs.keep == 30 * DAY
    assert Settings().logs.keep == 0
    with pytest.raises(ValidationError, match="a day is the shortest"):
        Settings.model_validate({"logs": {"keep": "2 h"}})
