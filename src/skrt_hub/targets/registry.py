"""Every place where a hub can run, in one table.

Commands look a target up here and call it; nothing outside this table asks which target it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from skrt_hub import computer
from skrt_hub.context import Context
from skrt_hub.errors import UsageError
from skrt_hub.report import Report
from skrt_hub.targets.protocol import Target


def _machine(context: Context) -> Target:
    computer.need_linux_for_machine()
    from skrt_hub.targets.machine.target import make  # noqa: PLC0415 - a command loads the one target it is about

    return make(context)


def _kubernetes(context: Context) -> Target:
    from skrt_hub.targets.kubernetes.target import make  # noqa: PLC0415 - see above

    return make(context)


class CommandLine(Protocol):
    """A place where the hub has a command line of its own."""

    def carry_out(self, verb: str, values: Mapping[str, Any], words: Sequence[str]) -> Report:
        """Carry this command out there. Raises a SkrtHubError for what a person can mend."""


def _container(context: Context, config: Path | None) -> CommandLine:
    from skrt_hub.targets.container.hub import ContainerHub  # noqa: PLC0415 - see above

    return ContainerHub(context, config)


TARGETS: dict[str, Callable[[Context], Target]] = {"machine": _machine, "kubernetes": _kubernetes}
"""Every place where a hub can run, by its name in hub.yaml."""

WITHIN: dict[str, Callable[[Context, Path | None], CommandLine]] = {"container": _container}
"""Those where commands are typed within, by a name in hub.yaml."""


def places() -> list[str]:
    """What may be written as `target`."""
    return [*TARGETS, *WITHIN]


def target_for(context: Context) -> Target:
    """The target that the settings name. Raises UsageError for one where commands are typed within."""
    name = context.settings.target
    if name in WITHIN:
        raise UsageError(
            f"A hub with `target: {name}` is spoken with by the command line alone.",
            remedy="Type the command: skrt-hub status.",
        )
    return TARGETS[name](context)
