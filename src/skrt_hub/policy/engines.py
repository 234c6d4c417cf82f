"""What participants' programs are told about the registration engines, wherever they run."""

from __future__ import annotations

from skrt_hub.settings.engines import Engines
from skrt_workspace.engines.exact import VARIABLE


def variables(engines: Engines) -> dict[str, str]:
    """Whether elastix's results shall be the same whatever a participant's share of the processors is."""
    return {VARIABLE: "true" if engines.exact else "false"}
