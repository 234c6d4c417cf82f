"""The steps of the installation, in order, each told on standard output as one line: `step <n> <of> <title>`."""

from __future__ import annotations

import argparse
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

from skrt_workspace.install import bytecode, commands, jupyter, package, phantom, prune


def main(arguments: list[str] | None = None) -> int:
    """Run every step in the environment of the running Python. Returns 0, or 1 with a message on standard error."""
    options = _parser().parse_args(arguments)
    prefix = Path(sys.prefix)
    site = Path(sysconfig.get_path("purelib"))
    if sys.prefix == sys.base_prefix and not options.system:
        print(f"{sys.prefix} is not a virtual environment; say --system to install into it.", file=sys.stderr)
        return 1
    source = Path(__file__).resolve().parent.parent
    steps: list[tuple[str, Callable[[], object]]] = [
        ("engine programs", lambda: commands.write(prefix, site)),
        ("unneeded files", lambda: prune.prune(prefix, site)),
        ("workspace package", lambda: package.install(source, site)),
        ("byte code", lambda: bytecode.compile_all(site)),
        ("Jupyter settings", lambda: jupyter.write(prefix)),
        ("list of fonts", lambda: jupyter.make_font_list(prefix)),
        ("phantom", lambda: phantom.make(prefix)),
    ]
    for number, (title, step) in enumerate(steps, start=1):
        print(f"step {number} {len(steps)} {title}", flush=True)
        step()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m skrt_workspace.install", description=__doc__)
    parser.add_argument("--system", action="store_true", help="install into a Python that is not a virtual environment")
    return parser


if __name__ == "__main__":
    sys.exit(main())
