"""Steps: a kernel starts and answers, and scikit-rt's viewer is drawn in it with ipympl."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from queue import Empty
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from skrt_workspace.verify.result import Found, StepFailedError, require

_LOOK_EVERY = 0.5

VIEWER = """
%matplotlib widget
import numpy as np, skrt
from skrt_workspace import phantom
image = skrt.Image(str(phantom.path() / "nifti" / "planning_ct.nii.gz"))
viewer = skrt.BetterViewer(image, intensity=[-1200, 400], figsize=3)
""".strip()
DRAWN = """
import json, matplotlib.pyplot as plt
figure = plt.figure(plt.get_fignums()[-1])
figure.canvas.draw()
print(json.dumps([type(figure.canvas).__module__, float(np.asarray(figure.canvas.buffer_rgba()).std())]))
""".strip()


class Client(NotebookClient):  # type: ignore[misc]
    """nbclient, which looks again every half second whether an answer is there.

    A widget's message that it sends while it waits can take away the sign that an answer has come: then it would wait,
    with the answer in its hands, until the cell's time is over.
    """

    async def async_start_new_kernel_client(self) -> Any:
        """Start a client; returns it with channels that look again."""
        client = await super().async_start_new_kernel_client()
        for channel in (client.shell_channel, client.iopub_channel):
            channel.get_msg = _looking_again(channel.get_msg)
        return client


def _looking_again(get_message: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def get(timeout: float | None = None) -> Any:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            try:
                return await get_message(timeout=max(0.0, min(_LOOK_EVERY, end - time.monotonic())))
            except Empty:
                if time.monotonic() >= end:
                    raise

    return get


def execute(notebook: Any, timeout: float, folder: Path | None = None) -> None:
    """Run a notebook in a kernel of its own, in `folder`; each cell may take `timeout` s.

    The kernel is reached through files and not through ports, on which another program might answer. The files have
    a full path, because the kernel's working folder is another than ours.
    """
    resources = {"metadata": {"path": str(folder)}} if folder else {}
    with tempfile.TemporaryDirectory(prefix="kernel-") as private:
        files = {"transport": "ipc", "connection_file": str(Path(private) / "kernel.json")}
        Client(
            notebook,
            config=Config(ConnectionFileMixin=files),
            kernel_name="python3",
            timeout=timeout,
            startup_timeout=timeout,
            resources=resources,
        ).execute()


def run_cells(sources: list[str], timeout: float) -> list[Any]:
    """Run cells in a new kernel; their outputs, or StepFailedError with the end of the error."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    try:
        execute(notebook, timeout)
    except CellExecutionError as error:
        raise StepFailedError(f"{error.ename}: {error.evalue}") from error
    return [cell.outputs for cell in notebook.cells]


def printed(outputs: list[Any]) -> str:
    """All that a cell printed. A kernel with much to do sends one line in several pieces."""
    return "".join(item["text"] for item in outputs if item.get("name") == "stdout")


def kernel() -> Found:
    """Start a kernel and let it calculate."""
    begin = time.monotonic()
    outputs = run_cells(["import skrt\nprint(6 * 7, skrt.Image.__name__)"], timeout=60)
    seconds = round(time.monotonic() - begin, 2)
    answer = printed(outputs[0]).strip()
    require(answer == "42 Image", f"the kernel answered {answer!r}", {"seconds": seconds})
    return Found(f"answered after {seconds:.1f} s, with scikit-rt", {"seconds": seconds})


def viewer() -> Found:
    """Draw a BetterViewer in a kernel with the interactive backend, as in the browser."""
    outputs = run_cells([VIEWER, DRAWN], timeout=90)
    views = sum("application/vnd.jupyter.widget-view+json" in item.get("data", {}) for item in outputs[0])
    backend, spread = json.loads(printed(outputs[1]).splitlines()[-1])
    numbers = {"backend": backend, "widgets": views, "spread_of_pixels": spread}
    require(backend.startswith("ipympl"), f"the figure is drawn by {backend}, and not by ipympl", numbers)
    require(views > 0, "the viewer shows no widget", numbers)
    require(spread > 5, "the picture is empty", numbers)
    return Found(f"BetterViewer drawn by ipympl, {views} widgets", numbers)
