"""The steps of the installation, in order, each told on standard output as one line: `step <n> <of> <title>`."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from skrt_workspace.install import bytecode, commands, itk, orphans, prune

Steps = list[tuple[str, Callable[[], object]]]


def main(arguments: list[str] | None = None) -> int:
    """Run every step in the environment of the running Python. Returns 0, or 1 with a message on standard error."""
    options = _parser().parse_args(arguments)
    orphans.end_with_parent()
    prefix = Path(sys.prefix)
    site = Path(sysconfig.get_path("purelib"))
    if sys.prefix == sys.base_prefix and not options.system:
        print(f"{sys.prefix} is not a virtual environment; say --system to install into it.", file=sys.stderr)
        return 1
    source = Path(__file__).resolve().parent.parent
    parts: dict[str, Callable[[], Steps]] = {
        "libraries": lambda: _libraries(prefix, site, options.like),
        "workspace": lambda: _workspace(prefix, site, source, options.like),
        "all": lambda: _both(prefix, site, source, options.like),
    }
    steps = parts[options.part]()
    for number, (title, step) in enumerate(steps, start=1):
        print(f"step {number} {len(steps)} {title}", flush=True)
        step()
    return 0


def _libraries(prefix: Path, site: Path, like: Path | None) -> Steps:
    """What is done to the libraries. Images have them in a layer of their own, built without the rest of our code."""
    compiled = like / site.relative_to(prefix) if like is not None else None
    return [
        ("engine programs", lambda: commands.write(prefix, site)),
        ("unneeded files", lambda: (prune.prune(prefix, site), itk.prune(site))),
        ("byte code of the libraries", lambda: bytecode.compile_all(site, compiled)),
    ]


def _workspace(prefix: Path, site: Path, source: Path, like: Path | None) -> Steps:
    """What adds our own part; it leaves every file of the libraries as it is."""
    # Not there when libraries are built.
    from skrt_workspace.install import jupyter, phantom  # noqa: PLC0415
    from skrt_workspace.packages import installing  # noqa: PLC0415

    return [
        ("own programs", lambda: commands.write_own(prefix)),
        ("names of other Pythons' programs", lambda: commands.hide_others(prefix)),
        ("byte code of the workspace", lambda: bytecode.compile_all(source)),
        ("list of packages", lambda: installing.write_constraints(prefix, site)),
        ("Jupyter settings", lambda: jupyter.write(prefix)),
        ("list of fonts", lambda: jupyter.make_font_list(prefix)),
        ("phantom", lambda: phantom.make(prefix, source, like)),
    ]


def _both(prefix: Path, site: Path, source: Path, like: Path | None) -> Steps:
    """All of it. The phantom, which does not keep all processors at work, is made while the rest is done."""
    from skrt_workspace.install import phantom  # noqa: PLC0415

    (programs, pruning, compiling), own = _libraries(prefix, site, like), _workspace(prefix, site, source, like)
    compiled = like / site.relative_to(prefix) if like is not None else None
    ends: list[Callable[[], None]] = []

    def wait() -> None:
        ends.pop()()

    return [
        programs,
        pruning,
        ("byte code for the phantom", lambda: bytecode.compile_all(site, compiled, phantom.NEEDED)),
        ("phantom, beside what follows", lambda: ends.append(phantom.begin(prefix, source, like))),
        compiling,
        *own[:-1],
        ("phantom", wait),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m skrt_workspace.install", description=__doc__)
    parser.add_argument("--system", action="store_true", help="install into a Python that is not a virtual environment")
    parser.add_argument("--part", choices=("all", "libraries", "workspace"), default="all", help="for image layers")
    parser.add_argument(
        "--like",
        type=Path,
        metavar="FOLDER",
        help="another environment with the same packages and Python; what is the same there is taken from it",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
