"""What the organiser's page does: the verbs of skrt_hub.api, as the command line has them, on one hub.

All of it may take a while, so the page calls it on threads. What a class looks like is found out once for all who look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from skrt_hub.api import Hub
from skrt_hub.class_page.notebook import Cell, cells
from skrt_hub.class_page.view import Meter, View, view
from skrt_hub.errors import RefusedError, StateError
from skrt_hub.homes.showing import Shown
from skrt_hub.login.claims import ORGANISER
from skrt_hub.login.organisers import role_of
from skrt_hub.policy.class_page import may
from skrt_hub.slips.slip import Slip

_GOOD_FOR = 2.0
LONGEST_MESSAGE = 2000


class ClassVerbs:
    """One hub as its organisers see it. `load` gives the hub as it was last brought up."""

    def __init__(self, load: Callable[[], Hub]) -> None:
        self._load = load
        self._meter = Meter()
        self._lock = threading.Lock()
        self._seen: tuple[float, View] | None = None  # until when it is good

    def role(self, name: str) -> str:
        """What this person is in the class now: asked of the accounts, not of what they were when they logged in."""
        return role_of(self._load().target.ask_accounts("all").get(name, {}))

    def can(self, role: str) -> frozenset[str]:
        """What somebody of this role can do on this hub."""
        with_codes = self._load().context.settings.login.kind == "codes"
        return may(role) if with_codes else may(role) - {"reset"}

    def look(self, *, again: bool = False) -> View:
        """The class as it is now, or was two seconds ago; longer ago where it takes longer to find out."""
        with self._lock:
            if again or self._seen is None or time.monotonic() > self._seen[0]:
                began = time.monotonic()
                hub = self._load()
                status = hub.status()
                shares = self._meter.shares(status.servers, time.monotonic())
                seen = view(status, hub.participants(), shares)
                now = time.monotonic()
                self._seen = (now + max(_GOOD_FOR, now - began), seen)
            return self._seen[1]

    def ensure_usable(self, name: str) -> None:
        """Raises RefusedError for a name that nobody has, and for an organiser's."""
        row = self.look().find(name) or self.look(again=True).find(name)
        # What was seen a while ago may be another's name by now: the accounts say who is an organiser.
        entry = self._load().target.ask_accounts("all").get(name, {})
        if row is None or row.organiser or entry.get("role") == ORGANISER:
            raise RefusedError("There is nobody with this name, or it is an organiser.")

    def message(self, names: Sequence[str], text: str) -> int:
        """Leave a message for these people, or for everybody; for how many it was left."""
        return len(self._load().send_message(text, names))

    def shown(self, name: str) -> Shown:
        """The notebooks that somebody shows now."""
        return self._load().shown_notebooks(name)

    def notebook(self, name: str, path: str) -> tuple[Cell, ...]:
        """One of them. Raises RefusedError where it is not shown, or cannot be read."""
        try:
            return cells(self._load().shown_notebook(name, path))
        except ValueError as error:
            raise RefusedError(str(error)) from None

    def restart(self, name: str) -> None:
        """End a server, and start it again."""
        self._load().restart_server(name)

    def stop(self, name: str) -> None:
        """End a server."""
        self._load().stop_server(name)

    def disable(self, name: str) -> None:
        """Keep somebody out for the time being."""
        self._load().disable([name])

    def enable(self, name: str) -> None:
        """Let somebody in again."""
        self._load().enable([name])

    def reset(self, name: str) -> Slip:
        """A new code in place of what somebody has, as a slip."""
        hub = self._load()
        who = next((person for person in hub.participants() if person.name == name), None)
        if who is None:
            raise StateError("This person was taken out just now.")
        return hub.slips([who], hub.reset_log_ins([name]))[0]

    def open(self) -> None:
        """Let participants in."""
        self._load().open()

    def close(self) -> None:
        """Keep participants out."""
        self._load().close()
