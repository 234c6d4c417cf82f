"""Uploads of large files: whole or not at all.

JupyterLab sends a large file in pieces. Jupyter's own manager writes each under the file's name, so that an interrupted
upload leaves half a file, and has cut the one that was there before. Here the pieces gather in a hidden file beside it,
which gets the name when the last one has come.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import errno
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado import web  # type: ignore[attr-defined]

from skrt_workspace.home import space
from skrt_workspace.home.tree import PART_PREFIX, part_name
from skrt_workspace.server_extension.patients import tell_of_patients

_LAST = -1
_FORGOTTEN = 3600.0  # seconds without a piece, after which the browser is taken to be gone
_IMAGES = (".dcm", ".ima", ".nii", ".nii.gz", ".nrrd", ".mha")
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass
class _Upload:
    """One upload under way. chunks: how many came."""

    part: Path
    chunks: int = 0
    time: float = field(default_factory=time.monotonic)


class Uploads(AsyncLargeFileManager):  # type: ignore[misc]
    """Jupyter's files, with uploads that are never half there."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._uploads: dict[str, _Upload] = {}

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        """Save a file or notebook; of an upload in pieces, the next piece."""
        chunk = model.get("chunk")
        path = path.strip("/")
        if chunk is None:
            return await self._save_whole(model, path)
        if model.get("type") != "file" or "content" not in model:
            raise web.HTTPError(400, f"{path}: a piece of an upload needs the type `file`, and a content")
        content = _content(path, model)
        target = Path(self._get_os_path(path))
        if chunk == 1:
            await self._begin(model, path, target)
        upload = self._uploads.get(path)
        if upload is None or chunk not in (upload.chunks + 1, _LAST):
            raise web.HTTPError(409, f"The upload of {path} was interrupted. Nothing of it was kept: upload it again.")
        try:
            await asyncio.to_thread(_append, upload.part, content)
            upload.chunks, upload.time = upload.chunks + 1, time.monotonic()
            if chunk != _LAST:
                return self._described(path, upload.part)
            await asyncio.to_thread(os.replace, upload.part, target)
            del self._uploads[path]
        except OSError as error:
            self._forget(path)
            raise _explained(path, error) from None
        found = await self.get(path, content=False)
        self.run_post_save_hooks(model=found, os_path=str(target))
        await asyncio.to_thread(tell_of_patients, Path(self.root_dir), path, target)
        self.emit(data={"action": "save", "path": path})
        return found

    async def _save_whole(self, model: dict[str, Any], path: str) -> Any:
        """Save; a new file that found no room leaves no empty one behind, and the reason is told."""
        target = Path(self._get_os_path(path))
        new = not os.path.lexists(target)
        try:
            saved = await super().save(model, path)
            if model.get("type") == "file":
                await asyncio.to_thread(tell_of_patients, Path(self.root_dir), path, target)
            return saved
        except web.HTTPError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError) or cause.errno not in _FULL:
                raise
            with contextlib.suppress(OSError):
                if new and target.stat().st_size == 0:
                    target.unlink()
            raise web.HTTPError(507, f"{path} was not saved. {space.full_words(target.parent)}") from None

    async def create_checkpoint(self, path: str) -> Any:
        """Keep a copy to go back to; of images, which no page changes, a second copy would only fill the home."""
        if path.lower().endswith(_IMAGES):
            found = await self.get(path, content=False)
            return {"id": "checkpoint", "last_modified": found["last_modified"]}
        return await super().create_checkpoint(path)

    def check_and_sign(self, nb: Any, path: str = "", **options: Any) -> None:
        """Note down that a notebook is one's own; where there is no room for that, it is saved all the same."""
        try:
            super().check_and_sign(nb, path, **options)
        except Exception as error:
            self.log.warning("%s was not signed: %s", path, error)

    def mark_trusted_cells(self, nb: Any, path: str = "") -> None:
        """Whether a notebook is one's own; where that cannot be looked up, it is shown as somebody else's would be."""
        try:
            super().mark_trusted_cells(nb, path)
        except Exception as error:
            self.log.warning("%s: its signature could not be looked up: %s", path, error)
            self.notary.mark_cells(nb, False)

    async def _begin(self, model: dict[str, Any], path: str, target: Path) -> None:
        self.run_pre_save_hooks(model=model, path=path)
        for other, upload in list(self._uploads.items()):
            if other == path or time.monotonic() - upload.time > _FORGOTTEN:
                self._forget(other)
        hidden = target.name.startswith(PART_PREFIX) or (not self.allow_hidden and target.name.startswith("."))
        if hidden or target.is_dir():
            raise web.HTTPError(400, f"{path} cannot be uploaded under this name")
        part = target.with_name(part_name(target.name))
        try:
            await asyncio.to_thread(_new, part, target)
        except OSError as error:
            raise _explained(path, error) from None
        self._uploads[path] = _Upload(part)

    def forget_uploads(self) -> None:
        """The server ends: what is not whole by now never will be."""
        for path in list(self._uploads):
            self._forget(path)

    def _forget(self, path: str) -> None:
        upload = self._uploads.pop(path)
        with contextlib.suppress(OSError):
            upload.part.unlink()

    def _described(self, path: str, part: Path) -> dict[str, Any]:
        """What the page is told of an upload under way; only when it is over can the file be asked for."""
        facts: dict[str, Any] = self._base_model(path.rpartition("/")[0])
        return {
            **facts,
            "name": path.rpartition("/")[2],
            "path": path,
            "type": "file",
            "format": None,
            "content": None,
            "mimetype": None,
            "size": part.stat().st_size,
            "writable": True,
        }


def _content(path: str, model: dict[str, Any]) -> bytes:
    try:
        if model.get("format") == "text":
            return str(model["content"]).encode("utf-8")
        if model.get("format") == "base64":
            return base64.b64decode(str(model["content"]).encode("ascii"), validate=False)
    except (UnicodeError, binascii.Error) as error:
        raise web.HTTPError(400, f"{path}: a piece of the upload is damaged: {error}") from None
    raise web.HTTPError(400, f"{path}: a piece of an upload is `text` or `base64`")


def _new(part: Path, target: Path) -> None:
    """An empty part, with the mode of the file that it will replace."""
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with contextlib.suppress(FileNotFoundError):
            found = target.lstat()
            if stat.S_ISREG(found.st_mode):
                os.fchmod(handle, stat.S_IMODE(found.st_mode))
    finally:
        os.close(handle)


def _append(part: Path, content: bytes) -> None:
    handle = os.open(part, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
    finally:
        os.close(handle)


def _explained(path: str, error: OSError) -> Any:
    if error.errno in _FULL:
        return web.HTTPError(
            507, f"Your home is full: {path} was not uploaded. Delete files that you do not need, then upload it again."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return web.HTTPError(403, f"{path} was not uploaded: {error.strerror}.")
    return web.HTTPError(500, f"{path} was not uploaded: {error.strerror}.")
