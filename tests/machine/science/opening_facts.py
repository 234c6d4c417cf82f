"""What a double click on files of each kind shows: made files with known content; prints facts as JSON."""

import base64
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import SimpleITK
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from scipy import ndimage

from skrt_workspace import phantom
from skrt_workspace.data import UnusableDataError
from skrt_workspace.viewer.opening import Opening

warnings.simplefilter("ignore")
place = Path(sys.argv[1])
patient = phantom.path() / "patients" / "Phantom-1"
planning, later = patient / "20260105_090000", patient / "20260112_084500"
SPOT = np.array([11.0, -7.0, 23.0])  # mm, LPS
SPACING = np.array([1.5, 2.0, 4.0])
AT = np.array([20, 15, 8])


def shown(path: Path, top: Path, series: str = "") -> dict[str, object]:
    """What is shown of a path, or why nothing is; of images, where their largest value is (mm, LPS)."""
    folder = place / "out" / str(len(list((place / "out").iterdir())))
    folder.mkdir()
    try:
        found = Opening(path, folder, top).open(series)
    except UnusableDataError as error:
        return {"refused": str(error)}
    facts = {
        name: getattr(found, name) for name in ("title", "facts", "notes", "place", "tree", "unit", "levels", "curves")
    }
    newest_lattice.update(found.lattice or {})
    facts["curves"] = {one["name"]: one["mean"] for one in facts["curves"]}
    facts |= {"structures": [one["name"] for one in found.structures], "layers": len(found.layers)}
    for name in ("image", "other", "dose"):
        told = getattr(found, name)
        if told is not None:
            image = nibabel.load(folder / told["file"])
            values = np.asarray(image.dataobj)
            most = np.array(np.unravel_index(int(values.argmax()), values.shape))
            facts[name] = {
                "low": told["low"], "high": told["high"], "max": float(values.max()), "shape": list(values.shape),
                "most": [float(v) for v in (image.affine @ [*most, 1])[:3] * [-1, -1, 1]],
                "corner": [float(v) for v in image.affine[:3, 3] * [-1, -1, 1]],
                "spacing": [float(v) for v in image.header.get_zooms()],
            }  # fmt: skip
    return facts


newest_lattice: dict[str, Any] = {}


def newest() -> Path:
    """The folder of the last look."""
    return max((place / "out").iterdir(), key=lambda folder: int(folder.name))


def marked(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An image with one bright voxel at SPOT, and its matrix (LPS)."""
    affine = np.eye(4)
    affine[:3, :3] = directions * SPACING
    affine[:3, 3] = SPOT - affine[:3, :3] @ AT
    values = np.full((41, 31, 17), -1000, np.int16)
    values[tuple(AT)] = 1000
    return values, affine


def registration(fixed: pydicom.Dataset, moving: pydicom.Dataset, shift: tuple[float, ...]) -> Path:
    """A REG file that moves one scan by `shift` mm into another's frame of reference."""
    data = Dataset()
    for name in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID"):
        setattr(data, name, fixed.get(name))
    data.Modality, data.SeriesInstanceUID = "REG", generate_uid()
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.66.1", generate_uid()
    items = []
    for header, moved in ((fixed, (0, 0, 0)), (moving, shift)):
        matrix = np.eye(4)
        matrix[:3, 3] = moved
        one, group, item = Dataset(), Dataset(), Dataset()
        one.FrameOfReferenceTransformationMatrixType = "RIGID"
        one.FrameOfReferenceTransformationMatrix = [f"{number:g}" for number in matrix.ravel()]
        group.MatrixSequence = [one]
        item.FrameOfReferenceUID, item.MatrixRegistrationSequence = header.FrameOfReferenceUID, [group]
        items.append(item)
    data.RegistrationSequence = items
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    path = place / "study" / "reg.dcm"
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


def deformable(fixed: pydicom.Dataset, moving: pydicom.Dataset) -> Path:
    """The same registration as one with a grid, whose vectors are half of the way, and a matrix with the other half."""
    data = pydicom.dcmread(registration(fixed, moving, (0.0, 0.0, 0.0)))
    del data.RegistrationSequence
    data.SOPClassUID, data.SeriesInstanceUID = "1.2.840.10008.5.1.4.1.1.66.3", generate_uid()
    grid, item, group, after = Dataset(), Dataset(), Dataset(), Dataset()
    grid.ImagePositionPatient, grid.ImageOrientationPatient = [-400, -400, -400], [1, 0, 0, 0, 1, 0]
    grid.GridDimensions, grid.GridResolution = [9, 9, 9], [100, 100, 100]
    grid.VectorGridData = np.tile(np.array([-2.5, 1.5, -4.0], "<f4"), 729).tobytes()
    after.FrameOfReferenceTransformationMatrix = [1, 0, 0, -2.5, 0, 1, 0, 1.5, 0, 0, 1, -4, 0, 0, 0, 1]
    group.MatrixSequence = [after]
    item.SourceFrameOfReferenceUID = moving.FrameOfReferenceUID
    item.DeformableRegistrationGridSequence = [grid]
    item.PostDeformationMatrixRegistrationSequence = [group]
    data.DeformableRegistrationSequence = [item]
    path = place / "study" / "deformable.dcm"
    data.save_as(path)
    return path


(place / "out").mkdir()
(place / "study").mkdir()
slices = sorted((planning / "CT").rglob("*.dcm"))
for number, source in enumerate([*slices, *sorted((later / "CT").rglob("*.dcm"))]):
    (place / "study" / f"{number}.dcm").write_bytes(source.read_bytes())
facts = {kind: shown(next((planning / kind).rglob("*.dcm")), patient) for kind in ("RTSTRUCT", "RTDOSE", "RTPLAN")}
facts["picture"] = base64.b64decode(
    Opening(next((planning / "RTDOSE").rglob("*.dcm")), newest(), patient, picture=True).open().picture
)[:4].hex()
facts["slice"] = shown(slices[7], patient)
headers = [pydicom.dcmread(next((scan / "CT").rglob("*.dcm")), stop_before_pixels=True) for scan in (planning, later)]
facts["frames"] = len({str(header.FrameOfReferenceUID) for header in headers})
facts["REG"] = shown(registration(headers[0], headers[1], (5.0, -3.0, 8.0)), place / "study")
moved = nibabel.load(newest() / "other.nii.gz")
facts["deformable"] = shown(deformable(headers[0], headers[1]), place / "study")
bent = nibabel.load(newest() / "other.nii.gz")
facts["lattice"] = float(np.abs(np.array(newest_lattice["moves"]).reshape(-1, 3) - [-5.0, 3.0, -8.0]).max())
(place / "study" / "deformable.dcm").unlink()
facts["study"] = shown(place / "study", place)
facts["chosen"] = shown(place / "study", place, str(headers[1].SeriesInstanceUID))
# The moving image is sent on the fixed one's grid: what was at a place is 5, -3 and 8 mm away, in LPS.
still = nibabel.load(newest() / "image.nii.gz")
random = np.random.default_rng(3)
index = random.integers(8, np.array(moved.shape) - 8, (4000, 3))
there = index @ moved.affine[:3, :3].T + moved.affine[:3, 3] - np.array([-5.0, 3.0, 8.0])
where = np.linalg.solve(still.affine[:3, :3], (there - still.affine[:3, 3]).T)
expected = ndimage.map_coordinates(np.asarray(still.dataobj, float), where, order=1, mode="nearest")
facts["moved"] = float(np.abs(np.asarray(moved.dataobj)[tuple(index.T)] - expected).max())

facts["bent"] = float(np.abs(np.asarray(bent.dataobj)[tuple(index.T)] - expected).max())

oblique = np.array([[0.9, 0.435889894, 0], [-0.435889894, 0.9, 0], [0, 0, 1]]).T
for name, directions in {"oblique": oblique, "prone": np.diag([-1.0, -1, 1]), "anisotropic": np.eye(3)}.items():
    values, affine = marked(directions)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, -1, 1, 1]) @ affine), place / f"{name}.nii.gz")
    image = SimpleITK.GetImageFromArray(values.transpose(2, 1, 0))
    image.SetSpacing(SPACING.tolist())
    image.SetDirection(directions.ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    SimpleITK.WriteImage(image, str(place / f"{name}.nrrd"))
    for kind in ("nii.gz", "nrrd"):
        facts[f"{name}.{kind}"] = shown(place / f"{name}.{kind}", place)

alone = place / "alone"
alone.mkdir()
broken = {
    "text.dcm": b"hello",
    "cut.dcm": slices[0].read_bytes()[:3000],
    "empty.nii": b"",
    "text.nrrd": b"hello",
    "half.nii.gz": (place / "prone.nii.gz").read_bytes()[:200],
    "contours.dcm": next((planning / "RTSTRUCT").rglob("*.dcm")).read_bytes(),
}
for name, content in broken.items():
    own = alone / name.replace(".", "-")
    own.mkdir()
    (own / name).write_bytes(content)
    facts[name] = shown(own / name, own)
nibabel.save(nibabel.Nifti1Image(np.zeros((3, 3, 3, 2)), np.eye(4)), alone / "4d.nii")
facts["4d.nii"] = shown(alone / "4d.nii", alone)
(place / "nothing").mkdir()
facts["nothing"] = shown(place / "nothing", place)
print(json.dumps(facts))
