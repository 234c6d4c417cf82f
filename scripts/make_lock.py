"""Makes the participants' lock again: the newest versions that fit, each with its hashes, and no address in it.

python scripts/make_lock.py            writes src/skrt_hub/environment/lock/requirements.txt
python scripts/make_lock.py --upgrade  takes newer versions too; without it, what is locked stays
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import uv

LOCK = Path(__file__).resolve().parent.parent / "src" / "skrt_hub" / "environment" / "lock"
OPTIONS = ("--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet")


def main() -> int:
    # Extra places to look for packages would put this machine's own files into the lock.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("UV_FIND_LINKS", "UV_EXTRA_INDEX_URL")
    }
    upgrade = [argument for argument in sys.argv[1:] if argument == "--upgrade"]
    command = [uv.find_uv_bin(), "pip", "compile", *OPTIONS, *upgrade, "pyproject.toml", "-o", "requirements.txt"]
    return subprocess.run(command, cwd=LOCK, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
