"""Names for scripted participants on a hub that other people use, and their removal without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import Sequence

import aiohttp

from skrt_hub.hub.accounts import accounts_of
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.names import Place, Places
from skrt_hub.hub.secrets import read_secrets
from skrt_hub.layout import Layout

PREFIX = "bench-"
_ENDING_PATIENCE = 60.0


def new_names(count: int) -> tuple[str, ...]:
    """Names that nobody has: the prefix, four random digits, and a number."""
    tag = secrets.token_hex(4)
    return tuple(f"{PREFIX}{tag}-{number:03d}" for number in range(1, count + 1))


async def remove(layout: Layout, applied: Applied, names: Sequence[str]) -> tuple[str, ...]:
    """End these names' servers and remove all that is theirs; returns what could not be removed, in words.

    Only names with the prefix are touched.
    """
    ours = [name for name in names if name.startswith(PREFIX)]
    headers = {"Authorization": f"token {read_secrets(layout.secrets).command}"}
    base = f"http://127.0.0.1:{applied.ports.hub}/hub/api/users/"
    limit = asyncio.Semaphore(8)
    async with aiohttp.ClientSession(headers=headers) as web:
        left = await asyncio.gather(*(_remove_user(web, base + name, limit) for name in ours))
    places = Places(layout.folders)
    accounts = accounts_of(layout)
    for name in ours:
        place = places.find(name)
        if place is not None:
            _remove_files(layout, place)
        places.forget(name)
        accounts.free(name)
    return tuple(f"{name}: {words}" for name, words in zip(ours, left, strict=True) if words)


async def _remove_user(web: aiohttp.ClientSession, address: str, limit: asyncio.Semaphore) -> str:
    """Delete a user of JupyterHub, which ends the server; the words of a refusal, or none."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + _ENDING_PATIENCE
    async with limit:
        while True:
            try:
                async with web.delete(address) as answer:
                    if answer.status in (204, 404):
                        return ""
                    words = f"answer {answer.status} from the hub"
            except aiohttp.ClientError as error:
                words = str(error)
            if loop.time() > give_up:
                return words
            await asyncio.sleep(0.5)  # a server that is still starting or ending cannot be deleted yet


def _remove_files(layout: Layout, place: Place) -> None:
    for folder in (layout.home(place.folder), layout.notices(place.folder)):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        layout.server_log(place.folder).unlink()
