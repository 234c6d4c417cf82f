"""Files that the organiser gives to everyone: kept with the hub's material, and placed by the same rules."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from skrt_hub.context import Context
from skrt_hub.errors import RefusedError, UsageError
from skrt_hub.files import ensure_folder, told
from skrt_hub.inspection import guard
from skrt_hub.layout import Layout
from skrt_hub.material import sources
from skrt_hub.material.published import OLD, locked, resolve

_NAMED = 5


def hand_out(context: Context, files: Sequence[Path], folder: str, *, patients_too: bool = False) -> None:
    """Add the files to what is handed out in `folder`; a file of the same name gets this new version.

    Of a folder that is called like `folder`, what is in it: `hand-out week-2 --as week-2` makes no `week-2/week-2`.
    `patients_too`: also files that tell who a patient is. Raises UsageError, SettingsError or RefusedError, with
    nothing handed out.
    """
    settings, layout = context.settings, context.layout
    if why := sources.why_no_name(folder):
        raise UsageError(
            f"{folder!r} cannot be the name of a folder in the homes.",
            why=why,
            remedy="Name another: skrt-hub hand-out FILE... --as week-1",
        )
    if not files:
        raise UsageError("Nothing to hand out was named.", remedy="Name files or folders: skrt-hub hand-out FILE...")
    if folder in {sources.name_of(resolve(material)) for material in settings.material}:
        raise RefusedError(
            f"{folder!r} is a folder of the material in hub.yaml.",
            why="What is handed out needs a folder of its own, so that neither takes the other's place.",
            remedy="Choose another with --as.",
        )
    for path in files:
        if not path.exists():
            raise UsageError(f"{path} does not exist.")
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UsageError(f"{path} is neither a file nor a folder.")
    if not patients_too:
        guard.refuse_patients(context, "What is to be handed out", files)
    prepared = layout.handed_out / f".{folder}"
    with locked(layout):
        ensure_folder(layout.handed_out, mode=0o700)
        shutil.rmtree(prepared, ignore_errors=True)
        try:
            with told(prepared):
                _prepare(_inside(files, folder), layout.handed_out / folder, prepared)
                _swap(prepared, layout.handed_out / folder)
        finally:
            shutil.rmtree(prepared, ignore_errors=True)


def places(files: Sequence[Path], folder: str) -> str:
    """Where these are in each home, in words."""
    names = [f"{folder}/{path.resolve().name}{'/' if path.is_dir() else ''}" for path in _inside(files, folder)]
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return f"In each home: {', '.join([*names[:_NAMED], *more])}"


def withdraw(layout: Layout, folder: str) -> None:
    """Take a handed-out folder back. Raises UsageError where there is none."""
    path = layout.handed_out / folder
    with locked(layout):
        if "/" in folder or folder.startswith(".") or not path.is_dir():
            known = sorted(item.name for item in layout.handed_out.iterdir()) if layout.handed_out.is_dir() else []
            raise UsageError(
                f"Nothing was handed out as {folder!r}.",
                why=f"Handed out are: {', '.join(name for name in known if not name.startswith('.')) or 'nothing'}.",
            )
        gone = layout.handed_out / f".{folder}.gone"
        with told(gone):
            shutil.rmtree(gone, ignore_errors=True)  # of a withdrawal that was interrupted
            path.rename(gone)
            shutil.rmtree(gone)


def _inside(files: Sequence[Path], folder: str) -> list[Path]:
    found: list[Path] = []
    for path in files:
        of_one_name = path.is_dir() and path.resolve().name == folder
        found += sorted(one for one in path.iterdir() if one.name not in sources.IGNORED) if of_one_name else [path]
    return found


def _prepare(files: Sequence[Path], before: Path, prepared: Path) -> None:
    if before.is_dir():
        # Files that do not change keep their inodes, so that nothing is hashed again.
        shutil.copytree(before, prepared, copy_function=os.link)
    else:
        prepared.mkdir()
    for path in files:
        target = prepared / (path.name if path.is_symlink() else path.resolve().name)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        if path.is_dir() and not path.is_symlink():
            target.unlink(missing_ok=True)
            shutil.copytree(path, target, symlinks=True, ignore=shutil.ignore_patterns(*sources.IGNORED))
        else:
            target.unlink(missing_ok=True)
            shutil.copy2(path, target, follow_symlinks=False)


def _swap(prepared: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}{OLD}")
    if target.exists():
        target.rename(old)
    prepared.rename(target)
    shutil.rmtree(old, ignore_errors=True)
