"""All background programs of a hub at once, so that a further one is named here and nowhere else."""

from __future__ import annotations

from skrt_hub.hub.log_ages import cut_old_lines
from skrt_hub.layout import Layout
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.background import class_page, forward, saver
from skrt_hub.targets.kubernetes.cluster.kubectl import Kubectl

_ALL = (forward, saver, class_page)
NAMES = tuple(module.NAME for module in _ALL)


def ensure(settings: Settings, layout: Layout, kubectl: Kubectl) -> None:
    """Have those run that the settings want, beside the port-forward, which belongs to the way in (access.py).

    Old lines of their logs go.
    """
    cut_old_lines(layout, settings.logs.keep)
    saver.ensure(settings, layout)
    class_page.ensure(settings, layout, kubectl)


def stop(layout: Layout) -> None:
    """End them. A save that is being made stays whole as far as it went."""
    for module in _ALL:
        module.program(layout).stop()


def notes(settings: Settings, layout: Layout, *, hub_runs: bool) -> list[str]:
    """What `status` says of them: which one is missing, and what went wrong in the last hour."""
    told = (module.note(settings, layout, hub_runs=hub_runs) for module in (saver, class_page))
    return [*filter(None, told), *(trouble for module in _ALL for trouble in module.program(layout).troubles())]
