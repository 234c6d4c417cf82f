"""The elastix library in the package itk-elastix (Linux on ARM, where SimpleITK has none).

Of ITK's Python packages only itk-core is installed beside it, and of that only what `skrt_workspace.install.itk` names
stays. So the generated modules are imported one by one: the names on the package `itk` itself would load many more.
Images are handed over in memory; SimpleITK reads and writes them, as everywhere else.
(https://github.com/InsightSoftwareConsortium/ITKElastix)
"""

from __future__ import annotations

import importlib
from typing import Any

from skrt_workspace.engines.jobs import Registration, Transformation
from skrt_workspace.engines.library import simpleitk
from skrt_workspace.engines.parameters import Parameters


def read_parameter_file(name: str) -> Parameters:
    """Read a parameter file with elastix's own parser. Raises RuntimeError."""
    reader = _module("elxParameterObjectPython").elastixParameterObject.New()
    reader.ReadParameterFile(name)
    return {str(key): tuple(map(str, values)) for key, values in reader.GetParameterMap(0).items()}


def register(job: Registration) -> Any:
    """Run a registration, whose files are written to the job's folder. Returns the result of the last step.

    That is None where its parameters ask for no image. Raises RuntimeError.
    """
    _use_threads(job.threads)
    dimension = job.fixed[0].GetDimension()
    engine = getattr(
        _module("itkElastixRegistrationMethodPython"), f"itkElastixRegistrationMethodIF{dimension}IF{dimension}"
    ).New()
    memory: list[Any] = []  # the engine does not keep it alive
    job.tell(engine, lambda image: _handed(image, memory))
    engine.SetParameterObject(_parameters(job.maps))
    return _execute(engine, dimension)


def transform(job: Transformation) -> Any:
    """Apply a transform; what was asked for besides the image is written to the job's folder. Returns the image.

    Raises RuntimeError.
    """
    _use_threads(job.threads)
    dimension = job.image.GetDimension()
    engine = getattr(_module("itkTransformixFilterPython"), f"itkTransformixFilterIF{dimension}").New()
    memory: list[Any] = []
    job.tell(engine, lambda image: _handed(image, memory))
    engine.SetTransformParameterObject(_parameters(job.maps))
    return _execute(engine, dimension)


def _execute(engine: Any, dimension: int) -> Any:
    engine.UpdateLargestPossibleRegion()
    return _taken_back(engine.GetOutput(), dimension)


def _use_threads(number: int | None) -> None:
    """ITK's threads as SimpleITK has them: its own pool, whose shares of the work depend on their number alone."""
    threader = _module("ITKCommonBasePython").itkMultiThreaderBase
    threader.SetGlobalDefaultThreader(threader.ThreaderTypeFromString("Pool"))
    if number is not None:
        threader.SetGlobalDefaultNumberOfThreads(number)


def _parameters(maps: Any) -> Any:
    module = _module("elxParameterObjectPython")
    parameters = module.elastixParameterObject.New()
    for each in maps:
        given = module.mapstringvectorstring()
        for name, values in each.items():
            given[name] = tuple(values)
        parameters.AddParameterMap(given)
    return parameters


def _handed(image: Any, memory: list[Any]) -> Any:
    """One of SimpleITK's images as one of ITK's, which stands on what is added to `memory`."""
    sitk = simpleitk()
    kind = "UC" if image.GetPixelID() == sitk.sitkUInt8 else "F"
    dimension = image.GetDimension()
    values = sitk.GetArrayFromImage(image)
    memory.append(values)
    buffer = getattr(_module("itkPyBufferPython"), f"itkPyBufferI{kind}{dimension}")
    handed = buffer._GetImageViewFromArray(values, values.shape[::-1], 1)
    handed.SetOrigin(image.GetOrigin())
    handed.SetSpacing(image.GetSpacing())
    handed.SetDirection(_matrix(image.GetDirection(), dimension))
    return handed


def _taken_back(image: Any, dimension: int) -> Any:
    """One of ITK's `float` images as one of SimpleITK's, with memory of its own; None for one that was not made."""
    import numpy as np  # noqa: PLC0415

    buffer = getattr(_module("itkPyBufferPython"), f"itkPyBufferIF{dimension}")
    size = [int(number) for number in image.GetBufferedRegion().GetSize()]
    if 0 in size:
        return None
    memory = np.frombuffer(buffer._GetArrayViewFromImage(image), dtype=np.float32)
    taken = simpleitk().GetImageFromArray(memory.reshape(size[::-1]), isVector=False)
    taken.SetOrigin([float(number) for number in image.GetOrigin()])
    taken.SetSpacing([float(number) for number in image.GetSpacing()])
    direction = image.GetDirection()
    taken.SetDirection([direction(row, column) for row in range(dimension) for column in range(dimension)])
    return taken


def _matrix(numbers: Any, dimension: int) -> Any:
    """One of ITK's square matrices from numbers row by row."""
    made = getattr(_module("itkMatrixPython"), f"itkMatrixD{dimension}{dimension}")()
    # The method that the package wraps gives the matrix itself, the wrapper a copy of it.
    inside = made.__GetVnlMatrix_orig__()
    for place, number in enumerate(numbers):
        inside.put(place // dimension, place % dimension, number)
    return made


def _module(name: str) -> Any:
    return importlib.import_module(f"itk.{name}")
