"""A program that wants to be taken for the hub: it binds every port it is told, again and again, and notes who comes.

It runs outside of any sandbox and as the hub's own user, which is more than a participant may. It is started with the
ports as arguments, and prints a line for each that it got, and for each byte that it was sent.
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import sys

HOSTS = ("127.0.0.1", "::1", "0.0.0.0", "::")


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
    ports = [int(word) for word in sys.argv[1:]]
    had: list[socket.socket] = []
    ways = ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT))
    print("begun", flush=True)
    while True:
        for host, port, options in itertools.product(HOSTS, ports, ways):
            found = bind(host, port, options)
            if found is not None:
                had.append(found)
        for listener in select.select(had, [], [], 0)[0]:
            with contextlib.suppress(OSError), listener.accept()[0] as visitor:
                visitor.settimeout(1)
                print("received", visitor.recv(65536), flush=True)


if __name__ == "__main__":
    main()
