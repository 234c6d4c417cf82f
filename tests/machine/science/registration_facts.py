"""Register a small part of the phantom with several numbers of threads, and repeat; prints facts as JSON."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import SimpleITK

from skrt_workspace import phantom
from skrt_workspace.registration import RepeatError, repeat

folder = Path(sys.argv[1])
COMMON = """(Registration "MultiResolutionRegistration")
(FixedImagePyramid "FixedSmoothingImagePyramid")
(MovingImagePyramid "MovingSmoothingImagePyramid")
(Interpolator "LinearInterpolator")
(ResampleInterpolator "FinalLinearInterpolator")
(Resampler "DefaultResampler")
(Optimizer "AdaptiveStochasticGradientDescent")
(Metric "AdvancedMattesMutualInformation")
(NumberOfResolutions 2)
(MaximumNumberOfIterations 12)
(NumberOfSpatialSamples 1500)
(NewSamplesEveryIteration "true")
(RandomSeed 7)
(DefaultPixelValue -1000)
(WriteResultImage "true")
(ResultImageFormat "mhd")
"""
RIGID = COMMON + '(ImageSampler "RandomCoordinate")\n(Transform "EulerTransform")\n(AutomaticScalesEstimation "true")\n'
BSPLINE = COMMON + '(ImageSampler "RandomCoordinate")\n(Transform "BSplineTransform")\n(FinalGridSpacingInVoxels 12)\n'
(folder / "rigid.txt").write_text(RIGID)
(folder / "bspline.txt").write_text(BSPLINE)
for name, file in (("fixed", "planning_ct"), ("moving", "deformed_ct")):
    image = SimpleITK.ReadImage(str(phantom.path() / "nifti" / f"{file}.nii.gz"))
    SimpleITK.WriteImage(SimpleITK.Shrink(image, [2, 2, 1]), str(folder / f"{name}.nii"))
mask = SimpleITK.Cast(SimpleITK.ReadImage(str(folder / "fixed.nii")) > -500, SimpleITK.sitkUInt8)
SimpleITK.WriteImage(mask, str(folder / "mask.nii"))


def run(name, threads, *extra, exact="true", files=("rigid", "bspline")):
    out = folder / name
    out.mkdir()
    words = [word for file in files for word in ("-p", f"{file}.txt")]
    begun = time.monotonic()
    done = subprocess.run(
        ["elastix", "-f", "fixed.nii", "-m", "moving.nii", "-out", str(out), *words, *extra, "-threads", str(threads)],
        cwd=folder,
        env={**os.environ, "SKRT_EXACT": exact},
        capture_output=True,
        text=True,
        check=True,
    )
    written = json.loads((out / "registration.json").read_text())
    return {
        "results": written["results"],
        "exact": written["engine"]["exact"],
        "threads": written["engine"]["threads"],
        "inputs": sorted(written["inputs"]),
        "warning": done.stderr,
        "seconds": time.monotonic() - begun,
    }


facts = {f"exact {threads}": run(f"exact-{threads}", threads) for threads in (1, 2, 4)}
facts.update({f"fast {threads}": run(f"fast-{threads}", threads, exact="false") for threads in (1, 2, 4)})
(folder / "own.txt").write_text(RIGID + '(UseMultiThreadingForMetrics "true")\n')
facts["own"] = run("own", 2, files=("own",))
(folder / "sampled.txt").write_text(RIGID.replace("RandomCoordinate", "Random"))
for threads in (1, 2, 4):
    facts[f"masked {threads}"] = run(f"masked-{threads}", threads, "-fMask", "mask.nii", files=("sampled",))
again = repeat(folder / "exact-2")
facts["repeat"] = {"same": again.same, "text": str(again)}
# A record that says another number of iterations than were done: the answer must differ, and by so much.
record = json.loads((folder / "exact-1" / "registration.json").read_text())
record["parameters"][1]["MaximumNumberOfIterations"] = ["5"]
(folder / "exact-1" / "changed.json").write_text(json.dumps(record))
other = repeat(folder / "exact-1" / "changed.json")
facts["repeat changed"] = {"same": other.same, "largest_mm": other.largest_mm, "text": str(other)}
SimpleITK.WriteImage(SimpleITK.ReadImage(str(folder / "moving.nii")) + 1, str(folder / "moving.nii"))
try:
    repeat(folder / "exact-2")
except RepeatError as error:
    facts["changed input"] = str(error)
print(json.dumps(facts))
