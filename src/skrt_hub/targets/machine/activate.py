"""Starts a program with listening sockets as systemd would (sd_listen_fds(3)): from number 3 on, by their names.

Run with `-I -S` by its path: it needs nothing of skrt-hub, and is over in some milliseconds.
"""

import fcntl
import json
import os
import sys

_FIRST = 3


def main(words: list[str]) -> None:
    """`words`: the sockets' names and present numbers as JSON, then the program and its arguments."""
    given: dict[str, int] = json.loads(words[0])
    # First out of the way of the places they go to.
    aside = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _FIRST + 2 * len(given)) for number in given.values()]
    for place, number in enumerate(aside, start=_FIRST):
        os.dup2(number, place, inheritable=True)
    for number in set(given.values()) - set(range(_FIRST, _FIRST + len(given))):
        os.close(number)
    variables = {
        **os.environ,
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": str(len(given)),
        "LISTEN_FDNAMES": ":".join(given),
    }
    os.execve(words[1], words[1:], variables)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
