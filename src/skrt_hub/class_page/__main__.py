"""The program of the organiser's page, as the supervisor keeps it running: on a socket that it is given.

Its token for JupyterHub comes in the environment, which no other user can read.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import logging
import os
import socket
import sys
from pathlib import Path

from jupyterhub.services.auth import HubOAuth
from tornado.httpserver import HTTPServer

from skrt_hub.api import Hub
from skrt_hub.class_page.application import application
from skrt_hub.class_page.course import CourseVerbs
from skrt_hub.class_page.handlers import Given
from skrt_hub.class_page.page import ClassPages
from skrt_hub.class_page.verbs import ClassVerbs
from skrt_hub.context import Context
from skrt_hub.errors import StateError
from skrt_hub.hub.applied import applied_settings
from skrt_hub.layout import Layout
from skrt_hub.login.pages import Look
from skrt_hub.policy import class_page, log_in
from skrt_hub.progress import Silent

_LARGEST_REQUEST = 2**20
_PATIENCE = 120.0


def hub_in(layout: Layout) -> Hub:
    """The hub as it was last brought up; hub.yaml may have changed since."""
    settings = applied_settings(layout)
    if settings is None:
        raise StateError("The hub was deleted.")
    return Hub(Context(settings, layout, Silent()))


async def serve(layout: Layout, listener: socket.socket) -> None:
    """Answer until ended."""
    settings = hub_in(layout).context.settings
    pages = ClassPages(Look(**{**log_in.look(settings, ""), "languages": {}}))
    auth = HubOAuth(
        oauth_client_id=str(class_page.service()["oauth_client_id"]),
        oauth_redirect_uri=class_page.CALLBACK,
        base_url=class_page.PATH,
        cookie_options={"samesite": "Lax"},
        access_scopes=set(class_page.organisers_role()["scopes"]),
        cache_max_age=log_in.BELIEVED,
    )
    secret = hashlib.sha256(f"cookies of the page {auth.api_token}".encode()).digest()
    verbs = ClassVerbs(lambda: hub_in(layout))
    course = CourseVerbs(lambda: hub_in(layout), layout)
    course.begin()
    # The proxy alone leads here, and says where a request came from.
    page = application(Given(auth, verbs, course, pages), secret)
    # A request is read before anybody is asked who sent it.
    server = HTTPServer(page, xheaders=True, max_body_size=_LARGEST_REQUEST, body_timeout=_PATIENCE)
    server.add_socket(listener)
    await asyncio.Event().wait()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--descriptor", type=int, required=True, help="the listening socket")
    given = parser.parse_args()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("tornado").setLevel(logging.WARNING)  # JupyterHub tells it what is nobody's business
    os.set_inheritable(given.descriptor, False)
    listener = socket.socket(fileno=given.descriptor)
    listener.setblocking(False)
    asyncio.run(serve(Layout(given.root), listener))


if __name__ == "__main__":
    main()
