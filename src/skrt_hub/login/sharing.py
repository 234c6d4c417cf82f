"""Who has which shared folder: one rule for both targets, from the accounts alone, so that no server decides it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .organisers import organises

READ, WRITE = "read", "write"


def groups_of(entry: Mapping[str, Any]) -> frozenset[str]:
    """The groups of whoever has this entry: on the list, and as the log-in provider said at the last log-in."""
    on_list = [str(entry.get("group", ""))] if entry.get("listed") else []
    told = (entry.get("admitted") or {}).get("groups", ())
    return frozenset((*on_list, *told)) - {""}


def folders_of(entry: Mapping[str, Any], folders: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The folders that whoever has this entry gets, each with READ or WRITE.

    `folders` as in hub.yaml: `name`, `groups` and `write`.
    """
    manages, theirs = organises(entry), groups_of(entry)
    return {
        str(folder["name"]): WRITE if folder["write"] or manages else READ
        for folder in folders
        if manages or not folder["groups"] or theirs & set(folder["groups"])
    }


def others_than(now: Mapping[str, str], at_start: Mapping[str, str]) -> str:
    """What a server that runs would have otherwise if it started now; nothing where all is right."""
    words = [f"lacks /shared/{name}" for name in now if name not in at_start]
    words += [f"still has /shared/{name}" for name in at_start if name not in now]
    words += [
        f"{'does not write' if now[name] == WRITE else 'still writes'} in /shared/{name}"
        for name in now
        if name in at_start and at_start[name] != now[name]
    ]
    return " and ".join(words)
