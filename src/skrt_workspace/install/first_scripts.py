"""The scripts that every page of JupyterLab asks for, as one file.

JupyterLab has them as some sixty files, and to ask for a file costs the browser, the proxy and whoever sends it more
than most of these files do. The part of the page that is ours (labextension) loads the one file; whatever is in it,
JupyterLab finds there already, and whatever is not, it asks for as ever.
"""

from __future__ import annotations

from pathlib import Path

NAME = "first.js"
_LIST = Path(__file__).with_name("first_scripts.txt")


def listed() -> tuple[str, ...]:
    """The files below `share/jupyter`, without the part of each name that changes with its content."""
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def make(share: Path, folder: Path) -> None:
    """Write the file into `folder`, of what there is below `share`; a file that another version has not is left out."""
    scripts = [script for name in listed() for script in sorted(share.glob(f"{name}.*.js"))]
    # Each in a function: one that says "use strict" at its beginning would otherwise say it for all.
    parts = [b"(function(){" + script.read_bytes() + b"\n}).call(self);\n" for script in scripts]
    (folder / NAME).write_bytes(b"".join(parts))
