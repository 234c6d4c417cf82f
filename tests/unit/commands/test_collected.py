"""What a person reads of what was collected."""

from __future__ import annotations

from pathlib import Path

from skrt_hub.homes.collect import Collected, CollectReport
from skrt_hub.results import found


def test_a_home_full_of_links_fills_no_terminal() -> None:
    links = tuple(f"course/link-{number:05d}" for number in range(30_000))
    told = found(CollectReport("course", Path("/to"), (Collected("anna", left_out=links),))).blocks[-1].lines
    assert told[0].startswith("anna: left out: course/link-00000, ")
    assert told[0].endswith("course/link-00009 and 29990 more.")
    assert max(map(len, told)) < 1000
