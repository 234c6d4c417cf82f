"""Jupyter's settings and the kernel's description, under the environment's `etc` and `share` folders.

A participant's own settings in `~/.jupyter` add to these; what protects other participants is not here but in the
sandbox.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from skrt_workspace import fonts
from skrt_workspace.install import first_scripts, niivue

KERNEL_NAME = "Python 3 (scikit-rt)"
KERNEL_PROVISIONER = "warden"
"""An entry point of the distribution skrt-workspace."""
SERVER_EXTENSIONS = ("skrt_workspace.server_extension",)
_PACKED_BY_US = "jupyter_archive"  # its handlers are ours (skrt_workspace.server_extension.handlers)
# Each names only those before it.
_SCRIPTS = (
    first_scripts.NAME, "settings.js", "niivue.js", "element.js", "lines.js", "pace.js", "tools.js", "planes.js",
    "dvh.js", "controls.js", "shown.js", "look.js", "notebook.js", "start.js", "cohorts.js", "showing.js",
    "closing.js", "remoteEntry.js",
)  # fmt: skip
LAB_EXTENSION = "labextension"  # in skrt_workspace: written by hand, nothing is built


def server_settings(shell: str) -> dict[str, Any]:
    """The settings of a participant's Jupyter server (`jupyter_server_config.json`)."""
    return {
        # Kernels are reached through files that only their owner can open, not through ports anyone may try.
        "ConnectionFileMixin": {"transport": "ipc"},
        # A folder that is deleted is gone: the bin would keep filling a home that its owner tries to empty.
        "FileContentsManager": {"delete_to_trash": False, "always_delete_dir": True},
        # Nothing is asked of the internet, and nothing can be installed into a read-only environment.
        "LabApp": {
            "news_url": None,
            "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
            "extension_manager": "readonly",
        },
        # No search for language servers, which are not there, at every start.
        "LanguageServerManager": {"autodetect": False},
        # A login shell would read /etc/profile, which puts the system's commands before the environment's.
        "ServerApp": {
            "terminado_settings": {"shell_command": [shell]},
            # No pages that would lead a browser on this machine to the server: it is reached through the hub.
            "use_redirect_file": False,
            # The environment's kernel stays what it is, whatever kernels a participant makes.
            "kernel_spec_manager_class": "skrt_workspace.server_extension.kernelspecs.EnvironmentFirst",
            # In a server that was made ready, the first notebook finds its kernel there.
            "kernel_manager_class": "skrt_workspace.server_extension.kernels.Kernels",
            # Uploads of large files are whole or not at all.
            "contents_manager_class": "skrt_workspace.server_extension.uploads.Uploads",
        },
        # Viewers of whole volumes send more than Jupyter's default of 1 MB a second.
        "ZMQChannelsWebsocketConnection": {"iopub_data_rate_limit": 20_000_000},
    }


def page_settings() -> dict[str, Any]:
    """What JupyterLab's page leaves out (`labconfig/page_config.json`).

    What is left out is locked, too: JupyterLab otherwise adds that to the file itself at its first start, and a file of
    the environment that changes is a damaged one. The page does not ask whether JupyterLab should be built again
    either: nobody here can do that, and where there is Node each page would start it.
    """
    left_out = {
        "@jupyterlab/apputils-extension:announcements": True,
        "@jupyterlab/extensionmanager-extension": True,
        # An entry of the Help menu that leads out of the hub, and ends in an error where there is no internet.
        "@jupyterlab/help-extension:jupyter-forum": True,
        # Our own takes its place: a cell that is run while the kernel begins waits for it (labextension).
        "@jupyterlab/notebook-extension:cell-executor": True,
    }
    return {
        "disabledExtensions": left_out,
        "lockedExtensions": left_out,
        "buildAvailable": False,
        "buildCheck": False,
    }


def lab_settings() -> dict[str, Any]:
    """What JupyterLab's own settings start from (`lab/settings/overrides.json`); a participant may change them."""
    return {
        # Widgets' messages would be handled in a thread of the kernel beside the one that runs cells. matplotlib's
        # parser for texts such as $x$ is one for all threads: a viewer drawn from two at once ends in an error.
        "@jupyterlab/apputils-extension:kernels-settings": {"commsOverSubshells": "disabled"},
        # The viewer's widgets hold whole images: in a notebook's file they would be a hundred megabytes.
        "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": False},
        # In seconds; what a participant would lose when the browser, or the machine, goes away.
        "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 30},
    }


def kernel_description(original: dict[str, Any]) -> dict[str, Any]:
    """ipykernel's description of the Python kernel, under our name and with our way of starting it."""
    metadata = dict(original.get("metadata", {}))
    metadata["kernel_provisioner"] = {"provisioner_name": KERNEL_PROVISIONER, "config": {}}
    return {**original, "display_name": KERNEL_NAME, "metadata": metadata}


def write(prefix: Path) -> None:
    """Write all settings below `prefix`."""
    etc = prefix / "etc" / "jupyter"
    shell = "bash" if shutil.which("bash") else "sh"
    _write(etc / "jupyter_server_config.json", server_settings(shell))
    _write(etc / "labconfig" / "page_config.json", page_settings())
    _write(prefix / "share" / "jupyter" / "lab" / "settings" / "overrides.json", lab_settings())
    for extension, on in (*((name, True) for name in SERVER_EXTENSIONS), (_PACKED_BY_US, False)):
        _write(
            etc / "jupyter_server_config.d" / f"{extension}.json",
            {"ServerApp": {"jpserver_extensions": {extension: on}}},
        )
    add_lab_extension(prefix)
    kernel = prefix / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    _write(kernel, kernel_description(json.loads(kernel.read_text(encoding="utf-8"))))


def add_lab_extension(prefix: Path) -> None:
    """Put our part of JupyterLab's page where JupyterLab looks for extensions that are built already."""
    source = Path(__file__).parent.parent / LAB_EXTENSION
    target = prefix / "share" / "jupyter" / "labextensions" / json.loads((source / "package.json").read_text())["name"]
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    niivue.add(target / "static")
    first_scripts.make(prefix / "share" / "jupyter", target / "static")
    _name_by_content(target)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _name_by_content(target: Path) -> None:
    """Give scripts names that change with their content: browsers keep what has a name for ever."""
    names: dict[str, str] = {}
    for name in _SCRIPTS:
        script = target / "static" / name
        text = script.read_bytes()
        for old, new in names.items():
            text = text.replace(f"'./{old}'".encode(), f"'./{new}'".encode())
        names[name] = f"{script.stem}.{hashlib.sha256(text).hexdigest()[:12]}.js"
        script.unlink()
        script.with_name(names[name]).write_bytes(text)
    about = target / "package.json"
    about.write_text(about.read_text(encoding="utf-8").replace("remoteEntry.js", names["remoteEntry.js"]))


def make_font_list(prefix: Path) -> None:
    """Make matplotlib's list of fonts where `skrt_workspace.fonts` looks for it."""
    fonts.make_list(prefix / fonts.FOLDER_IN_PREFIX)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a new file, never into the old one: that may share its blocks with a package cache (hard links)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    path.chmod(0o644)
