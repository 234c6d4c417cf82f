"""What every verb is given: the hub at hand, and the person at the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from skrt_hub.api import Hub
from skrt_hub.context import Context
from skrt_hub.policy.patient_data import PatientDataError
from skrt_hub.targets.protocol import Target

Made = TypeVar("Made")


@dataclass(frozen=True)
class Session:
    """One call of the command line.

    `ask` shows a question and returns the answer, or None where nobody can answer. `show` prints a line at once,
    for commands whose output is a stream.
    """

    hub: Hub
    as_json: bool
    ask: Callable[[str], str | None]
    show: Callable[[str], None]

    def with_patients(self, act: Callable[[bool], Made]) -> Made:
        """Do `act`, given False; where that would tell who a patient is, ask, and do it given True."""
        try:
            return act(False)
        except PatientDataError as told:
            if (self.ask(told.question) or "").strip().lower() != "yes":
                raise
            return act(True)

    @property
    def context(self) -> Context:
        return self.hub.context

    @property
    def target(self) -> Target:
        return self.hub.target

    def facts(self, here: Path) -> dict[str, str | None]:
        """The same for programs."""
        config = str(here / self.hub.config) if self.hub.config else None
        return {"name": self.context.settings.name, "config": config, "folder": str(self.context.layout.root)}

    def which_hub(self, here: Path) -> str:
        """One line that says which hub is meant, and by which hub.yaml."""
        name = f"Hub “{self.context.settings.name}”"
        if self.hub.config is None:
            return f"{name}, with the defaults: there is no hub.yaml in {here}"
        return f"{name}, as {here / self.hub.config} says"
