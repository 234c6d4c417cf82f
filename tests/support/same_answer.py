"""One registration whose inputs are exact wherever it runs, and one hash over what came out, for comparing places.

`CELL` is a notebook's cell that prints that hash. The images are made of whole numbers, so nothing
before elastix can round.
"""

from __future__ import annotations

import platform

CELL = '''
import hashlib, os, subprocess, tempfile
from pathlib import Path
import numpy, SimpleITK

PARAMETERS = """
(Registration "MultiResolutionRegistration")
(Transform "{transform}")
(Metric "AdvancedMattesMutualInformation")
(Optimizer "AdaptiveStochasticGradientDescent")
(ImageSampler "RandomCoordinate")
(Interpolator "LinearInterpolator")
(ResampleInterpolator "FinalBSplineInterpolator")
(Resampler "DefaultResampler")
(FixedImagePyramid "FixedRecursiveImagePyramid")
(MovingImagePyramid "MovingRecursiveImagePyramid")
(NumberOfResolutions 2)
(MaximumNumberOfIterations 80)
(NumberOfSpatialSamples 2000)
(NewSamplesEveryIteration "true")
(FinalGridSpacingInPhysicalUnits 12)
(HowToCombineTransforms "Compose")
(AutomaticTransformInitialization "false")
(AutomaticScalesEstimation "true")
(RandomSeed 20)
(WriteResultImage "true")
(ResultImageFormat "mha")
(ResultImagePixelType "short")
"""

def image(shift):
    z, y, x = numpy.indices((40, 40, 40), dtype="int64")
    body = (x - 20 - shift) ** 2 + 2 * (y - 20) ** 2 + (z - 19) ** 2 < 210
    tumour = (x - 26 - 2 * shift) ** 2 + (y - 18) ** 2 + (z - 22) ** 2 < 30
    texture = (x * 7 + y * 13 + z * 29) % 17
    return SimpleITK.GetImageFromArray((body * 1000 + tumour * 400 + texture).astype("int16"))

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    SimpleITK.WriteImage(image(0), str(folder / "fixed.mha"))
    SimpleITK.WriteImage(image(2), str(folder / "moving.mha"))
    words = ["elastix", "-f", str(folder / "fixed.mha"), "-m", str(folder / "moving.mha"), "-out", name]
    for transform in ("EulerTransform", "BSplineTransform"):
        file = folder / f"{transform}.txt"
        file.write_text(PARAMETERS.replace("{transform}", transform))
        words += ["-p", str(file)]
    subprocess.run(words, check=True, capture_output=True)
    digest = hashlib.sha256()
    for number in (0, 1):
        lines = (folder / f"TransformParameters.{number}.txt").read_text().splitlines()
        digest.update(next(line for line in lines if line.startswith("(TransformParameters ")).encode())
        written = folder / f"result.{number}.mha"
        if written.exists():
            digest.update(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(written))).tobytes())
print("hash", digest.hexdigest(), os.environ.get("CPU_LIMIT"), os.environ.get("OMP_NUM_THREADS"))
'''
EXPECTED = {"x86_64": "b23ea80e24119e76b6ab3c46ccf06a34e469f6e1f69b256f5f1998ea33006eb6"}
"""By type of processor, where it was seen: one for all places. Another version of elastix may have another."""


def hash_in(printed: str) -> str:
    """The hash among what the cell printed."""
    return next(line.split()[1] for line in printed.splitlines() if line.startswith("hash "))


def expected() -> str | None:
    """The hash that this machine's type of processor gives; None where it was never seen."""
    return EXPECTED.get(platform.machine())
