"""hub.yaml's `hub_config`: the organiser's own file for JupyterHub, read by `up` and by `check`; what is said of it."""

from __future__ import annotations

from typing import Any

from skrt_hub.errors import SettingsError
from skrt_hub.settings.model import Settings


def read(settings: Settings) -> str:
    """The file's text; empty without one. Raises SettingsError for one that cannot be used."""
    file = settings.hub_config
    if file is None:
        return ""
    try:
        mode = file.stat().st_mode & 0o777
        text = file.read_text(encoding="utf-8")
        compile(text, str(file), "exec")
    except SyntaxError as error:
        raise SettingsError(
            f"hub_config, {file}, is no Python: {error.msg}.",
            why=f"Line {error.lineno}: {(error.text or '').strip()}",
            remedy="Correct that line. How such a file looks: docs/how-to/hub-config.md",
        ) from None
    except (OSError, ValueError) as error:
        why = str(getattr(error, "strerror", "") or error)
        remedy = "Correct `hub_config` in hub.yaml, or take it out."
        raise SettingsError(f"hub_config, {file}, cannot be read.", why=why, remedy=remedy) from None
    if mode & 0o022:
        raise SettingsError(
            f"hub_config, {file}, can be changed by others, who would then be the hub.",
            why=f"Its mode is {mode:o}.",
            remedy=f"Type: chmod go-w {file}",
        )
    return text


def notes(told: Any) -> tuple[str, ...]:
    """What `status` and `up` say of the file of the hub that runs, by what the hub noted (skrt_hub.hub.own_config)."""
    if not isinstance(told, dict) or "file" not in told:
        return ()
    if told.get("failed"):
        return (f"The hub runs without hub_config, {told['file']}, which failed: {told['failed']}",)
    said = f"hub_config is in use: {told['file']}. Nobody but you checks what it does."
    if kept := told.get("put_back"):
        said += f" Left out, because the hub would not hold together: {', '.join(kept)}."
    return (said,)
