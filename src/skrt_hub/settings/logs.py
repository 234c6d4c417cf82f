"""hub.yaml's `logs`: how long they are kept."""

from __future__ import annotations

from pydantic import Field, model_validator

from skrt_hub.settings.section import Section
from skrt_hub.settings.units import Duration

_DAY = 86400


class Logs(Section):
    """Logs name people, and what they did when."""

    keep: Duration = Field(
        0,
        description="How long lines are kept, such as `30 d`. 0: for as long as there is room (20 MB for each part, "
        "10 MB for each server). Logs of a cluster's pods are kept by its nodes, and end with the pod.",
    )

    @model_validator(mode="after")
    def _whole_days(self) -> Logs:
        if 0 < self.keep < _DAY:
            raise ValueError("keep: a day is the shortest time, `1 d`")
        return self
