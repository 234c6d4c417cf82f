"""The one table of the entry points that skrt_workspace has in a participants' environment.

A line whose module is not part of this package is refused by a test, so that the table cannot promise too much.
"""

from __future__ import annotations

ENTRY_POINTS: dict[str, dict[str, str]] = {
    # Programs in the environment's bin folder.
    "console_scripts": {
        "skrt-check": "skrt_workspace.data.command:main",
        "skrt-material": "skrt_workspace.material.__main__:main",
    },
    # How Jupyter starts kernels: see https://jupyter-client.readthedocs.io/en/latest/provisioning.html
    "jupyter_client.kernel_provisioners": {"warden": "skrt_workspace.provisioner.provisioner:WardenProvisioner"},
}

# Server extensions, by importable name.
SERVER_EXTENSIONS: tuple[str, ...] = ("skrt_workspace.server_extension",)

# The provisioner that the kernel specification names, by its entry point; "" leaves Jupyter's own.
KERNEL_PROVISIONER = "warden"


def as_text() -> str:
    """The table in the form of a distribution's `entry_points.txt`."""
    sections = []
    for group, entries in ENTRY_POINTS.items():
        if entries:
            sections.append("\n".join([f"[{group}]", *(f"{name} = {where}" for name, where in entries.items())]))
    return "\n\n".join(sections) + "\n"
