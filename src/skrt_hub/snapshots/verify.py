"""Reading saved copies again, and comparing homes with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from skrt_hub.errors import CopyError
from skrt_hub.homes.access import Home, Homes
from skrt_hub.progress import Step
from skrt_hub.snapshots import catalogue, manifest, packs
from skrt_hub.snapshots.index import Index
from skrt_hub.snapshots.manifest import Saved
from skrt_hub.snapshots.repository import Repository
from skrt_hub.snapshots.save import check_pack
from skrt_workspace.home.content import RUNS, digest_of_parts
from skrt_workspace.home.scan import FILE, HARD_LINK, LEFT_OUT, LINK, NO_WORK, OWN_FOLDERS, Entry


@dataclass(frozen=True)
class Checked:
    """What a verification read: how many manifests, contents and packs, and what is wrong."""

    manifests: int
    packs: int
    contents: int
    problems: tuple[str, ...]


def verify_saves(place: Repository, index: Index, saves: Iterable[catalogue.Save], step: Step) -> Checked:
    """Read every manifest of the saves, and every pack that they need, whole. Problems are told, not raised."""
    packs.keep_freed_memory()
    problems: list[str] = []
    needed: set[str] = set()
    manifests = 0
    for save in saves:
        for folder in save.folders:
            manifests += 1
            try:
                head, saved = manifest.read(place.get(save.manifest(folder)))
                needed |= _packs_for(index, head.name, saved, problems)
            except CopyError as error:
                problems.append(f"{save.id}, {folder}: {error.what} {error.why}")
    contents = 0
    for number, name in enumerate(sorted(needed), start=1):
        step.update(number, len(needed), note=f"pack {number} of {len(needed)}")
        try:
            contents += check_pack(place, index, name)
        except CopyError as error:
            problems.append(f"{error.what} {error.why}")
    return Checked(manifests, len(needed), contents, tuple(problems))


def _packs_for(index: Index, name: str, saved: list[Saved], problems: list[str]) -> set[str]:
    needed = set()
    for item in saved:
        for piece in item.pieces:
            where = index.find(piece)
            if where is None:
                problems.append(f"{name}: a part of {item.entry.path} is missing")
            else:
                needed.add(where.pack)
    return needed


@dataclass
class Comparison:
    """One home against its saved copy: numbers of files, and the paths where they differ."""

    home: Home
    equal: int = 0
    bytes: int = 0
    different: list[str] = field(default_factory=list)
    only_saved: list[str] = field(default_factory=list)
    only_home: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def note(self, paths: list[str], path: str) -> None:
        """Add to one of the lists what is different, unless it is a note of our own."""
        if not path.startswith(OWN_FOLDERS):
            paths.append(path)

    @property
    def same(self) -> bool:
        return not (self.different or self.only_saved or self.only_home)


def compare(homes: Homes, home: Home, saved: list[Saved], *, by_times: bool = False) -> Comparison:
    """Compare every file's SHA-256 with the saved copy's.

    With `by_times` a file is not read where size, times and inode are as they were when it was saved.
    Our own notes about a home (what was placed in it, messages) change by themselves and are nobody's work: where they
    differ, that is no difference.
    """
    result = Comparison(home)
    there = {item.entry.path: item for item in saved}
    # Whether a file has a second name is no part of its content: by hash, both are files.
    files = {path: there[item.entry.target] if item.entry.kind == HARD_LINK else item for path, item in there.items()}
    to_read: list[str] = []
    for entry in homes.scan(home):
        known = there.pop(entry.path, None)
        if entry.kind == LEFT_OUT:
            if entry.target not in NO_WORK:
                result.note(result.unread, entry.path)
            continue
        if known is None:
            result.note(result.only_home, entry.path)
        elif entry.kind in (FILE, HARD_LINK) and known.entry.kind in (FILE, HARD_LINK):
            old = files[entry.path].entry
            if by_times and _times(old) == _times(entry):
                _count(result, entry.path, True, entry.size)
            elif old.size != entry.size:
                result.note(result.different, entry.path)
            else:
                to_read.append(entry.path)
        elif known.entry.kind != entry.kind or (entry.kind == LINK and entry.target != known.entry.target):
            result.note(result.different, entry.path)
        elif entry.kind == LINK:
            result.equal += 1
    for path, digest in homes.digests(home, to_read):
        equal = digest == files[path].digest or _same_as_before_runs(homes, home, path, digest, files[path])
        _count(result, path, equal, files[path].entry.size)
    for path in sorted(there):
        result.note(result.only_saved, path)
    return result


def _same_as_before_runs(homes: Homes, home: Home, path: str, digest: str | None, saved: Saved) -> bool:
    """Whether a file with empty pieces is as in a copy that was made before skrt-hub knew of such pieces."""
    if digest is None or not digest.startswith(RUNS) or saved.digest.startswith(RUNS):
        return False
    try:
        with homes.reading(home, path) as file:
            return digest_of_parts(file.pieces(), plain=True) == saved.digest
    except OSError:
        return False


def _times(entry: Entry) -> tuple[int, int, int, int]:
    return entry.size, entry.mtime, entry.ctime, entry.inode


def _count(result: Comparison, path: str, equal: bool, size: int) -> None:
    if equal:
        result.equal += 1
        result.bytes += size
    else:
        result.note(result.different, path)
