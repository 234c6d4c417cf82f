"""The program that sends the files of `skrt_hub.assets`, on loopback, behind the proxy.

SECURITY: it reads requests of anybody, so it gives up its rights before the first one (where it had any), holds no
secret, and can open nothing but what lies below its roots.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import mimetypes
import os
import signal
import socket
from pathlib import Path

import aiohttp
from aiohttp import web
from jupyterhub._data import DATA_FILES_PATH

from skrt_hub.assets import CLOSED_PAGE, OTHER_HOST_PAGE
from skrt_hub.assets.store import Asset, Store, find
from skrt_hub.login.pages import CLOSED_HEADERS

OWN = "own"
"""The query word with which a participant's own server is asked; the proxy leads such a request there."""

_NOBODY = 65534
_PR_SET_PDEATHSIG = 1
_CLOSED = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="30"><title>{title}</title>
<body style="font-family: sans-serif; max-width: 36em; margin: 15vh auto; padding: 0 1em">
<h1>{heading}</h1><p>{text}</p></html>
"""
_CLOSED_WORDS = {
    "en": {
        "title": "Closed",
        "heading": "The hub is closed for now",
        "text": "Your files are safe, and what runs goes on. This page looks again every half minute.",
    },
    "de": {
        "title": "Geschlossen",
        "heading": "Der Hub ist zurzeit geschlossen",
        "text": "Ihre Dateien bleiben, und was läuft, läuft weiter. Diese Seite sieht jede halbe Minute wieder nach.",
    },
}
_FOREVER = "public, max-age=31536000, immutable"


def roots(environment: Path) -> dict[str, Path]:
    """The folders that are sent: JupyterLab's files and extensions of the environment, and JupyterHub's own."""
    share = environment / "share" / "jupyter"
    found = {"lab": share / "lab" / "static", "extensions": share / "labextensions"}
    found["hub"] = Path(DATA_FILES_PATH) / "static"
    return {name: folder for name, folder in found.items() if folder.is_dir()}


def application(store: Store) -> web.Application:
    """The web application: every path is looked up in the store."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == CLOSED_PAGE:
            return closed(request.headers.get("Accept-Language", ""))
        if request.path == OTHER_HOST_PAGE:
            # Its words are the proxy's: they stand in the query that it asks with.
            text = request.query.get("words", "The hub does not answer to this name.")
            return web.Response(text=text, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
        found = find(request.path)
        if found is None:
            raise web.HTTPNotFound
        asset = await asyncio.get_running_loop().run_in_executor(None, store.get, *found)
        if asset is not None:
            return respond(request, asset, forever=found[0] != "hub" or "v" in request.query)
        if found[0] == "hub":
            raise web.HTTPNotFound
        # An extension of the participant's own, or a server that was started with an older environment.
        raise web.HTTPTemporaryRedirect(str(request.rel_url.update_query({OWN: "1"})))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app


def closed(accepted: str) -> web.Response:
    """The page of a closed hub, in the first language that the browser likes and this has."""
    liked = [part.partition(";")[0].strip().lower().partition("-")[0] for part in accepted.split(",")]
    language = next((code for code in liked if code in _CLOSED_WORDS), "en")
    text = _CLOSED.format(language=language, **_CLOSED_WORDS[language])
    return web.Response(text=text, content_type="text/html", headers=CLOSED_HEADERS)


def respond(request: web.Request, asset: Asset, *, forever: bool) -> web.Response:
    """The file, compressed for those who take it so; 304 for those who have it."""
    headers = {
        "Cache-Control": _FOREVER if forever else "no-cache",
        "ETag": asset.tag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("If-None-Match") == asset.tag:
        return web.Response(status=304, headers=headers)
    headers["Content-Type"] = asset.kind
    if asset.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(body=asset.compressed, headers={**headers, "Content-Encoding": "gzip"})
    return web.Response(body=asset.body, headers=headers)


def give_up_rights() -> None:
    """Become nobody, where the hub runs as root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        end_with_parent()  # a change of the user takes that back (prctl(2), PR_SET_PDEATHSIG)


def end_with_parent() -> None:
    """Be ended when the supervisor is."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


async def serve(store: Store, listener: socket.socket) -> None:
    """Send files until ended."""
    runner = web.AppRunner(application(store), access_log=None)
    await runner.setup()
    await _try_everything(runner)
    give_up_rights()
    await web.SockSite(runner, listener, backlog=512).start()
    await asyncio.Event().wait()


async def _try_everything(runner: web.AppRunner) -> None:
    """Answer one request of each kind, at a place of our own.

    Python loads much only when it is first needed; afterwards its files may be out of reach, if they are only root's.
    """
    with socket.socket() as private:
        private.bind(("127.0.0.1", 0))
        port = private.getsockname()[1]
        site = web.SockSite(runner, private)
        await site.start()
        async with aiohttp.ClientSession() as web_client:
            for path in ("/hub/static/css/style.min.css", "/hub/static/none", "/user/a/static/lab/none.js", "/none"):
                for headers in ({}, {"Accept-Encoding": "gzip"}, {"If-None-Match": '"none"'}):
                    address = f"http://127.0.0.1:{port}{path}"
                    async with web_client.get(address, headers=headers, allow_redirects=False) as answer:
                        await answer.read()
        await site.stop()


def main() -> None:
    """The program: roots are opened while there are rights for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--descriptor", type=int, required=True, help="the listening socket")
    parser.add_argument("--environment", type=Path, required=True)
    arguments = parser.parse_args()
    mimetypes.init()
    store = Store(roots(arguments.environment))
    asyncio.run(serve(store, socket.socket(fileno=arguments.descriptor)))


if __name__ == "__main__":
    main()
