"""The phantom's files, made once for all participants under `share/skrt-workspace/phantom`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from skrt_workspace.install.content import content_hash

FOLDER_IN_PREFIX = Path("share", "skrt-workspace", "phantom")
STAMP_IN_PREFIX = Path("share", "skrt-workspace", "phantom.source")


def make(prefix: Path, package: Path, like: Path | None = None) -> None:
    """Generate the phantom with the package's `phantom.generate`, in a Python of its own that sees the environment.

    Making it takes a quarter of a minute: where it is there already, or in the environment `like`, made by the same
    code, that one is used.
    """
    source = package / "phantom"
    if not source.is_dir():
        return
    folder, stamp = prefix / FOLDER_IN_PREFIX, content_hash(source)
    if _stamp(prefix) == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    if like is not None and _stamp(like) == stamp:
        shutil.copytree(like / FOLDER_IN_PREFIX, folder, copy_function=_link)
    else:
        program = (
            "import sys, pathlib; from skrt_workspace.phantom import generate; generate(pathlib.Path(sys.argv[1]))"
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        subprocess.run([sys.executable, "-c", program, str(folder)], check=True, env=environment)
    (prefix / STAMP_IN_PREFIX).write_text(stamp, encoding="utf-8")


def _stamp(prefix: Path) -> str:
    try:
        return (prefix / STAMP_IN_PREFIX).read_text(encoding="utf-8")
    except OSError:
        return ""


def _link(source: str, target: str) -> None:
    """A second name for the file, or a copy of it where the disk has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
