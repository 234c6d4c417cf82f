"""How a participant's server is told of the environments: which one it runs in, and which others give kernels."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePath

from skrt_workspace import environments


def variables(chosen: str, others: Iterable[tuple[str, PurePath]]) -> dict[str, str]:
    """The server's variables. Both names are there in any case: an earlier start's choice leaves nothing behind."""
    told = {name or environments.FIRST: str(folder) for name, folder in others}
    return {environments.CHOSEN_VARIABLE: chosen, environments.OTHERS_VARIABLE: json.dumps(told)}
