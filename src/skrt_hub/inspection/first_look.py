"""Whether what everybody sees, at /data and in shared folders, tells who a patient is: a quick look by first bytes.

Nothing is parsed, so that `up` and `check` may look by themselves; `data privacy` sees more, and opens the files in a
sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from skrt_hub import computer
from skrt_hub.context import Context
from skrt_hub.hub.applied import applied_settings
from skrt_hub.policy import patient_data
from skrt_hub.report import Finding
from skrt_workspace.home.patients import HEAD, names_a_patient
from skrt_workspace.home.scan import FILE, LEFT_OUT, SPECIAL, scan
from skrt_workspace.home.transfer import reading

SECONDS = 10.0
"""How long one folder is looked at; a set of a million slices must not keep a hub from coming up."""
SECONDS_AGAIN = 2.0
"""The same for a folder that people see already: each `up` looks at it."""
_SMALLEST = 133  # bytes of a DICOM file with nothing in it
_NAME = "patient data"
_NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Looked:
    """What was seen of one folder: how many of its files tell who a patient is, and one of them."""

    place: str
    folder: Path
    files: int = 0
    naming: int = 0
    first: str = ""
    unread: int = 0
    whole: bool = True

    @property
    def told(self) -> str:
        """One line for a person; never a value."""
        return f"{self.place}: {self.naming} of {self.files} files looked at, such as {self.folder / self.first}"


def refuse_new_data(context: Context, *, agreed: bool = False) -> None:
    """Raises PatientDataError where `up` would begin to show a folder of `data` that tells who a patient is.

    One that people see already is only told of: a hub that comes back after a reboot must not wait for an answer.
    """
    if not patient_data.looks(context.settings):
        return
    shown = _shown_already(context)
    new = {f"/data/{one.name}" for one in context.settings.data if (one.name, one.folder) not in shown}
    seconds = {f"/data/{one.name}": SECONDS_AGAIN for one in context.settings.data if f"/data/{one.name}" not in new}
    found = [looked for looked in _look_at(_data(context), context, seconds) if looked.naming]
    for looked in found:
        if agreed or looked.place not in new:
            context.progress.say(f"Note: files that tell who a patient is are in {looked.told}")
    if not agreed:
        patient_data.refuse("What `data` shows", [looked.told for looked in found if looked.place in new])


def findings(context: Context) -> tuple[Finding, ...]:
    """What `check` says of these folders; nothing where there are none, or a hospital allows such data."""
    places = {**_data(context), **_shared(context)}
    if not patient_data.looks(context.settings) or not (places or context.settings.data):
        return ()
    seen = list(_look_at(places, context))
    bad = [looked.told for looked in seen if looked.naming]
    nothing = f"no patient's name or number in {sum(one.files for one in seen)} files looked at"
    elsewhere = sorted(f"/data/{one.name}" for one in context.settings.data if f"/data/{one.name}" not in places)
    limits = [f"{', '.join(elsewhere)}: not on this computer, not looked at"] if elsewhere else []
    limits += [f"{one.place}: {one.unread} files or folders cannot be read here" for one in seen if one.unread]
    limits += [f"{one.place}: not all was looked at, for its size" for one in seen if not one.whole]
    remedy = "Look whole: skrt-hub data privacy FOLDER. A copy without names: skrt-hub data clean FOLDER --to NEW. "
    told = "; ".join([*(bad or [nothing]), *limits])
    return (Finding(_NAME, not (bad or limits), told, remedy + patient_data.ALLOW, required=False),)


def look(place: str, folder: Path, seconds: float = SECONDS) -> Looked:
    """What of one folder can be seen in so many seconds."""
    until = time.monotonic() + seconds
    files = naming = unread = 0
    first = ""
    whole = True
    for entry in scan(str(folder)):
        unread += entry.kind == LEFT_OUT and entry.target != SPECIAL
        if entry.kind == FILE:
            files += 1
            try:
                found = entry.size >= _SMALLEST and names_a_patient(_beginning(folder, entry.path))
            except OSError:
                unread, found = unread + 1, False
            naming, first = naming + found, first or (entry.path if found else "")
        if time.monotonic() > until:
            whole = False
            break
    return Looked(place, folder, files, naming, first, unread, whole)


def _shown_already(context: Context) -> set[tuple[str, Path]]:
    """The folders of `data` that the hub was last brought up with."""
    try:
        before = applied_settings(context.layout)
    except (KeyError, ValueError):
        return set()  # damaged: `up` itself says so
    return {(one.name, one.folder) for one in before.data} if before is not None else set()


def _beginning(folder: Path, path: str) -> bytes:
    with reading(str(folder), path) as file:
        return file.beginning(HEAD)


def _look_at(places: dict[str, Path], context: Context, seconds: Mapping[str, float] = _NOTHING) -> Iterator[Looked]:
    """`seconds`: for places that are looked at for another time than SECONDS."""
    if not places:
        return
    with context.progress.step("looking for patients' names in data and shared folders"):
        for place, folder in places.items():
            try:
                yield look(place, folder, seconds.get(place, SECONDS))
            except OSError:
                yield Looked(place, folder, unread=1)


def _data(context: Context) -> dict[str, Path]:
    """Folders of `data` that are on this computer."""
    if not computer.is_linux():
        return {}
    return {f"/data/{one.name}": one.folder for one in context.settings.data if one.folder.is_dir()}


def _shared(context: Context) -> dict[str, Path]:
    """Folders that groups share, where they are on this computer; in a cluster they are volumes."""
    if not computer.is_linux():
        return {}
    folders = {f"/shared/{one.name}": context.layout.shared / one.name for one in context.settings.shared}
    return {place: folder for place, folder in folders.items() if folder.is_dir()}
