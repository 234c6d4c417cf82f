"""Encrypted lines of tornado that stay whole when another one breaks: Dask's between scheduler, workers and clients.

OpenSSL notes errors in one list for each thread. Python's ssl module does not empty it before it reads or writes, and
since OpenSSL 3.4 a broken pipe of one line stands in it. The next line of the same thread that waits for more is then
taken for broken, too, and closed: a task that was done is lost, or a notebook's cluster
(https://github.com/python/cpython/issues/148594).
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable
from types import ModuleType
from typing import Any

_OF_ANOTHER = (errno.EPIPE, errno.ECONNRESET)


def load_tornado_iostream(module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
    """Execute `tornado.iostream`, and let its encrypted lines ask twice before they take an error for their own."""
    execute(module)
    stream: Any = getattr(module, "SSLIOStream", None)
    for name in ("read_from_fd", "write_to_fd"):
        if hasattr(stream, name):
            setattr(stream, name, _asked_twice(getattr(stream, name)))


def _asked_twice(own: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def twice(stream: Any, data: Any) -> Any:
        try:
            return own(stream, data)
        except OSError as error:
            if error.errno not in _OF_ANOTHER:
                raise
        _empty_list_of_errors()
        try:
            return own(stream, data)
        except OSError:
            _empty_list_of_errors()  # this line is broken, and the others shall not be taken for it
            raise

    return twice


def _empty_list_of_errors() -> None:
    """Have OpenSSL forget what it noted for this thread: Python does so when it finds no cipher of a name."""
    import ssl  # noqa: PLC0415 - whoever comes here has it

    with contextlib.suppress(ssl.SSLError):
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).set_ciphers("no-such-cipher")
