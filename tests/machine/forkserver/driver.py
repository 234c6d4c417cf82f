"""Run inside a sandbox in place of the Jupyter server: starts kernels as it does, and notes what cells answer.

`job.json` holds `cells`, `ways` ("warden", "plain"), and optional `steps` for each way: see STEPS.
"""

import json
import os
import queue
import sys
import time
from pathlib import Path
from typing import ClassVar

from jupyter_client.ioloop import IOLoopKernelManager  # noqa: F401  as the server's managers do, before any kernel
from jupyter_client.manager import KernelManager


def main() -> None:
    job = json.loads(Path("job.json").read_text(encoding="utf-8"))
    Path("/run/skrt/jupyter").mkdir(exist_ok=True)
    os.environ["JUPYTER_RUNTIME_DIR"] = "/run/skrt/jupyter"
    socket = os.environ.get("SKRT_WARDEN_SOCKET", "")
    answers = []
    for way in job.get("ways", ["warden"]):
        os.environ.pop("SKRT_WARDEN_SOCKET", None)
        if way == "warden":
            os.environ["SKRT_WARDEN_SOCKET"] = socket
        answers.append(run(job, way))
    Path("answer.new").write_text(json.dumps(answers), encoding="utf-8")
    Path("answer.new").rename("answer.json")


def run(job: dict, way: str) -> dict:
    manager = KernelManager(kernel_name="python3", transport="ipc")
    manager.log.addHandler(Told())
    manager.log.setLevel("INFO")
    folder = job.get("folder", str(Path.cwd()))
    manager.start_kernel(cwd=folder, env={**os.environ, **job.get("variables", {})})
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    told = {"way": way, "kind": type(manager.provisioner.process).__name__, "log": Told.lines[:]}
    told["answers"] = [execute(client, cell) for cell in job["cells"]]
    for step in job.get("steps", []):
        told[step] = STEPS[step](manager, client)
    client.stop_channels()
    process = manager.provisioner.process
    manager.shutdown_kernel()
    told["code"] = process.poll()
    return told


def execute(client, cell: str, wait: float = 60) -> str:
    """What a cell writes, shows and raises, as text."""
    parts = []

    def take(message: dict) -> None:
        content = message["content"]
        kind = message["header"]["msg_type"]
        if kind == "stream":
            parts.append(content["text"])
        elif kind in ("execute_result", "display_data"):
            parts.append(" ".join(sorted(content["data"])) + " " + content["data"].get("text/plain", ""))
        elif kind == "error":
            parts.append(content["ename"] + ": " + content["evalue"])

    client.execute_interactive(cell, output_hook=take, timeout=wait, store_history=False)
    return "".join(parts)


def interrupt(manager, client) -> str:
    message = client.execute("import time\nprint('sleeping', flush=True)\ntime.sleep(60)")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        told = client.get_iopub_msg(timeout=30)
        if told["parent_header"].get("msg_id") == message and told["msg_type"] == "stream":
            break
    manager.interrupt_kernel()
    while time.monotonic() < deadline:
        try:
            reply = client.get_shell_msg(timeout=30)
        except queue.Empty:
            return "nothing"
        if reply["parent_header"].get("msg_id") == message:
            return reply["content"].get("ename", reply["content"]["status"])
    return "nothing"


def restart(manager, client) -> str:
    execute(client, "left = 1")
    before = execute(client, "import os; print(os.getpid())")
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=60)
    after = execute(client, "import os; print(os.getpid())")
    return f"{before != after} {execute(client, 'left')}"


def death(manager, client) -> str:
    client.execute("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    deadline = time.monotonic() + 30
    while manager.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    return f"{manager.is_alive()} {manager.provisioner.process.poll()}"


def debug(manager, client) -> str:
    arguments = {"clientID": "t", "adapterID": "", "pathFormat": "path", "linesStartAt1": True, "columnsStartAt1": True}
    request = {"type": "request", "seq": 1, "command": "initialize", "arguments": arguments}
    message = client.session.msg("debug_request", request)
    client.control_channel.send(message)
    reply = client.get_control_msg(timeout=60)
    return f"{reply['content'].get('command')} {reply['content'].get('success')}"


class Told:
    """The log lines of the manager."""

    lines: ClassVar[list] = []
    level = 0

    def handle(self, record) -> None:
        self.lines.append(record.getMessage())


STEPS = {"interrupt": interrupt, "restart": restart, "death": death, "debug": debug}

if __name__ == "__main__":
    sys.exit(main())
