"""The page about the course's files, for organisers: each order begins a piece of work, whose end the page shows.

SECURITY: files to hand out are taken only from somebody who may, so a stranger's request of that size is refused before
it is read; the page's key is weighed when all of it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tornado import httputil, web  # type: ignore[attr-defined]
from tornado.iostream import StreamClosedError

from skrt_hub.class_page.handlers import ClassHandler, Given
from skrt_hub.errors import SkrtHubError
from skrt_hub.policy.class_page import ON_COURSE
from skrt_hub.report import Report

LARGEST_FILES = 64 * 2**20
"""Bytes of all files that are handed out at once from the page."""
_PATIENCE = 600.0
_LONGEST_PATH = 1000


class CourseHandler(ClassHandler):
    """What these pages have in common."""

    needs = "material"

    async def show(self, template: str) -> str:
        """The page, or the part of it that is looked at again and again."""
        seen = await self.done(self.course.look)
        return self.page(template, course=seen, jobs=self.jobs.seen(), largest=LARGEST_FILES)

    def begin(self, action: str, whom: str, work: Callable[[], Report]) -> None:
        """Begin the work, and lead back to the page."""
        note = partial(self._note, action, whom, "")
        began = self.jobs.begin(action, self.name, work, note)
        if not began:
            note("refused, because other work is being done")
            self.refuse(self.say("wrong_busy"), 409)
            return
        note("begun")
        self.redirect(f"{self.base}course", status=303)

    def failed(self, action: str, whom: str, error: SkrtHubError) -> None:
        """Nothing was begun; say why."""
        self._note(action, whom, "", f"failed: {error.what}")
        self.refuse(self.say("failed", why=f"{error.what} {error.why} {error.remedy}".strip()), 409)


class CourseView(CourseHandler):
    """The page."""

    async def get(self) -> None:
        self.finish(await self.show("course"))


class CourseLiveHandler(CourseHandler):
    """What its script looks at every few seconds."""

    for_script = True

    async def get(self) -> None:
        self.finish(await self.show("course-live"))


class CourseChecksHandler(CourseHandler):
    """The same for what the last checks found, which is read less often than files are handed out."""

    for_script = True

    async def get(self) -> None:
        self.finish(await self.show("course-checks"))


class CourseDoHandler(CourseHandler):
    """What an organiser has done with the course's files."""

    async def post(self) -> None:
        action = self.get_body_argument("action", "")
        if action not in ON_COURSE or action == "hand-out":
            self.refuse(self.say("wrong_action"), 400)
            return
        if action not in self.can:
            self._note(action, "", "", "refused")
            self.refuse(self.say("wrong_action"))
            return
        text = self.get_body_argument("text", "").strip()[:_LONGEST_PATH]
        group = self.get_body_argument("group", "")
        whom = " of ".join(filter(None, (text, group)))
        try:
            work = await self.done(self.course.work, action, text, group)
        except SkrtHubError as error:
            self.failed(action, whom, error)
            return
        self.begin(action, whom, work)


@web.stream_request_body
class HandOutHandler(CourseHandler):
    """Files to hand out, as a form of a page sends them."""

    needs = "hand-out"

    def initialize(self, given: Given) -> None:
        super().initialize(given)
        self._pieces: list[bytes] = []
        self._whole = False

    def check_xsrf_cookie(self) -> None:
        if self._whole:  # the key is in the form, which is not read yet when tornado asks first
            super().check_xsrf_cookie()

    async def prepare(self) -> None:
        await super().prepare()
        if not self._finished and self.request.method == "POST":
            self.request.connection.set_max_body_size(LARGEST_FILES + 2**20)
            self.request.connection.set_body_timeout(_PATIENCE)

    def data_received(self, chunk: bytes) -> None:
        self._pieces.append(chunk)

    async def post(self) -> None:
        sent = self._take()
        self._whole = True
        self.check_xsrf_cookie()
        folder = self.get_body_argument("folder", "").strip()
        files = [(file["filename"], file["body"]) for file in sent if file["filename"]]
        whom = f"{len(files)} files in {folder}" if folder else f"{len(files)} files"
        if sum(len(content) for _, content in files) > LARGEST_FILES:
            self.refuse(self.say("wrong_size"), 413)
            return
        try:
            work = await self.done(self.course.hand_out, files, folder)
        except SkrtHubError as error:
            self.failed("hand-out", whom, error)
            return
        self.begin("hand-out", whom, work)

    def _take(self) -> list[Any]:
        """The files of the form; its fields become the request's."""
        body, self._pieces = b"".join(self._pieces), []
        fields: dict[str, list[bytes]] = {}
        files: dict[str, list[Any]] = {}
        try:
            kind = self.request.headers.get("Content-Type", "")
            httputil.parse_body_arguments(kind, body, fields, files, self.request.headers)
        except httputil.HTTPInputError:
            raise web.HTTPError(400, "This is no form.") from None
        self.request.body_arguments, self.request.files = fields, files
        self.request.arguments = {**self.request.arguments, **fields}
        return files.get("files", [])


class CollectedHandler(CourseHandler):
    """What was collected last, as a .zip that is made while it is sent."""

    needs = "collect"

    async def get(self) -> None:
        try:
            blocks = await self.done(self.course.archive)
        except SkrtHubError as error:
            self.refuse(f"{error.what}", 404)
            return
        self._note("download", "what was collected", "", "begun")
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", 'attachment; filename="collected.zip"')
        try:
            while (block := await self.done(next, blocks, None)) is not None:
                self.write(block)
                await self.flush()
        except StreamClosedError:
            return
        self.finish()
