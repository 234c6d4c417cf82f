"""The elastix library in the package SimpleITK-SimpleElastix (Linux on x86-64)."""

from __future__ import annotations

from typing import Any

from skrt_workspace.engines.jobs import Registration, Transformation
from skrt_workspace.engines.library import simpleitk
from skrt_workspace.engines.parameters import Parameters


def read_parameter_file(name: str) -> Parameters:
    """Read a parameter file with elastix's own parser. Raises RuntimeError."""
    return dict(simpleitk().ReadParameterFile(name))


def register(job: Registration) -> Any:
    """Run a registration, whose files are written to the job's folder. Returns the result of the last step.

    Its parameters decide whether it has voxels. Raises RuntimeError.
    """
    engine = simpleitk().ElastixImageFilter()
    job.tell(engine, _as_it_is)
    engine.SetParameterMap(job.maps[0])
    for later in job.maps[1:]:
        engine.AddParameterMap(later)
    return engine.Execute()


def transform(job: Transformation) -> Any:
    """Apply a transform; what was asked for besides the image is written to the job's folder. Returns the image.

    Raises RuntimeError.
    """
    sitk = simpleitk()
    if job.threads is not None:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(job.threads)
    engine = sitk.TransformixImageFilter()
    job.tell(engine, _as_it_is)
    engine.SetTransformParameterMap(job.maps[0])
    for later in job.maps[1:]:
        engine.AddTransformParameterMap(later)
    return engine.Execute()


def _as_it_is(image: Any) -> Any:
    return image
