"""A bar for a cohort: in a notebook one that goes when the cohort has finished, elsewhere a line of text."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable
from typing import Any

from skrt_workspace.cohort.table import Status

_EVERY = 0.3


def follow(look: Callable[[], Status]) -> Status:
    """Show how far it is until it has finished; an interrupt ends the showing, and not the cohort."""
    begun, first = time.monotonic(), look()
    show = _Bar() if _in_notebook() else _Line()
    status = first
    try:
        while not status.finished:
            show.update(status, _left(first, status, time.monotonic() - begun))
            time.sleep(_EVERY)
            status = look()
    except KeyboardInterrupt:
        show.close()
        print(f"{status.name} goes on. cohort.wait({status.name!r}) shows it again, cohort.cancel ends it.")
        return look()
    show.close()
    return status


class _Bar:
    """HTML that is taken away again: what is saved with the notebook is the result, not the wait."""

    def __init__(self) -> None:
        from IPython.display import HTML, display  # noqa: PLC0415 - only kernels have it

        self._html: Any = HTML
        self._shown = display(HTML(""), display_id=True)
        self._last = ""

    def update(self, status: Status, left: str) -> None:
        over = status.done + status.failed
        text = (
            f'<progress max="{status.total}" value="{over}" style="width: 24em"></progress> '
            f"{html.escape(str(status))}{html.escape(left)}"
        )
        if text != self._last:
            self._shown.update(self._html(text))
            self._last = text

    def close(self) -> None:
        self._shown.update(self._html(""))


class _Line:
    def __init__(self) -> None:
        self._last = ""

    def update(self, status: Status, left: str) -> None:
        text = f"{status}{left}"
        if sys.stderr.isatty() and text != self._last:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._last = text

    def close(self) -> None:
        if self._last:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


def _left(first: Status, now: Status, seconds: float) -> str:
    """How long the rest takes, where that can be told."""
    over = now.done + now.failed - first.done - first.failed
    if over <= 0:
        return ""
    left = seconds / over * (now.total - now.done - now.failed)
    return f", about {left / 60:.0f} min left" if left > 90 else f", about {left:.0f} s left"
