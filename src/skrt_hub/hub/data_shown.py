"""Data that everybody reads: where each folder lies on this machine, and which of them are there now."""

from __future__ import annotations

from pathlib import Path

from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_workspace import data_links


def folders(settings: Settings, layout: Layout) -> dict[str, Path]:
    """The folders of hub.yaml's `data`, and its sets, by their names below /data."""
    sets = {entry.name: layout.dataset(entry.name) for entry in settings.datasets}
    return {data.name: data.folder for data in settings.data} | sets


def absent(settings: Settings, layout: Layout) -> frozenset[str]:
    """The names of those that are not there now: a server starts all the same, and sees them from its next start on."""
    return frozenset(name for name, folder in folders(settings, layout).items() if not folder.is_dir())


def links(settings: Settings, layout: Layout, *, isolated: bool) -> dict[str, str]:
    """What a server is told of places in the home that lead to sets."""
    named = [entry for entry in settings.datasets if entry.in_home]
    return data_links.variables(
        {entry.in_home: f"/data/{entry.name}" if isolated else str(layout.dataset(entry.name)) for entry in named}
    )
