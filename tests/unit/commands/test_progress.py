"""Progress that a person can read: how far, and how long still."""

import io

import pytest
from rich.console import Console

from skrt_hub import progress


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about 5 s left"),
        (31, "about 30 s left"),
        (61, "about 1 min left"),
        (600, "about 10 min left"),
        (7200, "about 2.0 h left"),
    ],
)
def test_the_time_left_in_words(seconds: float, words: str) -> None:
    assert progress.time_left(seconds) == words


def test_a_long_step_is_told_in_lines_where_no_bar_can_move(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("skrt_hub.progress.time.monotonic", lambda: clock[0])
    out = io.StringIO()
    shown = progress.Shown(Console(file=out, force_terminal=False, width=200))
    with shown.step("saving homes") as step:
        step.update(1, 100, note="ana, 1 of 2")
        clock[0] += 40
        step.update(25, 100, note="ana, 1 of 2")
        step.update(26, 100, note="ana, 1 of 2")
    assert out.getvalue().splitlines() == [
        "saving homes: 25%, about 2 min left (ana, 1 of 2)",
        "saving homes: done in 40.0 s",
    ]


def test_a_bar_on_a_terminal_shows_the_time_left_and_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_TOO_EARLY", 0.0)
    clock = [100.0]
    out = io.StringIO()
    shown = progress.Shown(Console(file=out, force_terminal=True, width=200, get_time=lambda: clock[0]))
    with shown.step("saving homes") as step:
        for done in range(0, 50, 10):
            step.update(done, 100, note="[bold]ana[/bold]")
            clock[0] += 10
        step._bars.refresh()  # type: ignore[attr-defined]
    assert "left" in out.getvalue()
    assert "[bold]ana[/bold]" in out.getvalue()
