"""What one person, or a stranger, can have the hub keep and hold: tokens, what is sent to it, and connections.

JupyterHub knows no bounds for these. It also knows a server's own token by its note alone, which people choose for
theirs; sessions.py leaves a server's token while everything else of somebody ends.
"""

from __future__ import annotations

from typing import Any

from jupyterhub import orm
from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from sqlalchemy import inspect
from tornado import web  # type: ignore[attr-defined]
from tornado.httpserver import HTTPServer

MOST_TOKENS = 200
"""Of one person. Each log-in at a server makes one, which is good for two weeks."""
LARGEST_REQUEST = 2 * 2**20
"""Bytes. A request is read as a whole before anybody is asked who sent it; tornado takes 100 MB."""
_PATIENCE = 120.0
"""Seconds for a request to begin and to come in. The proxies keep a connection that nobody uses for less."""
_LONGEST_NOTE = 250
_LARGEST_WISH = 16 * 2**10
"""Bytes of what is said of a token to be made: its rights are kept as they were written, each as often as it stands."""
_THE_HUB = "jupyterhub"
_SERVERS_OWN = "Server at "  # JupyterHub's note on the token that a server speaks to the hub with


def keep() -> None:
    """Make JupyterHub keep these bounds, before it listens."""
    if getattr(orm.APIToken, "_skrt_bounds", False):
        return
    orm.APIToken._skrt_bounds = True
    orm.APIToken.new = _without_the_oldest(orm.APIToken.new)
    UserTokenListAPIHandler.post = _with_a_usable_note(UserTokenListAPIHandler.post)
    HTTPServer.initialize = _in_bounds(HTTPServer.initialize)


def is_servers_own(token: Any) -> bool:
    """Whether a server speaks to the hub with it. Visitors' tokens for a server have the same note, another client."""
    return token.client_id == _THE_HUB and (token.note or "").startswith(_SERVERS_OWN)


def ensure_usable(note: object) -> None:
    """Raises HTTPError for a note that somebody wants on a token of theirs and cannot have."""
    if note is None:
        return
    if not isinstance(note, str) or len(note) > _LONGEST_NOTE:
        raise web.HTTPError(400, f"A token's note is a text of at most {_LONGEST_NOTE} characters.")
    if note.startswith(_SERVERS_OWN):
        raise web.HTTPError(400, f"A note that begins with “{_SERVERS_OWN.strip()}” is for servers' own tokens.")


def _with_a_usable_note(original: Any) -> Any:
    async def post(self: Any, user_name: str) -> None:
        if len(self.request.body) > _LARGEST_WISH:
            raise web.HTTPError(413, "That is too much for one token.")
        body = self.get_json_body()
        if isinstance(body, dict):
            ensure_usable(body.get("note"))
        await original(self, user_name)

    return post


def _without_the_oldest(original: Any) -> Any:
    """Whoever makes one token too many loses the oldest one: a browser then gets another at its next page."""

    def new(_: Any, /, *given: Any, user: Any = None, **named: Any) -> Any:
        made = original(*given, user=user, **named)
        if user is not None:
            _forget_oldest(user)
        return made

    return classmethod(new)


def _forget_oldest(user: Any) -> None:
    db = inspect(user).session
    newest_first = db.query(orm.APIToken).filter(orm.APIToken.user_id == user.id).order_by(orm.APIToken.id.desc())
    too_many = [token for token in newest_first.offset(MOST_TOKENS).limit(1000) if not is_servers_own(token)]
    for token in too_many:
        db.delete(token)
    if too_many:
        db.commit()


def _in_bounds(original: Any) -> Any:
    def initialize(self: Any, *given: Any, **named: Any) -> None:
        bounds = {
            "max_body_size": LARGEST_REQUEST,
            "idle_connection_timeout": _PATIENCE,
            "body_timeout": _PATIENCE,
        }
        original(self, *given, **{**bounds, **named})

    return initialize
