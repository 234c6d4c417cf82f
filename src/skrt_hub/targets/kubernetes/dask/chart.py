"""The dask-gateway chart. Its client is in the participants' lock at the same version: the two speak to each other."""

from __future__ import annotations

from skrt_hub.targets.kubernetes.release.chart import Kind

DASK_GATEWAY = Kind(
    name="dask-gateway",
    title="dask-gateway",
    repository="https://helm.dask.org/",
    pinned="2026.3.0",
    oldest=(2026, 3),
    below=(2027, 0),
    setting="kubernetes.dask_chart",
)
