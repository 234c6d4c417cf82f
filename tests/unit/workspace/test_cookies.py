"""Browsers send no cookie of a server unencrypted that came encrypted."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.web import Application, RequestHandler  # type: ignore[attr-defined]

from skrt_workspace.server_extension import cookies

LINE = RequestStartLine("GET", "/", "HTTP/1.1")


class Connection:
    """As much of one as a handler needs."""

    def set_close_callback(self, callback: Any) -> None:
        """Nobody closes it."""


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_a_cookie_that_came_encrypted_goes_encrypted(
    monkeypatch: pytest.MonkeyPatch, scheme: str, secure: bool
) -> None:
    monkeypatch.setattr(RequestHandler, "set_cookie", RequestHandler.set_cookie)
    cookies.use()
    headers = HTTPHeaders({"Host": "hub", "X-Forwarded-Proto": scheme})
    request = HTTPServerRequest(headers=headers, connection=Connection(), start_line=LINE)  # type: ignore[arg-type]
    handler = RequestHandler(Application(), request)
    handler.set_cookie("_xsrf", "key", path="/user/anna/")
    morsel = handler._new_cookie["_xsrf"]  # type: ignore[attr-defined]
    assert (bool(morsel["secure"]), morsel["path"]) == (secure, "/user/anna/")
