"""hub.yaml's `engines`: where the registration engines come from."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from skrt_hub.settings.section import Section


class Engines(Section):
    """Where the registration engines come from."""

    elastix: Path | None = Field(
        None,
        description="On one machine: a system's elastix, 5.1 or newer, to use in place of the built-in one, such as "
        "/usr/bin/elastix.",
    )
    exact: bool = Field(
        True,
        description="elastix gives the same result, bit by bit, whatever a participant's share of the processors is. "
        "false: its metric uses all threads, which is faster, and results differ in their last digits.",
    )
