"""pip in a participant's environment: it installs into the home, and leaves alone what the environment holds.

Called when `pip._internal.cli.main` is imported (see `skrt_workspace.startup`), so `%pip`, `!pip` and `pip` in a
terminal are the same. All is said with pip's own options, by variables of its process; nothing of pip is changed.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType

CONSTRAINTS_IN_PREFIX = Path("share", "skrt-workspace", "constraints.txt")
# With one of these the caller says where to install to; pip refuses two such options.
_PLACES = ("-t", "--target", "--prefix", "--root", "--dry-run", "--download")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


# What pip's program calls: `cli` in newer versions, `main` in older ones.
_ENTRIES = ("cli", "main")


def load_pip_main(module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
    """Execute `pip._internal.cli.main`, then let it install into the home."""
    execute(module)
    for name in _ENTRIES:
        if hasattr(module, name):
            setattr(module, name, _into_the_home(getattr(module, name)))


def _into_the_home(original: Callable[[list[str]], int]) -> Callable[..., int]:
    """pip's entry with our options. After it has run nothing can be imported: pip blocks that."""

    def entry(arguments: list[str] | None = None) -> int:
        given = sys.argv[1:] if arguments is None else arguments
        held = Path(sys.prefix) / CONSTRAINTS_IN_PREFIX
        if not {"install", "uninstall"} & set(given) or is_placed(given) or not held.is_file():
            return original(given)
        refusal = refused(given, locked(held.read_text(encoding="utf-8")))
        if refusal:
            print(refusal, file=sys.stderr)
            return 1
        home = Path.home()
        os.environ.update(settings(home, held))
        # pip leaves alone what is not below the prefix: that is now what the environment holds.
        sys.prefix = sys.exec_prefix = str(home / ".local")
        logging.getLogger("pip._internal.utils.virtualenv").setLevel(logging.ERROR)  # that it is no environment
        code = original(without_user(given))
        if code and "install" in given:
            print(HINT, file=sys.stderr)
        return code

    return entry


HINT = (
    "Packages of your own come beside the class's environment, whose versions stay as they are. Where a package needs "
    "another version, ask the organiser (hub.yaml, environment: packages), or make an environment of your own in a "
    "terminal: python -m venv ~/own"
)


def settings(home: Path, constraints: Path) -> dict[str, str]:
    """pip's options for this process: into the home, beside the locked versions, without a cache that fills it."""
    return {
        "PIP_PREFIX": str(home / ".local"),
        "PIP_CONSTRAINT": str(constraints),
        "PIP_NO_WARN_SCRIPT_LOCATION": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
    }


def is_placed(arguments: Sequence[str]) -> bool:
    """Whether these arguments say themselves where to install to."""
    return any(word == place or word.startswith(f"{place}=") for word in arguments for place in _PLACES)


def without_user(arguments: Sequence[str]) -> list[str]:
    """The arguments without `--user`, which is what happens anyway."""
    return [word for word in arguments if word != "--user"]


def locked(constraints: str) -> dict[str, str]:
    """The environment's packages and their versions, by normal name."""
    lines = (line.split("==") for line in constraints.splitlines() if "==" in line)
    return {normal(name): version.strip() for name, version in lines}


def normal(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def refused(arguments: Sequence[str], held: Mapping[str, str]) -> str:
    """Why this would change or remove a package of the environment, in words with the way out; or nothing."""
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    for word in arguments:
        if not _NAME.match(word):
            continue
        try:
            wanted = Requirement(word)
        except InvalidRequirement:
            continue
        version = held.get(normal(wanted.name))
        if version is None:
            continue
        if "uninstall" in arguments and not _is_own(wanted.name):
            return (
                f"{wanted.name} {version} is part of the class's environment and cannot be removed from here.\n{HINT}"
            )
        if "install" in arguments and not wanted.specifier.contains(version, prereleases=True):
            return (
                f"{wanted.name} is part of the class's environment, in version {version}; "
                f"{wanted.specifier} cannot be put in its place.\n{HINT}"
            )
    return ""


def _is_own(name: str) -> bool:
    """Whether the package lies in the home (as one that was installed before the environment had it)."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return not Path(str(found.locate_file(""))).is_relative_to(sys.prefix)


def write_constraints(prefix: Path, site: Path) -> None:
    """Note what the environment at `prefix` holds, one `name==version` a line, but for our own package."""
    found = {item.metadata["Name"]: item.version for item in metadata.distributions(path=[str(site)])}
    lines = sorted(f"{name}=={version}\n" for name, version in found.items() if not name.startswith("skrt-workspace"))
    target = prefix / CONSTRAINTS_IN_PREFIX
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_text("".join(lines), encoding="utf-8")
    target.chmod(0o644)
