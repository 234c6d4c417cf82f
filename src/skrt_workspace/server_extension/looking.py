"""Files and folders of images that the page opens: each is read by a program of its own, whose images are then sent.

The program runs as the participant, within their limits. What it made lies in a temporary folder until two newer looks
have taken its place, or the server ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

_KEPT = 3
_DEADLINE = 300.0
_TELLING = 400  # characters of what a program said last


class NothingToSeeError(Exception):
    """Why there is nothing to see."""


class Looks:
    """The looks of one server; one is made at a time, as each may need much memory."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._folders: dict[str, Path] = {}
        self._one_at_a_time = asyncio.Lock()

    async def open(self, path: Path, series: str, top: Path, *, picture: bool = False) -> dict[str, Any]:
        """What there is to see at a path; `token` is where its images are. Raises NothingToSeeError."""
        async with self._one_at_a_time:
            while len(self._folders) >= _KEPT:
                self._forget(next(iter(self._folders)))
            token = secrets.token_urlsafe(16)
            self._folders[token] = Path(tempfile.mkdtemp(prefix="skrt-look-"))
            try:
                shown = await self._run(path, self._folders[token], series, top, picture)
            except BaseException:
                self._forget(token)
                raise
        return {**shown, "token": token}

    def image(self, token: str, name: str) -> Path | None:
        """One image of a look; None where there is none by now."""
        folder = self._folders.get(token)
        if folder is None or "/" in name or not name.endswith(".nii.gz"):
            return None
        file = folder / name
        return file if file.is_file() and not file.is_symlink() else None

    def close(self) -> None:
        """The server ends: nothing is kept."""
        for token in list(self._folders):
            self._forget(token)

    def _forget(self, token: str) -> None:
        shutil.rmtree(self._folders.pop(token), ignore_errors=True)

    async def _run(self, path: Path, folder: Path, series: str, top: Path, picture: bool) -> dict[str, Any]:
        words = ["-P", "-m", "skrt_workspace.viewer.opening", str(path), str(folder), "--top", str(top)]
        words += ["--picture"] if picture else []
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        program = await asyncio.create_subprocess_exec(
            sys.executable, *words, "--series", series, stdin=nothing, stdout=pipe, stderr=pipe
        )
        try:
            out, err = await asyncio.wait_for(program.communicate(), _DEADLINE)
        except TimeoutError:
            raise NothingToSeeError(f"{path.name} took longer than {_DEADLINE / 60:.0f} minutes to open.") from None
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
        return self._answer(path.name, program.returncode, out, err)

    def _answer(self, name: str, code: int | None, out: bytes, err: bytes) -> dict[str, Any]:
        if code == -signal.SIGKILL:
            raise NothingToSeeError(
                f"{name} needs more memory than you have. Close other notebooks and kernels, then open it again."
            )
        try:
            shown: dict[str, Any] = json.loads(out.splitlines()[-1])
        except (IndexError, ValueError):
            said = err.decode(errors="replace").strip()[-_TELLING:]
            self._log.warning("%s could not be opened (%s): %s", name, code, said)
            last = said.splitlines()[-1] if said else f"exit code {code}"
            raise NothingToSeeError(f"{name} could not be opened: {last}") from None
        if "refused" in shown:
            raise NothingToSeeError(str(shown["refused"]))
        return shown
