"""The self-test: right on a sound environment, and wrong on broken ones (an engine missing, lazy, or lying)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.environment import Environment
from skrt_workspace.verify import coded

CODED = [f"dicom, {name}" for name in coded.SYNTAXES]
QUICK = ["libraries", "elastix", "niftyreg", "dicom", *CODED, "kernel", "viewer"]


@dataclass
class SelfTest:
    """The self-test of an environment, with a folder of programs that come before the environment's own."""

    environment: Environment
    programs: Path

    def run(self, *words: str, path: str | None = None) -> tuple[int, list[dict[str, Any]]]:
        own = self.environment.folder / "bin"
        variables = {**os.environ, "PATH": path or f"{self.programs}{os.pathsep}{own}{os.pathsep}{os.environ['PATH']}"}
        command = [own / "python", "-m", "skrt_workspace.verify", "--json", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=500, env=variables, cwd=self.programs
        )
        documents = [json.loads(line) for line in done.stdout.splitlines()]
        assert list(documents[-1]) == ["summary"]
        return done.returncode, [document["row"] for document in documents[:-1]]

    def add(self, name: str, text: str) -> None:
        program = self.programs / name
        program.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
        program.chmod(0o755)


@pytest.fixture
def self_test(environment: Environment, tmp_path: Path) -> SelfTest:
    programs = tmp_path / "programs"
    programs.mkdir()
    return SelfTest(environment, programs)


def only(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(row for row in rows if row.get("name") == name)


@pytest.mark.long
def test_a_sound_environment_passes_the_quick_test(self_test: SelfTest) -> None:
    code, rows = self_test.run("--quick")
    assert [row["name"] for row in rows] == QUICK
    assert {row["verdict"] for row in rows} == {"ok"}, rows
    assert code == 0
    assert only(rows, "elastix")["numbers"]["mean_error_mm"] < 0.5
    assert only(rows, "niftyreg")["numbers"]["mean_error_mm"] < 1.0


@pytest.mark.long
def test_deformable_registrations_pass(self_test: SelfTest) -> None:
    code, rows = self_test.run("--only", "elastix, deformable", "--only", "niftyreg, deformable")
    assert code == 0, rows
    assert all(row["numbers"]["mean_error_mm"] < 1.5 for row in rows)


@pytest.mark.long
@pytest.mark.parametrize(("engine", "program"), [("elastix", "elastix"), ("niftyreg", "reg_aladin")])
def test_a_missing_engine_fails(self_test: SelfTest, engine: str, program: str) -> None:
    own = self_test.environment.folder / "bin"
    for file in own.iterdir():
        if file.name != program:
            (self_test.programs / file.name).symlink_to(file)
    code, rows = self_test.run("--only", engine, path=f"{self_test.programs}{os.pathsep}/usr/bin{os.pathsep}/bin")
    if shutil.which(program, path="/usr/bin:/bin"):
        pytest.skip(f"this machine has a {program} of its own")
    assert code == 1
    assert only(rows, engine)["verdict"] == "failed"
    assert program in only(rows, engine)["detail"]


# Run the real program, then put something else in the place of its answer.
SPOIL_ELASTIX = """
import os, re, subprocess, sys
from pathlib import Path
code = subprocess.run([{real!r}, *sys.argv[1:]]).returncode
if "-out" in sys.argv:
    folder = Path(sys.argv[sys.argv.index("-out") + 1])
    for file in folder.glob("TransformParameters.0.txt"):
        text = file.read_text()
        file.write_text(re.sub(r"\\(TransformParameters [^)]*\\)", "(TransformParameters {parameters})", text))
sys.exit(code)
"""
SPOIL_IMAGE = """
import subprocess, sys
from pathlib import Path
code = subprocess.run([{real!r}, *sys.argv[1:]]).returncode
folder = Path(sys.argv[sys.argv.index("-out") + 1]) if "-out" in sys.argv else None
if folder is not None:
    for file in folder.glob("result*.nii"):
        data = bytearray(file.read_bytes())
        step = 40 * 2 * 144  # rows of a 16-bit image
        data[352:] = data[352 + step:] + data[352:352 + step]
        file.write_bytes(bytes(data))
sys.exit(code)
"""
SPOIL_NIFTYREG = """
import subprocess, sys
from pathlib import Path
code = subprocess.run([{real!r}, *sys.argv[1:]]).returncode
if "-aff" in sys.argv:
    Path(sys.argv[sys.argv.index("-aff") + 1]).write_text("1 0 0 0\\n0 1 0 0\\n0 0 1 0\\n0 0 0 1\\n")
sys.exit(code)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("engine", "program", "text", "reason"),
    [
        ("elastix", "elastix", SPOIL_ELASTIX.replace("{parameters}", "0 0 0 0 0 0"), "landmarks"),
        ("elastix", "elastix", SPOIL_ELASTIX.replace("{parameters}", "0 0 0.052 8 -5 3"), "landmarks"),
        ("elastix", "elastix", SPOIL_IMAGE, "image"),
        ("niftyreg", "reg_aladin", SPOIL_NIFTYREG, "landmarks"),
        ("elastix", "elastix", "import sys; sys.exit(0)", "did not do its work"),
        ("niftyreg", "reg_resample", "import sys; sys.exit(1)", "did not"),
    ],
    ids=["identity", "wrong shift", "shifted image", "niftyreg identity", "does nothing", "cannot resample"],
)
def test_an_engine_that_answers_wrongly_fails(
    self_test: SelfTest, engine: str, program: str, text: str, reason: str
) -> None:
    real = str(self_test.environment.folder / "bin" / program)
    self_test.add(program, text.replace("{real!r}", repr(real)))
    code, rows = self_test.run("--only", engine)
    row = only(rows, engine)
    assert code == 1
    assert row["verdict"] == "failed", row
    assert reason in row["detail"]


RUN_ONE = """
import sys
from dataclasses import replace
from skrt_workspace.verify import run, steps
step = next(step for step in steps.all_steps() if step.name == sys.argv[1])
print(next(run.rows([replace(step, deadline=float(sys.argv[2]))])).detail)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("step", "seconds"), [("niftyreg", 20), ("notebook 06_registration_niftyreg", 30)], ids=["engine", "notebook"]
)
def test_what_hangs_is_ended_at_the_deadline(self_test: SelfTest, tmp_path: Path, step: str, seconds: int) -> None:
    mark = tmp_path / "pid"
    self_test.add(
        "reg_aladin", f"import os, time\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(3600)\n"
    )
    own = self_test.environment.folder / "bin"
    variables = {**os.environ, "PATH": f"{self_test.programs}{os.pathsep}{own}{os.pathsep}{os.environ['PATH']}"}
    command = [own / "python", "-c", RUN_ONE, step, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=variables)
    assert f"not finished after {seconds} s" in done.stdout
    if mark.exists():  # on a slow machine the deadline may come before the engine
        assert not _runs(int(mark.read_text()))


def _runs(pid: int) -> bool:
    """Whether a process is there and is not merely waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_broken_library_fails(self_test: SelfTest) -> None:
    broken = self_test.programs / "broken"
    broken.mkdir()
    (broken / "nibabel.py").write_text("raise ImportError('broken on purpose')", encoding="utf-8")
    own = self_test.environment.folder / "bin"
    done = subprocess.run(
        [own / "python", "-m", "skrt_workspace.verify", "--only", "libraries"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(broken)},
    )
    assert done.returncode == 1
    assert "broken on purpose" in done.stdout


def test_an_unknown_step_is_refused_with_the_known_ones(self_test: SelfTest) -> None:
    own = self_test.environment.folder / "bin"
    command = [own / "python", "-m", "skrt_workspace.verify", "--only", "elastic"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "there is no step 'elastic'" in done.stderr
    assert "elastix" in done.stderr


@pytest.mark.long
def test_each_missing_decoder_is_noticed(self_test: SelfTest, tmp_path: Path) -> None:
    own = self_test.environment.folder / "bin"
    (tmp_path / "gdcm.py").write_text("raise ImportError('broken')")
    words = ["--only", "dicom, jpeg-lossless", "--only", "dicom, jpeg-12-bit", "--only", "dicom, htj2k"]
    done = subprocess.run(
        [own / "python", "-m", "skrt_workspace.verify", "--json", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
    )
    rows = [json.loads(line)["row"] for line in done.stdout.splitlines()[:-1]]
    assert [row["verdict"] for row in rows] == ["failed", "failed", "ok"], rows
