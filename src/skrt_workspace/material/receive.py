"""Material that comes into a running pod: newer than what the pod's image has.

`python -P -m skrt_workspace.material.receive` reads a tar archive from its standard input: the hub's manifest, and the
folder that it names. It becomes what `skrt_workspace.material.source` shows in this pod until the pod ends; the
server's watch sees it, and places it. The next pod's image has it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from skrt_workspace.material.source import MANIFEST, NEWER


def main() -> int:
    """Take in what comes; exit code 2 in a pod that takes nothing."""
    target = os.environ.get(NEWER)
    if not target:
        print("This image takes no material while it runs.", file=sys.stderr)
        return 2
    take_in(sys.stdin.buffer, Path(target))
    return 0


def take_in(source: IO[bytes], target: Path) -> None:
    """Unpack the archive beside `target`, then show it there: the files first, then the manifest, in one step.

    Raises tarfile.TarError, OSError, ValueError or KeyError for an archive that is none; what was shown before stays.
    """
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            archive.extractall(work, filter="data")
        folder = str(json.loads((work / MANIFEST).read_text(encoding="utf-8"))["folder"])
        new = target / folder
        new.parent.mkdir(parents=True, exist_ok=True)
        if not new.exists():
            (work / folder).rename(new)
        (work / MANIFEST).replace(target / MANIFEST)
        for other in new.parent.iterdir():
            if other != new:
                shutil.rmtree(other, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
