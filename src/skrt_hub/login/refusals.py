"""How a log-in ends that lets nobody in; these stand alone, like all of this folder."""

from __future__ import annotations

from typing import Any

from tornado import web  # type: ignore[attr-defined]


class Refused(web.HTTPError):  # type: ignore[misc]
    """A log-in that was refused: which message the page shows, in the visitor's language."""

    def __init__(self, status: int, key: str, **values: Any) -> None:
        super().__init__(status, key)
        self.key, self.values = key, values


class ChoosePassword(web.HTTPError):  # type: ignore[misc]
    """A valid code was given: its owner chooses a password next. Where there is no page for that, it is a refusal."""

    def __init__(self, name: str, mark: str) -> None:
        super().__init__(403, "Log in with a browser first, and choose a password.")
        self.name, self.mark = name, mark
