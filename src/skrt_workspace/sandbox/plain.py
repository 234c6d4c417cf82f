"""The plain start: pid 1 starts the command with execve(2) and looks after it. It works wherever sandboxes work."""

from __future__ import annotations

import os

from skrt_workspace.sandbox.document import SandboxDocument
from skrt_workspace.sandbox.enter import READY, close_listener, report_failure
from skrt_workspace.sandbox.errors import StartError
from skrt_workspace.sandbox.init import Init


def first_process(document: SandboxDocument, status: int) -> None:
    """Run the document's command as the server of this sandbox; does not return."""
    init = Init(isolated=document.isolated, confined=document.confined)
    server = init.fork(lambda: execute(document, status))
    close_listener()
    os.write(status, READY)
    os.close(status)
    init.run(server)


def execute(document: SandboxDocument, status: int) -> None:
    """Become the document's command. A failure is told on `status`, which closes by itself when the command runs."""
    try:
        os.execve(document.command[0], list(document.command), dict(document.environment))  # noqa: S606
    except OSError as error:
        told = StartError(f"{document.command[0]} cannot be started in the sandbox: {error.strerror}")
        report_failure(status, told)
        raise SystemExit(71) from None
