"""Where a hub keeps its things: every path of its state folder, and nothing but paths.

No other room joins a path below the state folder; tests pass a temporary folder as the root.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from skrt_hub.errors import UsageError

_NOT_IN_PATHS = "\"'`$\\%?#:*"
"""What the proxy's files, the database's address or a list of folders would take for something else."""


@dataclass(frozen=True)
class Layout:
    """The paths of one hub, below `root` (`<user data folder>/skrt-hub/<name>` by default)."""

    root: Path

    @property
    def applied(self) -> Path:
        """What `up` last applied: the settings, the version, when."""
        return self.root / "hub.json"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def data_key(self) -> Path:
        """What makes new identifiers for patient data that is cleaned."""
        return self.secrets / "data-key"

    @property
    def hub(self) -> Path:
        return self.root / "hub"

    @property
    def database(self) -> Path:
        return self.hub / "jupyterhub.sqlite"

    @property
    def identity_copies(self) -> Path:
        """Copies of the files that decide who is who: accounts, folders and user ids, the database."""
        return self.hub / "copies"

    @property
    def accounts(self) -> Path:
        return self.hub / "accounts.json"

    @property
    def cohorts(self) -> Path:
        """Whose cohorts run, so that their servers are there again after a restart."""
        return self.hub / "cohorts.json"

    @property
    def own_config(self) -> Path:
        return self.hub / "own-config.json"

    @property
    def certificates(self) -> Path:
        """The hub's own certificate authority and the certificate it gave, with `tls: class`."""
        return self.root / "tls"

    @property
    def roster(self) -> Path:
        """Who was ever listed, and the name that each logs in with: whoever is listed again keeps it."""
        return self.root / "roster.json"

    @property
    def hub_yaml(self) -> Path:
        """Which hub.yaml was applied last (skrt_hub.hub.hub_yaml)."""
        return self.root / "hub-yaml.json"

    @property
    def folders(self) -> Path:
        """The table of participants' names, their home folders and user ids."""
        return self.hub / "folders.json"

    @property
    def homes(self) -> Path:
        return self.root / "homes"

    def home(self, folder: str) -> Path:
        """The home of one participant, by the folder name from `skrt_hub.hub.names`."""
        return self.homes / folder

    @property
    def shared(self) -> Path:
        """The folders that groups share, one for each name."""
        return self.root / "shared"

    @property
    def wheels(self) -> Path:
        """What was built from code that hub.yaml's `environment` names."""
        return self.root / "wheels"

    @property
    def environments(self) -> Path:
        """The participants' environments; SKRT_HUB_ENVIRONMENTS names a folder that several hubs share."""
        shared = os.environ.get("SKRT_HUB_ENVIRONMENTS")
        return Path(shared) if shared else self.root / "environments"

    @property
    def material(self) -> Path:
        """Fetched copies of the organiser's material."""
        return self.root / "material"

    @property
    def material_shown(self) -> Path:
        """What the participants' servers see of the material, and all that they see of it."""
        return self.material / "shown"

    @property
    def handed_out(self) -> Path:
        """What `hand-out` gave to everyone, a folder each time."""
        return self.material / "handed-out"

    @property
    def datasets(self) -> Path:
        """Fetched sets of data, one folder for each name; what is said of them, and what is on its way."""
        return self.root / "datasets"

    def dataset(self, name: str) -> Path:
        """What participants see of a set, once it was fetched."""
        return self.datasets / name

    def dataset_record(self, name: str) -> Path:
        return self.datasets / ".about" / f"{name}.json"

    def dataset_on_its_way(self, name: str) -> Path:
        """What was fetched so far of a set that is not whole yet."""
        return self.datasets / ".fetching" / name

    @property
    def saves(self) -> Path:
        """What is known of saved copies: where they are, and when each home was last saved."""
        return self.root / "saves"

    @property
    def kubernetes(self) -> Path:
        """Rendered values, the private Helm folders, and the hub's cluster, by `target: kubernetes`."""
        return self.root / "kubernetes"

    @property
    def inspections(self) -> Path:
        """What the sandboxes that look at folders of images work with, while they run."""
        return self.root / "inspections"

    @property
    def results(self) -> Path:
        """What the last `verify` and `audit` found."""
        return self.root / "results"

    @property
    def class_page(self) -> Path:
        """What the class's page works with: files on their way to be handed out, and what it collected last."""
        return self.root / "class-page"

    @property
    def log(self) -> Path:
        return self.root / "log"

    def server_log(self, folder: str) -> Path:
        """The log of one participant's server."""
        return self.log / "servers" / f"{folder}.log"

    @property
    def run(self) -> Path:
        """Locks, sockets and process identities: worthless after a reboot."""
        return self.root / "run"

    @property
    def control_socket(self) -> Path:
        return self.run / "control.sock"

    @property
    def door(self) -> Path:
        """The Unix socket by which participants' servers and the commands ask JupyterHub."""
        return self.run / "door" / "hub.sock"

    @property
    def expected(self) -> Path:
        """There while the hub is meant to run: what was not stopped and does not run was killed."""
        return self.run / "expected.json"

    @property
    def stopped(self) -> Path:
        """There after `skrt-hub stop`, until the hub is brought up again: a reboot must not do that."""
        return self.root / "stopped"

    @property
    def parts(self) -> Path:
        """The processes of the hub's parts, so that what a killed supervisor left can be ended."""
        return self.run / "parts.json"

    @property
    def watchdog_lock(self) -> Path:
        return self.run / "watchdog.lock"

    @property
    def supervisor_lock(self) -> Path:
        return self.run / "supervisor.lock"

    @property
    def command_lock(self) -> Path:
        """Held by a command that changes the hub, so that two of them take turns."""
        return self.root / "command.lock"

    def fork_server_socket(self, environment: str = "") -> Path:
        """Where the fork server of an environment listens; the first one has no name."""
        return self.run / (f"forkserver-{environment}.sock" if environment else "forkserver.sock")

    def notices(self, folder: str) -> Path:
        """Messages from the hub to one participant's server (shown read-only in the sandbox)."""
        return self.run / "notices" / folder


def default_root(name: str) -> Path:
    """The state folder of the hub called `name`, in the platform's user data folder."""
    return Path(platformdirs.user_data_dir("skrt-hub", appauthor=False)) / name


def state_folder(given: Path | None, name: str) -> Path:
    """The whole path of the state folder: the given one, or the default of the hub called `name`.

    Raises UsageError for a path with characters that the hub's programs cannot be told.
    """
    root = given.expanduser().absolute() if given is not None else default_root(name)
    odd = sorted({letter for letter in str(root) if letter in _NOT_IN_PATHS or not letter.isprintable()})
    if odd:
        raise UsageError(
            f"{str(root)!r} cannot be a hub's state folder.",
            why=f"Its path has {' and '.join(map(repr, odd))}; the hub's programs would read that as something else.",
            remedy="Choose a path of letters, digits, spaces and the signs . _ - + , @ = with --state DIR.",
        )
    return root
