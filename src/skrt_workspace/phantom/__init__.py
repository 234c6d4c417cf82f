"""The phantom: invented chest patients with known truth, for the examples, the self-test and one's own trials.

generate() writes it, path() says where the installed copy is, truth() gives the known numbers."""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["generate", "path", "truth"]


def generate(folder: Path) -> None:
    """Write the phantom to `folder`, which must not exist yet or be empty; it appears there whole or not at all.

    :raises FileExistsError: when the folder holds something.
    """
    from skrt_workspace.phantom.generate import write_phantom  # noqa: PLC0415 - keeps path() and truth() light

    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"The folder {folder} is not empty. Give one that is empty or does not exist.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        made.chmod(0o755)
        write_phantom(made)
        made.rename(folder)  # replaces an empty folder in one step
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def path() -> Path:
    """The folder of the installed phantom; where there is none, one is made in the user's cache.

    The environment variable SKRT_WORKSPACE_PHANTOM names another folder.
    """
    named = os.environ.get("SKRT_WORKSPACE_PHANTOM")
    if named:
        return Path(named)
    installed = Path(sys.prefix) / "share" / "skrt-workspace" / "phantom"
    if (installed / "truth.json").is_file():
        return installed
    from skrt_workspace.phantom.dicom_common import VERSION  # noqa: PLC0415

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = cache / "skrt-workspace" / f"phantom-{VERSION}"
    if not (kept / "truth.json").is_file():
        try:
            generate(kept)
        except OSError:
            # Another process may have made it in the same moment.
            if not (kept / "truth.json").is_file():
                raise
    return kept


@functools.cache
def truth() -> dict[str, Any]:
    """The known numbers of the phantom: see docs/reference/phantom.md for their meaning and units."""
    content: dict[str, Any] = json.loads((path() / "truth.json").read_text(encoding="utf-8"))
    return content
