"""What a hub is doing, also when nobody answers: stopped on purpose, killed, or just coming back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skrt_hub import watchdog
from skrt_hub.files import read_json
from skrt_hub.layout import Layout
from skrt_hub.targets.machine import control
from skrt_workspace.sandbox.identity import boot_id

_BACK_AGAIN = 15.0
KILLED, RETURNING = "killed", "coming back"


@dataclass(frozen=True)
class Condition:
    """A word for the state, what the supervisor answered, and what a person should know of it."""

    state: str
    answer: dict[str, Any] | None
    note: str = ""


def look(layout: Layout, *, exists: bool) -> Condition:
    """The hub as it is now."""
    answer = control.ask(layout.control_socket, "status")
    if answer is not None:
        return Condition(answer["state"], answer, _ended_before(answer.get("ended_before") or {}))
    if not exists:
        return Condition("absent", None)
    expected = read_json(layout.expected)
    if expected is None:
        return Condition("stopped", None)
    if watchdog.is_there(layout.watchdog_lock):
        return Condition(RETURNING, None, "The hub's supervisor was ended from outside; it is being started again.")
    if expected.get("boot") != boot_id():
        return Condition(
            "stopped",
            None,
            "The machine was started anew meanwhile. Bring the hub back: skrt-hub start. "
            "Have it come back by itself: skrt-hub service install",
        )
    return Condition(
        KILLED,
        None,
        "The hub was not stopped: all its processes were killed. Homes, passwords and the kernels that still run are "
        "kept. Bring it back: skrt-hub start",
    )


def until_settled(layout: Layout) -> dict[str, Any] | None:
    """What the supervisor tells of the hub, or None where it does not run; one that is coming back is waited for."""
    give_up = time.monotonic() + _BACK_AGAIN
    while (answer := control.ask(layout.control_socket, "status")) is None:
        if not watchdog.is_there(layout.watchdog_lock) or time.monotonic() > give_up:
            return None
        time.sleep(0.1)
    return answer


def wait_ended(layout: Layout) -> None:
    """Wait until the watchdog of a hub that was stopped has ended too: it is the last that holds the addresses."""
    give_up = time.monotonic() + _BACK_AGAIN
    while watchdog.is_there(layout.watchdog_lock) and time.monotonic() < give_up:
        time.sleep(0.02)


def _ended_before(ended: dict[str, Any]) -> str:
    if not ended:
        return ""
    when = datetime.fromtimestamp(ended["time"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    how = f"by signal {-ended['code']}" if ended["code"] < 0 else f"with code {ended['code']}"
    return (
        f"The hub's supervisor was ended from outside at {when} ({how}) and was started again at once; servers and "
        "kernels went on. See: skrt-hub logs supervisor"
    )
