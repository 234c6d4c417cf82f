"""The background program behind `access: port-forward`: keeps `kubectl port-forward` running until it is told to end.

Run as `python -m skrt_hub.targets.kubernetes.forwarder FILE`, where FILE is the JSON document that `forward` writes.
It has no terminal to lose; when the connection or the pod behind it goes away, it connects again.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

FIRST_PAUSE, LONGEST_PAUSE = 0.3, 5.0
LOOK_EVERY = 3.0
SILENT_LOOKS = 3
"""After so many looks in a row without an answer the connection is taken for dead and made anew."""


class EndRequestedError(Exception):
    """Somebody asked this program to end."""


def main(words: list[str]) -> int:
    """Hold the lock and forward until a signal comes."""
    document = json.loads(Path(words[0]).read_text(encoding="utf-8"))
    import fcntl  # noqa: PLC0415 - POSIX only, as is this target

    with Path(document["lock"]).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # another one forwards already
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with contextlib.suppress(EndRequestedError):
            _forward_for_ever(document)
    return 0


def _end(number: int, frame: Any) -> None:
    raise EndRequestedError


def _forward_for_ever(document: dict[str, Any]) -> None:
    pause = FIRST_PAUSE
    while True:
        began = time.monotonic()
        _say(f"connecting to {document['service']}")
        _forward_once(document)
        # What ran well for a while is tried again at once; what fails at once is tried ever more slowly.
        pause = FIRST_PAUSE if time.monotonic() - began > 20 else min(LONGEST_PAUSE, pause * 2)
        time.sleep(pause)


def _forward_once(document: dict[str, Any]) -> None:
    words = [
        *document["kubectl"],
        "port-forward",
        f"--address={document['address']}",
        f"service/{document['service']}",
        f"{document['port']}:{document['remote']}",
    ]
    # Its output has a line for every connection; only what it complains of is kept.
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    silent, connected = 0, False
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                _say(f"kubectl ended with code {process.wait(timeout=LOOK_EVERY)}")
                return
            answered = _answers(document)
            connected = connected or answered
            silent = 0 if answered else silent + 1
            # kubectl goes on when the pod behind it was replaced, and then answers nobody.
            if silent >= (SILENT_LOOKS if connected else 3 * SILENT_LOOKS):
                _say("no answer; connecting anew")
                return
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        if process.poll() is None:
            process.kill()
            process.wait()


def _answers(document: dict[str, Any]) -> bool:
    host = document["address"] if document["address"] not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{document['port']}/hub/health", timeout=LOOK_EVERY):
            return True
    except urllib.error.HTTPError:
        return True  # the proxy answered; that it has nothing to show is not the connection's fault
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
