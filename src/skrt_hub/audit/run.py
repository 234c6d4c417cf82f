"""The audit: a throw-away participant tries everything from a terminal and a notebook; then we try from outside."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import secrets
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from skrt_hub.audit import inside, outside
from skrt_hub.audit.inside.attempt import GROUP, Finding
from skrt_hub.audit.report import NOTEBOOK, OUTSIDE, TERMINAL, AuditReport, AuditRow, joined
from skrt_hub.audit.server import GuestServer
from skrt_hub.context import Context
from skrt_hub.errors import AuditError, SkrtHubError, VerifyError
from skrt_hub.targets.guest import PREFIX, Guest, account
from skrt_hub.targets.protocol import Target
from skrt_hub.targets.registry import target_for

PROGRAM = "skrt-hub-audit.pyz"
FACTS = "facts.json"
_DEADLINE = 1200.0
_LOOK_EVERY = 0.5
_FILLING = 110.0  # seconds after which no answer is expected of an attempt that fills memory
_GONE = 3.0
_BACK = 180.0
# From a terminal alone: what is filled once need not be filled twice, and the server must outlive it.
_ONCE = ("memory", "processes", "open_files")


def audit(context: Context, *, limits: bool = True) -> AuditReport:
    """Attack the hub at hand. `limits`: fill memory of every kind, too, which takes minutes."""
    began = time.monotonic()
    with context.progress.step("a throw-away participant") as step, target_for(context).guest() as guest:
        rows = asyncio.run(_attack(guest, step.update, limits=limits))
        step.update(note="from outside")
        with _password(target_for(context)) as name:
            rows += _from_outside(guest, {"with_password": name})
    return AuditReport(
        name=context.settings.name,
        target=context.settings.target,
        hub_runs_as=guest.hub_runs_as,
        rows=joined(tuple(rows)),
        missing_layers=guest.missing_layers,
        seconds=round(time.monotonic() - began, 1),
    )


def program() -> bytes:
    """`inside`, as one file that Python runs."""
    packed = io.BytesIO()
    folder = Path(inside.__file__).parent
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.glob("*.py")):
            archive.writestr(f"inside/{file.name}", file.read_text(encoding="utf-8"))
        archive.writestr("__main__.py", "import sys\nfrom inside.__main__ import main\nsys.exit(main(sys.argv[1:]))\n")
    return packed.getvalue()


def probes() -> dict[str, str]:
    """The names of all attempts from inside, in their order, and what each tries in words."""
    from skrt_hub.audit.inside import calls, files, limits, network  # noqa: PLC0415

    return {
        one.__name__: (one.__doc__ or "").strip() for room in (files, calls, network, limits) for one in room.PROBES
    }


async def _attack(guest: Guest, tell: Any, *, limits: bool) -> list[AuditRow]:
    once = [name for name in probes() if name.startswith(_ONCE)]
    often = [name for name in probes() if name not in once]
    rows: list[AuditRow] = []
    try:
        async with GuestServer(guest) as server:
            await server.put(PROGRAM, program())
            await server.put(FACTS, json.dumps(dict(guest.facts)).encode())
            tell(note="from a notebook")
            answer = _new_answer()
            await server.execute(_cell([FACTS, answer, *often]), deadline=_DEADLINE)
            rows += await _rows(server, answer, NOTEBOOK, often)
            tell(note="from a terminal")
            rows += await _rows(server, await _in_terminal(server, often), TERMINAL, often)
            for name in once if limits else ():
                tell(note=f"from a terminal: {name.replace('_', ' ')}")
                rows += await _fill(guest, server, name)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise AuditError(
            "The throw-away participant's server went away while it was used.",
            why=str(error) or type(error).__name__,
            remedy="Type the same command again.",
        ) from None
    return rows


def _new_answer() -> str:
    return f"answer-{secrets.token_hex(4)}.json"


async def _in_terminal(server: GuestServer, names: Sequence[str]) -> str:
    answer = _new_answer()
    words = " ".join(f"'{name}'" for name in names)
    await server.type(f"cd ~ && exec python -I {PROGRAM} {FACTS} {answer} {words}")
    return answer


async def _fill(guest: Guest, server: GuestServer, name: str) -> list[AuditRow]:
    """One attempt that may end the whole server; it is started again for the next."""
    try:
        answer = await _in_terminal(server, [name])
    except (VerifyError, aiohttp.ClientError):  # the attempt before ended it after it was looked at
        await _revive(guest, server)
        answer = await _in_terminal(server, [name])
    (row,) = await _rows(server, answer, TERMINAL, [name], quiet_for=_FILLING)
    alive = await server.alive()
    if not alive:
        await _revive(guest, server)
    if row.outcome != "not tried":
        return [row]
    ended = "its terminal was ended with it" if alive else "the whole server was ended, and starts again"
    return [replace(row, outcome="refused", layer=GROUP, why=ended)]


async def _revive(guest: Guest, server: GuestServer) -> None:
    """Have the server there again. The hub may take one that has just ended for running, and a pod's program is
    started again by the cluster without the hub's knowledge: so its own answer counts.
    """
    end = time.monotonic() + _BACK
    while not await server.alive():
        if time.monotonic() > end:
            raise VerifyError("The participant's server did not come back.", remedy="See: skrt-hub logs")
        await asyncio.get_running_loop().run_in_executor(None, guest.revive)
        await asyncio.sleep(_LOOK_EVERY)


def _cell(words: Sequence[str]) -> str:
    return (
        "import os, sys\n"
        "os.chdir(os.path.expanduser('~'))\n"
        f"sys.path.insert(0, {PROGRAM!r})\n"
        "from inside.__main__ import main\n"
        f"main({list(words)!r})\n"
    )


async def _rows(
    server: GuestServer, answer: str, where: str, wanted: Sequence[str], *, quiet_for: float = 200.0
) -> list[AuditRow]:
    """Wait until the program has tried everything; what it did not come to is told as not tried."""
    deadline = time.monotonic() + _DEADLINE
    document: dict[str, Any] = {"rows": [], "done": False}
    quiet = time.monotonic()
    while not document["done"] and time.monotonic() < deadline and time.monotonic() - quiet < quiet_for:
        found = await server.read(answer)
        if found is None and time.monotonic() - quiet > _GONE and not await server.alive():
            break
        if found is not None and (read := json.loads(found)) != document:
            document, quiet = read, time.monotonic()
        await asyncio.sleep(_LOOK_EVERY)
    rows = [AuditRow(where=(where,), **row) for row in document["rows"]]
    tried = {row.probe for row in rows}
    missing = [name for name in wanted if name not in tried]
    ended, words = "the program ended before", probes()
    return rows + [AuditRow(name, words.get(name, name), (where,), "not tried", "", ended) for name in missing]


@contextlib.contextmanager
def _password(target: Target) -> Iterator[str]:
    """A further name with a password that nobody knows, for guessing at; empty where this kind of log-in has none."""
    name = f"{PREFIX}{secrets.token_hex(4)}"
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(account(target.ask_accounts, name))
        except SkrtHubError:
            name = ""
        yield name


def _from_outside(guest: Guest, further: Mapping[str, Any]) -> list[AuditRow]:
    hub = outside.Outside(guest.url, guest.name, {**guest.facts, **further}, guest.host, guest.server_host)
    rows = []
    for probe in outside.PROBES:
        try:
            found = probe(hub)
        except (OSError, SkrtHubError, ValueError) as error:
            found = Finding("not tried", "", f"{type(error).__name__}: {error}")
        rows.append(AuditRow(probe.__name__, (probe.__doc__ or "").strip(), (OUTSIDE,), **found.as_dict()))
    return rows
