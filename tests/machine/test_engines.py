"""The engine commands on real images: a known shift is found, and the files are those that elastix leaves.

All of elastix is tried with both libraries: the environment's, and the one that environments on ARM have.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import uv

from skrt_hub.environment import Environment
from skrt_hub.environment.identity import requirements
from skrt_hub.environment.workspace import package_folder
from skrt_workspace.engines import NIFTYREG_COMMANDS

SHIFT = (3.0, -2.0, 4.0)
MAKE = f"""
import numpy as np, SimpleITK as sitk
z, y, x = np.mgrid[0:24, 0:40, 0:40].astype(float)
def blob(cx, cy, cz, s): return np.exp(-((x - cx) ** 2 + (y - cy) ** 2 + (2 * (z - cz)) ** 2) / s ** 2)
def image(dx, dy, dz):
    a = 100 + 900 * blob(20 + dx, 20 + dy, 12 + dz / 2, 10) - 300 * blob(26 + dx, 17 + dy, 13 + dz / 2, 4)
    i = sitk.GetImageFromArray(a.astype("int16")); i.SetSpacing((1, 1, 2)); i.SetOrigin((-20, -20, -24)); return i
sitk.WriteImage(image(0, 0, 0), "fixed.nii"); sitk.WriteImage(image(*{SHIFT}), "moving.nii")
mask = sitk.Resample(image(0, 0, 0) > 150, (20, 20, 24), sitk.Transform(), sitk.sitkNearestNeighbor, (-20, -20, -24),
                     (2, 2, 2), (1, 0, 0, 0, 1, 0, 0, 0, 1), 0, sitk.sitkUInt8)
sitk.WriteImage(mask, "mask.nii")
sitk.WriteImage(image(0, 0, 0)[:, :, 12], "flat.nii")
"""
PARAMETERS = """\
(Registration "MultiResolutionRegistration")
(Interpolator "BSplineInterpolator")
(ResampleInterpolator "FinalBSplineInterpolator")
(Resampler "DefaultResampler")
(FixedImagePyramid "FixedRecursiveImagePyramid")
(MovingImagePyramid "MovingRecursiveImagePyramid")
(Optimizer "AdaptiveStochasticGradientDescent")
(Transform "TranslationTransform")
(Metric "AdvancedMattesMutualInformation")
(ImageSampler "RandomCoordinate")
(NewSamplesEveryIteration "true")
(NumberOfSpatialSamples 1500)
(NumberOfHistogramBins 32)
(NumberOfResolutions 2)
(MaximumNumberOfIterations 150)
(AutomaticScalesEstimation "true")
(ErodeMask "false")
(DefaultPixelValue 0)
(WriteResultImage "true")
(ResultImagePixelType "short")
(ResultImageFormat "nii")
"""


# What an environment on ARM has in place of SimpleITK-SimpleElastix; the same versions exist for this machine.
ON_ARM = ("itk-core", "itk-elastix", "numpy", "simpleitk")
INSTALL = """
import sys, sysconfig
from pathlib import Path
from skrt_workspace.install import commands, itk
site = Path(sysconfig.get_path("purelib"))
commands.write(Path(sys.prefix), site)
assert itk.prune(site) > 0
"""


def _library_of_arm(folder: Path) -> Path:
    """Install what the lock has for elastix on ARM; returns the folder of the programs."""
    pins = re.findall(r"^\S.*(?:\n +--hash.*)+", requirements().read_text(), flags=re.MULTILINE)
    wanted = [pin for pin in pins if pin.split("==")[0] in ON_ARM]
    # On this machine their markers say no; numpy's are about Python's version and stay.
    lines = [re.sub(r" ; .*?(?= \\)", "", pin) if "platform_machine" in pin else pin for pin in wanted]
    (folder / "requirements.txt").write_text("\n".join(lines))
    made = folder / "venv"
    subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", sys.executable, made], check=True)
    install = (uv.find_uv_bin(), "pip", "install", "-q", "--python", made / "bin/python")
    subprocess.run([*install, "--no-deps", "--require-hashes", "-r", folder / "requirements.txt"], check=True)
    (site,) = made.glob("lib/python3.*/site-packages")
    (site / "own.pth").write_text(str(package_folder().parent))
    subprocess.run([made / "bin/python", "-c", INSTALL], check=True)
    return made / "bin"


class Case:
    """A folder with a pair of images and the commands of an environment."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs = programs
        self.folder = folder
        self.python(MAKE)
        self.write_parameters("p.txt")

    def write_parameters(self, name: str, **changes: str) -> None:
        text = PARAMETERS + "".join(
            f"({key} {value})\n" for key, value in changes.items() if f"({key} " not in PARAMETERS
        )
        for key, value in changes.items():
            text = "\n".join(f"({key} {value})" if line.startswith(f"({key} ") else line for line in text.split("\n"))
        (self.folder / name).write_text(text)

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        clean = {"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(self.folder), **variables}
        command = [self.programs / words[0], *words[1:]]
        return subprocess.run(command, env=clean, cwd=self.folder, capture_output=True, text=True, check=False)

    def python(self, code: str) -> str:
        done = self.run("python", "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def out(self, name: str) -> Path:
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name

    def read(self, file: str) -> dict[str, Any]:
        """An image's size, direction, pixel type, mean, and mean distance to the fixed one away from the edges."""
        code = (
            "import SimpleITK as s, numpy as n, json\n"
            f"i = s.ReadImage({file!r}); a = s.GetArrayFromImage(i).astype(float)\n"
            "f = s.GetArrayFromImage(s.ReadImage('fixed.nii')).astype(float)\n"
            "inner = (slice(5, -5), slice(8, -8), slice(8, -8))\n"
            "d = abs(a[inner] - f[inner]).mean() if a.shape == f.shape else -1\n"
            "print(json.dumps(dict(size=i.GetSize(), direction=i.GetDirection(), type=i.GetPixelIDTypeAsString(),"
            " mean=a.mean(), distance=d)))"
        )
        return dict(json.loads(self.python(code)))


def _registered(programs: Path, folder: Path) -> Case:
    made = Case(programs, folder)
    done = made.run("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "p.txt", "-out", str(made.out("found")))
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@pytest.fixture(scope="module")
def here(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return _registered(environment.bin, tmp_path_factory.mktemp("here"))


@pytest.fixture(scope="module")
def on_arm(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("arm")
    return _registered(_library_of_arm(folder), folder)


@pytest.fixture(scope="module", params=["here", pytest.param("on_arm", marks=pytest.mark.long)])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(request.param)
    return found


def _values(file: Path, name: str) -> list[str]:
    (line,) = [line for line in file.read_text().splitlines() if line.startswith(f"({name} ")]
    return line.strip("()").split()[1:]


def test_a_known_shift_is_found(case: Case) -> None:
    found = [float(value) for value in _values(case.folder / "found/TransformParameters.0.txt", "TransformParameters")]
    assert found == pytest.approx(SHIFT, abs=0.3)
    assert case.read("found/result.0.nii")["distance"] < case.read("moving.nii")["distance"] / 2


def test_elastix_leaves_its_files(case: Case) -> None:
    names = {path.name for path in (case.folder / "found").iterdir()}
    assert names == {
        "IterationInfo.0.R0.txt", "IterationInfo.0.R1.txt", "TransformParameters.0.txt",
        "elastix.log", "registration.json", "result.0.nii",
    }  # fmt: skip
    assert case.read("found/result.0.nii")["type"] == "16-bit signed integer"
    assert _values(case.folder / "found/TransformParameters.0.txt", "ResultImagePixelType") == ['"short"']


def test_the_log_tells_the_call_the_version_and_the_end(case: Case) -> None:
    log = (case.folder / "found/elastix.log").read_text()
    assert "-f fixed.nii -m moving.nii -p p.txt" in log
    told = case.run("elastix", "--version").stdout.strip().removeprefix("elastix version: ")
    assert f"ELASTIX version: {told}\n" in log
    assert "Total time elapsed:" in log


@pytest.mark.long
def test_the_number_of_threads_makes_no_difference(case: Case) -> None:
    results = set()
    case.write_parameters("bend.txt", Transform='"BSplineTransform"', FinalGridSpacingInVoxels="10")
    for threads in ("1", "2", "4"):
        out = case.out(f"threads{threads}")
        words = ("-f", "fixed.nii", "-m", "moving.nii", "-p", "p.txt", "-p", "bend.txt", "-out", str(out))
        done = case.run("elastix", *words, "-threads", threads)
        assert (done.returncode, done.stderr) == (0, "")
        record = json.loads((out / "registration.json").read_text())
        assert record["engine"]["exact"] is True
        assert len(record["results"]["transforms"]) == len(record["results"]["images"]) == 2
        results.add(json.dumps(record["results"], sort_keys=True))
    assert len(results) == 1


def test_several_steps_follow_each_other(case: Case) -> None:
    case.write_parameters("last.txt", WriteResultImage='"false"', MaximumNumberOfIterations="20")
    out = case.out("steps")
    words = ("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "p.txt", "-p", "last.txt", "-out", str(out))
    assert case.run(*words).returncode == 0
    assert (out / "result.0.nii").exists()
    assert not (out / "result.1.nii").exists()
    assert (
        "TransformParameters.0.txt"
        in _values(out / "TransformParameters.1.txt", "InitialTransformParameterFileName")[0]
    )


def test_no_result_image_is_left_where_none_is_asked_for(case: Case) -> None:
    case.write_parameters("transform.txt", WriteResultImage='"false"', MaximumNumberOfIterations="20")
    out = case.out("transform")
    words = ("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "transform.txt", "-out", str(out))
    done = case.run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(out.glob("result*"))
    assert _values(out / "TransformParameters.0.txt", "ResultImagePixelType") == ['"short"']


@pytest.mark.parametrize("dimension", [2, 4])
def test_images_of_other_dimensions(case: Case, dimension: int) -> None:
    made = f"d{dimension}"
    case.python(
        "import SimpleITK as s, numpy as n\n"
        f"g = n.mgrid[{'0:32, 0:32' if dimension == 2 else '0:3, 0:12, 0:24, 0:24'}].astype(float)\n"
        "def blob(d): return 1000 * n.exp(-sum((g[-1 - k] - (14 + d * (k == 0)) / (1 + (k > 1)) ** 2) ** 2 for k in"
        f" range({dimension})) / 50)\n"
        "for name, d in ('fixed', 0), ('moving', 3):\n"
        f" s.WriteImage(s.GetImageFromArray(blob(d).astype('int16'), isVector=False), '{made}' + name + '.nii')"
    )
    case.write_parameters(f"{made}.txt", NumberOfResolutions="1", Metric='"AdvancedMeanSquares"')
    out = case.out(made)
    words = ("-f", f"{made}fixed.nii", "-m", f"{made}moving.nii", "-p", f"{made}.txt", "-out", str(out))
    done = case.run("elastix", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found = out / "TransformParameters.0.txt"
    shift = [float(value) for value in _values(found, "TransformParameters")]
    assert shift == pytest.approx([3, *[0] * (dimension - 1)], abs=0.3)
    assert case.run("transformix", "-in", f"{made}moving.nii", "-tp", str(found), "-out", str(out)).returncode == 0
    results = case.python(
        f"import SimpleITK as s\nfor n in 'result.0', 'result': i = s.ReadImage('{out}/' + n + '.nii');"
        " print(i.GetDimension(), i.GetPixelIDTypeAsString())"
    )
    assert results.splitlines() == [f"{dimension} 16-bit signed integer"] * 2


def test_an_initial_transform_and_a_mask_on_another_grid(case: Case) -> None:
    case.write_parameters("still.txt", MaximumNumberOfIterations="1", NumberOfResolutions="1")
    out = case.out("initial")
    words = (
        "elastix",
        "-f",
        "fixed.nii",
        "-m",
        "moving.nii",
        "-fMask",
        "mask.nii",
        "-p",
        "still.txt",
        "-out",
        str(out),
    )
    assert case.run(*words, "-t0", "found/TransformParameters.0.txt").returncode == 0
    assert case.read("initial/result.0.nii")["distance"] < case.read("moving.nii")["distance"] / 2


def test_images_whose_direction_is_not_used(case: Case) -> None:
    turned = "0.0 1.0 0.0 -1.0 0.0 0.0 0.0 0.0 1.0"
    case.python(
        f"import SimpleITK as s\nfor n in 'fixed', 'moving':\n i = s.ReadImage(n + '.nii')\n"
        f" i.SetDirection([float(x) for x in '{turned}'.split()]); s.WriteImage(i, n + '_turned.mha')"
    )
    case.write_parameters("flat.txt", UseDirectionCosines='"false"')
    out = case.out("turned")
    words = ("elastix", "-f", "fixed_turned.mha", "-m", "moving_turned.mha", "-p", "flat.txt", "-out", str(out))
    assert case.run(*words).returncode == 0
    file = out / "TransformParameters.0.txt"
    assert [float(value) for value in _values(file, "TransformParameters")] == pytest.approx(SHIFT, abs=0.3)
    expected = [float(value) for value in turned.split()]
    assert [float(value) for value in _values(file, "Direction")] != [1, 0, 0, 0, 1, 0, 0, 0, 1]
    assert case.read("turned/result.0.nii")["direction"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        (("-in", "moving.nii"), {"result.nii"}),
        (("-def", "all"), {"deformationField.nii"}),
        (("-jac", "all"), {"spatialJacobian.nii"}),
        (("-jacmat", "all"), {"fullSpatialJacobian.nii"}),
        (("-def", "points.txt"), {"outputpoints.txt"}),
        (("-in", "moving.nii", "-def", "all", "-jac", "all"),
         {"result.nii", "deformationField.nii", "spatialJacobian.nii"}),
    ],
)  # fmt: skip
def test_transformix_leaves_what_was_asked_for(case: Case, asked: tuple[str, ...], left: set[str]) -> None:
    (case.folder / "points.txt").write_text("point\n2\n1.5 2 3\n10 -5 7\n")
    out = case.out("_".join(asked).replace("-", "").replace(".", ""))
    done = case.run("transformix", *asked, "-tp", "found/TransformParameters.0.txt", "-out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path.name for path in out.iterdir()} == {*left, "transformix.log"}
    if "result.nii" in left:
        assert case.read(str(out / "result.nii"))["distance"] == case.read("found/result.0.nii")["distance"]
    if "spatialJacobian.nii" in left:
        assert case.read(str(out / "spatialJacobian.nii"))["mean"] == pytest.approx(1)
    if "deformationField.nii" in left:
        assert case.read(str(out / "deformationField.nii"))["mean"] == pytest.approx(sum(SHIFT) / 3, abs=0.3)


def test_points_move_by_the_shift(case: Case) -> None:
    (case.folder / "one.txt").write_text("point\n1\n1.5 2 3\n")
    # A translation without an image's grid, as scikit-rt writes one before a registration.
    (case.folder / "bare.txt").write_text(
        '(Transform "TranslationTransform")\n(NumberOfParameters 3)\n(TransformParameters 3 -2 4)\n'
        '(InitialTransformParametersFileName "NoInitialTransform")\n(HowToCombineTransforms "Compose")\n'
        "(FixedImageDimension 3)\n(MovingImageDimension 3)\n"
    )
    out = case.out("bare")
    assert case.run("transformix", "-def", "one.txt", "-tp", "bare.txt", "-out", str(out)).returncode == 0
    line = (out / "outputpoints.txt").read_text()
    assert "OutputPoint = [ 4.500000 0.000000 7.000000 ]" in line
    assert "OutputIndexMoving" not in line


def test_chained_transforms_are_all_applied(case: Case) -> None:
    text = (case.folder / "found/TransformParameters.0.txt").read_text()
    second = text.replace('"NoInitialTransform"', '"TransformParameters.0.txt"')
    (case.folder / "found/TransformParameters.1.txt").write_text(second)
    (case.folder / "one.txt").write_text("point\n1\n0 0 0\n")
    out = case.out("chain")
    words = ("transformix", "-def", "one.txt", "-tp", "found/TransformParameters.1.txt", "-out", str(out))
    assert case.run(*words).returncode == 0
    (case.folder / "found/TransformParameters.1.txt").unlink()
    moved = (out / "outputpoints.txt").read_text().split("OutputPoint = [ ")[1].split(" ]")[0].split()
    assert [float(value) for value in moved] == pytest.approx([2 * value for value in SHIFT], abs=0.6)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("elastix", "-f", "none.nii", "-m", "moving.nii", "-p", "p.txt"), "none.nii"),
        (("elastix", "-f", "p.txt", "-m", "moving.nii", "-p", "p.txt"), "could not be read"),
        (("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "none.txt"), "none.txt does not exist"),
        (("elastix", "-f", "fixed.nii", "-p", "p.txt"), '"-m"'),
        (("elastix", "-f", "fixed.nii", "-m", "flat.nii", "-p", "p.txt"), '"flat.nii" has 2 dimensions'),
        (("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-fMask", "flat.nii", "-p", "p.txt"), "has 2 dimensions"),
        (("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "bad.txt"), "bad.txt"),
        (("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "p.txt", "-t0", "none.txt"), "none.txt"),
        (("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "odd.txt"), "ERROR: Internal elastix error: its log"),
        (("transformix", "-in", "none.nii", "-tp", "found/TransformParameters.0.txt"), "none.nii"),
        (("transformix", "-in", "flat.nii", "-tp", "found/TransformParameters.0.txt"), "has 2 dimensions"),
        (("transformix", "-in", "moving.nii", "-tp", "none.txt"), "none.txt"),
        (("transformix", "-jac", "some", "-tp", "found/TransformParameters.0.txt"), "-jac"),
    ],
)
def test_bad_input_is_told_and_logged(case: Case, words: tuple[str, ...], said: str) -> None:
    (case.folder / "bad.txt").write_text("(Transform\n")
    (case.folder / "odd.txt").write_text('(Transform "NoSuchTransform")\n')
    out = case.out("bad")
    done = case.run(*words, "-out", str(out))
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert said in (out / f"{words[0]}.log").read_text()


def test_the_number_of_threads_comes_from_the_environment(case: Case) -> None:
    out = case.out("threads")
    words = ("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "p.txt", "-out", str(out))
    assert case.run(*words, OMP_NUM_THREADS="1").returncode == 0
    assert "-threads  1" in (out / "elastix.log").read_text()


def test_the_quiet_level_prints_nothing(case: Case) -> None:
    out = case.out("quiet")
    words = ("elastix", "-f", "fixed.nii", "-m", "moving.nii", "-p", "p.txt", "-out", str(out), "-loglevel", "off")
    done = case.run(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_interrupt_ends_it_at_once(case: Case) -> None:
    case.write_parameters("long.txt", MaximumNumberOfIterations="1000000", NumberOfResolutions="1")
    out = case.out("long")
    command = [
        case.programs / "elastix",
        "-f",
        "fixed.nii",
        "-m",
        "moving.nii",
        "-p",
        "long.txt",
        "-out",
        str(out),
    ]
    with subprocess.Popen(command, cwd=case.folder, stdout=subprocess.DEVNULL, env=os.environ) as process:
        until = time.monotonic() + 60
        while not (out / "IterationInfo.0.R0.txt").exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == -signal.SIGINT


@pytest.mark.long
def test_both_libraries_answer_the_same_voxel_by_voxel(here: Case, on_arm: Case) -> None:
    read = "import SimpleITK as s; print(s.Hash(s.ReadImage('{}')), s.ReadImage('{}').GetOrigin())"
    answers: dict[str, list[str]] = {}
    for case in (here, on_arm):
        assert "itk-elastix" in case.run("elastix", "--extended-version").stdout or case is here
        for transform, sampler in (("BSpline", "RandomCoordinate"), ("Euler", "Random")):
            kind = {"Transform": f'"{transform}Transform"', "ImageSampler": f'"{sampler}"'}
            case.write_parameters("both.txt", **kind, FinalGridSpacingInPhysicalUnits="12", RandomSeed="1")
            out = case.out(f"both{transform}")
            # With a mask, the sampler "Random" draws other voxels each time, whatever the seed.
            mask = ("-fMask", "mask.nii") if sampler == "RandomCoordinate" else ()
            words = ("-f", "fixed.nii", "-m", "moving.nii", *mask, "-p", "both.txt", "-threads", "2")
            assert case.run("elastix", *words, "-out", str(out)).returncode == 0
            found = out / "TransformParameters.0.txt"
            words = ("-in", "moving.nii", "-def", "all", "-jac", "all", "-tp", str(found), "-threads", "2")
            assert case.run("transformix", *words, "-out", str(out)).returncode == 0
            answers.setdefault(transform, []).append(
                "".join(case.python(read.replace("{}", f"{out}/{name}.nii")) for name in
                        ("result.0", "result", "deformationField", "spatialJacobian"))
            )  # fmt: skip
    assert answers["BSpline"][0] == answers["BSpline"][1]
    assert answers["Euler"][0] == answers["Euler"][1]
    assert answers["Euler"] != answers["BSpline"]


@pytest.mark.parametrize("command", NIFTYREG_COMMANDS)
def test_niftyreg_commands_run(here: Case, command: str) -> None:
    done = here.run(command, "-h")
    assert done.returncode == 0
    assert command in done.stdout + done.stderr


def test_niftyreg_finds_the_shift(here: Case) -> None:
    words = ("-ref", "fixed.nii", "-flo", "moving.nii", "-rigOnly", "-aff", "rigid.txt", "-res", "rigid.nii")
    assert here.run("reg_aladin", *words).returncode == 0
    assert here.read("rigid.nii")["distance"] < here.read("moving.nii")["distance"] / 2


def test_all_engines_are_available(environment: Environment) -> None:
    code = "from skrt_workspace.engines import available; print([e.command for e in available() if e.path is None])"
    command = [environment.python, "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "[]"
