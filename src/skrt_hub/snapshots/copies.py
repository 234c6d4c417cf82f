"""What the commands on saved copies work with: the settings, the homes, and the places where copies are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.errors import SpaceError, UsageError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.homes.access import Homes
from skrt_hub.layout import Layout
from skrt_hub.progress import Progress
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots import index, saves_key
from skrt_hub.snapshots.opening import canonical, open_repository
from skrt_hub.snapshots.repository import Repository


@dataclass(frozen=True)
class Copies:
    """What all these commands work with."""

    settings: Settings
    layout: Layout
    find_homes: Callable[[], Homes]
    progress: Progress

    @property
    def homes(self) -> Homes:
        """Looked for only where they are needed: copies can be read when the cluster with the homes is lost."""
        return self.find_homes()

    def open(self, text: str | None, *, create: bool = False) -> Repository:
        """The place that was named, or else hub.yaml's, or else the one used last. Raises CopyError or UsageError."""
        name = self.place(text)
        if not name:
            raise UsageError(
                "No place for saved copies was named.",
                remedy="Name one with --to or --from, or in hub.yaml: saves: {place: /a/folder}",
            )
        place = open_repository(
            canonical(name),
            create=create,
            credentials=self.settings.saves.credentials,
            key=saves_key.key_of(self.settings, self.layout),
            named=bool(text),
        )
        try:
            self._remember(canonical(name))
        except SpaceError:  # homes can be saved elsewhere from a full disk, too
            self.progress.say(
                f"The disk of {self.layout.root} is full: that copies are in {name} could not be noted down. "
                "Name that place with --from, and save once more when there is room."
            )
        return place

    def place(self, text: str | None) -> str:
        """The name of that place; empty where none is known."""
        known = self.known_places()
        return text or self.settings.saves.place or (known[-1] if known else "")

    def known_places(self) -> list[str]:
        """Every place that was used, the last one last."""
        found = read_json(self._places_file) or []
        return [str(name) for name in found] if isinstance(found, list) else []

    @property
    def _places_file(self) -> Path:
        return self.layout.saves / "places.json"

    def _remember(self, name: str) -> None:
        known = self.known_places()
        if known[-1:] == [name]:
            return
        ensure_folder(
            self.layout.root, mode=self.layout.root.stat().st_mode & 0o777 if self.layout.root.exists() else 0o700
        )
        ensure_folder(self.layout.saves, mode=0o700)
        write_json(self._places_file, [*(other for other in known if other != name), name], mode=0o600)

    @contextmanager
    def index(self, place: Repository) -> Iterator[index.Index]:
        with index.opened(place, self.layout.saves) as opened:
            yield opened


@contextmanager
def copies_of(context: Context, find_homes: Callable[[], Homes]) -> Iterator[Copies]:
    """For the hub at hand, whose homes are let go of at the end."""
    with ExitStack() as opened:

        @cache
        def once() -> Homes:
            return opened.enter_context(closing(find_homes()))

        yield Copies(context.settings, context.layout, once, context.progress)
