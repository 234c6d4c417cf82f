"""Who somebody is stays known while the disk is full.

JupyterHub notes when a log-in was last used. Where that cannot be written it takes whoever asks for a stranger, so that
nobody could even read what they have. A missing note only makes somebody look idle for as long as the disk is full.
"""

from __future__ import annotations

from typing import Any

from jupyterhub.handlers.base import BaseHandler
from sqlalchemy.exc import SQLAlchemyError

_ASK_WHO = ("get_current_user_token", "_user_for_cookie")


def need_not_be_noted() -> None:
    """Make JupyterHub's handlers do without the note where it cannot be made."""
    for name in _ASK_WHO:
        original = getattr(BaseHandler, name)
        if not getattr(original, "_skrt", False):
            setattr(BaseHandler, name, _without_note_if_need_be(original))


def _without_note_if_need_be(original: Any) -> Any:
    def who(self: Any, *words: Any, **named: Any) -> Any:
        try:
            return original(self, *words, **named)
        except SQLAlchemyError as error:
            self.db.rollback()
            self.log.error("When somebody was last seen could not be noted: %s", getattr(error, "orig", error))
            self._record_activity = lambda *_: False  # by this request
            return original(self, *words, **named)

    who._skrt = True  # type: ignore[attr-defined]
    return who
