"""Which hub.yaml a hub was brought up with, so that a command typed in another folder does not take its defaults.

The hub is found by its name alone, and without a hub.yaml every hub has the same name.
"""

from __future__ import annotations

from pathlib import Path

from skrt_hub.errors import RefusedError
from skrt_hub.files import read_json, write_json
from skrt_hub.hub.applied import applied_settings
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings

CHANGED = "hub.yaml has changed; apply: skrt-hub up"


def note(layout: Layout, config: Path | None) -> None:
    """Keep which file it was; nothing for the defaults."""
    document = {"path": "" if config is None else str(config.absolute())}
    if read_json(layout.hub_yaml) != document:
        write_json(layout.hub_yaml, document, mode=0o600)


def refusal(layout: Layout, settings: Settings, config: Path | None, here: Path) -> RefusedError | None:
    """Why a command without --config in the folder `here`, with the file `config` there or none, is about another hub.

    None where it is about this one, or where none was brought up yet.
    """
    before = before_now(layout)
    if before is None:
        return None
    noted = _noted(layout)
    if noted is None:  # of an older version
        away = config is None and before != settings
        return _refused(before.name, "another hub.yaml", "the folder of its hub.yaml", "FILE", here) if away else None
    if noted == "" or (config is not None and config.absolute() == Path(noted)):
        return None
    file = Path(noted)
    if config is None:
        return _refused(before.name, noted, str(file.parent), noted, here, gone=not file.exists())
    if not file.exists() or file.samefile(config):  # the folder was moved, or there are two ways to it
        return None
    return RefusedError(
        f"{config} is not the file of the hub “{before.name}”, which runs as {noted} says.",
        why="Two files give their hubs one name. Nothing was changed.",
        remedy=f"For that hub, type: cd {file.parent}\nFor another hub, write another `name` in this file. "
        f"To have that hub as this file says: --config {config}",
    )


def before_now(layout: Layout) -> Settings | None:
    """What was applied last; None also for a damaged file, of which the command itself says more."""
    try:
        return applied_settings(layout)
    except (KeyError, TypeError, ValueError):
        return None


def _noted(layout: Layout) -> str | None:
    document = read_json(layout.hub_yaml)
    return str(document["path"]) if isinstance(document, dict) and "path" in document else None


def _refused(name: str, says: str, folder: str, file: str, here: Path, *, gone: bool = False) -> RefusedError:
    return RefusedError(
        f"There is no hub.yaml in {here}; the hub “{name}” is as {says} says.",
        why="That file is gone. Nothing was changed." if gone else "Nothing was changed.",
        remedy="Put it back, or name the file that is meant: --config FILE"
        if gone
        else f"Type: cd {folder}\nOr name the file: --config {file}",
    )
