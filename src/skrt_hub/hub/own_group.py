"""Settles in a control group that was given to this process, then becomes the program that is named.

A group of version 2 that has groups below it with limits may have no processes itself (cgroups(7)): the hub's own go
into a group `hub`, beside which the participants' are made. Run with `-I -S` by its path: it needs nothing of skrt-hub.
"""

import contextlib
import os
import sys
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_CONTROLLERS = ("memory", "pids", "cpu")
_HUB = "hub"


def settle(beginning: str, own: Path) -> None:
    """Go to the hub's place: in `own`, or in the group of this hub in which servers run that others left."""
    others = (group for group in own.parent.glob(f"{beginning}*.scope") if group != own and _is_used(group))
    place = next(others, own)
    child = place / _HUB
    child.mkdir(exist_ok=True)
    (child / "cgroup.procs").write_text("0", encoding="ascii")
    given = (place / "cgroup.controllers").read_text(encoding="ascii").split()
    for name in _CONTROLLERS:
        if name in given:
            with contextlib.suppress(OSError):
                (place / "cgroup.subtree_control").write_text(f"+{name}", encoding="ascii")


def settle_if_left_to_us(beginning: str) -> None:
    """The same for a service whose unit says Delegate=yes; anywhere else nothing is changed."""
    with contextlib.suppress(OSError):
        own = find()
        if os.access(own, os.W_OK) and os.getxattr(own, "user.delegate") == b"1":
            settle(beginning, own)


def find() -> Path:
    """This process's group of version 2."""
    line = Path("/proc/self/cgroup").read_text(encoding="ascii").strip().splitlines()[-1]
    return _ROOT / line.partition("::")[2].lstrip("/")


def _is_used(group: Path) -> bool:
    try:
        return (group / _HUB).is_dir() and "populated 1" in (group / "cgroup.events").read_text(encoding="ascii")
    except OSError:
        return False


def main(words: list[str]) -> None:
    """`--show`: print which controllers the group has. Else: how this hub's groups begin, then the program in words."""
    if words == ["--show"]:
        print((find() / "cgroup.controllers").read_text(encoding="ascii"))
        return
    beginning, *program = words
    try:
        settle(beginning, find())
    except OSError as error:  # the hub's own watch then holds the limits
        print(f"no control groups can be made: {error}", file=sys.stderr)
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
