"""What the organiser's page shows, as data: one row for each person, with the word for how they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from skrt_hub.login.claims import ORGANISER
from skrt_hub.login.names import order
from skrt_hub.policy.seats import READY
from skrt_hub.report import Participant, Server, StatusReport
from skrt_hub.seats_told import SeatsTold

_AT_WORK = 300.0  # seconds without activity after which somebody is not called at work any more
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
STATES = ("stuck", "in", "idle", "starting", "ready", "out", "never", "disabled", "unlisted")
"""How somebody is, in the order in which a teacher wants to see it. The words for them are in words/."""


@dataclass(frozen=True)
class Row:
    """One person. `trouble` is a key for words, `reason` the whole sentence, in English, where there is more to say."""

    name: str
    shown: str
    group: str
    role: str
    state: str
    trouble: str = ""
    reason: str = ""
    memory: int | None = None
    processors: float | None = None
    since: str = ""
    last_activity: str = ""

    @property
    def organiser(self) -> bool:
        """Whether this is an organiser: nothing is done to them here, and they are not counted."""
        return self.role == ORGANISER

    @property
    def server(self) -> bool:
        """Whether there is a server that can be ended."""
        return self.state in ("in", "idle", "starting", "ready") or (self.state == "stuck" and self.memory is not None)


@dataclass(frozen=True)
class View:
    """The class as it is now. `hub_state` is that of `skrt-hub status`."""

    rows: tuple[Row, ...]
    hub_state: str
    notes: tuple[str, ...]
    when: datetime
    seats: SeatsTold | None = None

    def count(self, *states: str) -> int:
        """How many are in one of these states; organisers are not counted."""
        return sum(row.state in states for row in self.rows if not row.organiser)

    def find(self, name: str) -> Row | None:
        """The row of this name."""
        return next((row for row in self.rows if row.name == name), None)


class Meter:
    """Shares of processors, from what each server has used up at two moments."""

    def __init__(self) -> None:
        self._before: tuple[float, dict[str, float]] = (0.0, {})

    def shares(self, servers: Sequence[Server], now: float) -> dict[str, float]:
        """Processors in use by each server since the last call; nothing for one that is new."""
        then, before = self._before
        used = {server.name: server.processor_seconds for server in servers if server.processor_seconds is not None}
        self._before = now, used
        past = now - then
        return {name: max(0.0, used[name] - before[name]) / past for name in used if name in before and past > 0}


def view(
    status: StatusReport, people: Sequence[Participant], processors: Mapping[str, float], when: datetime | None = None
) -> View:
    """The class, from the reports of `status` and `participants`: who is stuck first, then by name."""
    now = when or datetime.now(UTC)
    servers = {server.name: server for server in status.servers}
    waiting = {seat.name for seat in status.seats.seats if seat.state == READY} if status.seats else set()
    rows = [
        replace(_row(who, servers.get(who.name), now, waiting), processors=processors.get(who.name)) for who in people
    ]
    rows.sort(key=lambda row: (row.state != "stuck", row.organiser, order(row.shown), row.name))
    return View(tuple(rows), status.state, status.notes, now, status.seats)


def _row(who: Participant, server: Server | None, now: datetime, waiting: Collection[str]) -> Row:
    row = Row(who.name, who.shown or who.name, who.group, who.role, _without_server(who))
    if server is None:
        return row
    state = "stuck" if server.trouble else _with_server(server, now)
    if state in ("in", "idle") and who.name in waiting:  # made ready; nobody has come
        state = "ready"
    return replace(
        row,
        state=state,
        trouble=server.trouble,
        reason=server.reason,
        memory=server.memory,
        since=server.since or "",
        last_activity=server.last_activity or "",
    )


def _without_server(who: Participant) -> str:
    if who.log_in in ("disabled", "locked"):
        return "disabled"
    if who.log_in == "unlisted":
        return "unlisted"
    return "out" if who.password or who.home else "never"


def _with_server(server: Server, now: datetime) -> str:
    if server.state != "running":
        return "starting"
    last = _moment(server.last_activity) or _moment(server.since)
    return "in" if last is None or (now - last).total_seconds() < _AT_WORK else "idle"


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def as_csv(seen: View) -> str:
    """The rows as a table for a spreadsheet; nothing in it is taken for a formula there."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(("name", "shown", "group", "state", "trouble", "memory", "processors", "since", "last_activity"))
    for row in seen.rows:
        memory = "" if row.memory is None else row.memory
        share = "" if row.processors is None else f"{row.processors:.2f}"
        words = (row.name, row.shown, row.group, row.state, row.reason or row.trouble)
        table.writerow((*map(_plain, words), memory, share, row.since, row.last_activity))
    return "\ufeff" + out.getvalue()  # the mark by which spreadsheets know UTF-8


def _plain(text: str) -> str:
    """Spreadsheets calculate what begins like a formula (owasp.org, "CSV Injection")."""
    return f"'{text}" if text.startswith(_FORMULA) else text
