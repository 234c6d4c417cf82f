"""A program that wants to be taken for the hub: it binds every port it is told, again and again, and notes who comes.

It runs outside of any sandbox and as the hub's own user, which is more than a participant may. It is started with the
public port and the others as arguments, and prints a line for each that it got, and for what it was sent there. The
hub's own parts are reached at 127.0.0.1 only, the public port in every spelling.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import sys
import time

PRIVATE = ("127.0.0.1", "0.0.0.0")
PUBLIC = (*PRIVATE, "::1", "::")


def bind(host: str, port: int, options: tuple[int, ...]) -> socket.socket | None:
    """A listener there, if it can be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        for option in options:
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        return None
    print("got", host, port, flush=True)
    return listener


def main() -> None:
    """For ever."""
    public, *private = (int(word) for word in sys.argv[1:])
    places = [*itertools.product(PUBLIC, [public]), *itertools.product(PRIVATE, private)]
    had: list[socket.socket] = []
    ways = ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT))
    print("begun", flush=True)
    while True:
        time.sleep(0.001)  # the hub has to get on with its restarts, too
        for (host, port), options in itertools.product(places, ways):
            found = bind(host, port, options)
            if found is not None:
                had.append(found)
        for listener in select.select(had, [], [], 0)[0]:
            with contextlib.suppress(OSError), listener.accept()[0] as visitor:
                visitor.settimeout(1)
                print("received", visitor.recv(65536), flush=True)


if __name__ == "__main__":
    main()
