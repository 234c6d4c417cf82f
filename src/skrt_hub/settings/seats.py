"""hub.yaml's `seats`: servers that are started before their people come."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, field_validator, model_validator

from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration

EVERYBODY = "participants"
LEAST_WAIT = 600
"""A server tells every five minutes at most when it was last used: one that was taken must be known to be."""
_DAYS = {
    name: short
    for short, long in zip(
        ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
    for name in (short.lower(), long.lower())
}
_HOW = "write a day and a time, such as `Mon 08:45`, or a date and a time, such as `2026-10-05 08:45`"


class Seats(Section):
    """Servers that are started before their people come, each with a kernel that waits."""

    model_config = ConfigDict(**{**Section.model_config, "populate_by_name": True})

    ready: tuple[str, ...] = Field(
        (),
        description="When the seats are to be ready: a day of the week and a time, such as `Mon 08:45`, for every "
        "week, or a date and a time, such as `2026-10-05 08:45`.",
    )
    whom: str | tuple[str, ...] = Field(
        EVERYBODY,
        alias="for",
        description="For whom: `participants`, which are all on the list but organisers and helpers, or a list of "
        "groups.",
    )
    wait: Duration = Field(
        1800, description="End a server that nobody took so long after its time, at least 10 min; `limits.idle` may "
        "end it earlier."
    )  # fmt: skip
    time_zone: str = Field(
        "", description="The time zone of `ready`, such as `Europe/Vienna`; by default this machine's."
    )

    @field_validator("ready")
    @classmethod
    def _times(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_normalised, value))

    @field_validator("whom")
    @classmethod
    def _groups(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if isinstance(value, str) and value != EVERYBODY:
            raise ValueError(f"write `participants`, or a list of groups, such as [{value}]")
        if not value:
            raise ValueError("write `participants`, or a list of groups")
        return value

    @field_validator("wait")
    @classmethod
    def _long_enough(cls, value: int) -> int:
        if value < LEAST_WAIT:
            raise ValueError(f"write at least {LEAST_WAIT // 60} min: only then a server that is in use is known to be")
        return value

    @field_validator("time_zone")
    @classmethod
    def _a_zone(cls, value: str) -> str:
        if value:
            try:
                ZoneInfo(value)
            except (ValueError, OSError, LookupError):
                raise ValueError(f"there is no time zone {value!r}; write one such as Europe/Vienna or UTC") from None
        return value

    @model_validator(mode="after")
    def _this_machines(self) -> Seats:
        if self.ready and not self.time_zone:
            object.__setattr__(self, "time_zone", _zone_here())
        return self

    @property
    def times(self) -> tuple[tuple[str, str], ...]:
        """Each day and its time."""
        return tuple((one.split()[0], one.split()[1]) for one in self.ready)

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups whose people get a seat; none: all."""
        return () if isinstance(self.whom, str) else self.whom


def _normalised(text: str) -> str:
    match = re.fullmatch(r"(\S+)\s+(\d{1,2}):(\d{2})", text.strip())
    if match is None or int(match[2]) > 23 or int(match[3]) > 59:
        raise ValueError(f"{text!r} is no time; {_HOW}")
    day = _DAYS.get(match[1].lower())
    if day is None:
        try:
            day = date.fromisoformat(match[1]).isoformat()
        except ValueError:
            raise ValueError(f"{match[1]!r} is no day; {_HOW}") from None
    return f"{day} {int(match[2]):02}:{match[3]}"


def _zone_here() -> str:
    """The name of this machine's time zone. A cluster's machines have another one, so the name is what is kept."""
    for name in (os.environ.get("TZ", "").lstrip(":"), *_from_files()):
        try:
            ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            continue
        return name
    return "UTC"


def _from_files(etc: Path = Path("/etc")) -> list[str]:
    found = []
    link = str((etc / "localtime").resolve())
    if "/zoneinfo/" in link:
        found.append(link.partition("/zoneinfo/")[2])
    if (etc / "timezone").is_file():
        found.append((etc / "timezone").read_text(encoding="utf-8").strip())
    return found
