"""The registration engines as commands: `elastix` and `transformix` on the elastix library, and NiftyReg's.

elastix's library and its programs are built from the same sources (https://github.com/SuperElastix/elastix); these
commands give the library the programs' command line, files, log and exit codes.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

NIFTYREG_COMMANDS = (
    "reg_aladin",
    "reg_average",
    "reg_f3d",
    "reg_jacobian",
    "reg_measure",
    "reg_resample",
    "reg_tools",
    "reg_transform",
)


@dataclass(frozen=True)
class ElastixPackage:
    """A package that carries the elastix library, in this version of elastix, and our module that reaches it there."""

    name: str
    version: str
    module: str


ELASTIX_PACKAGES = (
    ElastixPackage("SimpleITK-SimpleElastix", "5.2.0", "simple_elastix"),
    ElastixPackage("itk-elastix", "5.3.1", "itk_elastix"),
)
"""The first one that is installed is used. A test compares the versions with what the libraries say of themselves."""


@dataclass(frozen=True)
class Engine:
    """One engine's command: where it is, or what to install where it is missing."""

    command: str
    path: Path | None
    remedy: str = ""


def available() -> tuple[Engine, ...]:
    """Every engine command and where it would run from in this environment; nothing is started."""
    from skrt_workspace.engines import system  # noqa: PLC0415

    programs = Path(sys.prefix) / "bin"
    found: list[Engine] = []
    for command in ("elastix", "transformix"):
        other = system.other_program(command)
        own = programs / command if elastix_package() and (programs / command).exists() else None
        found.append(Engine(command, other or own, system.REMEDY))
    for command in NIFTYREG_COMMANDS:
        place = shutil.which(command, path=os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)]))
        found.append(Engine(command, Path(place) if place else None, "Install NiftyReg (https://niftyreg.sf.net)."))
    return tuple(found)


def elastix_package() -> ElastixPackage | None:
    """Which of `ELASTIX_PACKAGES` is installed; told without its import, which is slow."""
    spec = importlib.util.find_spec("SimpleITK")
    if spec is None or spec.origin is None:
        return None
    names = {path.name.split("-")[0].lower() for path in Path(spec.origin).parent.parent.glob("*.dist-info")}
    return next((one for one in ELASTIX_PACKAGES if one.name.lower().replace("-", "_") in names), None)
