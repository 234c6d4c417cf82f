"""hub.yaml's `limits`: what one participant, and all together, may use."""

from __future__ import annotations

from pydantic import Field

from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration, Size


class Limits(Section):
    """What one participant, and all together, may use."""

    cpu: float = Field(
        1,
        gt=0,
        le=1024,
        description="Processors for each participant; the engines use as many threads, a part of one counted as one.",
    )
    memory: Size = Field(
        2 * 10**9,
        ge=256 * 10**6,
        description="Memory for each participant, at least 256 MB. A kernel that needs more is ended, with a message.",
    )
    idle: Duration = Field(
        3600, description="End a server after this time without use; a busy kernel is never idle. 0: never."
    )
    servers: int = Field(
        0, ge=0, description="How many servers may run at once. 0: as many as the machine's memory seats."
    )
    home: Size = Field(0, description="Size of each home, with a warning before it is full. 0: no limit.")
    gpu: int = Field(
        0,
        ge=0,
        le=16,
        description="Graphics cards for computing. On Kubernetes so many (`nvidia.com/gpu`) for each participant "
        "alone; on one machine, with any number but 0, all share the cards that are there, and their memory.",
    )
    internet: bool = Field(
        True,
        description="Participants' programs reach the internet. `false`: nothing beyond the hub. Private networks and "
        "a cloud's metadata service are out of reach either way, where the machine or cluster can see to it "
        "(docs/explanation/network.md).",
    )
    processes: int = Field(
        512,
        ge=64,
        description="Processes and threads for each participant, on one machine; "
        "in a cluster the nodes' own limit holds.",
    )
