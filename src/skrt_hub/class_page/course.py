"""What the class's page does with files: hand out, collect, material, saved copies, and the self-test.

The verbs are those of the command line. What was sent to be handed out, and what was collected, lies in a folder that
only the hub's owner can open; it is emptied when the page's program begins, and collecting again takes the place.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skrt_hub import results
from skrt_hub.api import HAND_OUT, Hub
from skrt_hub.errors import RefusedError, UsageError
from skrt_hub.files import ensure_folder
from skrt_hub.layout import Layout
from skrt_hub.login.names import order
from skrt_hub.report import Report
from skrt_hub.results import Found
from skrt_workspace.home.walk import remove_tree

_LONGEST_NAME = 200  # bytes; the system takes 255
_DEEPEST = 20


@dataclass(frozen=True)
class Course:
    """What is there: folders that were handed out, groups, whether copies can be saved, and what checks found."""

    handed_out: tuple[str, ...]
    groups: tuple[str, ...]
    place: str
    collected: bool
    checks: Mapping[str, Found | None]


class CourseVerbs:
    """One hub's files as its organisers see them. `load` gives the hub as it was last brought up."""

    def __init__(self, load: Callable[[], Hub], layout: Layout) -> None:
        self._load, self._layout = load, layout

    def begin(self) -> None:
        """Nothing of an earlier program of the page is left."""
        _remove(self._layout.class_page)

    @property
    def collected(self) -> Path:
        """The folder of what was collected last."""
        return self._layout.class_page / "collected"

    def look(self) -> Course:
        """What is there, by files of this machine alone: nothing that takes long."""
        hub = self._load()
        folders = self._layout.handed_out
        given = [path.name for path in folders.iterdir() if path.is_dir()] if folders.is_dir() else []
        groups = {person.group for person in hub.context.settings.participants} - {""}
        return Course(
            handed_out=tuple(sorted(name for name in given if not name.startswith("."))),
            groups=tuple(sorted(groups, key=order)),
            place=str(hub.context.settings.saves.place or ""),
            collected=self.collected.is_dir(),
            checks={kind: results.kept(self._layout, kind) for kind in results.KINDS},
        )

    def work(self, action: str, text: str, group: str) -> Callable[[], Report]:
        """What an action does; it takes long. Raises UsageError for a path, a folder or a group that is missing."""
        hub = self._load()
        if action == "withdraw":
            if not text:
                raise UsageError("Choose a folder.")
            return lambda: hub.withdraw(text)
        if action == "collect":
            if not text:
                raise UsageError("Write which file or folder of the homes is meant, such as course/a.ipynb.")
            names = [who.login for who in hub.context.settings.participants if group and who.group == group]
            if group and not names:
                raise UsageError(f"There is no group {group!r}.")
            return lambda: self._collect(hub, text, names)
        return {
            "material": hub.material,
            "update": hub.update_material,
            "saves": hub.saves,
            "save": hub.save,
            "verify": lambda: hub.verify(quick=True),
        }[action]

    def hand_out(self, files: Sequence[tuple[str, bytes]], folder: str) -> Callable[[], Report]:
        """Hand these files out, in a folder of the homes. Raises UsageError for none, and for names that are none.

        A file of a folder that was chosen as a whole is called by its path in there, as browsers send it.
        """
        given = [(name, content) for name, content in files if not is_left_out(name)]
        named = {usable_path(name): content for name, content in given}
        if not named:
            raise UsageError("Choose a file first.")
        if len(named) < len(given):
            raise UsageError("Two of the files have one name.")
        hub = self._load()
        ensure_folder(self._layout.class_page, mode=0o700)
        received = Path(tempfile.mkdtemp(prefix="received-", dir=self._layout.class_page))

        def work() -> Report:
            try:
                return hub.hand_out(sorted(received.iterdir()), folder=folder or HAND_OUT)
            finally:
                shutil.rmtree(received, ignore_errors=True)

        try:
            for path, content in named.items():
                (received / path).parent.mkdir(parents=True, exist_ok=True)
                (received / path).write_bytes(content)
        except BaseException:
            shutil.rmtree(received, ignore_errors=True)
            raise
        return work

    def archive(self) -> Iterator[bytes]:
        """What was collected last as a .zip, in pieces. Raises RefusedError where nothing was."""
        from skrt_workspace.server_extension.download import zip_blocks  # noqa: PLC0415 - it loads more than it is

        if not self.collected.is_dir():
            raise RefusedError("Nothing was collected yet.")
        return zip_blocks(self.collected, inside="collected", whole_home=True)

    def _collect(self, hub: Hub, path: str, names: list[str]) -> Report:
        _remove(self.collected)
        ensure_folder(self._layout.class_page, mode=0o700)
        return hub.collect(path, names, to=self.collected)


def _remove(folder: Path) -> None:
    """Remove what the page has there. Names in it are participants', so not every way of removing a folder is safe."""
    with contextlib.suppress(FileNotFoundError):
        remove_tree(folder)


def is_left_out(name: str) -> bool:
    """Whether this is a hidden file of a folder that was chosen: the person did not choose it by its name."""
    _, *below = name.split("/")
    return any(part.startswith(".") and part not in ("", ".", "..") for part in below)


def usable_path(name: str) -> PurePosixPath:
    """The path at which a file can be handed out, below a folder where one was chosen. Raises UsageError."""
    # Some browsers tell a path of their own machine instead of the name.
    parts = unicodedata.normalize("NFC", name).rpartition("\\")[2].split("/")
    for part in parts:
        if not part or part.startswith(".") or not part.isprintable() or len(part.encode()) > _LONGEST_NAME:
            raise UsageError(f"{name!r} cannot be the name of a file that is handed out.")
    if len(parts) > _DEEPEST:
        raise UsageError(f"{name!r} lies too deep in folders.")
    return PurePosixPath(*parts)
