"""In a pod that holds a volume: fills it with the files that come as a tar on standard input, and prints their hash.

This file stands alone (standard library only): it is handed to the pod's Python as it is. What was in the volume before
goes. The hash is that of skrt_hub.datasets.record.hash_of.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tarfile
from pathlib import Path
from typing import IO

_CHUNK = 2**20


def main(place: Path, not_of_the_set: str) -> int:
    """place: where the volume is mounted."""
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)  # some file systems have a folder of their own there
        else:
            path.unlink()
    digests = {}
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
        for member in tar:
            source = tar.extractfile(member)
            if source is not None:
                digests[member.name] = _write(source, place / member.name)
    digests.pop(not_of_the_set, None)
    os.sync()
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    print(f"sha256:{hashlib.sha256(lines.encode('utf-8', 'surrogateescape')).hexdigest()}")
    return 0


def _write(source: IO[bytes], path: Path) -> str:
    """Write one file; its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with path.open("xb") as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
    path.chmod(0o444)
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
