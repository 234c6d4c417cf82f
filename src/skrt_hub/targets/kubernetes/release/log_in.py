"""The log-in in the chart's values: which class, what it is told, and where it finds what a log-in provider gave."""

from __future__ import annotations

from typing import Any

from skrt_hub import policy
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.in_hub.admin import LOGIN

KEY = "client-secret"
_FOLDER = "/etc/skrt-hub-log-in"
_READABLE = 0o440  # by the hub's own group, which the chart gives its volumes


def secret_name(settings: Settings) -> str:
    """The Secret in the namespace."""
    return f"{settings.kubernetes.release or settings.name}-log-in"


def authenticator_class(settings: Settings) -> str:
    """The log-in, by its name in the chart's hub."""
    module, name = policy.log_in.authenticator(settings)
    return f"{LOGIN}.{module}.{name}"


def traits(settings: Settings, logo: str) -> dict[str, dict[str, Any]]:
    """What JupyterHub's authenticator is told."""
    return policy.log_in.traits(settings, logo, f"{_FOLDER}/{KEY}" if settings.login.secret_file else "")


def volumes(settings: Settings) -> dict[str, Any]:
    """The Secret as a file of the hub's, which follows a change of it without a restart."""
    if not settings.login.secret_file:
        return {}
    volume = {"name": "log-in", "secret": {"secretName": secret_name(settings), "defaultMode": _READABLE}}
    return {
        "extraVolumes": [volume],
        "extraVolumeMounts": [{"name": "log-in", "mountPath": _FOLDER, "readOnly": True}],
    }
