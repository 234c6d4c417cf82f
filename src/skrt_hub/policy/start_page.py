"""What participants see first in JupyterLab: the hub's name, the organiser's text, and when an unused server ends."""

from __future__ import annotations

import json

from skrt_hub.settings.model import Settings
from skrt_workspace.start_page import VARIABLE


def variables(settings: Settings) -> dict[str, str]:
    """What participants' servers are told of it."""
    page = {"title": settings.page.title, "welcome": settings.page.welcome, "idle": settings.limits.idle}
    return {VARIABLE: json.dumps(page)}
