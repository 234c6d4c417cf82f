"""What commands return: frozen reports that know their words and their JSON, and never print.

`skrt_hub.cli` prints them. A report's `exit_code` is the command's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from skrt_hub.errors import EndedError, PrerequisiteError, VerifyError
from skrt_hub.seats_told import SeatsTold

_NAMED = 10


@dataclass(frozen=True)
class Report:
    """The base of all reports."""

    exit_code: ClassVar[int] = 0

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON document: its fields, and `ok` where it gives a verdict."""
        verdict = {"ok": self.ok} if hasattr(self, "ok") else {}
        return {**verdict, **{item.name: _plain(getattr(self, item.name)) for item in dataclasses.fields(self)}}

    def render(self) -> RenderableType:
        """The report for a person."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Message(Report):
    """A few lines, for commands that only did something."""

    lines: tuple[str, ...]

    def render(self) -> RenderableType:
        return Text("\n".join(self.lines))


@dataclass(frozen=True)
class PassedOn(Report):
    """What a command line elsewhere has said to the person already; `code` is how it ended."""

    code: int

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return self.code

    def render(self) -> RenderableType:
        return Text()


@dataclass(frozen=True)
class Finding:
    """One thing that `check` looked at."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    required: bool = True


@dataclass(frozen=True)
class CheckReport(Report):
    """Whether `up` would work here, and why not."""

    target: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings if finding.required)

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 0 if self.ok else PrerequisiteError.exit_code

    def render(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, show_header=False)
        for finding in self.findings:
            mark = "[green]ok[/]" if finding.ok else "[red]missing[/]" if finding.required else "[yellow]note[/]"
            table.add_row(mark, finding.name, Text(finding.found))
            if not finding.ok and finding.remedy:
                table.add_row("", "", Text(f"→ {finding.remedy}"))
        verdict = "Everything the hub needs is here." if self.ok else "`skrt-hub up` would not work yet; see above."
        return Group(table, Text(verdict))


@dataclass(frozen=True)
class Server:
    """One participant's server.

    `trouble` is a word for what keeps them from working (memory, home-full, failed, no-seat, other), `reason` says it
    whole. `processor_seconds` is the processors' time that its processes have used so far. `profile` is the size that
    was chosen.
    """

    name: str
    state: str
    memory: int | None = None
    last_activity: str | None = None
    reason: str = ""
    since: str | None = None
    trouble: str = ""
    processor_seconds: float | None = None
    profile: str = ""


@dataclass(frozen=True)
class StatusReport(Report):
    """What the hub is doing."""

    name: str
    state: str
    target: str
    url: str | None
    login: str
    version: str
    servers: tuple[Server, ...] = ()
    components: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    notes: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    certificate_authority: Path | None = None
    seats: SeatsTold | None = None

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return EndedError.exit_code if self.state in ("killed", "coming back") else 0

    def render(self) -> RenderableType:
        rows = [("hub", self.name), ("state", self.state), ("target", self.target), ("address", self.url or "-")]
        rows += [("log-in", self.login), ("version", self.version), *sorted(self.components.items())]
        rows += [("folder", str(self.folder))] if self.folder else []
        parts: list[RenderableType] = [_aligned([(Text(key, "bold"), Text(value)) for key, value in rows])]
        if self.servers:
            sized = ["profile"] if any(server.profile for server in self.servers) else []
            table = Table("participant", "server", *sized, "since", "memory", "last active", box=None, pad_edge=False)
            for server in self.servers:
                state = f"{server.state} ({server.reason})" if server.reason else server.state
                memory = human_size(server.memory) if server.memory is not None else "-"
                since, active = human_time(server.since or "-"), human_time(server.last_activity or "-")
                size = [Text(server.profile)] if sized else []
                table.add_row(Text(server.name), Text(state), *size, since, memory, active)
            parts.append(table)
        told = (self.seats.sentence, self.seats.problem) if self.seats else ()
        parts.extend(Text(note) for note in (*filter(None, told), *self.notes))
        return Group(*parts)


@dataclass(frozen=True)
class SeatsReport(Report):
    """Servers that are started before their people come."""

    seats: SeatsTold

    def render(self) -> RenderableType:
        seen = self.seats
        rows = [("made ready at", f"{', '.join(seen.times) or 'no time'}{f' ({seen.time_zone})' * bool(seen.times)}")]
        rows += [("next", seen.next)] if seen.next else []
        parts: list[RenderableType] = [_aligned([(Text(key, "bold"), Text(value)) for key, value in rows])]
        if seen.occasion:
            parts.append(Text(seen.sentence))
        if seen.seats:
            table = Table("participant", "seat", "since", box=None, pad_edge=False)
            for seat in seen.seats:
                table.add_row(Text(seat.name), Text(seat.state), human_time(seat.since))
            parts.append(table)
        if not seen.times and not seen.occasion:
            parts.append(Text("Name times in hub.yaml (`seats`), or make all seats ready now: skrt-hub seats ready"))
        return Group(*parts, *([Text(seen.problem)] if seen.problem else []))


@dataclass(frozen=True)
class Participant:
    """One participant: how they log in, whether they manage the hub, whether their server runs.

    `log_in` is `password` (chosen), `code` (a slip not used yet), `institution`, `disabled`, `locked` (taken out),
    `unlisted` (has a home, and is not on the list any more), or nothing.
    """

    name: str
    password: bool
    admin: bool
    server: bool
    home: str = ""
    log_in: str = ""
    listed: bool = False
    shown: str = ""
    email: str = ""
    group: str = ""
    role: str = ""


def participant(
    name: str, account: Mapping[str, Any], *, server: bool, home: str, off_list: bool = False
) -> Participant:
    """A participant as the accounts, the hub and the homes tell of them. `off_list`: this is on the list no more."""
    told = {**account, "unlisted": off_list}
    ways = [way for way in ("locked", "disabled", "unlisted", "institution", "password", "code") if told.get(way)]
    return Participant(
        name=name,
        password=bool(account.get("password")),
        admin=account.get("role") == "organiser",
        server=server,
        home=home,
        log_in=ways[0] if ways else "",
        listed=bool(account.get("listed")),
        **{key: str(account.get(key, "")) for key in ("shown", "email", "group", "role")},
    )


_LOG_IN = {
    "password": "password",
    "institution": "at the institution",
    "code": "code, not used yet",
    "disabled": "disabled",
    "locked": "taken out",
    "unlisted": "not on the list any more",
    "": "nothing yet",
}


@dataclass(frozen=True)
class ParticipantsReport(Report):
    """Everyone the hub knows."""

    participants: tuple[Participant, ...]

    def render(self) -> RenderableType:
        if not self.participants:
            return Text("Nobody has logged in yet.")
        rows = [tuple(Text(title, "bold") for title in ("participant", "log-in", "server", "home"))]
        for person in self.participants:
            role = " (manages the hub)" if person.admin else " (helps)" if person.role == "helper" else ""
            name = f"{person.name}{role}"
            cells = (name, _LOG_IN[person.log_in], "running" if person.server else "-", person.home)
            rows.append(tuple(map(Text, cells)))
        return _aligned(rows)


@dataclass(frozen=True)
class UpReport(Report):
    """The hub is up: where, and how to log in."""

    name: str
    url: str
    changed: bool
    seconds: float
    lines: tuple[str, ...] = ()
    ended: bool = False

    def render(self) -> RenderableType:
        if self.ended:  # `up --foreground` comes back only then
            return Text(f"The hub “{self.name}” has ended. Every file is kept.")
        first = f"The hub “{self.name}” is up: {self.url}"
        if not self.changed:
            first = f"The hub “{self.name}” was up already; nothing was changed: {self.url}"
        return Text("\n".join((first, *self.lines)))


@dataclass(frozen=True)
class VerifyRow:
    """One step of the self-test."""

    name: str
    verdict: str
    seconds: float
    detail: str = ""
    measured: dict[str, Any] = field(default_factory=dict)
    environment: str = ""  # which of the hub's environments it was tried in; empty for the first


@dataclass(frozen=True)
class VerifyReport(Report):
    """What the self-test found."""

    rows: tuple[VerifyRow, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return bool(self.rows) and all(row.verdict != "failed" for row in self.rows)

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return 0 if self.ok else VerifyError.exit_code

    def render(self) -> RenderableType:
        several = any(row.environment for row in self.rows)
        first = ("environment",) if several else ()
        table = Table(*first, "step", "verdict", "time", "found", box=None, pad_edge=False)
        colours = {"ok": "green", "failed": "red", "skipped": "yellow"}
        for row in self.rows:
            verdict = f"[{colours.get(row.verdict, 'white')}]{row.verdict}[/]"
            where = (Text(row.environment or "the first"),) if several else ()
            table.add_row(*where, Text(row.name), verdict, f"{row.seconds:.1f} s", Text(row.detail))
        failed = sum(row.verdict == "failed" for row in self.rows)
        summary = "all well" if self.ok else f"{failed} of {len(self.rows)} steps failed"
        return Group(table, Text(f"{summary}, {self.seconds:.0f} s"))


def some_of(what: str, paths: Sequence[str]) -> list[str]:
    """A line that names the first few of these paths, however many there are; none where there is none."""
    if not paths:
        return []
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    own_work_first = sorted(paths, key=lambda path: (path.startswith("."), path))
    return [f"{what}: {', '.join(own_work_first[:_NAMED])}{more}."]


def human_size(size: int) -> str:
    """Bytes in words: 1234567 is 1.2 MB."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def human_time(time: str) -> str:
    """A moment in ISO 8601 on this machine's clock: 2026-11-24 10:18. What is no moment stays as it is."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return time


def _aligned(rows: Sequence[tuple[Text, ...]]) -> Text:
    """Rows in columns, however narrow the screen is: a path in the last one stays whole, so that it can be copied."""
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)][:-1]
    for row in rows:
        for cell, width in zip(row, widths, strict=False):
            cell.pad_right(width + 2 - cell.cell_len)
    lines = [Text.assemble(*row) for row in rows]
    for line in lines:
        line.rstrip()
    return Text("\n").join(lines)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, Path) else value
