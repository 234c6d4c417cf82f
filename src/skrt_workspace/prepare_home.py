"""A home made ready before its server starts: recovered, with its material, and looked at for space."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from skrt_workspace import startup
from skrt_workspace.sandbox.walls import OWN_PLACES

RUNNING = ".local/state/skrt-workspace/running"


def prepare(home: Path | None = None) -> list[str]:
    """Recover what a killed save left, and bring the material up to date, as the participant.

    Returns messages for the server's log; what the participant should know is left as a notice for JupyterLab. Never
    raises: a home in any state, full or read-only, still gets its server.
    """
    folder = home if home is not None else Path(os.environ.get("HOME", "/home/jovyan"))
    messages: list[str] = []
    for step in (_recover, _place, _link_shared, _link_data, _make_room_for_packages, _empty_temporary, _look_at_space):
        try:
            messages += step(folder)
        except Exception as error:  # whatever is wrong with a home, its server must start
            messages.append(f"The home could not be made ready fully: {type(error).__name__}: {error}")
    return messages


def ended_cleanly(home: Path) -> None:
    """Note that the server ended by itself, so that the next start need not look for interrupted saves."""
    with contextlib.suppress(OSError):
        (home / RUNNING).unlink(missing_ok=True)


def _recover(home: Path) -> list[str]:
    marker = home / RUNNING
    if not marker.exists():
        with contextlib.suppress(OSError):
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
        return []
    from skrt_workspace.home import notices, recover  # noqa: PLC0415 - only after a server that was killed

    messages = recover.recover(home)
    if messages:
        folder = home / notices.IN_HOME
        earlier = notices.read_notices(folder, notices.RECOVERED)
        before = [line for notice in reversed(earlier) for line in notice.text.splitlines()]
        with contextlib.suppress(OSError):
            text = "\n".join(dict.fromkeys((*messages, *before)))
            notices.write_notice(folder, notices.RECOVERED, text, replaces=earlier)
    return messages


def _place(home: Path) -> list[str]:
    from skrt_workspace.material import news, place  # noqa: PLC0415 - a fault in it must be caught by `prepare`

    outcome = place.place_material(home)
    return news.tell(home, outcome)


def _link_shared(home: Path) -> list[str]:
    """After the material: a link takes the place of nothing."""
    from skrt_workspace import shared_folders  # noqa: PLC0415 - few have any

    shared_folders.link(home)
    return shared_folders.warnings()


def _link_data(home: Path) -> list[str]:
    from skrt_workspace import data_links  # noqa: PLC0415 - a fault in it must be caught by `prepare`

    data_links.link(home)
    return []


def _make_room_for_packages(home: Path) -> list[str]:
    """The folder of own packages is there from the first kernel on: what is installed later is then seen at once."""
    with contextlib.suppress(OSError):
        (home / Path(startup.own_packages()).relative_to(Path.home())).mkdir(parents=True, exist_ok=True)
    return []


def _empty_temporary(_: Path) -> list[str]:
    """Temporary files go at each start also where they do not lie in memory (skrt_workspace.sandbox.walls)."""
    folder = Path(tempfile.gettempdir())
    if folder.is_relative_to(OWN_PLACES):
        from skrt_workspace.home.walk import remove_tree  # noqa: PLC0415 - only in a sandbox without namespaces

        remove_tree(folder)
        folder.mkdir(mode=0o700, exist_ok=True)
    return []


def _look_at_space(home: Path) -> list[str]:
    from skrt_workspace.home import space  # noqa: PLC0415

    warning = space.warning(space.measure(home))
    return [warning] if warning else []
