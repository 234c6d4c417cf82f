"""Where the environments are in the participants' image, and how a server is started in one of them."""

from __future__ import annotations

from pathlib import PurePosixPath

from skrt_hub import policy
from skrt_hub.settings.model import Settings
from skrt_workspace import server_command

FIRST = PurePosixPath("/opt/skrt")
FURTHER = PurePosixPath("/opt/environments")
_PATH = "/usr/local/bin:/usr/bin:/bin:/home/jovyan/.local/bin"


def folder(environment: str) -> PurePosixPath:
    """The folder of an environment in the image; the first one has no name."""
    return FURTHER / environment if environment else FIRST


def command(environment: str, *, warm: bool) -> tuple[str, ...]:
    """A participant's start command in the project's own image: prepares the home, and starts the server.

    `warm`: it also imports what kernels need, and forks them.
    """
    words = (server_command.POD, *([server_command.WARM] if warm else []))
    return server_command.command(f"{folder(environment)}/bin/python", *words)


def variables(settings: Settings, chosen: str) -> dict[str, str]:
    """What a server is told of the environments, and where it finds the programs of its own."""
    names = ["", *(other.name for other in settings.environment.others)]
    told = policy.environments.variables(chosen, [(name, folder(name)) for name in names if name != chosen])
    return {"PATH": f"{folder(chosen)}/bin:{_PATH}", **told}


def literal(text: str) -> str:
    """A variable's value that neither KubeSpawner (`{username}`) nor Kubernetes (`$(NAME)`) puts anything into."""
    return text.replace("{", "{{").replace("}", "}}").replace("$(", "$$(")
