"""Archives unpacked with suspicion: whoever made one may want to write outside the folder, or to fill the disk.

Refused with a CopyError: absolute names, `..`, links that lead out, devices and pipes, set-user-id files, one name
given twice, and archives that grow beyond all measure. The folder that is made holds regular files only, and is removed
on a refusal.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from skrt_hub.errors import CopyError, SpaceError
from skrt_workspace.home.tree import CHUNK, split

MOST_FILES = 50_000
DEEPEST = 100
MOST_BYTES = 50 * 10**9
_ALWAYS_ALLOWED = 200 * 10**6
_MOST_GROWTH = 200
_KEPT_FREE = 200 * 10**6
_TELL_EVERY = 500
_LONGEST_HEADER = 2**20
_ABOUT_THE_NEXT = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(frozen=True)
class Member:
    """One entry of an archive: `file`, `folder`, `nothing` or `link` (then `target` is another member's name)."""

    name: str
    kind: str
    executable: bool = False
    target: str = ""
    size: int = 0
    source: Any = None


def unpack(archive: Path, into: Path, tell: Callable[[int], None] = lambda count: None) -> None:
    """Unpack a .zip or .tar.* file into the new folder `into`, telling how many entries are there by now.

    Raises CopyError or SpaceError, with nothing left.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                _write_all(archive, _zip_members(archive, opened), opened.open, into, tell)
        else:
            with tarfile.open(archive, tarinfo=_Header) as tar:
                _write_all(archive, _tar_members(archive, tar), lambda member: _tar_stream(tar, member), into, tell)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        shutil.rmtree(into, ignore_errors=True)
        if isinstance(error, OSError) and error.errno in (28, 122):
            raise SpaceError(f"{archive} could not be unpacked.", why="The disk is full.") from None
        raise CopyError(
            f"{archive} cannot be unpacked.",
            why=str(error) or type(error).__name__,
            remedy="Only whole .zip and .tar (.gz, .bz2, .xz) archives can be used.",
        ) from None
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise


def unpack_tar_stream(label: str, stream: IO[bytes], into: Path) -> None:
    """Unpack a tar that comes through a pipe, as `git archive` gives it; the same rules."""
    try:
        with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as tar:
            links = []
            budget = _Budget(Path(label), packed=0)
            into.mkdir(mode=0o700)
            for member in _tar_members(Path(label), tar):
                if member.kind == "link":
                    budget.take_file()
                    links.append(member)
                else:
                    _write(member, lambda source: _tar_stream(tar, source), into, budget)
            _resolve_links(links, into, budget)
    except tarfile.TarError as error:
        shutil.rmtree(into, ignore_errors=True)
        raise CopyError(f"{label} cannot be unpacked.", why=str(error)) from None
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise


class _Header(tarfile.TarInfo):
    """An entry's header. What says more about the next entry is read as a whole, so it has a bound."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type in _ABOUT_THE_NEXT and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header in it has {self.size} bytes")
        return super()._proc_member(tar)  # type: ignore[misc]


class _Budget:
    """How much an archive may still grow."""

    def __init__(self, archive: Path, packed: int) -> None:
        self.archive = archive
        self.files = MOST_FILES
        self.bytes = min(MOST_BYTES, max(_ALWAYS_ALLOWED, packed * _MOST_GROWTH)) if packed else MOST_BYTES

    def take(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise _refused(self.archive, "it grows beyond all measure when unpacked")

    def take_file(self) -> None:
        self.files -= 1
        if self.files < 0:
            raise _refused(self.archive, f"it has more than {MOST_FILES} entries")

    def need_room(self, size: int, into: Path) -> None:
        free = shutil.disk_usage(into).free
        if size > free - _KEPT_FREE:
            raise SpaceError(f"{self.archive} does not fit on the disk.", why=f"{free // 10**6} MB are free.")


def _write_all(
    archive: Path, members: Iterator[Member], open_member: Any, into: Path, tell: Callable[[int], None]
) -> None:
    budget = _Budget(archive, archive.stat().st_size)
    into.mkdir(mode=0o700)
    links = []
    for number, member in enumerate(members, start=1):
        if number % _TELL_EVERY == 0:
            tell(number)
        if member.kind == "link":
            budget.take_file()
            links.append(member)
        else:
            _write(member, open_member, into, budget)
    _resolve_links(links, into, budget)


def _write(member: Member, open_member: Any, into: Path, budget: _Budget) -> None:
    budget.take_file()
    if member.kind == "nothing":
        return
    path = into / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.kind == "folder":
        path.mkdir(exist_ok=True)
        return
    budget.need_room(member.size, into)
    with path.open("xb") as target, open_member(member.source) as stream:
        while chunk := stream.read(CHUNK):
            budget.take(len(chunk))
            target.write(chunk)
    path.chmod(0o755 if member.executable else 0o644)


def _resolve_links(links: list[Member], into: Path, budget: _Budget) -> None:
    """Make each link that leads to a file of the archive a copy of it, which counts as much as the file."""
    for link, end in _ends(links, budget.archive):
        source, path = into / end, into / link
        if path.exists():
            raise _refused(budget.archive, f"{link!r} is given twice")
        if source.is_file():
            size = source.stat().st_size
            budget.take(size)
            budget.need_room(size, into)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, path)
        elif not source.is_dir():
            raise _refused(budget.archive, f"{link!r} is a link to {end!r}, which is not in it")


def _ends(links: list[Member], archive: Path) -> Iterator[tuple[str, str]]:
    """The name of each link, and of what is at the end of its chain; each step of a chain is gone once."""
    targets = {link.name: link.target for link in links}
    for name in targets:
        chain = [name]
        while (last := targets[chain[-1]]) in targets:
            if last in chain[:1] or len(chain) > len(targets):
                raise _refused(archive, f"{name!r} is a link that leads back to itself")
            chain.append(last)
        for step in chain:
            targets[step] = last
        yield name, last


def _tar_members(archive: Path, tar: tarfile.TarFile) -> Iterator[Member]:
    seen: set[str] = set()
    for info in tar:
        name = _safe_name(archive, info.name)
        if name == "":
            yield Member("", "nothing")  # it counts all the same
            continue
        _note(archive, name, seen, is_folder=info.isdir())
        if info.mode & (stat.S_ISUID | stat.S_ISGID) and not info.isdir():
            raise _refused(archive, f"{info.name!r} is a set-user-id file")
        if info.issym():
            yield Member(name, "link", target=_safe_target(archive, name, info.linkname))
        elif info.islnk():
            yield Member(name, "link", target=_safe_name(archive, info.linkname))
        elif info.isdir():
            yield Member(name, "folder")
        elif info.isreg():
            yield Member(name, "file", bool(info.mode & 0o100), size=info.size, source=info)
        else:
            raise _refused(archive, f"{info.name!r} is a device or a pipe")


def _zip_members(archive: Path, opened: zipfile.ZipFile) -> Iterator[Member]:
    seen: set[str] = set()
    for info in opened.infolist():
        name = _safe_name(archive, info.filename)
        if name == "":
            yield Member("", "nothing")  # it counts all the same
            continue
        _note(archive, name, seen, is_folder=info.is_dir())
        mode = info.external_attr >> 16
        if mode & (stat.S_ISUID | stat.S_ISGID):
            raise _refused(archive, f"{info.filename!r} is a set-user-id file")
        if stat.S_ISLNK(mode):
            if info.file_size > 4096:
                raise _refused(archive, f"{info.filename!r} is a link with no sensible target")
            target = os.fsdecode(opened.read(info))
            yield Member(name, "link", target=_safe_target(archive, name, target))
        elif info.is_dir():
            yield Member(name, "folder")
        elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
            yield Member(name, "file", bool(mode & 0o100), size=info.file_size, source=info)
        else:
            raise _refused(archive, f"{info.filename!r} is a device or a pipe")


@contextmanager
def _tar_stream(tar: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[IO[bytes]]:
    stream = tar.extractfile(info)
    assert stream is not None
    with stream:
        yield stream


def _safe_name(archive: Path, name: str) -> str:
    plain = name.rstrip("/").removeprefix("./")
    if plain in ("", "."):
        return ""
    try:
        split(plain)
    except ValueError:
        raise _refused(archive, f"{name!r} would be written outside the folder") from None
    if plain.count("/") > DEEPEST:
        raise _refused(archive, f"{plain[:60]!r}... lies more than {DEEPEST} folders deep")
    if any(len(os.fsencode(part)) > 255 for part in plain.split("/")) or "\\" in plain:
        raise _refused(archive, f"{name!r} is no name for a file")
    return plain


def _safe_target(archive: Path, name: str, target: str) -> str:
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if target.startswith("/") or joined.startswith(("../", "/")) or joined in ("..", "."):
        raise _refused(archive, f"{name!r} is a link that leads out of the folder")
    return joined


def _note(archive: Path, name: str, seen: set[str], *, is_folder: bool) -> None:
    if name in seen and not is_folder:
        raise _refused(archive, f"{name!r} is given twice")
    seen.add(name)


def _refused(archive: Path, why: str) -> CopyError:
    return CopyError(
        f"{archive} was refused, and nothing of it was kept.",
        why=f"In it, {why}." if why[0] in "'\"" else f"{why[0].upper()}{why[1:]}.",
        remedy="Ask whoever made it for a plain archive of files and folders.",
    )
