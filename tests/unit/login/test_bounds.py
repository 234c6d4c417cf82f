"""What one person, or a stranger, can have the hub keep and hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub import orm, roles
from jupyterhub.apihandlers.users import UserTokenListAPIHandler
from tornado import web  # type: ignore[attr-defined]
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from skrt_hub.login import bounds, sessions


@pytest.fixture
def anna() -> Iterator[Any]:
    """Somebody in a database of JupyterHub's."""
    bounds.keep()
    db = orm.new_session_factory("sqlite:///:memory:")()
    for role in roles.get_default_roles():
        roles.create_role(db, role)
    db.add(orm.OAuthClient(identifier="jupyterhub"))
    user = orm.User(name="anna")
    db.add(user)
    db.commit()
    roles.assign_default_roles(db, entity=user)
    yield user


def asking(**wish: Any) -> Any:
    """What asks JupyterHub for a token."""
    return SimpleNamespace(request=SimpleNamespace(body=json.dumps(wish).encode()), get_json_body=lambda: wish)


def test_a_reset_leaves_the_servers_token_and_none_that_a_person_can_make(anna: Any) -> None:
    db = orm.inspect(anna).session
    servers = anna.new_api_token(note="Server at /user/anna/")
    asked: list[Any] = []

    async def make(handler: Any, name: str) -> None:
        asked.append(handler.get_json_body())
        anna.new_api_token(note=handler.get_json_body()["note"])

    post = bounds._with_a_usable_note(make)
    for note in ("Server at /user/anna/", "Server at ", "x" * 5000, {"a": 1}):
        with pytest.raises(web.HTTPError, match="note"):
            asyncio.run(post(asking(note=note), "anna"))
    with pytest.raises(web.HTTPError, match="too much"):
        asyncio.run(post(asking(scopes=["read:users:name!user=anna"] * 1000), "anna"))
    assert not asked
    asyncio.run(post(asking(note="my program"), "anna"))
    sessions.forget(db, anna, servers_token_too=False)
    assert [token.note for token in anna.api_tokens] == ["Server at /user/anna/"]
    assert orm.APIToken.find(db, servers) is not None


def test_jupyterhub_asks_about_the_note_and_counts_tokens() -> None:
    bounds.keep()
    assert UserTokenListAPIHandler.post.__qualname__.startswith(bounds._with_a_usable_note.__name__)


def test_somebody_has_so_many_tokens_and_loses_the_oldest(anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_TOKENS", 5)
    anna.new_api_token(note="Server at /user/anna/")
    for number in range(12):
        newest = anna.new_api_token(note=str(number))
    db = orm.inspect(anna).session
    notes = [token.note for token in db.query(orm.APIToken).order_by(orm.APIToken.id)]
    assert notes == ["Server at /user/anna/", "7", "8", "9", "10", "11"]
    assert orm.APIToken.find(db, newest) is not None


def test_a_large_request_is_refused_before_it_is_read() -> None:
    bounds.keep()

    async def answer_to(size: int) -> bytes:
        listener, port = bind_unused_port()
        server = HTTPServer(web.Application([("/", _Taking)]))
        server.add_socket(listener)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode() + b"x" * min(size, 100))
        answer = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        server.stop()
        return answer

    assert b"200" in asyncio.run(answer_to(100))
    assert b"200" not in asyncio.run(answer_to(bounds.LARGEST_REQUEST + 1))


class _Taking(web.RequestHandler):  # type: ignore[misc]
    def post(self) -> None:
        self.finish("taken")
