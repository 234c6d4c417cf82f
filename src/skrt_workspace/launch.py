"""The participant's program, in the sandbox and in a pod alike: prepares the home, then becomes the Jupyter server.

Run as `python -P -s -m skrt_workspace.launch [--pod] [--warm] [arguments of jupyterhub-singleuser]`; `-P` keeps a
participant's own `json.py` from being imported in place of Python's, `-s` keeps their own packages out of the server.
With `--pod` it refuses itself the system calls that a sandbox refuses: a container's own filter lets more through. With
`--warm`, for pods too, kernels are forked from a process that has imported their libraries while the server started.
"""

from __future__ import annotations

import os
import sys
import traceback

from skrt_workspace import server, shared_folders
from skrt_workspace.server_command import POD, WARM


def main() -> None:
    """Run the server until it ends."""
    given = sys.argv[1:]
    if given[:1] == [POD]:
        given = given[1:]
        _give_up_rights()
    if given[:1] == [WARM]:
        given = given[1:]
        _run_warm(given)
    server.run(given)


def _give_up_rights() -> None:
    """As in a sandbox, for server, kernels and terminals. Raises OSError: nobody gets a server with a right more."""
    from skrt_workspace.sandbox import privileges, walls  # noqa: PLC0415 - a sandbox has done it already

    privileges.drop(None)
    privileges.filter_system_calls()
    privileges.confine(ports=False, files=walls.plain_files() if os.environ.get(shared_folders.VARIABLE) else ())


def _run_warm(arguments: list[str]) -> None:
    """Run the server beside a process that its kernels are forked from; returns only where that cannot be."""
    from skrt_workspace.forkserver import pod  # noqa: PLC0415 - only pods need it

    try:
        pod.run(arguments)
    except Exception:
        print("skrt-hub: the server and its kernels start plainly", file=sys.stderr)
        traceback.print_exc()


if __name__ == "__main__":
    main()
