"""Every place where a hub can run, in one table.

Commands look a target up here and call it; nothing outside this table asks which target it is.
"""

from __future__ import annotations

from collections.abc import Callable

from skrt_hub import computer
from skrt_hub.context import Context
from skrt_hub.targets.protocol import Target


def _machine(context: Context) -> Target:
    computer.need_linux_for_machine()
    from skrt_hub.targets.machine.target import make  # noqa: PLC0415 - a command loads the one target it is about

    return make(context)


def _kubernetes(context: Context) -> Target:
    from skrt_hub.targets.kubernetes.target import make  # noqa: PLC0415 - see above

    return make(context)


TARGETS: dict[str, Callable[[Context], Target]] = {"machine": _machine, "kubernetes": _kubernetes}
"""Every place where a hub can run, by its name in hub.yaml."""


def target_for(context: Context) -> Target:
    """The target that the settings name."""
    return TARGETS[context.settings.target](context)
