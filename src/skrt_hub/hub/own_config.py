"""The organiser's own file for JupyterHub (hub.yaml's `hub_config`), loaded last; what holds the hub together stays.

A file that fails, or sets what is the hub's own, costs nobody the hub: it comes up, and `status` says what was done.
This module stands alone (standard library only): on Kubernetes its text travels into the chart's hub.
"""

from __future__ import annotations

import json
import traceback
from copy import deepcopy
from pathlib import Path
from typing import Any

_OF_SERVERS = {"default_url", "start_timeout", "http_timeout"}
_FREE = {
    "JupyterHub": {"authenticator_class", "log_level", "authenticate_prometheus", "cookie_max_age_days"},
    "Spawner": _OF_SERVERS,
    "KubeSpawner": _OF_SERVERS,
}
"""What the hub sets, and a file may set anew. Lists and tables may be added to."""


def load(c: Any, text: str, name: str, note: Path) -> None:
    """Run the file's text with `c` as it is by now; put back what has to stay; note what was done for `status`.

    Without a text there is no file, and no note either.
    """
    if not text:
        note.unlink(missing_ok=True)
        return
    ours = deepcopy(c)
    told: dict[str, Any] = {"file": name, "failed": "", "put_back": []}
    try:
        exec(compile(text, name, "exec"), {"c": c, "get_config": lambda: c, "__file__": name})  # noqa: S102 - it is for that
    except (Exception, SystemExit) as error:  # whatever an organiser's file does
        c.clear()
        c.update(ours)
        told["failed"] = f"{_where(error, name)}{type(error).__name__}: {error}"[:500]
        traceback.print_exc()
    else:
        told["put_back"] = _put_back(c, ours)
    note.unlink(missing_ok=True)
    note.touch(mode=0o600)
    note.write_text(json.dumps(told), encoding="utf-8")


def _where(error: BaseException, name: str) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return f"line {lines[-1]}: " if lines else ""


def _put_back(c: Any, ours: Any) -> list[str]:
    lost = []
    for section, traits in ours.items():
        for trait, value in traits.items():
            if trait in _FREE.get(section, ()):
                continue
            theirs = c[section].get(trait)
            whole = _with(value, theirs)
            if whole != theirs:
                c[section][trait] = whole
                lost.append(f"{section}.{trait}")
    return lost


def _with(ours: Any, theirs: Any) -> Any:
    """What they set, with all of ours in it."""
    if (added := _added(ours)) is not None:
        found = theirs if (also := _added(theirs)) is None else also
        whole = _with(added, found)
        if whole == found:
            return theirs
        return whole if also is None and isinstance(theirs, type(added)) else ours
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {**theirs, **{key: _with(value, theirs.get(key)) for key, value in ours.items()}}
    if isinstance(ours, list) and isinstance(theirs, list):
        missing = [item for item in ours if item not in theirs]
        return [*missing, *theirs] if missing else theirs
    return ours


def _added(value: Any) -> Any:
    """What traitlets adds later to a value that is not there yet (`c.X.y.extend(...)`); None for any other value."""
    if type(value).__name__ != "LazyConfigValue":
        return None
    told = value.to_dict()
    return told["update"] if "update" in told else [*told.get("prepend", ()), *told.get("extend", ())]
