"""The phantom's files, made once for all participants under `share/skrt-workspace/phantom`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from skrt_workspace.install import orphans  # noqa: F401 - the program below imports it; an image has what is named here
from skrt_workspace.install.content import content_hash

FOLDER_IN_PREFIX = Path("share", "skrt-workspace", "phantom")
NEEDED = ("numpy", "scipy", "pydicom", "nibabel", "shapely", "contourpy", "skrt_workspace")
"""The packages that it is made with."""
STAMP_IN_PREFIX = Path("share", "skrt-workspace", "phantom.source")

_GENERATE = """\
import pathlib, sys
from skrt_workspace.install.orphans import end_with_parent
from skrt_workspace.phantom import generate
end_with_parent()
generate(pathlib.Path(sys.argv[1]))
"""


def make(prefix: Path, package: Path, like: Path | None = None) -> None:
    """Generate the phantom with the package's `phantom.generate`, in a Python of its own that sees the environment.

    Making it takes a quarter of a minute: where it is there already, or in the environment `like`, made by the same
    code, that one is used.
    """
    begin(prefix, package, like)()


def begin(prefix: Path, package: Path, like: Path | None = None) -> Callable[[], None]:
    """The same while other things are done: what is returned waits for the end of it."""
    source = package / "phantom"
    if not source.is_dir():
        return _nothing
    folder, stamp = prefix / FOLDER_IN_PREFIX, content_hash(source)
    if _stamp(prefix) == stamp:
        return _nothing
    shutil.rmtree(folder, ignore_errors=True)
    if like is not None and _stamp(like) == stamp:
        shutil.copytree(like / FOLDER_IN_PREFIX, folder, copy_function=_link)
        return lambda: _finish(prefix, stamp, None)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # Others may be writing the same modules' byte code in this moment, of a kind that stays valid in copies.
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    running = subprocess.Popen([sys.executable, "-c", _GENERATE, str(folder)], env=environment)
    return lambda: _finish(prefix, stamp, running)


def _finish(prefix: Path, stamp: str, running: subprocess.Popen[bytes] | None) -> None:
    if running is not None and running.wait() != 0:
        raise subprocess.CalledProcessError(running.returncode, running.args)
    (prefix / STAMP_IN_PREFIX).write_text(stamp, encoding="utf-8")


def _nothing() -> None:
    """There is nothing to wait for."""


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
