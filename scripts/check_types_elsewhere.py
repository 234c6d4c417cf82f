"""The types of what macOS and Windows load, as those systems' Python has them (`make types-elsewhere`).

What runs on Linux alone is left out: it stands in pyproject.toml, in the rule that keeps the rest from importing it.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run

PLATFORMS = ("darwin", "win32")
RULE = "what every system loads has nothing that only Linux has"
LOADED_ONLY = {
    "skrt_hub.login.accounts_file": "the accounts are where the hub runs; the log-in stands alone, without our modules",
    "skrt_hub.audit.inside.attempt": "attempts are made in a participant's server; outside only their names are used",
    "skrt_workspace.home.space": "it measures the home that it runs in; outside only a variable's name is used",
    "skrt_workspace.sandbox.network": "sandboxes are Linux's; outside only addresses are used",
}
"""Modules that every system loads for a constant or a class, with functions that run on Linux alone; and why."""


def linux_alone() -> list[str]:
    """The modules, and packages with all in them, that nothing which loads elsewhere may import."""
    rules = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
    return [module for rule in rules if rule["name"] == RULE for module in rule["forbidden_modules"]]


def main() -> int:
    """Print what is wrong; 1 where anything is."""
    apart = [*linux_alone(), *LOADED_ONLY]
    with ThreadPoolExecutor() as at_once:
        wrong = [line for lines in at_once.map(_checked, PLATFORMS) for line in lines if not _within(line, apart)]
    print("\n".join(wrong) or f"Success: what loads elsewhere has the types of {' and '.join(PLATFORMS)}")
    return 1 if wrong else 0


def _checked(platform: str) -> list[str]:
    packages = ("-p", "skrt_hub", "-p", "skrt_workspace")
    words = (
        "-m",
        "mypy",
        *packages,
        "--platform",
        platform,
        "--cache-dir",
        f".mypy_cache/{platform}",
        "--no-error-summary",
    )
    told = run([sys.executable, *words], capture_output=True, text=True, check=False)
    if told.returncode not in (0, 1):
        raise SystemExit(told.stdout + told.stderr)
    return [f"{platform}: {line}" for line in told.stdout.splitlines() if ": note: " not in line]


def _within(line: str, apart: Iterable[str]) -> bool:
    path = line.split(": ")[1].rpartition(":")[0].removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
    module = path.replace("/", ".")
    return any(module == name or module.startswith(f"{name}.") for name in apart)


if __name__ == "__main__":
    sys.exit(main())
