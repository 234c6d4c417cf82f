"""The elastix library, and what both commands do with it: images in, images out, errors.

The libraries are imported here, late: that takes most of a short command's time, and --help and --version do without.
"""

from __future__ import annotations

import importlib
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

from skrt_workspace.engines import jobs, threads
from skrt_workspace.engines.arguments import Arguments
from skrt_workspace.engines.log import Log
from skrt_workspace.engines.parameters import PIXEL_TYPES, Parameters, ParametersError, is_true, result_pixel_type

MOST_DIMENSIONS = 4
_SEE_THE_LOG = "its log says why (-loglevel info)."


class ImageError(Exception):
    """An image that cannot be read, or does not fit."""


class Library(Protocol):
    """What a module that reaches the elastix library offers; see `simple_elastix` for what each does and raises."""

    def read_parameter_file(self, name: str) -> Parameters: ...
    def register(self, job: jobs.Registration) -> Any: ...
    def transform(self, job: jobs.Transformation) -> Any: ...


def elastix() -> Library:
    """The elastix library of this environment. Raises RuntimeError where there is none."""
    from skrt_workspace.engines import elastix_package  # noqa: PLC0415

    package = elastix_package()
    if package is None:
        raise RuntimeError("this environment has no elastix library.")
    found: Any = importlib.import_module(f"skrt_workspace.engines.{package.module}")
    return cast(Library, found)


def simpleitk() -> Any:
    """SimpleITK, with its warnings about what we did not ask for switched off."""
    import SimpleITK  # noqa: PLC0415

    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    return SimpleITK


def number_of_threads(arguments: Arguments) -> int | None:
    """The threads to use: as the command line says, else as the environment says; None leaves it to ITK."""
    return arguments.threads or threads.from_environment()


def read_image(path: str, pixel_type: str = "sitkFloat32") -> Any:
    """Read an image of any format that ITK reads, as float like elastix does. Raises ImageError."""
    sitk = simpleitk()
    if not Path(path).exists():
        raise ImageError(f'ERROR: the image "{path}" does not exist.')
    try:
        image = sitk.ReadImage(path, getattr(sitk, pixel_type))
    except RuntimeError as error:
        raise ImageError(f'ERROR: the image "{path}" could not be read.\n{plain_words(error)}') from error
    if image.GetDimension() > MOST_DIMENSIONS:
        raise ImageError(
            f'ERROR: the image "{path}" has {image.GetDimension()} dimensions; at most {MOST_DIMENSIONS} are possible.'
        )
    return image


def read_parameters(name: str) -> Parameters:
    """Read a parameter file with elastix's own parser. Raises ParametersError."""
    from skrt_workspace.engines.parameters import check_file  # noqa: PLC0415

    check_file(name)
    try:
        return elastix().read_parameter_file(name)
    except RuntimeError as error:
        raise ParametersError(f"ERROR: {name} is not a parameter file.\n{plain_words(error)}") from error


def without_direction(image: Any) -> Any:
    """The image with its axes along the patient's, as elastix takes it for `(UseDirectionCosines "false")`."""
    size = image.GetDimension()
    image.SetDirection([float(row == column) for row in range(size) for column in range(size)])
    return image


def write_result(image: Any, file: Path, parameters: Parameters) -> None:
    """Write a result as the parameters ask: its pixel type (cut off, not rounded, as in elastix), and compression."""
    sitk = simpleitk()
    wanted = getattr(sitk, PIXEL_TYPES[result_pixel_type(parameters)])
    if image.GetPixelID() != wanted:
        image = _cast(image, wanted)
    sitk.WriteImage(image, str(file), is_true(parameters, "CompressResultImage", default=False))


def _cast(image: Any, wanted: int) -> Any:
    sitk = simpleitk()
    if image.GetDimension() < MOST_DIMENSIONS:
        return sitk.Cast(image, wanted)
    # SimpleITK as it comes converts images of 2 and 3 dimensions only.
    kind = sitk.GetArrayViewFromImage(sitk.Image([1, 1], wanted)).dtype
    made = sitk.GetImageFromArray(sitk.GetArrayViewFromImage(image).astype(kind), isVector=False)
    made.CopyInformation(image)
    return made


def run(log: Log, work: Callable[[], None]) -> int:
    """Do the work with an open log. Returns the exit code: 0, or 1 with the error told as elastix does.

    Ctrl-C ends the process at once, as it ends the real programs: Python would wait for the library to return.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if not log.full:
        _mute()
    log.begin()
    code = 0
    try:
        work()
    except (ImageError, ParametersError) as error:
        log.error(f"{error}\n\nErrors occurred!")
        code = 1
    except MemoryError:
        log.error("ERROR: there is not enough memory for these images.\n\nErrors occurred!")
        code = 1
    except (RuntimeError, OSError) as error:
        words = plain_words(error)
        if "bad_alloc" in words or "allocate memory" in words:
            words = "there is not enough memory for these images."
        log.error(f"ERROR: {words}\n\nErrors occurred!")
        code = 1
    log.end()
    return code


def _mute() -> None:
    """Let nothing that the library prints reach standard output; Python's own prints go the same way."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def plain_words(error: BaseException) -> str:
    """The description in an ITK exception, without the places in its source code."""
    # A function of the library is no advice to who typed a command.
    text = str(error).replace("See elastix log (use LogToConsoleOn() or LogToFileOn()).", _SEE_THE_LOG)
    described = re.findall(r"Description:\s*(.*?)(?=\n\s*\n|\Z)", text, flags=re.DOTALL)
    if described:
        return str(described[-1]).removeprefix("ITK ERROR: ").strip()
    where = r"\A(Exception thrown in SimpleITK \S+: \S+|/\S+:\d+:)\n"
    return re.sub(r"(sitk::ERROR: |ITK ERROR: (\w+\(0x[0-9a-f]+\): )?)", "", re.sub(where, "", text)).strip()
