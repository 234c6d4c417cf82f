"""Starting a sandbox with a fresh interpreter of the participants' environment: the plain way."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from skrt_hub.errors import StartError
from skrt_workspace.sandbox.document import SandboxDocument
from skrt_workspace.sandbox.identity import ProcessIdentity

_START_DEADLINE = 60.0


async def plain_start(environment: Path, document: SandboxDocument) -> ProcessIdentity:
    """Start a sandbox with a fresh interpreter. Raises StartError with the program's own words."""
    process = await asyncio.create_subprocess_exec(
        str(environment / "bin" / "python"),
        "-I",
        "-m",
        "skrt_workspace.sandbox",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    out, err = await asyncio.wait_for(process.communicate(document.to_json().encode()), _START_DEADLINE)
    try:
        answer = json.loads(out)
    except ValueError:
        answer = {"error": err.decode(errors="replace").strip() or f"exit code {process.returncode}"}
    if "error" in answer:
        raise StartError(
            "The sandbox could not be made.",
            why=str(answer["error"]),
            remedy=str(answer.get("remedy") or "Run: skrt-hub check"),
        )
    return ProcessIdentity(**answer)
