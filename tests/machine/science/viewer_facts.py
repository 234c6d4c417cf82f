"""What the viewer says at places whose content is known, and what it sends; prints facts as JSON."""

import base64
import gzip
import json
import sys
import warnings
from pathlib import Path

import nibabel
import numpy as np
import skrt

from skrt_workspace import data, phantom, view
from skrt_workspace.data.volume import Volume
from skrt_workspace.viewer.grids import Grid, grid_of

warnings.simplefilter("ignore")
study = phantom.path() / "patients" / "Phantom-1" / "20260105_090000"
loaded = data.load(study)
ct = next(image for image in loaded.images if "CT" in image.title)
viewer = view(ct, structures=loaded.structures, dose=loaded.dose, other=ct)
truth = phantom.truth()["patients"]["Phantom-1"]["scans"]["planning"]["structures"]
widget = viewer.widget()
canvas = viewer._canvas
facts = {
    "at": {name: viewer.at(np.array(truth[name]["centroid_mm"])) for name in ("Heart", "GTV", "SpinalCord")},
    "outside": viewer.at(np.array([9999.0, 0, 0])),
    "volumes": [volume.name for volume in canvas.volumes],
    "bytes": sum(len(volume.data) for volume in canvas.volumes),
    "png": len(viewer.picture()),
}
# What is sent is a NIfTI file with the voxels in their places.
sent = nibabel.Nifti1Image.from_bytes(gzip.decompress(canvas.volumes[0].data))
place = np.array(truth["Heart"]["centroid_mm"]) * [-1, -1, 1]
index = np.rint(np.linalg.solve(sent.affine, [*place, 1])[:3]).astype(int)
facts["sent"] = [float(sent.dataobj[tuple(index)]), facts["at"]["Heart"]["value"]]
# The canvas tells the cursor's place in NIfTI's directions.
viewer._on_location({"mm": [*place, 1.0]})
facts["place"] = [float(part) for part in viewer.place]
facts["readout"] = viewer._readout.value
viewer.move_to(np.array(truth["GTV"]["centroid_mm"]))
facts["moved"] = [float(part) for part in canvas.scene.crosshair_pos]

# Images of other directions: a point at a known place reads back within half a voxel.
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
large = Grid(np.zeros((400, 400, 100), np.int16), np.array([1.0, 1, 1]), np.zeros(3)).within_budget(1 << 22)
facts["thinned"] = [list(large.shape), [float(part) for part in large.spacing]]
shown = viewer.picture()
Path(sys.argv[1], "viewer.png").write_bytes(shown)
facts["is_png"] = base64.b64encode(shown[:8]).decode()
print(json.dumps(facts))
