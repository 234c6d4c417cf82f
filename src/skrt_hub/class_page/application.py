"""The addresses of the organiser's pages, and the handler of each."""

from __future__ import annotations

from tornado import web  # type: ignore[attr-defined]

from skrt_hub.class_page import course_handlers, handlers
from skrt_hub.class_page.handlers import Given


def application(given: Given, secret: bytes) -> web.Application:
    """The pages; `secret` signs their cookies."""
    base, common = given.base, {"given": given}
    return web.Application(
        [
            (base, handlers.ClassView, common),
            (f"{base}live", handlers.LiveHandler, common),
            (f"{base}class[.]csv", handlers.TableHandler, common),
            (f"{base}person", handlers.PersonHandler, common),
            (f"{base}shown", handlers.ShownHandler, common),
            (f"{base}do", handlers.DoHandler, common),
            (f"{base}course", course_handlers.CourseView, common),
            (f"{base}course-live", course_handlers.CourseLiveHandler, common),
            (f"{base}course-checks", course_handlers.CourseChecksHandler, common),
            (f"{base}course-do", course_handlers.CourseDoHandler, common),
            (f"{base}hand-out", course_handlers.HandOutHandler, common),
            (f"{base}collected[.]zip", course_handlers.CollectedHandler, common),
            (f"{base}oauth_callback", handlers.CallbackHandler, {"hub_auth": given.hub_auth}),
            (f"{base}(class[.]css|class[.]js)", handlers.AssetHandler),
        ],
        cookie_secret=secret,
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"samesite": "Lax", "httponly": True},
        log_function=lambda handler: None,
    )
