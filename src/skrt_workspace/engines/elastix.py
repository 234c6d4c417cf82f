"""The command `elastix`: registers a moving image to a fixed one as parameter files say.

Its command line, files and exit codes are those of the program elastix 5.2 (Klein et al., IEEE Trans. Med. Imaging
29(1), 2010; https://elastix.dev).
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import Any

from skrt_workspace import engines
from skrt_workspace.engines import arguments as command_line
from skrt_workspace.engines import exact, jobs, library, parameters, program, record, system
from skrt_workspace.engines.arguments import Arguments
from skrt_workspace.engines.log import Log

HELP = """\
Find the transform from a fixed image to a moving image.

  elastix -f IMAGE -m IMAGE -out FOLDER -p FILE [-p FILE ...] [options]

  -f        fixed image (-f0, -f1, ... for several)
  -m        moving image (-m0, -m1, ... for several)
  -out      folder for the results; it must exist
  -p        parameter file; more than one are run one after the other
  -fMask    mask for the fixed image
  -mMask    mask for the moving image
  -fp, -mp  points in the fixed and the moving image, for metrics that use them
  -t0       transform parameter file to begin with
  -threads  number of threads (default: ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS or OMP_NUM_THREADS, else all)
  -loglevel info (default), warning, error or off
  -priority accepted, and without effect outside Windows

  -h, --help, --version, --extended-version

Parameter files: https://elastix.dev and https://lkeb.ml/modelzoo"""


def main(arguments: list[str]) -> int:
    """Run the command. Returns its exit code."""
    instead = system.run_instead("elastix", arguments)
    if instead is not None:
        return instead
    if len(arguments) < 2:
        return program.answer("elastix", HELP, arguments)
    try:
        parsed, folder = _understand(arguments)
    except command_line.ArgumentsError as error:
        print(error, file=sys.stderr)
        return error.code
    log = Log("elastix", folder / "elastix.log", parsed.log_level, arguments)
    return library.run(log, lambda: _Registration(parsed, folder, log).run())


def _understand(arguments: list[str]) -> tuple[Arguments, Path]:
    parsed = command_line.parse(arguments)
    problems, code = [], 0
    if not parsed.parameter_files:
        problems.append('ERROR: No CommandLine option "-p" given!')
        code = command_line.NO_PARAMETER_FILE
    return parsed, command_line.output_folder(parsed, problems, code)


class _Registration:
    """One call of elastix: the images, the parameter maps, and the files to leave behind."""

    def __init__(self, arguments: Arguments, folder: Path, log: Log) -> None:
        self._arguments = arguments
        self._folder = folder
        self._log = log
        self._dimension = 0
        self._images_made: dict[str, str] = {}
        self._maps = [exact.made_exact(library.read_parameters(name)) for name in arguments.parameter_files]
        for asked in self._maps:
            parameters.result_pixel_type(asked)
        self._use_direction = parameters.is_true(self._maps[0], "UseDirectionCosines", default=True)

    def run(self) -> None:
        started, inputs = time.monotonic(), record.inputs_of(self._arguments)
        self._warn_of_random_samples()
        fixed = self._images("-f")
        direction = fixed[0].GetDirection()
        moving = self._images("-m")
        if not self._use_direction:
            fixed, moving = [[library.without_direction(image) for image in images] for images in (fixed, moving)]
        result = library.elastix().register(self._job(fixed, moving))
        self._leave_results(result, direction)
        record.write(
            self._folder,
            engine=self._engine(),
            inputs=inputs,
            maps=self._maps,
            images=self._images_made,
            seconds=time.monotonic() - started,
        )

    def _warn_of_random_samples(self) -> None:
        if exact.wanted() and self._masked and any(map(exact.samples_at_random, self._maps)):
            print(exact.RANDOM_WITH_MASK, file=sys.stderr)

    @property
    def _masked(self) -> bool:
        return bool(self._arguments.numbered("-fMask") or self._arguments.numbered("-mMask"))

    def _engine(self) -> dict[str, Any]:
        package = engines.elastix_package()
        return {
            "name": "elastix",
            "version": package.version if package else "unknown",
            "package": package.name if package else "unknown",
            "threads": library.number_of_threads(self._arguments),
            "exact": all(exact.is_exact(each, masked=self._masked) for each in self._maps),
        }

    def _images(self, key: str) -> list[Any]:
        names = self._arguments.numbered(key)
        if not names:
            raise library.ImageError(f'ERROR: No CommandLine option "{key}" or "{key}0" given!')
        return [self._of_same_dimension(name, library.read_image(name)) for name in names]

    def _of_same_dimension(self, name: str, image: Any) -> Any:
        """The image, where it has as many dimensions as the first; the libraries say that unclearly, or not at all."""
        self._dimension = self._dimension or image.GetDimension()
        if image.GetDimension() != self._dimension:
            raise library.ImageError(
                f'ERROR: the image "{name}" has {image.GetDimension()} dimensions, the first one has {self._dimension}.'
            )
        return image

    def _job(self, fixed: list[Any], moving: list[Any]) -> jobs.Registration:
        return jobs.Registration(
            fixed=fixed,
            moving=moving,
            fixed_masks=self._masks("-fMask", fixed),
            moving_masks=self._masks("-mMask", moving),
            maps=[{**asked, "ResultImagePixelType": ("float",)} for asked in self._maps],
            initial_transform=self._file("-t0"),
            fixed_points=self._file("-fp"),
            moving_points=self._file("-mp"),
            folder=self._folder,
            threads=library.number_of_threads(self._arguments),
            log=self._log.full,
        )

    def _masks(self, key: str, images: list[Any]) -> list[Any]:
        """The masks on their images' grids: the library takes no others."""
        masks = []
        for number, name in enumerate(self._arguments.numbered(key)):
            mask = self._of_same_dimension(name, library.read_image(name, "sitkUInt8"))
            mask = mask if self._use_direction else library.without_direction(mask)
            masks.append(_on_grid(mask, images[min(number, len(images) - 1)]))
        return masks

    def _file(self, key: str) -> str | None:
        name = self._arguments.get(key)
        if name is not None and not Path(name).is_file():
            raise parameters.ParametersError(f"ERROR: the file {name} does not exist.")
        return name

    def _leave_results(self, last: Any, direction: tuple[float, ...]) -> None:
        """Write results with the pixel types asked for: the library wrote them, and the notes about them, as float."""
        for level, asked in enumerate(self._maps):
            noted = {"ResultImagePixelType": f'"{parameters.result_pixel_type(asked)}"'}
            if not self._use_direction:
                noted["Direction"] = " ".join(map(repr, direction))
            for file in self._folder.glob(f"TransformParameters.{level}.*txt"):
                parameters.replace_values(file, noted)
            name = parameters.value(asked, "ResultImageName", "result")
            suffix = parameters.value(asked, "ResultImageFormat", "mhd")
            final = self._folder / f"{name}.{level}.{suffix}"
            for file in self._folder.glob(f"{name}.{level}.R*.{suffix}"):
                self._write(library.read_image(str(file)), file, asked, direction)
            if not parameters.is_true(asked, "WriteResultImage", default=True):
                if level == len(self._maps) - 1:
                    _remove_image(final)
                continue
            in_memory = level == len(self._maps) - 1
            self._write(last if in_memory else library.read_image(str(final)), final, asked, direction)

    def _write(self, image: Any, file: Path, asked: parameters.Parameters, direction: tuple[float, ...]) -> None:
        if not self._use_direction:
            image.SetDirection(direction)
        library.write_result(image, file, asked)
        voxels = library.simpleitk().GetArrayViewFromImage(image).tobytes()
        self._images_made[file.name] = hashlib.sha256(voxels).hexdigest()


def _on_grid(mask: Any, image: Any) -> Any:
    """The mask on the grid of its image: as it is, with rounding taken away, or resampled (nearest neighbour)."""
    grids = [(item.GetSize(), item.GetOrigin(), item.GetSpacing(), item.GetDirection()) for item in (mask, image)]
    if grids[0] == grids[1]:
        return mask
    near = all(
        abs(a - b) <= 1e-4 * max(1.0, abs(b))
        for mine, theirs in zip(grids[0][1:], grids[1][1:], strict=True)
        for a, b in zip(mine, theirs, strict=True)
    )
    if near and grids[0][0] == grids[1][0]:
        mask.CopyInformation(image)
        return mask
    sitk = library.simpleitk()
    return sitk.Resample(mask, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)


def _remove_image(file: Path) -> None:
    """Remove an image that was not asked for, with the data file beside a header."""
    for path in (file, file.with_suffix(".raw"), file.with_suffix(".zraw"), file.with_suffix(".img")):
        path.unlink(missing_ok=True)
