"""A home's door for the hub where it cannot reach the files itself: in a pod, spoken to over standard input and output.

`python -P -m skrt_workspace.home.agent FOLDER`. Requests are JSON lines; contents follow as `{"piece": N}` and N bytes,
or as `{"empty": N}` where N pieces hold nothing.
It runs as the participant and does nothing that the participant could not.

    {"do": "scan"}                      entries, one a line
    {"do": "read", "path": P}           facts, pieces, then whether the file settled
    {"do": "digests", "paths": [...]}   a digest a line
    {"do": "patients"}                  paths of files that tell who a patient is, a path a line
    {"do": "receive"}                   then steps with their pieces; the outcomes at the end
Every answer ends with a line {"end": true, ...}.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Any

from skrt_workspace.home import transfer
from skrt_workspace.home.content import Empty, Part
from skrt_workspace.home.patients import files_naming_patients
from skrt_workspace.home.scan import scan


def main(arguments: list[str] | None = None) -> int:
    """Answer requests until the input ends."""
    (root,) = sys.argv[1:] if arguments is None else arguments
    serve(root, sys.stdin.buffer, sys.stdout.buffer)
    return 0


def serve(root: str, source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer requests about the folder `root`."""
    while line := source.readline():
        request = json.loads(line)
        try:
            if request["do"] == "scan":
                for entry in scan(root):
                    tell(sink, asdict(entry))
                tell(sink, {"end": True})
            elif request["do"] == "read":
                _read(root, request["path"], sink)
            elif request["do"] == "digests":
                for path, digest in transfer.digests(root, request["paths"]):
                    tell(sink, {"path": path, "digest": digest})
                tell(sink, {"end": True})
            elif request["do"] == "patients":
                for path in files_naming_patients(root):
                    tell(sink, {"path": path})
                tell(sink, {"end": True})
            elif request["do"] == "receive":
                _receive(root, source, sink)
        except OSError as error:
            tell(sink, {"end": True, "error": error.strerror or type(error).__name__})
        sink.flush()


def tell(sink: IO[bytes], facts: dict[str, Any]) -> None:
    """One JSON line."""
    sink.write(json.dumps(facts, separators=(",", ":")).encode("ascii") + b"\n")


def send_piece(sink: IO[bytes], piece: Part) -> None:
    """One piece of a content, or how many of them are empty."""
    if isinstance(piece, Empty):
        tell(sink, {"empty": piece.pieces})
        return
    tell(sink, {"piece": len(piece)})
    sink.write(piece)


def read_exactly(source: IO[bytes], size: int) -> bytes:
    """`size` bytes. Raises EOFError where the other side is gone."""
    parts = []
    while size:
        part = source.read(size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _read(root: str, path: str, sink: IO[bytes]) -> None:
    with transfer.reading(root, path) as file:
        tell(sink, asdict(file.facts))
        for piece in file.pieces():
            send_piece(sink, piece)
        tell(sink, {"end": True, "settled": file.settled})


def _receive(root: str, source: IO[bytes], sink: IO[bytes]) -> None:
    """The outcomes wait for the end: while steps come in, nobody reads what this side says."""
    outcomes = list(transfer.receive(root, _steps(source)))
    for outcome in outcomes:
        if outcome.problem:
            tell(sink, asdict(outcome))
    tell(sink, {"end": True})


def _steps(source: IO[bytes]) -> Iterator[transfer.Step]:
    while True:
        facts = json.loads(source.readline())
        if facts.get("end"):
            return
        pieces = _Pieces(source) if facts["kind"] == "f" else ()
        yield transfer.Step(**facts, pieces=pieces)
        if isinstance(pieces, _Pieces):
            pieces.skip()


class _Pieces:
    """The pieces of one content as they come in; what a failed step did not take is passed over."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._over = False

    def __iter__(self) -> Iterator[Part]:
        while not self._over:
            facts = json.loads(self._source.readline())
            if "empty" in facts:
                yield Empty(facts["empty"])
                continue
            if facts["piece"] is None:
                self._over = True
                return
            yield read_exactly(self._source, facts["piece"])

    def skip(self) -> None:
        for _ in self:
            pass


if __name__ == "__main__":
    sys.exit(main())
