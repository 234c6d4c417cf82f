"""What pages may ask the server: only the participant, logged in, and with the page's own token (XSRF).

None of it counts as activity: a page that is left open must not keep its server from being ended as idle.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from jupyter_archive.handlers import ExtractArchiveHandler
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from jupyter_server.utils import ensure_async, url2path
from tornado import web  # type: ignore[attr-defined]

from skrt_workspace.cohort.table import CohortError
from skrt_workspace.home import showing
from skrt_workspace.material import original
from skrt_workspace.material.news import is_read_once_seen
from skrt_workspace.server_extension import cohorts
from skrt_workspace.server_extension.download import stream_zip
from skrt_workspace.server_extension.looking import Looks, NothingToSeeError
from skrt_workspace.server_extension.unpacking import UnpackError, unpack
from skrt_workspace.server_extension.watch import Watch
from skrt_workspace.start_page import start_page

Method = TypeVar("Method", bound=Callable[..., Coroutine[Any, Any, None]])
# tornado's decorator has no types that a strict checker takes.
authenticated: Callable[[Method], Method] = web.authenticated


class _Handler(ExtensionHandlerMixin, APIHandler):  # type: ignore[misc]
    _track_activity = False

    @property
    def watch(self) -> Watch:
        watch: Watch = self.settings["skrt_watch"]
        return watch

    def body(self) -> dict[str, Any]:
        """The request's JSON object. Raises a 400."""
        try:
            document = json.loads(self.request.body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise web.HTTPError(400, "a JSON object is needed")
        return document


class NoticesHandler(_Handler):
    """Messages for the participant."""

    @authenticated
    async def get(self) -> None:
        """Those that were not dismissed."""
        found = await asyncio.to_thread(self.watch.notices)
        shown = ("name", "kind", "text", "time")
        until = await asyncio.to_thread(showing.shown_until, self.watch.home)
        notices = [
            {**{key: getattr(notice, key) for key in shown}, "read_once_seen": is_read_once_seen(notice)}
            for notice in found
        ]
        self.finish({"notices": notices, "shown_until": until})

    @authenticated
    async def post(self) -> None:
        """Dismiss `seen`, a list of names."""
        names = self.body().get("seen")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise web.HTTPError(400, "`seen` must be a list of names")
        await asyncio.to_thread(self.watch.dismiss, names)
        self.finish({})


class ShowingHandler(_Handler):
    """Whether organisers may look at the notebooks (skrt_workspace.home.showing)."""

    @authenticated
    async def post(self) -> None:
        """Show them for so many `minutes`, or with 0 no longer; answers until when, in seconds since 1970."""
        minutes = self.body().get("minutes")
        if type(minutes) is not int or not 0 <= minutes <= showing.LONGEST // 60:
            raise web.HTTPError(400, f"`minutes` must be a number up to {showing.LONGEST // 60}")
        home = self.watch.home
        try:
            if minutes:
                until = await asyncio.to_thread(showing.show, home, 60 * minutes)
            else:
                until = 0.0
                await asyncio.to_thread(showing.stop, home)
        except OSError as error:
            raise web.HTTPError(507, f"It could not be written down: {error.strerror}") from None
        self.finish({"shown_until": until})


class StartHandler(_Handler):
    """The page that JupyterLab opens with."""

    @authenticated
    async def get(self) -> None:
        """What stands on it (skrt_workspace.start_page)."""
        news = await asyncio.to_thread(self.watch.notices)
        self.finish(await asyncio.to_thread(start_page, self.watch.home, news))


class MaterialHandler(_Handler):
    """Which files came from the material."""

    @authenticated
    async def get(self) -> None:
        """Their paths in the home."""
        paths = await asyncio.to_thread(original.placed_paths, self.watch.home)
        self.finish({"paths": sorted(paths)})


class OriginalHandler(_Handler):
    """The original of a file, back in its place."""

    @authenticated
    async def post(self) -> None:
        """Give back the original of `path`; what the participant has is kept under a new name."""
        path = self.body().get("path")
        if not isinstance(path, str):
            raise web.HTTPError(400, "`path` must be a path in the home")
        try:
            restored = await asyncio.to_thread(original.give_back, self.watch.home, path.strip("/"))
        except (original.NoOriginalError, ValueError) as error:
            raise web.HTTPError(409, str(error)) from None
        except OSError as error:
            raise web.HTTPError(507, f"{path} could not be given back: {error.strerror}") from None
        self.finish({"path": restored.path, "kept": restored.kept})


class LookHandler(_Handler):
    """A file or folder of images that was opened in the page."""

    @authenticated
    async def post(self) -> None:
        """What there is to see at `path`, of a folder only its `series`; 409 with the reason where there is nothing."""
        given = self.body()
        path, series = given.get("path"), given.get("series", "")
        if not isinstance(path, str) or not isinstance(series, str):
            raise web.HTTPError(400, "`path` and `series` must be words")
        contents = self.contents_manager
        if await ensure_async(contents.is_hidden(path.strip("/"))) and not contents.allow_hidden:
            raise web.HTTPError(404)
        file = Path(contents._get_os_path(path.strip("/")))
        looks: Looks = self.settings["skrt_looks"]
        try:
            picture = given.get("picture") is True
            self.finish(await looks.open(file, series, self._top(file), picture=picture))
        except NothingToSeeError as error:
            raise web.HTTPError(409, str(error)) from None

    def _top(self, file: Path) -> Path:
        """The folder that the participant sees all of: the home, or whatever folder of data the file lies in."""
        home, real = self.watch.home, Path(os.path.realpath(file))
        data = Path("/data")
        if real.is_relative_to(data) and len(real.parts) > len(data.parts):
            return data / real.parts[len(data.parts)]
        return home


class LookedHandler(ExtensionHandlerMixin, JupyterHandler):  # type: ignore[misc]
    """An image of a look."""

    @authenticated
    async def get(self, token: str, name: str) -> None:
        """Send it; it is compressed already."""
        looks: Looks = self.settings["skrt_looks"]
        file = looks.image(token, name)
        if file is None:
            raise web.HTTPError(404, "It was closed meanwhile: open it again.")
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Cache-Control", "no-store")
        self.finish(await asyncio.to_thread(file.read_bytes))


class CohortsHandler(_Handler):
    """Functions that are done for many patients."""

    @authenticated
    async def get(self) -> None:
        """How far each is."""
        self.finish({"cohorts": await asyncio.to_thread(cohorts.listed)})

    @authenticated
    async def post(self) -> None:
        """`cancel` or `retry` (`what`) the cohort `name`; 409 with the reason where that cannot be."""
        given = self.body()
        name, what = given.get("name"), given.get("what")
        if not isinstance(name, str) or not isinstance(what, str):
            raise web.HTTPError(400, "`name` and `what` must be words")
        try:
            await asyncio.to_thread(cohorts.change, name, what)
        except CohortError as error:
            raise web.HTTPError(409, str(error)) from None
        self.finish({"cohorts": await asyncio.to_thread(cohorts.listed)})


class EverythingHandler(JupyterHandler):  # type: ignore[misc]
    """The whole home as one archive, made while it is sent."""

    @authenticated
    async def get(self) -> None:
        """Send the archive; it needs neither memory nor room on the disk."""
        self.check_xsrf_cookie()
        home: Path = self.settings["skrt_watch"].home
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", 'attachment; filename="my-files.zip"')
        self.set_header("Cache-Control", "no-store")
        await stream_zip(home, self, whole_home=True)


class FolderHandler(JupyterHandler):  # type: ignore[misc]
    """One folder as an archive, at the address that JupyterLab's menu knows (the package jupyter-archive)."""

    @authenticated
    async def get(self, path: str) -> None:
        """Send the archive; hidden files are not in it."""
        self.check_xsrf_cookie()
        folder = Path(self.contents_manager._get_os_path(url2path(path)))
        if await ensure_async(self.contents_manager.is_hidden(url2path(path))) or not folder.is_dir():
            raise web.HTTPError(404)
        name = folder.name or "my-files"
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name + '.zip')}")
        self.set_header("Cache-Control", "no-store")
        token = self.get_argument("archiveToken", "")
        if token:
            self.set_cookie("archiveToken", token)  # tells the page that the archive is on its way
        await stream_zip(folder, self, inside=name)


class UnpackHandler(ExtractArchiveHandler):  # type: ignore[misc]
    """An archive, unpacked beside itself; asked as the package jupyter-archive has it."""

    def extract_archive(self, archive_path: Path) -> None:
        """On a thread. Raises a 400 with the reason, which the page shows."""
        try:
            count = unpack(archive_path, hidden=self.contents_manager.allow_hidden)
        except UnpackError as error:
            raise web.HTTPError(400, reason=str(error).encode("ascii", "replace").decode()[:300]) from None
        self.log.info("skrt-workspace: %d files unpacked from %s", count, archive_path)


HANDLERS = [
    (r"/skrt/notices", NoticesHandler),
    (r"/skrt/showing", ShowingHandler),
    (r"/skrt/start", StartHandler),
    (r"/skrt/material", MaterialHandler),
    (r"/skrt/original", OriginalHandler),
    (r"/skrt/look", LookHandler),
    (r"/skrt/look/([^/]+)/([^/]+)", LookedHandler),
    (r"/skrt/cohorts", CohortsHandler),
    (r"/skrt/everything", EverythingHandler),
    # jupyter-archive's own part in the server is switched off (install/jupyter.py): one link that leads nowhere, or one
    # file that may not be read, would end its archives.
    (r"/directories/(.*)", FolderHandler),
    (r"/extract-archive/(.*)", UnpackHandler),
]
