"""The hub's end of `skrt_workspace.home.agent`: a home that is reached through another program's input and output."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import IO, Any

from skrt_hub import process
from skrt_hub.errors import ClusterError
from skrt_workspace.home.agent import read_exactly, send_piece, tell
from skrt_workspace.home.content import Empty, Part
from skrt_workspace.home.scan import Entry
from skrt_workspace.home.transfer import Facts, Outcome, Step

_PATHS_AT_ONCE = 500


class RemoteFile:
    """A file that is being read through an agent (skrt_hub.homes.access.File)."""

    def __init__(self, agent: Agent, facts: Facts) -> None:
        self._agent = agent
        self.facts = facts
        self.settled = False
        self._over = False

    def pieces(self) -> Iterator[Part]:
        """The content, as it comes."""
        while not self._over:
            answer = self._agent.answer()
            if answer.get("end"):
                self._over = True
                if "error" in answer:
                    raise OSError(5, answer["error"])
                self.settled = bool(answer["settled"])
                return
            if "empty" in answer:
                yield Empty(int(answer["empty"]))
                continue
            yield self._agent.bytes(int(answer["piece"]))

    def pass_over(self) -> None:
        """Read what nobody asked for, so that the next answer is the next one."""
        with contextlib.suppress(OSError):
            for _ in self.pieces():
                pass


class Agent:
    """One running agent. Raises ClusterError wherever the way to it is cut."""

    def __init__(self, command: Sequence[str], what: str) -> None:
        self._what = what
        self._program = process.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._to: IO[bytes] = self._program.stdin
        self._from: IO[bytes] = self._program.stdout

    def scan(self) -> Iterator[Entry]:
        """Everything in the home."""
        self._ask({"do": "scan"})
        for answer in self._answers():
            yield Entry(**answer)

    def digests(self, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        """The SHA-256 of each file."""
        waiting = list(paths)
        for start in range(0, len(waiting), _PATHS_AT_ONCE):
            self._ask({"do": "digests", "paths": waiting[start : start + _PATHS_AT_ONCE]})
            for answer in self._answers():
                yield answer["path"], answer["digest"]

    def naming_patients(self) -> list[str]:
        """The files that tell who a patient is."""
        self._ask({"do": "patients"})
        return [str(answer["path"]) for answer in self._answers()]

    @contextlib.contextmanager
    def reading(self, path: str) -> Iterator[RemoteFile]:
        """Open one file. Raises OSError where it is gone."""
        self._ask({"do": "read", "path": path})
        first = self.answer()
        if first.get("end"):
            raise OSError(5, first.get("error", "it cannot be read"), path)
        file = RemoteFile(self, Facts(**first))
        try:
            yield file
        finally:
            file.pass_over()

    def receive(self, steps: Iterable[Step]) -> list[Outcome]:
        """Have the steps written; the outcomes that are problems."""
        with self._way():
            tell(self._to, {"do": "receive"})
            for step in steps:
                facts = asdict(step) if not step.pieces else {**vars(step), "pieces": None}
                facts.pop("pieces")
                tell(self._to, facts)
                if step.kind == "f":
                    for piece in step.pieces:
                        send_piece(self._to, piece)
                    tell(self._to, {"piece": None})
            tell(self._to, {"end": True})
            self._to.flush()
        return [Outcome(**answer) for answer in self._answers()]

    def close(self) -> None:
        """End the agent."""
        with contextlib.suppress(OSError):
            self._to.close()
        try:
            self._program.wait(10)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
        self._from.close()
        if self._program.stderr is not None:
            self._program.stderr.close()

    def answer(self) -> dict[str, Any]:
        """The next line."""
        with self._way():
            line = self._from.readline()
            if not line:
                raise EOFError
            answer: dict[str, Any] = json.loads(line)
            return answer

    def bytes(self, size: int) -> bytes:
        """The next bytes."""
        with self._way():
            return read_exactly(self._from, size)

    def _ask(self, request: dict[str, Any]) -> None:
        with self._way():
            tell(self._to, request)
            self._to.flush()

    def _answers(self) -> Iterator[dict[str, Any]]:
        while not (answer := self.answer()).get("end"):
            yield answer
        if "error" in answer:
            raise ClusterError(f"{self._what} cannot be used.", why=str(answer["error"]))

    @contextlib.contextmanager
    def _way(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, BrokenPipeError, ValueError) as error:
            self._program.kill()
            words = self._program.stderr.read().decode(errors="replace").strip() if self._program.stderr else ""
            raise ClusterError(
                f"The way to {self._what} was cut.",
                why=words.splitlines()[-1] if words else type(error).__name__,
                remedy="Run the same command again: what was saved or restored before stays, and is not done twice.",
            ) from None
