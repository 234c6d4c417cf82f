"""The door to uv, the program that fetches and installs packages: its variables, its progress, its failures.

uv's output is read while it runs, to show what is being downloaded.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from skrt_hub import process
from skrt_hub.errors import EnvironmentBuildError, NetworkError, PrerequisiteError, SpaceError
from skrt_hub.process import plain_environment

# Where a site has its own certificates, proxy or package mirror, these say so.
PASSED_ON = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSL_CLIENT_CERT",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "NETRC",
)
_NOT_FOR_US = (
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_TARGET",
    "UV_PREFIX",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_EXCLUDE",
    "UV_NO_BINARY",
    "UV_COMPILE_BYTECODE",
    "UV_REQUIRE_HASHES",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "UV_FIND_LINKS",
    "UV_VENV_CLEAR",
    "UV_VENV_SEED",
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_EXCLUDE_NEWER",
    "UV_RESOLUTION",
    "UV_PRERELEASE",
)
_NETWORK_WORDS = (
    "error sending request",
    "failed to fetch",
    "failed to download",
    "dns error",
    "connection refused",
    "network is unreachable",
    "timed out",
    "invalid peer certificate",
    "network connectivity is disabled",
    "network was disabled",
    "failed to lookup",
    "could not connect",
    "request failed",
    "client error (connect)",
)

# Files of an environment must not be those of uv's cache (hard links): a change to one would be in every later build.
_COPIES = {"UV_LINK_MODE": "copy"}

_SILENCE = 30.0
"""Seconds after which somebody who waits is told that nothing comes."""

Note = Callable[[str], None]


def environment() -> dict[str, str]:
    """The variables uv gets: proxies, certificates and its own settings, but nothing of Python, pip or a project."""
    kept = [name for name in os.environ if name.startswith("UV_") and name not in _NOT_FOR_US]
    variables = plain_environment(*PASSED_ON, *kept)
    if "SSL_CERT_FILE" not in variables and "PIP_CERT" in os.environ:
        variables["SSL_CERT_FILE"] = os.environ["PIP_CERT"]
    # Networks that look into encrypted traffic have their authority in the system's store, which uv leaves aside else.
    store = {} if "UV_SYSTEM_CERTS" in variables else {"UV_SYSTEM_CERTS": "1"}
    told = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"}
    return {**variables, **store, **told, **_COPIES}


def run_uv(
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    lock: int | None = None,
    note: Note = lambda line: None,
    what: str = "The packages of the participants' environment could not be installed.",
) -> None:
    """Run uv in `folder`, telling `note` each line it prints. uv holds the open file `lock`, if any, while it runs.

    Raises NetworkError, SpaceError, or EnvironmentBuildError that says `what`, with uv's last words.
    """
    words = [program(), *map(str, arguments)]
    holding = () if lock is None else (lock,)
    with (
        process.follow(
            words, environment=environment(), folder=folder, holding=holding, keep=40, remedy="Install skrt-hub again."
        ) as running,
        silence_told(note) as heard,
    ):
        for line in running.lines:
            heard()
            note(line.strip())
    if running.code != 0:
        raise _failure(running.last_lines, what)


@contextmanager
def silence_told(note: Note, after: float = _SILENCE) -> Iterator[Callable[[], None]]:
    """Tell `note` when nothing was heard for `after` seconds, and again as long as that goes on.

    The block calls what it is given whenever it hears something. uv tries an index that does not answer several times,
    some minutes in all, and says nothing of it.
    """
    over, last = threading.Event(), [time.monotonic()]

    def watch() -> None:
        while not over.wait(max(0.01, last[0] + after - time.monotonic())):
            if time.monotonic() - last[0] >= after:
                note("no news for a while: it waits for the package index, which is tried again, or for the disk")
                last[0] = time.monotonic()

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield lambda: last.__setitem__(0, time.monotonic())
    finally:
        over.set()
        watching.join()


def program() -> str:
    """Where uv is."""
    import uv  # noqa: PLC0415 - only a build needs it

    try:
        return str(uv.find_uv_bin())
    except FileNotFoundError as error:
        raise PrerequisiteError(
            "The program uv was not found.", why="It comes with skrt-hub.", remedy="Install skrt-hub again."
        ) from error


def _failure(words: str, what: str) -> Exception:
    low = words.lower()
    if "no space left" in low or "quota exceeded" in low:
        return SpaceError("The disk became full.", why=words, remedy="Make room, then run the same command again.")
    if any(word in low for word in _NETWORK_WORDS):
        return NetworkError(
            "The packages of the participants' environment could not be fetched.",
            why=words,
            remedy="Connect this machine to the internet, or set HTTPS_PROXY, SSL_CERT_FILE or UV_DEFAULT_INDEX for"
            " your network, then run the same command again: what was fetched is kept.",
        )
    return EnvironmentBuildError(
        what,
        why=words,
        remedy="Run the same command again with --verbose; `skrt-hub check` says what is needed.",
    )
