"""One scripted participant: what a browser does from the log-in form to the first picture in a notebook, timed.

1. the log-in page, 2. the form, 3. the server's start, told by the hub's event stream, 4. the lab page, with the
log-in (OAuth) between hub and server, 5. a notebook with its kernel, 6. its channel, 7. `import skrt`, 8. a CT slice.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

import aiohttp
from yarl import URL

from skrt_hub.bench import cells, kernel
from skrt_hub.bench.kernel import KernelMessage

STAGES = ("log-in page", "logged in", "server", "lab page", "kernel", "import", "slice")
"""The moments that are timed, in their order; each is given in seconds since the participant began."""

_BUSY_PAUSE = 1.0
_CHOICE = 'id="spawn_form"'


class ParticipantError(Exception):
    """Something that a participant would have seen go wrong; the text says at which stage, and what."""


@dataclass
class Journey:
    """What happened to one participant: seconds from the beginning to each stage reached, and how it ended."""

    name: str
    began: float = 0.0
    reached: dict[str, float] = field(default_factory=dict)
    failure: str = ""

    def reach(self, stage: str) -> None:
        """This stage is reached now."""
        self.reached[stage] = time.monotonic() - self.began

    @property
    def arrived(self) -> bool:
        """Whether the slice was seen."""
        return STAGES[-1] in self.reached


class Participant:
    """One person with a browser of their own (cookies, kept connections). Use as an asynchronous context."""

    def __init__(
        self, url: str, name: str, password: str, *, kernel_name: str = "python3", user_agent: str = "skrt-hub bench"
    ) -> None:
        self.name = name
        self._kernel = kernel_name
        self._base = URL(url)
        self._password = password
        # On this machine the certificate is the hub's own; who answers at its address is proven at `up`.
        own = self._base.scheme == "https" and self._base.host in ("127.0.0.1", "::1")
        self._web = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=not own),
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # "unsafe" means: also for hosts without a name
            headers={"User-Agent": user_agent},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=120),
        )
        self._session = uuid.uuid4().hex
        self._channel: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Participant:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._channel is not None:
            await self._channel.close()
        await self._web.close()

    @property
    def server(self) -> URL:
        """The address of this participant's own server."""
        return self._base / "user" / self.name

    async def walk(self, journey: Journey) -> None:
        """Go all the way, noting each stage in `journey`. Raises ParticipantError or aiohttp.ClientError."""
        await self.enter(journey)
        await self.execute(cells.IMPORT)
        journey.reach("import")
        await self.execute(cells.FIRST_SLICE, until=kernel.has_picture)
        journey.reach("slice")

    async def enter(self, journey: Journey) -> None:
        """Log in, and open a notebook with its kernel."""
        journey.began = time.monotonic()
        reach = journey.reach
        form = await self.log_in_page()
        reach("log-in page")
        where = await self.log_in(form)
        reach("logged in")
        await self.wait_for_server(where)
        reach("server")
        await self.lab_page()
        reach("lab page")
        await self.open_notebook("bench.ipynb")
        reach("kernel")

    async def log_in_page(self) -> str:
        """The log-in page's form token."""
        text, _ = await self._page(self._base / "hub" / "login")
        found = re.search(r'name="_xsrf"\s+value="([^"]+)"', text)
        if found is None:
            raise ParticipantError("log-in page: there is no form on it")
        return found[1]

    async def log_in(self, token: str) -> URL:
        """Send the form; returns where the hub leads to."""
        form = {"_xsrf": token, "username": self.name, "password": self._password}
        address = (self._base / "hub" / "login").with_query(_xsrf=token)
        text, where = await self._page(address, form)
        if where.path.endswith("/hub/login"):
            raise ParticipantError(f"log-in: {_login_error(text)}")
        return where

    async def wait_for_server(self, where: URL) -> None:
        """Wait as the waiting page does, listening to the hub's progress events; asks for a start where none was."""
        while "/hub/" in where.path:
            if "/spawn-pending/" not in where.path:
                text, where = await self._page(self._base / "hub" / "spawn")
                if _CHOICE in text:  # of a size: the first
                    token = self._cookie("_xsrf", self._base / "hub" / "")
                    _, where = await self._page((self._base / "hub" / "spawn").with_query(_xsrf=token), {})
                continue
            await self._follow_progress()
            return

    async def lab_page(self) -> None:
        """The lab page of the participant's own server; the log-in between hub and server happens on the way."""
        text, where = await self._page(self.server / "lab")
        if "jupyter-config-data" not in text:
            raise ParticipantError(f"lab page: {where.path} is not JupyterLab's page")

    async def open_notebook(self, path: str) -> None:
        """Start a kernel as opening a notebook does, and wait for its first words on its channel."""
        request = {"path": path, "name": path, "type": "notebook", "kernel": {"name": self._kernel}}
        async with self._web.post(self.server / "api" / "sessions", json=request, headers=self._api()) as answer:
            if answer.status != 201:
                raise ParticipantError(f"kernel: answer {answer.status}: {(await answer.text())[:200]}")
            session = await answer.json()
        address = self.server / "api" / "kernels" / session["kernel"]["id"] / "channels"
        self._channel = await self._web.ws_connect(
            address.with_query(session_id=self._session),
            protocols=(kernel.SUBPROTOCOL,),
            headers={"Origin": str(self._base.origin())},
            max_msg_size=64 * 2**20,
        )
        await self._exchange(kernel.kernel_info_request(self._session))

    async def execute(self, code: str, *, until: Callable[[KernelMessage], bool] | None = None) -> None:
        """Run a cell to its end; with `until`, one of its messages must be such. Raises ParticipantError."""
        seen = await self._exchange(kernel.execute_request(code, self._session))
        reply = seen[-1]
        if reply.content.get("status") != "ok":
            raise ParticipantError(f"cell: {reply.content.get('ename')}: {reply.content.get('evalue')}")
        if until is not None and not any(until(message) for message in seen):
            raise ParticipantError("cell: it ran, but showed no picture")

    async def _exchange(self, request: KernelMessage) -> list[KernelMessage]:
        """Send a request; returns everything that came because of it, once idle and reply have both come."""
        assert self._channel is not None
        await self._channel.send_bytes(kernel.to_bytes(request))
        seen: list[KernelMessage] = []
        idle, reply = False, None
        while not idle or reply is None:
            frame = await self._channel.receive()
            if frame.type is not aiohttp.WSMsgType.BINARY:
                raise ParticipantError(f"kernel: the channel ended ({frame.type.name})")
            message = kernel.from_bytes(frame.data)
            if not message.answers(request):
                continue
            seen.append(message)
            idle = idle or (message.kind == "status" and message.content.get("execution_state") == "idle")
            reply = message if message.kind.endswith("_reply") else reply
        return [*(message for message in seen if message is not reply), reply]

    async def _page(self, address: URL, form: dict[str, str] | None = None) -> tuple[str, URL]:
        """A page as a browser gets it: redirects followed, and a hub that says "busy" asked again when it says so."""
        headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        if form is not None:
            headers["Origin"] = str(self._base.origin())
        while True:
            method = "GET" if form is None else "POST"
            async with self._web.request(method, address, data=form, headers=headers, max_redirects=20) as answer:
                text = await answer.text()
                if answer.status == 429 and "Retry-After" in answer.headers:
                    await asyncio.sleep(min(float(answer.headers["Retry-After"]), 30.0))
                    address, form = self._base / "hub" / "spawn", None
                    continue
                if answer.status >= 500 or (answer.status >= 400 and not answer.url.path.endswith("/hub/login")):
                    raise ParticipantError(f"{answer.url.path}: answer {answer.status}: {_words(text)}")
                return text, answer.url

    async def _follow_progress(self) -> None:
        """Listen to the start's events until the server is ready. Raises ParticipantError with the hub's own words."""
        address = self._base / "hub" / "api" / "users" / self.name / "server" / "progress"
        token = self._cookie("_xsrf", self._base / "hub" / "")
        headers = {"Accept": "text/event-stream", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
        async with self._web.get(address.with_query(_xsrf=token), headers=headers) as answer:
            if answer.status == 400:  # the start ended between the page and this question
                return
            if answer.status != 200:
                raise ParticipantError(f"server: answer {answer.status} from the hub's events")
            async for line in answer.content:
                if not line.startswith(b"data:"):
                    continue
                event = json.loads(line[5:])
                if event.get("failed"):
                    raise ParticipantError(f"server: {event.get('message')}")
                if event.get("ready"):
                    return
        raise ParticipantError("server: the hub's events ended before the server was ready")

    def _api(self) -> dict[str, str]:
        token = self._cookie("_xsrf", self.server / "")
        return {"X-XSRFToken": token, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}

    def _cookie(self, name: str, address: URL) -> str:
        best = ""
        longest = -1
        for morsel in self._web.cookie_jar:
            path = morsel["path"] or "/"
            if morsel.key == name and address.path.startswith(quote(path)) and len(path) > longest:
                best, longest = morsel.value, len(path)
        return best


def _login_error(text: str) -> str:
    found = re.search(r'class="login_error"[^>]*>\s*([^<]+)<', text)
    return " ".join(found[1].split()) if found else "the form came back without a reason"


def _words(text: str) -> str:
    found = re.search(r'class="error"[^>]*>(.*?)</div>', text, re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1] if found else text).split())[:300]


def summary_of(error: BaseException) -> str:
    """An exception in one line, for the table of failures."""
    words = str(error) or type(error).__name__
    return words if isinstance(error, ParticipantError) else f"{type(error).__name__}: {words}"[:300]
