"""The program that makes a sandbox (skrt_workspace.sandbox): how it is called, and what its answer means."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from skrt_hub.errors import SkrtHubError
from skrt_workspace.sandbox.identity import ProcessIdentity

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


def making(environment: Path) -> tuple[str | Path, ...]:
    """The words that make a sandbox from the document that comes through standard input."""
    return (environment / "bin" / "python", "-I", "-m", "skrt_workspace.sandbox")


def ending(environment: Path, uid: int) -> tuple[str | Path, ...]:
    """The words that end every process of a user."""
    return (*making(environment), "--end", str(uid))


def first_process(
    out: str, err: str, code: int | None, failure: Callable[..., SkrtHubError], what: str
) -> ProcessIdentity:
    """The first process of the sandbox, from what the program said. Raises `failure` with `what` and its own words."""
    try:
        answer = json.loads(out)
    except ValueError:
        answer = {"error": err.strip() or f"exit code {code}"}
    if "error" in answer:
        raise failure(what, why=str(answer["error"]), remedy=str(answer.get("remedy") or "Run: skrt-hub check"))
    return ProcessIdentity(**answer)
