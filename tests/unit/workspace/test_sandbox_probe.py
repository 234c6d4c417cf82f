"""Which kind of sandbox is chosen: the weaker one only where this system refused the stronger one."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from skrt_workspace.sandbox.document import LANDLOCK, NAMESPACES
from skrt_workspace.sandbox.errors import HostForbidsError
from skrt_workspace.sandbox.explain import explain
from skrt_workspace.sandbox.probe import ProbeResult, probe

WORKS = ProbeResult(True)
REFUSED = ProbeResult(False, "this machine does not allow sandboxes", refused=True)
FAILED = ProbeResult(False, "the sandbox could not be made")
ENDED = None
"""The program ends without an answer, as one does that the kernel killed."""
Answers = Callable[..., str]


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """A Python whose sandbox program gives these answers, one after the other, the last one for ever."""

    def written(**kinds: tuple[ProbeResult | None, ...]) -> str:
        for kind, results in kinds.items():
            for number, result in enumerate(results):
                text = "" if result is None else result.to_json()
                (tmp_path / f"{kind}-{number}").write_text(text, encoding="utf-8")
        program = tmp_path / "python"
        program.write_text(
            f'#!/bin/sh\ncd {tmp_path}; kind=$5; set -- $kind-[0-9]*\ncat "$1"; test $# -gt 1 && rm "$1"; exit 0\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
        return str(program)

    return written


@pytest.mark.parametrize("trouble", [FAILED, ENDED])
def test_a_probe_that_failed_on_the_way_is_made_again(answers: Answers, trouble: ProbeResult | None) -> None:
    found = probe(answers(namespaces=(trouble, trouble, WORKS), landlock=(WORKS,)), pauses=(0, 0))
    assert (found.works, found.kind) == (True, NAMESPACES)


@pytest.mark.parametrize("trouble", [FAILED, ENDED])
def test_trouble_that_stays_weakens_no_hub(answers: Answers, trouble: ProbeResult | None) -> None:
    found = probe(answers(namespaces=(trouble,), landlock=(WORKS,)), pauses=(0, 0))
    assert not found.works
    assert found.kind == NAMESPACES


def test_a_refusal_leads_to_the_other_kind_at_once(answers: Answers) -> None:
    found = probe(answers(namespaces=(REFUSED,), landlock=(FAILED, WORKS)), pauses=(0, 0))
    assert (found.works, found.kind) == (True, LANDLOCK)


def test_where_both_are_refused_the_reason_is_that_of_namespaces(answers: Answers) -> None:
    found = probe(answers(namespaces=(REFUSED,), landlock=(ProbeResult(False, "no Landlock", refused=True),)))
    assert found.reason == REFUSED.reason


def test_an_answer_of_the_program_is_read_whole(answers: Answers) -> None:
    told = ProbeResult(True, notes=("system calls are not filtered",))
    found = probe(answers(namespaces=(told,)))
    assert json.loads(found.to_json()) == json.loads(told.to_json())


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EINVAL])
def test_what_the_kernel_will_not_do_is_a_refusal(number: int) -> None:
    assert isinstance(explain(OSError(number, "refused")), HostForbidsError)


@pytest.mark.parametrize("number", [errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENOSPC, errno.EINTR])
def test_what_the_kernel_could_not_do_this_time_is_none(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skrt_workspace.sandbox.explain._setting", lambda _name: "15000")
    assert not isinstance(explain(OSError(number, "not now")), HostForbidsError)
