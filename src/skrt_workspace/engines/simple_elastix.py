"""The elastix library in the package SimpleITK-SimpleElastix (Linux on x86-64)."""

from __future__ import annotations

from typing import Any

from skrt_workspace.engines.jobs import Registration, Transformation
from skrt_workspace.engines.parameters import Parameters


def read_parameter_file(name: str) -> Parameters:
    """Read a parameter file with elastix's own parser. Raises RuntimeError."""
    return dict(_simpleitk().ReadParameterFile(name))


def register(job: Registration) -> Any:
    """Run a registration, whose files are written to the job's folder. Returns the result of the last step.

    Its parameters decide whether it has voxels. Raises RuntimeError.
    """
    engine = _simpleitk().ElastixImageFilter()
    engine.SetFixedImage(job.fixed[0])
    engine.SetMovingImage(job.moving[0])
    for image in job.fixed[1:]:
        engine.AddFixedImage(image)
    for image in job.moving[1:]:
        engine.AddMovingImage(image)
    for mask in job.fixed_masks:
        engine.AddFixedMask(mask)
    for mask in job.moving_masks:
        engine.AddMovingMask(mask)
    engine.SetParameterMap(job.maps[0])
    for later in job.maps[1:]:
        engine.AddParameterMap(later)
    for name, use in (
        (job.initial_transform, engine.SetInitialTransformParameterFileName),
        (job.fixed_points, engine.SetFixedPointSetFileName),
        (job.moving_points, engine.SetMovingPointSetFileName),
    ):
        if name is not None:
            use(name)
    if job.threads is not None:
        engine.SetNumberOfThreads(job.threads)
    return _execute(engine, job)


def transform(job: Transformation) -> Any:
    """Apply a transform; what was asked for besides the image is written to the job's folder. Returns the image.

    Raises RuntimeError.
    """
    sitk = _simpleitk()
    if job.threads is not None:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(job.threads)
    engine = sitk.TransformixImageFilter()
    engine.SetMovingImage(job.image)
    if job.points is not None:
        engine.SetFixedPointSetFileName(job.points)
    engine.SetComputeDeformationField(job.deformation)
    engine.SetComputeDeterminantOfSpatialJacobian(job.jacobian)
    engine.SetComputeSpatialJacobian(job.jacobian_matrix)
    engine.SetTransformParameterMap(job.maps[0])
    for later in job.maps[1:]:
        engine.AddTransformParameterMap(later)
    return _execute(engine, job)


def _execute(engine: Any, job: Registration | Transformation) -> Any:
    engine.SetOutputDirectory(str(job.folder))
    (engine.LogToFileOn if job.log else engine.LogToFileOff)()
    (engine.LogToConsoleOn if job.log else engine.LogToConsoleOff)()
    return engine.Execute()


def _simpleitk() -> Any:
    import SimpleITK  # noqa: PLC0415

    return SimpleITK
