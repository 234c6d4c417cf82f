"""What the viewer says at places whose content is known, and what it sends; prints facts as JSON."""

import base64
import gzip
import json
import sys
import tracemalloc
import warnings
from pathlib import Path

import nibabel
import numpy as np
import PIL.Image
import PIL.ImageSequence
import skrt

from skrt_workspace import beside, data, phantom, view
from skrt_workspace.data.volume import Volume
from skrt_workspace.viewer.grids import Grid, grid_of, onto, small
from skrt_workspace.viewer.layers import INSIDE

warnings.simplefilter("ignore")
study = phantom.path() / "patients" / "Phantom-1" / "20260105_090000"
loaded = data.load(study)
ct = next(image for image in loaded.images if "CT" in image.title)
field = phantom.path() / "nifti" / "true_displacement.nii.gz"
viewer = view(ct, structures=loaded.structures, dose=loaded.dose, other=ct, deformation=field)
known = phantom.truth()["patients"]["Phantom-1"]["scans"]
truth = known["planning"]["structures"]
message, buffers = viewer.widget().scene()
scene = message["scene"]
facts = {
    "at": {name: viewer.at(np.array(truth[name]["centroid_mm"])) for name in ("Heart", "GTV", "SpinalCord")},
    "outside": viewer.at(np.array([9999.0, 0, 0])),
    "bytes": sum(map(len, buffers)),
    "words": len(json.dumps(message)),
    "state": len(json.dumps(viewer.widget().get_state(), default=str)),
    "unit": scene["unit"],
    "levels": scene["levels"],
    "means": {one["name"]: [one["mean"], truth[one["name"]]["dose"]["mean_gy"]] for one in scene["curves"]},
}
# What is sent is a NIfTI file with the voxels in their places; a structure is told inside, too.
place = np.array(truth["Heart"]["centroid_mm"])


def sent(buffer):
    image = nibabel.Nifti1Image.from_bytes(gzip.decompress(buffers[buffer]))
    index = np.rint(np.linalg.solve(image.affine, [*(place * [-1, -1, 1]), 1])[:3]).astype(int)
    return float(image.dataobj[tuple(index)])


facts["sent"] = [sent(scene[name]["buffer"]) for name in ("image", "other")] + [facts["at"]["Heart"]["value"]]
layer = next(one for one in scene["layers"] if "Heart" in one["colours"]["labels"])
facts["label"] = [sent(layer["buffer"]) - INSIDE, layer["colours"]["labels"].index("Heart")]
facts["colours"] = [len(one["colours"]["I"]) for one in scene["layers"]]

# The page tells where the cursor is, and one beside it follows.
other = view(ct)
beside(viewer, other)
viewer.widget()._heard(None, {"do": "place", "place": [float(part) for part in place]})
facts["followed"] = [float(part) for part in other.place - place]
facts["told"] = viewer.told(viewer.place)
viewer.widget()._heard(None, {"do": "measured", "points": [[0, 0, 0], [3, 4, 0]], "mm": 5.0})
facts["measured"] = [viewer.measured[0][2], viewer.distance([0, 0, 0], [3, 4, 12])]

# The deformation is the true one at landmarks.
lattice = viewer.lattice
errors = []
for mark in known["deformed"]["landmarks"]:
    here, there = (np.array(mark[name]) for name in ("planning_mm", "moved_mm"))
    index = np.rint((here - lattice.origin) / lattice.step).astype(int)
    near = lattice.origin + lattice.step * index
    wrong = np.linalg.norm(lattice.moves[tuple(index)] - (there - here))
    errors.append([float(wrong), float(np.linalg.norm(near - here))])
facts["moves"] = errors


# Contours: drawn, corrected, taken back.
def ring(middle, radius, number=90):
    turns = np.linspace(0, 2 * np.pi, number, endpoint=False)
    return [(middle[0] + radius * np.cos(t), middle[1] + radius * np.sin(t), middle[2]) for t in turns]


def planes(roi):
    return {float(z): [np.asarray(one) for one in plane] for z, plane in roi.get_contours("x-y").items()}


def farthest(one, other):
    """How far apart the points of two ROIs' contours are at most; inf where planes or points are others."""
    if sorted(one) != sorted(other):
        return float("inf")
    pairs = [(a, b) for z in one for a, b in zip(one[z], other[z], strict=True)]
    return max(float(np.abs(a - b).max()) if a.shape == b.shape else float("inf") for a, b in pairs)


original = planes(loaded.structures.get_roi("GTV"))
heights = sorted(original)
middle = np.array([*np.concatenate(original[heights[len(heights) // 2]]).mean(axis=0), heights[len(heights) // 2]])
facts["untouched"] = farthest(planes(viewer.roi("GTV")), original)
viewer.draw("GTV", ring(middle, 30), "add")
changed = planes(viewer.roi("GTV"))
facts["added_area"] = viewer.roi("GTV").get_area(pos=middle[2]) / (np.pi * 30**2)
facts["elsewhere"] = farthest({z: p for z, p in changed.items() if z != middle[2]},
                              {z: p for z, p in original.items() if z != middle[2]})  # fmt: skip
beyond = middle + np.array([28, 0, 0])
facts["drawn_at"] = viewer.at(beyond)["structures"]
facts["layers_after"] = len(viewer.layers)
viewer.draw("mine", ring(middle, 10))
viewer.draw("mine", ring(middle, 5), "take away")
mine = viewer.roi("mine")
facts["hole"] = [mine.get_area(pos=middle[2]) / (np.pi * 75), viewer.at(middle)["structures"]]
facts["kind"] = f"{type(mine).__module__}.{type(mine).__name__}"
facts["names"] = sorted(viewer.structure_set().get_roi_names())
viewer.undo()
facts["one_back"] = viewer.roi("mine").get_area(pos=middle[2]) / (np.pi * 100)
viewer.undo()
viewer.undo()
facts["all_back"] = [farthest(planes(viewer.roi("GTV")), original), viewer.undo(), viewer.at(beyond)["structures"]]
for name, points, way in (
    ("line", [(0, 0, 0), (1, 0, 0)], "add"),
    ("steep", [(0, 0, 0), (9, 0, 0), (0, 9, 9)], "add"),
    ("flat", [(0, 0, 0), (9, 0, 0), (18, 0, 0)], "replace"),
    ("far", [(0, 0, 9999), (9, 0, 9999), (0, 9, 9999)], "replace"),
    ("way", [(0, 0, 0), (9, 0, 0), (0, 9, 0)], "cut"),
):
    try:
        viewer.draw("wrong", points, way)
        facts[f"wrong_{name}"] = ""
    except ValueError as error:
        facts[f"wrong_{name}"] = str(error)

# Images of other directions: a point at a known place reads back within half a voxel, and so does what is drawn there.
spot = np.array([11.0, -7.0, 23.0])
for name, directions in {
    "prone": np.diag([-1.0, -1, 1]),
    "anisotropic": np.eye(3),
    "oblique": np.array([[0.9, 0.435889894, 0], [-0.435889894, 0.9, 0], [0, 0, 1]]),
}.items():
    spacing = np.array([1.5, 2.0, 4.0])
    affine = np.eye(4)
    affine[:3, :3] = directions.T * spacing
    affine[:3, 3] = spot - affine[:3, :3] @ [20, 15, 8]
    values = np.full((41, 31, 17), -1000.0, np.float32)
    values[20, 15, 8] = 1000
    upright = Volume(values, affine).along_axes()
    origin = [float(part) for part in upright.affine[:3, 3]]
    sizes = [float(part) for part in np.diag(upright.affine)[:3]]
    image = skrt.Image(np.ascontiguousarray(upright.values.transpose(1, 0, 2)), voxel_size=sizes, origin=origin)
    grid = grid_of(image)
    found = np.array(np.unravel_index(int(grid.values.argmax()), grid.shape)) * grid.spacing + grid.origin
    facts[name] = [float(part) for part in np.abs(found - spot) / grid.spacing]
    drawer = view(image)
    drawer.draw("spot", ring(spot, 6))
    centre = np.array(drawer.roi("spot").get_centroid())
    mask = np.argwhere(drawer.structures[0].mask).mean(axis=0) * grid.spacing + grid.origin
    back = np.array(drawer.roi("spot").get_centroid(method="mask"))
    away = [np.abs(one - spot) / grid.spacing for one in (centre, mask, back)]
    facts[f"{name}_drawn"] = [[float(part) for part in one] for one in away]

# A coarser image is sent where it is large, and one grid's values on another.
large = Grid(np.zeros((400, 400, 100), np.int16), np.array([1.0, 1, 1]), np.zeros(3)).within_budget(1 << 22)
facts["thinned"] = [list(large.shape), [float(part) for part in large.spacing]]
values = np.add.outer(np.arange(10.0) * 100, np.arange(8.0))[..., None] + np.zeros(6)
slope = Grid(values, np.array([2.0, 3, 4]), np.zeros(3))
there = onto(slope, Grid(np.zeros((5, 4, 3)), np.ones(3), np.array([1.0, 3, 5])), -1)
outside = onto(slope, Grid(np.zeros((1, 1, 1)), np.ones(3), np.array([50.0, 0, 0])), -1)
facts["onto"] = [float(one) for one in (there.values[0, 0, 0], there.values[4, 3, 2], outside.values[0, 0, 0])]
# What showing an image takes beside the image itself.
across = skrt.Image(np.zeros((256, 256, 150), np.int16), voxel_size=[1, 1, 2], origin=[0, 0, 0])
gray = skrt.Image(np.ones((128, 128, 75), np.float32), voxel_size=[2, 2, 4], origin=[0, 0, 0])
for one in (across, gray):
    one.get_data(standardise=True)
tracemalloc.start()
message, buffers = view(across, structures=[], dose=gray, other=across).widget().scene()
facts["peak"] = tracemalloc.get_traced_memory()[1]
tracemalloc.stop()
folder = Path(sys.argv[1])
shown = viewer.save(folder / "viewer.png").read_bytes()
later = data.load(sorted(study.parent.iterdir())[-1]).images[0]
two = view(ct, other=later, deformation=field)
ways = ("blend", "difference", "checkerboard", "slider")
made = [two.save(folder / f"{way}.png", mix=way, deformation="grid" if way == "slider" else None) for way in ways]
movie = viewer.movie(folder / "through.gif", frames=5)
with PIL.Image.open(movie) as opened:
    facts["movie"] = [opened.format, len(list(PIL.ImageSequence.Iterator(opened))), movie.stat().st_size]
facts["is_png"] = base64.b64encode(shown[:8]).decode()
# What it takes to turn HU to whole numbers, and to pack them, beside an image of whole numbers of 16 MB.
noise = np.random.default_rng(2).normal(0, 400, (256, 256, 128)).astype(np.float32)
tracemalloc.start()
whole = small(noise)
turning, number = tracemalloc.get_traced_memory()[1], whole.nbytes
tracemalloc.stop()
tracemalloc.start()
Grid(whole, np.ones(3), np.zeros(3)).nifti()
facts["taken"] = [turning / number, tracemalloc.get_traced_memory()[1] / number]
tracemalloc.stop()
facts["pictures"] = len({path.read_bytes() for path in made})
print(json.dumps(facts))
