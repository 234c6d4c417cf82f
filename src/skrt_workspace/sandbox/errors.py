"""The errors of the sandbox: each says what failed and what to do; none of them ends in an unsandboxed start."""


class SandboxError(Exception):
    """A sandbox could not be made; `remedy` says what to do about it."""

    exit_code = 70

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class DocumentError(SandboxError, ValueError):
    """A sandbox document is not valid; the message names the field and the reason."""

    exit_code = 65


class HostForbidsError(SandboxError):
    """This host does not let the hub make sandboxes; message and remedy come from the probe."""

    exit_code = 77


class StartError(SandboxError):
    """The sandbox was made, but the command could not be started in it."""

    exit_code = 71
