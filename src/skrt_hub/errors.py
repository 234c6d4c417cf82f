"""Every error that skrt-hub raises on purpose, with its exit code.

    SkrtHubError              1
    ├── UsageError            2   the command line is wrong
    ├── SettingsError         3   hub.yaml is wrong
    ├── PrerequisiteError     4   something this target needs is missing
    ├── NetworkError          5   a package or image could not be fetched
    ├── SpaceError            6   the disk is too full
    ├── PortTakenError        7   another program has the port
    ├── BusyError             8   another skrt-hub command works on this hub
    ├── StateError            9   the hub is not in the state that the command needs
    ├── PermissionsError     10   a file, folder or cluster may not be used
    ├── StartError           11   a part of the hub did not start
    ├── RefusedError         12   the command would lose something, or was not confirmed
    ├── VerifyError          13   the self-test found a fault
    ├── EnvironmentBuildError 14  the participants' environment could not be built
    ├── ProgramError         15   another program failed or took too long
    ├── ClusterError         16   the Kubernetes cluster refused or could not be reached
    ├── CopyError            17   a saved copy is damaged, hostile or could not be made
    ├── UnknownNameError     18   no participant has the name that was given
    ├── EndedError           19   the hub is meant to run and was ended from outside
    └── AuditError           21   the audit reached something that it must not reach
    (interrupted by Ctrl-C  130)

Only `skrt_hub.cli` catches them; it prints the three parts and ends with the code.
"""

from __future__ import annotations

from typing import ClassVar


class SkrtHubError(Exception):
    """An error a person can act on: what failed, why, and what to type next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.remedy) if part)


class UsageError(SkrtHubError):
    """The command line is wrong."""

    exit_code = 2


class SettingsError(SkrtHubError):
    """hub.yaml is wrong."""

    exit_code = 3


class PrerequisiteError(SkrtHubError):
    """Something that the target needs is missing."""

    exit_code = 4


class NetworkError(SkrtHubError):
    """A package or an image could not be fetched."""

    exit_code = 5


class SpaceError(SkrtHubError):
    """The disk is too full."""

    exit_code = 6


class PortTakenError(SkrtHubError):
    """Another program listens on the port."""

    exit_code = 7


class BusyError(SkrtHubError):
    """Another skrt-hub command works on this hub."""

    exit_code = 8


class StateError(SkrtHubError):
    """The hub is not in the state that the command needs."""

    exit_code = 9


class PermissionsError(SkrtHubError):
    """A file, a folder or a cluster may not be used."""

    exit_code = 10


class StartError(SkrtHubError):
    """A part of the hub did not start."""

    exit_code = 11


class RefusedError(SkrtHubError):
    """The command would lose something, or was not confirmed."""

    exit_code = 12


class VerifyError(SkrtHubError):
    """The self-test found a fault."""

    exit_code = 13


class EnvironmentBuildError(SkrtHubError):
    """The participants' environment could not be built."""

    exit_code = 14


class ProgramError(SkrtHubError):
    """Another program failed or took too long."""

    exit_code = 15


class ClusterError(SkrtHubError):
    """The Kubernetes cluster refused a request or could not be reached."""

    exit_code = 16


class CopyError(SkrtHubError):
    """A saved copy is damaged, hostile or could not be made."""

    exit_code = 17


class UnknownNameError(SkrtHubError):
    """No participant has the name that was given."""

    exit_code = 18


class EndedError(SkrtHubError):
    """The hub is meant to run and was ended from outside; `status` ends with this code."""

    exit_code = 19


class AuditError(SkrtHubError):
    """The audit reached something that it must not reach, or could not be carried out."""

    exit_code = 21


INTERRUPTED = 130
INTERRUPTED_WORDS = "Interrupted."


def every_error() -> list[type[SkrtHubError]]:
    """All error classes, the base first, by exit code; the reference page is checked against this."""
    return [SkrtHubError, *sorted(SkrtHubError.__subclasses__(), key=lambda error: error.exit_code)]


def nobody_called(name: str) -> UnknownNameError:
    """The error for a name that this hub does not know."""
    return UnknownNameError(f"Nobody is called {name!r} here.", remedy="See the names with: skrt-hub participants")


def never_logged_in(name: str) -> StateError:
    """The error for a name that hub.yaml lists and that has no home yet."""
    return StateError(
        f"{name!r} never logged in.",
        why="hub.yaml lists the name. A home and a log come with the first log-in.",
        remedy="See who has a home with: skrt-hub participants",
    )
