"""The sandbox program: reads one document on standard input, starts the sandbox, and prints its first process as JSON.

`{"pid": ..., "start_time": ..., "boot_id": ...}`, or `{"error": ..., "remedy": ...}` and the error's exit code. It ends
at once; the sandbox goes on by itself. With `--probe KIND` it says whether sandboxes of that kind work here, and with
`--end UID` it ends all processes of a participant's user.
"""

from __future__ import annotations

import json
import os
import sys

from skrt_workspace.sandbox import walls
from skrt_workspace.sandbox.document import LISTENER_VARIABLE, SandboxDocument, User
from skrt_workspace.sandbox.enter import start
from skrt_workspace.sandbox.errors import SandboxError
from skrt_workspace.sandbox.plain import first_process


def main() -> int:
    """Run the program; returns its exit code."""
    if sys.argv[1:2] == ["--probe"]:
        from skrt_workspace.sandbox.probe import probe_here  # noqa: PLC0415  a start needs none of its imports

        print(probe_here(sys.argv[2]).to_json())
        return 0
    if sys.argv[1:2] == ["--end"]:
        walls.end_user(User(int(sys.argv[2]), int(sys.argv[2])))
        return 0
    listener = int(os.environ[LISTENER_VARIABLE]) if LISTENER_VARIABLE in os.environ else None
    try:
        identity = start(SandboxDocument.from_json(sys.stdin.buffer.read()), first_process, listener)
    except SandboxError as error:
        print(json.dumps({"error": str(error), "remedy": error.remedy}))
        return error.exit_code
    print(json.dumps(identity.as_dict()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
