# ruff: noqa: E501  cells are easier to read in one piece
"""Kernels from the warden: they live and end as plain ones do, and what participants do in them works."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.long

Server = Any


def test_a_kernel_is_forked_and_has_skrt(server: Server) -> None:
    (told,) = server.drive(["import skrt; print(skrt.Image.__name__)", "print(__import__('os').getppid())"])
    assert told["kind"] == "ForkedKernel", told["log"]
    assert told["answers"] == ["Image\n", "1\n"]


def test_interrupt_restart_and_death_look_as_with_a_plain_kernel(server: Server) -> None:
    forked, plain = server.drive(["1"], ways=["warden", "plain"], steps=["interrupt", "restart", "death"])
    assert (forked["kind"], plain["kind"]) == ("ForkedKernel", "Popen")
    for step in ("interrupt", "restart", "death"):
        assert forked[step] == plain[step]
    assert forked["interrupt"] == "KeyboardInterrupt"
    assert forked["restart"] == "True NameError: name 'left' is not defined"
    assert forked["death"] == "False -9"


def test_a_kernel_that_is_asked_to_end_ends_well_and_does_what_is_registered(server: Server) -> None:
    cell = "import atexit; atexit.register(lambda: open('left.txt', 'w').write('bye'))"
    forked, plain = server.drive([cell], ways=["warden", "plain"])
    assert forked["code"] == plain["code"] == 0
    assert (server.root / f"participant{server.number}" / "left.txt").read_text() == "bye"


WORK = {
    "multiprocessing by fork": (
        "import multiprocessing as m\nwith m.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, -2]))",
        "[1, 2]\n",
    ),
    "multiprocessing by spawn": (
        "import multiprocessing as m\nwith m.get_context('spawn').Pool(2) as p: print(p.map(abs, [-1, -2]))",
        "[1, 2]\n",
    ),
    "concurrent futures": (
        "from concurrent.futures import ProcessPoolExecutor as P\nwith P(2) as p: print(list(p.map(abs, [-3])))",
        "[3]\n",
    ),
    "threads": (
        "import threading\nt = threading.Thread(target=lambda: print('from a thread'))\nt.start(); t.join()",
        "from a thread\n",
    ),
    "linear algebra": (
        "import numpy as np\na = np.random.rand(600, 600); print(np.allclose(np.linalg.inv(a) @ a, np.eye(600)))",
        "True\n",
    ),
    "subprocess": (
        "import subprocess; print(subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout)",
        "x\n\n",
    ),
    "shell": ("!echo shell", "shell\r\n"),
    "image filters": (
        "import SimpleITK as s\ni = s.GaussianSource(s.sitkFloat32, [64] * 3)\nprint(s.SmoothingRecursiveGaussian(i, 2.0).GetSize())",
        "(64, 64, 64)\n",
    ),
    "asyncio": ("import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')", "awaited\n"),
    "pandas": ("import pandas as pd\nprint(pd.DataFrame({'a': [1, 2]}).a.sum())", "3\n"),
}


@pytest.mark.parametrize("work", WORK)
def test_what_participants_do_works(server: Server, work: str) -> None:
    cell, expected = WORK[work]
    (told,) = server.drive([cell])
    assert told["kind"] == "ForkedKernel"
    assert told["answers"] == [expected]


def test_plots_appear_inline_and_interactively(server: Server) -> None:
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    cells = [plot, "import matplotlib; print(matplotlib.get_backend())", "%matplotlib widget\n" + plot]
    forked, plain = server.drive(cells, ways=["warden", "plain"])
    assert "image/png" in forked["answers"][0]
    assert "application/vnd.jupyter.widget-view+json" in forked["answers"][2]
    assert [a.split(" at 0x")[0] for a in forked["answers"]] == [a.split(" at 0x")[0] for a in plain["answers"]]


def test_widgets_register_with_the_running_kernel(server: Server) -> None:
    cell = "import ipywidgets, comm; print(sorted(comm.get_comm_manager().targets))"
    forked, plain = server.drive([cell], ways=["warden", "plain"])
    assert forked["answers"] == plain["answers"]
    assert "jupyter.widget" in forked["answers"][0]


def test_matplotlib_needs_no_new_list_of_fonts(server: Server) -> None:
    server.drive(["import matplotlib.pyplot as plt\nplt.plot([1]); plt.title('x'); plt.show()"])
    home = server.root / f"participant{server.number}"
    assert not list(home.rglob("fontlist-*.json"))


@pytest.mark.parametrize(
    ("files", "variables", "words"),
    [
        ({"numpy.py": "mine = 1"}, {}, "numpy.py"),
        ({"skrt/__init__.py": "mine = 1"}, {}, "skrt"),
        ({}, {"PYTHONPATH": "/home/jovyan"}, "PYTHONPATH"),
        ({}, {"SCIPY_ARRAY_API": "1"}, "SCIPY_ARRAY_API"),
        ({}, {"PYTHONHASHSEED": "0"}, "PYTHONHASHSEED"),
    ],
)
def test_what_forking_cannot_meet_is_started_plainly_and_said(
    server: Server, files: dict[str, str], variables: dict[str, str], words: str
) -> None:
    (told,) = server.drive(["1"], files=files, variables=variables)
    assert told["kind"] == "Popen"
    assert any("starts plainly" in line and words in line for line in told["log"])


def test_the_debugger_of_jupyterlab_starts(server: Server) -> None:
    forked, plain = server.drive(["1"], ways=["warden", "plain"], steps=["debug"], own_network=True)
    assert forked["debug"] == plain["debug"] == "initialize True"
