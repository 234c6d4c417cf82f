"""Connections that stay open (WebSockets) end with the log-in that they were opened with.

A server weighs who asks when a connection is opened. That of a terminal or a notebook then stays open for hours, so
without this it would go on after a new password, for whoever had opened it.
"""

from __future__ import annotations

import logging
import weakref
from collections import defaultdict
from typing import Any

from tornado.web import HTTPError
from tornado.websocket import WebSocketHandler

from skrt_workspace.server_extension.rounds import Rounds

_EVERY = 4.0
_POLICY = 1008  # RFC 6455, 7.4.1: it breaks a rule of this server
_OPEN: weakref.WeakSet[Any] = weakref.WeakSet()


def remember_connections() -> None:
    """From now on, know every WebSocket of this process that is opened."""
    original = WebSocketHandler.get
    if getattr(original, "_skrt", False):
        return

    async def get(self: Any, *words: Any, **named: Any) -> None:
        _OPEN.add(self)
        await original(self, *words, **named)

    get._skrt = True  # type: ignore[attr-defined]
    WebSocketHandler.get = get


class Sessions:
    """The look at the log-ins of open connections. The hub is asked once for each of them, as for any request."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self.rounds = Rounds("open connections", self.look, _EVERY, log)

    async def look(self) -> None:
        """One look: connections whose log-in has ended are closed."""
        by_log_in: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for handler in list(_OPEN):
            if handler.ws_connection is not None and (auth := _asks_the_hub(handler)) is not None:
                by_log_in[auth.get_token(handler) or "", auth.get_session_id(handler)].append(handler)
        for (token, session), handlers in by_log_in.items():
            if not await _holds(_asks_the_hub(handlers[0]), token, session):
                self._log.warning("a log-in has ended: %d open connections of it are closed", len(handlers))
                for handler in handlers:
                    _cut(handler)


def _asks_the_hub(handler: Any) -> Any:
    """What asks the hub who somebody is; None for a page of another program, which lets in whom it wants."""
    return getattr(getattr(handler, "identity_provider", None), "hub_auth", None)


async def _holds(auth: Any, token: str, session: str) -> bool:
    """Whether the hub still knows this log-in; one that cannot be asked changes nothing."""
    if not token:
        return True
    try:
        return await auth.user_for_token(token, use_cache=False, session_id=session, sync=False) is not None
    except HTTPError:
        return True


def _cut(handler: Any) -> None:
    """Close at once: a polite end would take what is typed for some seconds more."""
    connection = handler.ws_connection
    handler.close(_POLICY, "The log-in has ended.")
    connection._abort()
