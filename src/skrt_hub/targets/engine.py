"""Which container engine answers on this computer: docker, else podman."""

from __future__ import annotations

import shutil

from skrt_hub.errors import PermissionsError, PrerequisiteError
from skrt_hub.process import run

INSTALL_ENGINE = "Install docker (https://docs.docker.com/engine/install/) or podman (https://podman.io)."


def find(purpose: str, another: str = "") -> tuple[str, str]:
    """The engine's name, and what it says of its version (JSON). Raises PrerequisiteError or PermissionsError.

    `purpose` says what it is for, `another` what would do without one.
    """
    silent: dict[str, str] = {}
    for name in ("docker", "podman"):
        if shutil.which(name) is None:
            continue
        done = run((name, "version", "--format=json"), deadline=30, check=False)
        if done.code == 0:
            return name, done.out
        silent[name] = done.err.strip()[-500:]
    why = "\n".join(f"{name}: {words}" for name, words in silent.items())
    if "permission denied" in silent.get("docker", "").lower():
        raise PermissionsError(
            "docker may not be used by you.",
            why=why,
            remedy="Add yourself to the group docker (sudo usermod --append --groups docker $USER) and log in again, "
            "or install podman, which needs no such group.",
        )
    if "docker" in silent:
        begin = "Start Docker Desktop, or on Linux type: sudo systemctl start docker."
        raise PrerequisiteError("docker does not run.", why=why, remedy=f"{begin} {another}".strip())
    if silent:
        raise PrerequisiteError("podman does not work.", why=why, remedy=f"Type: podman info. {another}".strip())
    raise PrerequisiteError(
        "Neither docker nor podman is installed.", why=purpose, remedy=f"{INSTALL_ENGINE} {another}".strip()
    )
