"""The far side of a cohort without its engine: tasks on a machine that does not see the home."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from skrt_workspace.cohort import carried, there
from skrt_workspace.cohort.table import Head, Table

KEY = "0" * 32


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """The owner's home, and the one of the machine that does the tasks."""
    home, away = tmp_path / "home", tmp_path / "away"
    (home / "patients").mkdir(parents=True)
    away.mkdir()
    (home / "patients/p1.txt").write_text("voxels")
    monkeypatch.setenv("HOME", str(away))
    yield home, away
    for helper in there._HELPERS.values():
        helper.kill()
        helper.wait()
    there._HELPERS.clear()


def parcel(function: Any, homes: tuple[Path, Path], patient: Any = "patients/p1.txt") -> dict[str, Any]:
    home, away = homes
    name = f"work-{abs(hash(function)):064x}.pkl"
    head = Head("n", "f", "h", 1.0, (), (), name, (), folder=str(away))
    return {
        "work": name,
        "head": json.dumps(asdict(head)).encode(),
        "common": cloudpickle.dumps((function, {})),
        "shared": carried.pack(home, ()),
        "shared_folders": (),
        "key": KEY,
        "label": "p1",
        "tries": 1,
        "patient": cloudpickle.dumps(patient),
        "files": carried.pack(home, ("patients/p1.txt",)),
    }


def by_value(source: str) -> Any:
    """A function as a notebook has it: of no module that can be imported."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(source, space)
    return space["task"]


def test_a_task_finds_its_files_and_what_it_writes_comes_back(homes: tuple[Path, Path], tmp_path: Path) -> None:
    task = by_value(
        "def task(path):\n    import pathlib\n    text = pathlib.Path(path).read_text()\n"
        "    pathlib.Path('out').mkdir(exist_ok=True)\n    pathlib.Path('out/p1.txt').write_text(text.upper())\n"
        "    print('to nobody')\n    return {'length': len(text)}\n"
    )
    home, away = homes
    for _ in range(2):  # the second time in the same helper
        answer = there.do(parcel(task, homes))
        assert answer["kind"] == "result"
        folder = tmp_path / "table"
        table = Table(folder)
        table.results.mkdir(parents=True, exist_ok=True)
        assert table.keep_told("result", KEY, answer["text"])
        kept = table.result(KEY)
        assert kept is not None and kept["value"] == {"length": 6} and kept["label"] == "p1"
        carried.unpack(home, answer["files"])
        assert (home / "out/p1.txt").read_text() == "VOXELS"
    assert len(there._HELPERS) == 1
    there.do(parcel(by_value("def task(path):\n    return {}\n"), homes))  # of another cohort
    (helper,) = there._HELPERS.values()
    there._end(helper)
    assert not list(away.iterdir()), "nothing is left"


def test_a_task_finds_nothing_of_the_one_before_it(homes: tuple[Path, Path]) -> None:
    task = by_value(
        "def task(path):\n    import os, pathlib\n    seen = sorted(os.listdir())\n"
        "    for name in ('out', 'out/deep'):\n        pathlib.Path(name).mkdir()\n"
        "    pathlib.Path('out/deep/p1.txt').write_text('x' * 10_000_000)\n    return seen\n"
    )
    for _ in range(3):
        answer = there.do(parcel(task, homes))
        assert json.loads(answer["text"])["value"] == {"plain": ["patients"]}
        with tarfile.open(fileobj=io.BytesIO(answer["files"])) as tar:
            assert tar.getnames() == ["out/deep/p1.txt"]


def test_nothing_waits_for_the_disk_of_a_machine_that_keeps_nothing(homes: tuple[Path, Path]) -> None:
    """Its owner's home does, once for each task: here it would only hold up the next one."""
    task = by_value(
        "def task(path):\n    import os\n    def waits(handle):\n        raise OSError('it waits')\n"
        "    os.fsync = waits\n    return {}\n"
    )
    assert there.do(parcel(task, homes))["kind"] == "result"


def test_an_error_is_told_as_at_home(homes: tuple[Path, Path]) -> None:
    answer = there.do(parcel(by_value("def task(path):\n    print('so far')\n    raise ValueError(path)\n"), homes))
    told = json.loads(answer["text"])
    assert answer["kind"] == "error" and told["error"] == "ValueError: patients/p1.txt"
    assert "so far" in told["output"]


def test_a_killed_task_leaves_the_worker_and_its_helper(homes: tuple[Path, Path]) -> None:
    task = by_value("def task(path):\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    answer = there.do(parcel(task, homes))
    assert (answer["kind"], answer["code"]) == ("died", -signal.SIGKILL)
    (helper,) = there._HELPERS.values()
    assert helper.poll() is None
    os.kill(helper.pid, signal.SIGKILL)
    helper.wait()
    assert there.do(parcel(task, homes))["kind"] == "died"  # by a new helper


def test_a_function_that_cannot_be_loaded_is_an_error_of_its_patient(homes: tuple[Path, Path]) -> None:
    broken = {**parcel(len, homes), "common": b"no function"}
    answer = there.do(broken)
    assert answer["kind"] == "error" and "could not be loaded" in json.loads(answer["text"])["error"]


def test_what_all_tasks_need_is_loaded_once(homes: tuple[Path, Path], tmp_path: Path) -> None:
    """In the process that tasks are forked from: numpy's random numbers take as long to load as a task to begin."""
    package = tmp_path / "packages/numpy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "def __getattr__(name):\n    import importlib\n    return importlib.import_module('numpy.' + name)\n"
    )
    (package / "random.py").write_text("import os\nloaded_in = os.getpid()\ndef seed(number):\n    pass\n")
    task = by_value(
        "def task(path):\n    import gc, os, numpy\n"
        "    return {'before': numpy.random.loaded_in == os.getppid(), 'frozen': gc.get_freeze_count() > 0}\n"
    )
    asked = parcel(task, homes)
    told = {"modules": ["numpy"], "path": [str(package.parent)]}
    asked["head"] = json.dumps({**json.loads(asked["head"]), **told}).encode()
    answer = there.do(asked)
    assert json.loads(answer["text"])["value"] == {"plain": {"before": True, "frozen": True}}
