"""What people print or ask cannot fill the hub's disk: logs are cut, and go on in the same file."""

import os
from pathlib import Path

from skrt_hub.layout import Layout
from skrt_hub.targets.machine import log_sizes


def test_a_log_that_became_too_large_is_cut_and_written_on(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    log = layout.server_log("anna")
    log.parent.mkdir(parents=True)
    layout.server_log("bob").write_text("small\n")
    writer = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    line = b"x" * 99 + b"\n"
    os.write(writer, line * (log_sizes.LARGEST // 100 + 1))
    assert log_sizes.cut_logs(layout) == ["anna.log"]
    assert log.stat().st_size <= log_sizes.KEPT + 200
    os.write(writer, b"the next line\n")
    text = log.read_bytes()
    assert b"was cut here" in text.splitlines()[0]
    assert text.endswith(line + b"the next line\n")
    assert log_sizes.cut_logs(layout) == []
    assert layout.server_log("bob").read_text() == "small\n"
    os.close(writer)


def test_the_log_of_a_part_that_runs_on_is_cut_too(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.log.mkdir(parents=True)
    writer = os.open(layout.log / "hub.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(writer, (b"x" * 99 + b"\n") * (log_sizes.LARGEST_OF_A_PART // 100))
    assert log_sizes.cut_logs(layout) == []
    os.write(writer, b"the last line\n")
    assert log_sizes.cut_logs(layout) == ["hub.log"]
    os.write(writer, b"the next line\n")
    os.close(writer)
    text = (layout.log / "hub.log").read_bytes()
    assert len(text) <= log_sizes.KEPT_OF_A_PART + 200
    assert text.endswith(b"x\nthe last line\nthe next line\n")


def test_a_link_in_place_of_a_log_is_left_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.server_log("anna").parent.mkdir(parents=True)
    (tmp_path / "other").write_bytes(bytes(log_sizes.LARGEST + 1))
    layout.server_log("anna").symlink_to(tmp_path / "other")
    assert log_sizes.cut_logs(layout) == []
    assert (tmp_path / "other").stat().st_size == log_sizes.LARGEST + 1
