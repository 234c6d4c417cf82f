"""What `up` last applied to a hub: the settings, the ports inside, the environment, and who is meant by `root`.

The supervisor, JupyterHub and the spawner all read this one file, so that they cannot disagree.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from skrt_hub.errors import StateError
from skrt_hub.files import ensure_folder, read_json, write_json
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_workspace.sandbox.document import LANDLOCK


@dataclass(frozen=True)
class Ports:
    """Ports on 127.0.0.1 that only the hub's own parts use."""

    hub: int
    proxy: int
    assets: int
    page: int = 0  # 0: of an older hub, which had none yet


@dataclass(frozen=True)
class Applied:
    """A hub as it was last brought up, or as one server of it knows it.

    `environment` is what a server runs in, `others` are the further ones by name, `chosen` says which this one is:
    nothing for the first, whose name among the others is empty, too.
    """

    settings: Settings
    version: str
    ports: Ports
    environment: Path
    root: bool
    own_config: str = ""  # the text of the organiser's own file, as it was then
    others: tuple[tuple[str, Path], ...] = ()
    chosen: str = ""
    sandbox: str = ""  # the kind that was found to work (skrt_hub.hub.kinds); not noted: the one in the settings

    def __post_init__(self) -> None:
        if not self.sandbox:
            object.__setattr__(self, "sandbox", self.settings.sandbox)

    def running_in(self, name: str) -> Applied:
        """The same for a server that runs in this one of the environments; one that is gone is the first."""
        all_of_them = {self.chosen: self.environment, **dict(self.others)}
        if name == self.chosen or name not in all_of_them:
            return self
        chosen = all_of_them.pop(name)
        return replace(self, environment=chosen, others=tuple(all_of_them.items()), chosen=name)


def write_applied(layout: Layout, applied: Applied) -> None:
    """Write hub.json, atomically, readable by its owner only."""
    document = {
        "settings": applied.settings.model_dump(mode="json"),
        "version": applied.version,
        "target": applied.settings.target,
        "ports": asdict(applied.ports),
        "environment": str(applied.environment),
        "others": {name: str(folder) for name, folder in applied.others},
        "root": applied.root,
        "sandbox": applied.sandbox,
        "own_config": applied.own_config,
    }
    write_json(layout.applied, document, mode=0o600)


def read_applied(layout: Layout) -> Applied | None:
    """What was applied, or None for a hub that never was. Raises StateError for a damaged file."""
    document = read_json(layout.applied)
    if document is None and not layout.applied.exists():
        return None
    try:
        return _from_document(document)
    except (KeyError, TypeError, ValidationError) as error:
        raise StateError(
            f"{layout.applied} is damaged.",
            why=f"{type(error).__name__}: {error}",
            remedy=f"Remove {layout.applied} and run `skrt-hub up`; homes and accounts are kept elsewhere.",
        ) from None


def applied_settings(layout: Layout) -> Settings | None:
    """The settings that were applied last, on whichever target, or None for a hub that never was."""
    document = read_json(layout.applied)
    return Settings.model_validate(document["settings"]) if isinstance(document, dict) else None


def ensure_run_folder(layout: Layout) -> None:
    """The folder of sockets and process identities. Without namespaces, servers reach the door in it by its path."""
    applied = read_applied(layout)
    ensure_folder(layout.run, mode=0o711 if applied is not None and applied.sandbox == LANDLOCK else 0o700)


def _from_document(document: Any) -> Applied:
    return Applied(
        settings=Settings.model_validate(document["settings"]),
        version=str(document["version"]),
        ports=Ports(**document["ports"]),
        environment=Path(document["environment"]),
        others=tuple((str(name), Path(folder)) for name, folder in document.get("others", {}).items()),
        root=bool(document["root"]),
        sandbox=str(document.get("sandbox", "")),
        own_config=str(document.get("own_config", "")),
    )
