"""What the caller of a sandbox makes of its first process's words."""

from __future__ import annotations

import os

import pytest

from skrt_workspace.sandbox.enter import READY, _told_by, report_failure
from skrt_workspace.sandbox.errors import HostForbidsError, SandboxError, StartError


def written(error: Exception) -> bytes:
    reader, writer = os.pipe()
    report_failure(writer, error)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read()


@pytest.mark.parametrize("before", [b"", READY])
@pytest.mark.parametrize("after", [b"", READY])
def test_a_failure_is_told_whichever_process_was_quicker(before: bytes, after: bytes) -> None:
    told = _told_by(before + written(StartError("/no/program cannot be started")) + after)
    assert (type(told), str(told)) == (StartError, "/no/program cannot be started")


def test_the_kind_and_the_remedy_stay() -> None:
    told = _told_by(written(HostForbidsError("no namespaces", "ask for them")))
    assert (type(told), told.remedy) == (HostForbidsError, "ask for them")


@pytest.mark.parametrize("answer", [b"", b"rea", b'{"kind": "Sta'])
def test_an_end_without_words_is_said(answer: bytes) -> None:
    told = _told_by(answer)
    assert type(told) is SandboxError and "was ended while it started" in str(told)
