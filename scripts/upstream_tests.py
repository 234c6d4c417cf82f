"""Runs scikit-rt's own tests in the participants' environment, with the real engines, and prints the figure.

    python scripts/upstream_tests.py CLONE [pytest arguments]

CLONE is a clone of the repository scikit-rt/scikit-rt with the tag of the release that the lock names; its tests are
exported to a temporary folder. pytest is installed there too: it is not part of the participants' environment.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs
import uv
from rich.console import Console

from skrt_hub.environment import Environment, ensure_environment
from skrt_hub.environment.identity import requirements
from skrt_hub.progress import Shown


def main() -> int:
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    shared = os.environ.get("SKRT_HUB_ENVIRONMENTS")
    environments = Path(shared or Path(platformdirs.user_cache_dir("skrt-hub", appauthor=False), "environments"))
    environment = ensure_environment(environments, progress=Shown(Console()))
    with tempfile.TemporaryDirectory() as folder:
        return _run(environment, Path(sys.argv[1]), Path(folder), sys.argv[2:])


def _run(environment: Environment, clone: Path, folder: Path, arguments: list[str]) -> int:
    release = re.search(r"^scikit-rt==(\S+)", requirements().read_text(encoding="utf-8"), re.MULTILINE)
    if release is None:
        raise SystemExit("The lock names no scikit-rt.")
    archive = subprocess.run(
        ["git", "-C", clone, "archive", release[1], "tests", "pyproject.toml"], capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    tools = folder / "tools"
    install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", tools, "--python", environment.python]
    subprocess.run([*install, "pytest"], check=True)
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables |= {
        "PATH": os.pathsep.join([str(environment.bin), os.environ["PATH"]]),
        "PYTHONPATH": str(tools),
        "MPLBACKEND": "agg",
    }
    command = [environment.python, "-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", *(arguments or ["tests"])]
    return subprocess.run(command, cwd=folder, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
