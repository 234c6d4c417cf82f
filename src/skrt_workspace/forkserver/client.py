"""Asking the fork server for a participant's server: one line with the sandbox document, one line of answer."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

from skrt_workspace.sandbox.document import SandboxDocument
from skrt_workspace.sandbox.errors import SandboxError
from skrt_workspace.sandbox.identity import ProcessIdentity

_DEADLINE = 60.0


class ForkServerUnavailable(Exception):  # noqa: N818 - it is not there, which is no error of anyone's
    """No fork server answers at this socket; the caller starts the server plainly."""


def spawn(path: Path, document: SandboxDocument) -> ProcessIdentity:
    """Have a server forked into its sandbox. Raises ForkServerUnavailable, or SandboxError for what it refuses."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ForkServerUnavailable(str(error)) from None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as connection:
            connection.settimeout(_DEADLINE)
            # however deep the state folder lies, the address stays below the 108 characters of unix(7)
            connection.connect(f"/proc/self/fd/{folder}/{path.name}")
            connection.sendall(document.to_json().encode() + b"\n")
            with connection.makefile("rb") as stream:
                answer = json.loads(stream.readline())
    except (OSError, ValueError) as error:
        raise ForkServerUnavailable(str(error)) from None
    finally:
        os.close(folder)
    if "error" in answer:
        raise SandboxError(str(answer["error"]), str(answer.get("remedy", "")))
    return ProcessIdentity(**answer)
