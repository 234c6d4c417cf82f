"""The log file and the console output that frame what the library writes itself.

The library opens the log file anew when it starts, so our lines are put around its own afterwards.
"""

from __future__ import annotations

import platform
import sys
import time
from datetime import datetime
from pathlib import Path


class Log:
    """The log of one run of `elastix` or `transformix`."""

    def __init__(self, program: str, file: Path, level: str, arguments: list[str]) -> None:
        self.file = file
        self.full = level == "info"
        self._program = program
        self._quiet = level == "off"
        self._started = time.monotonic()
        self._head = self._first_lines(arguments)
        self._errors: list[str] = []

    def begin(self) -> None:
        """Make the log file, with the first lines in it for the case that nothing follows; show them."""
        self.file.write_text(self._head if self.full else "", encoding="utf-8")
        if self.full:
            print(self._head, end="", flush=True)

    def error(self, message: str) -> None:
        """Show an error, and keep it for the log file."""
        print(message, file=sys.stderr, flush=True)
        if not self._quiet:
            self._errors.append(message)

    def end(self) -> None:
        """Complete the log file: our first lines, the library's own, errors, the time that all took."""
        seconds = time.monotonic() - self._started
        tail = f"\nTotal time elapsed: {_duration(seconds)}.\n\n" if self.full else ""
        try:
            own = self.file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            own = ""
        head = "" if own.startswith(self._head) or not self.full else self._head
        errors = "".join(f"{message}\n" for message in self._errors)
        self.file.write_text(head + own + errors + tail, encoding="utf-8")
        if self.full:
            print(tail, end="", flush=True)

    def _first_lines(self, arguments: list[str]) -> str:
        words = " ".join(f'"{word}"' if " " in word else word for word in arguments)
        return (
            f"\n{self._program} is started at {datetime.now().ctime()}.\n\n"
            f"which {self._program}:   {sys.argv[0]}\n"
            f"Command-line arguments:\n  {words}\n\n"
            f"{self._program} runs at: {platform.node()}\n  {platform.system()} {platform.release()}\n\n"
        )


def _duration(seconds: float) -> str:
    """Seconds as elastix writes them: 1h2m3.4s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{hours}h" if hours else ""
    return f"{text}{minutes}m{rest:.1f}s" if hours or minutes else f"{rest:.1f}s"
