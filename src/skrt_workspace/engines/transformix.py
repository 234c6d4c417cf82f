"""The command `transformix`: applies a transform that elastix found, to an image or points, or describes it.

Its command line, files and exit codes are those of the program transformix 5.2 (https://elastix.dev).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from skrt_workspace.engines import arguments as command_line
from skrt_workspace.engines import jobs, library, parameters, program, system
from skrt_workspace.engines.arguments import Arguments
from skrt_workspace.engines.log import Log

HELP = """\
Apply a transform that elastix found.

  transformix -tp FILE -out FOLDER (-in IMAGE | -def FILE | -def all | -jac all | -jacmat all) [options]

  -tp       transform parameter file
  -out      folder for the results; it must exist
  -in       image to transform, written as result.*
  -def      file of points to transform, written as outputpoints.txt; or
            all: the displacement at each voxel, written as deformationField.*
  -jac      all: the determinant of the spatial Jacobian at each voxel, written as spatialJacobian.*
  -jacmat   all: the whole Jacobian matrix at each voxel, written as fullSpatialJacobian.*
  -threads  number of threads (default: ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS or OMP_NUM_THREADS, else all)
  -loglevel info (default), warning, error or off
  -priority accepted, and without effect outside Windows

  -h, --help, --version, --extended-version"""

WORK = ("-in", "-def", "-ipp", "-jac", "-jacmat")


def main(arguments: list[str]) -> int:
    """Run the command. Returns its exit code."""
    instead = system.run_instead("transformix", arguments)
    if instead is not None:
        return instead
    if len(arguments) < 2:
        return program.answer("transformix", HELP, arguments)
    try:
        parsed, folder = _understand(arguments)
    except command_line.ArgumentsError as error:
        print(error, file=sys.stderr)
        return error.code
    log = Log("transformix", folder / "transformix.log", parsed.log_level, arguments)
    return library.run(log, lambda: _transform(parsed, folder, log))


def _understand(arguments: list[str]) -> tuple[Arguments, Path]:
    parsed = command_line.parse(arguments)
    problems, code = [], 0
    if parsed.get("-tp") is None:
        problems.append('ERROR: No CommandLine option "-tp" given!')
        code = command_line.NO_PARAMETER_FILE
    if not any(parsed.get(key) for key in WORK):
        problems.append('ERROR: At least one of the options "-in", "-def", "-jac" and "-jacmat" must be given!')
        code = command_line.NO_PARAMETER_FILE
    return parsed, command_line.output_folder(parsed, problems, code)


def _transform(arguments: Arguments, folder: Path, log: Log) -> None:
    maps = _chain(Path(str(arguments.get("-tp"))))
    last = maps[-1]
    parameters.result_pixel_type(last)
    image = _image(arguments, last)
    result = library.elastix().transform(_job(arguments, maps, image, folder, log))
    if image is None:
        _without_moving_index(folder / "outputpoints.txt")
    else:
        name = parameters.value(last, "ResultImageName", "result")
        if not _uses_direction(last):
            result.SetDirection([float(number) for number in last.get("Direction", result.GetDirection())])
        library.write_result(result, folder / f"{name}.{parameters.value(last, 'ResultImageFormat', 'mhd')}", last)


def _job(
    arguments: Arguments, maps: list[parameters.Parameters], image: Any, folder: Path, log: Log
) -> jobs.Transformation:
    points = _points(arguments)
    if points not in (None, "all") and not Path(str(points)).is_file():
        raise parameters.ParametersError(f"ERROR: the file {points} does not exist.")
    given = [{**each, "ResultImagePixelType": ("float",)} for each in maps]
    given[-1].update(_shortcuts(arguments, maps[-1]))
    return jobs.Transformation(
        image=image if image is not None else _placeholder(maps[-1]),
        maps=given,
        points=None if points == "all" else points,
        deformation=points == "all",
        jacobian=_is_all(arguments, "-jac"),
        jacobian_matrix=_is_all(arguments, "-jacmat"),
        folder=folder,
        threads=library.number_of_threads(arguments),
        log=log.full,
    )


def _points(arguments: Arguments) -> str | None:
    """The file of points, or "all"; -ipp is an older name of -def."""
    return arguments.get("-def") or arguments.get("-ipp")


def _is_all(arguments: Arguments, key: str) -> bool:
    value = arguments.get(key)
    if value not in (None, "all"):
        raise parameters.ParametersError(f'ERROR: the only value of {key} is "all".')
    return value == "all"


def _chain(file: Path) -> list[parameters.Parameters]:
    """The parameters of the transform in `file` and of all that go before it, the first one first."""
    chain: list[parameters.Parameters] = []
    seen: set[Path] = set()
    following: Path | None = file
    while following is not None:
        if following.resolve() in seen:
            raise parameters.ParametersError(f"ERROR: {following} is its own initial transform, by way of others.")
        seen.add(following.resolve())
        chain.insert(0, library.read_parameters(str(following)))
        following = parameters.initial_transform_file(chain[0], following)
    return chain


def _image(arguments: Arguments, last: parameters.Parameters) -> Any | None:
    name = arguments.get("-in")
    if name is None:
        return None
    image = library.read_image(name)
    dimension = int(parameters.value(last, "MovingImageDimension", "3"))
    if image.GetDimension() != dimension:
        raise library.ImageError(
            f'ERROR: the image "{name}" has {image.GetDimension()} dimensions, the transform has {dimension}.'
        )
    return image if _uses_direction(last) else library.without_direction(image)


def _uses_direction(last: parameters.Parameters) -> bool:
    return parameters.is_true(last, "UseDirectionCosines", default=True)


def _placeholder(last: parameters.Parameters) -> Any:
    """An image of one voxel: the library wants one, also where only points or the transform itself are asked about."""
    sitk = library.simpleitk()
    return sitk.Image([1] * int(parameters.value(last, "MovingImageDimension", "3")), sitk.sitkFloat32)


def _without_moving_index(points: Path) -> None:
    """Take the voxel in the moving image out of each line: without an image there is none but the placeholder's."""
    if points.exists():
        lines = points.read_text(encoding="utf-8").splitlines()
        kept = [line.split("\t; OutputIndexMoving")[0] for line in lines]
        points.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _shortcuts(arguments: Arguments, last: parameters.Parameters) -> dict[str, tuple[str, ...]]:
    """What the library needs and the program does not: the program's defaults for a grid that the file leaves out.

    Where no image is wanted, work is spared: the library transforms the placeholder all the same.
    """
    dimension = int(parameters.value(last, "FixedImageDimension", "3"))
    along_axes = tuple(str(int(row == column)) for row in range(dimension) for column in range(dimension))
    grid = {"Spacing": ("1",) * dimension, "Origin": ("0",) * dimension, "Index": ("0",) * dimension}
    changes = {name: values for name, values in {**grid, "Direction": along_axes}.items() if name not in last}
    if not _uses_direction(last):
        changes["Direction"] = along_axes
    if arguments.get("-in") is not None:
        return changes
    changes["ResampleInterpolator"] = ("FinalNearestNeighborInterpolator",)
    points = _points(arguments)
    if points != "all" and arguments.get("-jac") is None and arguments.get("-jacmat") is None:
        changes["Size"] = ("1",) * dimension
    return changes
