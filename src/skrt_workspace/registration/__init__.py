"""Helpers around scikit-rt's Registration: the same answer for everyone, written down, run again, and judged.

elastix's answer depends on its version, the parameters, the seed and, where it is not asked to be exact, the number of
threads. `record` and the file registration.json beside each result hold them, `repeat` runs one again and compares,
`crate` hands it on as an RO-Crate, `quality` says whether the result can be trusted."""

from __future__ import annotations

from skrt_workspace.registration.crating import crate
from skrt_workspace.registration.points import displacements, landmark_errors
from skrt_workspace.registration.quality import Quality, inverse_consistency, quality
from skrt_workspace.registration.recording import exact_results, fix_threads, record
from skrt_workspace.registration.repeating import RepeatError, Repetition, repeat

__all__ = [
    "Quality",
    "RepeatError",
    "Repetition",
    "crate",
    "displacements",
    "exact_results",
    "fix_threads",
    "inverse_consistency",
    "landmark_errors",
    "quality",
    "record",
    "repeat",
]
