"""Reading and mending parameter files of elastix: lines of the form `(Name value value ...)`.

The library is told to work with "float" images and notes that in the files it writes; the program notes what the
parameter file asked for, and that is what belongs there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

# The pixel types that a result may have, and SimpleITK's names for them.
PIXEL_TYPES = {
    "char": "sitkInt8",
    "unsigned char": "sitkUInt8",
    "short": "sitkInt16",
    "unsigned short": "sitkUInt16",
    "ushort": "sitkUInt16",
    "int": "sitkInt32",
    "unsigned int": "sitkUInt32",
    "long": "sitkInt64",
    "unsigned long": "sitkUInt64",
    "float": "sitkFloat32",
    "double": "sitkFloat64",
}
Parameters = Mapping[str, Sequence[str]]


class ParametersError(Exception):
    """A parameter file that is missing or cannot be used."""


def check_file(name: str) -> None:
    """Raise ParametersError where the file is not there or not called *.txt, as the programs do."""
    path = Path(name)
    if not path.exists():
        raise ParametersError(f"ERROR: the file {name} does not exist.")
    if path.is_dir():
        raise ParametersError(f"ERROR: the file {name} is a directory.")
    if path.suffix != ".txt":
        raise ParametersError(f"ERROR: the file {name} should be a text file (*.txt).")


def value(parameters: Parameters, name: str, default: str) -> str:
    """The first value of a parameter."""
    values = parameters.get(name, ())
    return values[0] if values else default


def is_true(parameters: Parameters, name: str, *, default: bool) -> bool:
    """Whether a parameter is "true"."""
    return value(parameters, name, "true" if default else "false") == "true"


def result_pixel_type(parameters: Parameters) -> str:
    """The pixel type of the result; elastix's default is short. Raises ParametersError for an unknown one."""
    name = value(parameters, "ResultImagePixelType", "short")
    if name not in PIXEL_TYPES:
        raise ParametersError(f'ERROR: ResultImagePixelType "{name}" is none of: {", ".join(PIXEL_TYPES)}.')
    return name


def replace_values(file: Path, values: Mapping[str, str]) -> None:
    """Put other values in place of those of the named parameters, where the file has them; the rest stays as it is."""
    text = file.read_text(encoding="utf-8")
    for name, new in values.items():
        line = re.compile(rf"^\({re.escape(name)} .*\)[ \t]*$", flags=re.MULTILINE)
        text = line.sub(f"({name} {new})".replace("\\", r"\\"), text)
    file.write_text(text, encoding="utf-8")


def initial_transform_file(parameters: Parameters, file: Path) -> Path | None:
    """The file of the transform that goes before the one in `file`, or None.

    A relative name is looked for in the working folder, then beside `file`; beside it, too, a file that is no longer
    where it was, as in a folder that was moved. Both spellings of the parameter are known.
    """
    name = value(parameters, "InitialTransformParameterFileName", "")
    name = name or value(parameters, "InitialTransformParametersFileName", "")
    if name in ("", "NoInitialTransform"):
        return None
    path = Path(name)
    if not path.exists():
        beside = file.parent / (path.name if path.is_absolute() else path)
        path = beside if beside.exists() or not path.is_absolute() else path
    if path.resolve() == file.resolve():
        raise ParametersError(f"ERROR: {file} names itself as its initial transform.")
    return path
