"""Opens one file or folder for the page: `python -m skrt_workspace.viewer.opening PATH FOLDER`.

It writes images as NIfTI into FOLDER and prints what they are as one JSON document: `{"title": ..., "image": ...}`,
the tree of a study `{"tree": ...}`, or `{"refused": WHY}`. It is a program of its own, so that a file which is too
large, or made to harm its reader, ends this and not the server.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from skrt_workspace.data import UnusableDataError
from skrt_workspace.data.headers import NIFTI_ENDINGS, Contents, Series, read
from skrt_workspace.data.loading import Loaded, load_contents
from skrt_workspace.data.nifti import nifti_volume
from skrt_workspace.data.volume import Volume, flat_picture, itk_volume
from skrt_workspace.viewer import belonging, picture, summaries
from skrt_workspace.viewer.doses import LEAST, Doses
from skrt_workspace.viewer.grids import Grid, grid_of, small, upright_grid
from skrt_workspace.viewer.layers import Structure, layers_of, structures_on
from skrt_workspace.viewer.registered import registered

ITK_ENDINGS = (".nrrd", ".nhdr", ".mha", ".mhd")
_SOFT_TISSUE = (-160.0, 240.0)
_ACROSS = (1.0, 99.0)


@dataclass
class Shown:
    """What the page is told; images are names of files in the folder."""

    title: str
    image: dict[str, Any] | None = None
    other: dict[str, Any] | None = None
    dose: dict[str, Any] | None = None
    layers: list[dict[str, Any]] = field(default_factory=list)
    structures: list[dict[str, Any]] = field(default_factory=list)
    place: list[float] | None = None
    """Where to begin: x, y, z in mm (LPS); None: in the middle."""
    facts: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unit: str = ""
    levels: list[float] = field(default_factory=list)
    """Isodose lines, Gy."""
    curves: list[dict[str, Any]] = field(default_factory=list)
    """Dose-volume curves, as `doses.Curve.as_json` gives them."""
    lattice: dict[str, Any] | None = None
    """A deformation, as `deformation.Lattice.as_json` gives it."""
    picture: str = ""
    """PNG in base64, where the page asked for one: it has no WebGL."""
    tree: list[dict[str, Any]] | None = None


class Opening:
    """One look: what was opened, and the folder for its images."""

    def __init__(self, path: Path, folder: Path, top: Path, *, picture: bool = False) -> None:
        self.path, self.folder, self.top, self.picture = path, folder, top, picture

    def open(self, uid: str = "") -> Shown:
        """What there is to see. Raises UnusableDataError, whose message says why there is nothing."""
        try:
            return self._open(uid)
        except UnusableDataError:
            raise
        except MemoryError:
            raise UnusableDataError(f"{self.path.name} needs more memory than you have.") from None
        except Exception as error:
            # What others wrote may break any rule, and libraries then raise whatever they like.
            why = f"{type(error).__name__}: {error}"
            raise UnusableDataError(f"{self.path.name} is damaged, or unlike any image ({why}).") from error

    def _open(self, uid: str) -> Shown:
        if not self.path.exists():
            raise UnusableDataError(f"{self.path.name} is not there any more.")
        if self.path.is_dir():
            return self._series(belonging.of_series(self.path, uid)) if uid else self._tree()
        if self.path.stat().st_size == 0:
            raise UnusableDataError(f"{self.path.name} is empty: 0 bytes. Copy it again from where it came.")
        name = self.path.name.lower()
        if name.endswith(NIFTI_ENDINGS):
            return self._volume(nifti_volume(self.path))
        if name.endswith(ITK_ENDINGS):
            return self._volume(itk_volume(self.path))
        return self._dicom()

    def _dicom(self) -> Shown:
        own = read(self.path)
        if own.unusable:
            why = own.unusable[0][1]
            raise UnusableDataError(
                f"{self.path.name} cannot be read as DICOM: {why}. It is cut short, or something else under this name. "
                "Copy it again from where it came."
            )
        if not own.series:
            raise UnusableDataError(
                f"{self.path.name} is neither DICOM nor NIfTI, NRRD or MetaImage, so there is no image in it."
            )
        return self._series(belonging.of_file(self.path, self.top))

    def _volume(self, volume: Volume) -> Shown:
        notes: list[str] = []
        grid = upright_grid(volume, notes)
        return self._of_grid(Shown(self.path.name, notes=notes), grid)

    def _of_grid(self, shown: Shown, grid: Grid, structures: list[Structure] | None = None, doses: Any = None) -> Shown:
        """What is shown of an image on a grid; a picture where that is wanted."""
        window = _window(grid)
        shown.image = self._image(grid, "image", *window)
        shown.unit = grid.unit
        if self.picture:
            least = doses.least if doses else 0.0
            scene = picture.Scene(grid, window, structures or [], doses, least)
            place = shown.place or (grid.origin + grid.end) / 2
            shown.picture = base64.b64encode(picture.draw(scene, np.array(place))).decode("ascii")
        return shown

    def _series(self, found: belonging.Found) -> Shown:
        kind = found.series.modality
        if kind == "RTPLAN":
            title = f"{self.path.name}: treatment plan"
            return Shown(title, facts=summaries.plan(found.series.first))
        if kind == "REG":
            return self._registration(found)
        if kind == "RTSTRUCT":
            return self._on_image(found, structures=[found.series], what="structure set")
        if kind == "RTDOSE":
            return self._on_image(found, dose=found.series, what="dose")
        if "Rows" not in found.series.first:
            known = summaries.NO_PICTURE.get(kind, f"DICOM of the kind {kind}")
            raise UnusableDataError(f"{self.path.name} holds {known}. There is no picture in it to show.")
        loaded = self._whole_or_alone(found)
        if not loaded.images:
            return self._flat(found.series)
        return self._shown(_label(found.series), loaded)

    def _flat(self, series: Series) -> Shown:
        """A picture that does not say where it is in the patient, such as an X-ray or ultrasound."""
        file = next((one for one in series.files if one.path == self.path), series.files[0])
        grid = Grid(small(flat_picture(file)), np.array(_sides(file.header)), np.zeros(3))
        note = "This picture does not say where it is in the patient: places are its own, from its first corner."
        return self._of_grid(Shown(_label(series), notes=[note]), grid)

    def _whole_or_alone(self, found: belonging.Found) -> Loaded:
        """The series; where others of its files are in the way, only the one that was opened."""
        try:
            return load_contents(found.alone(found.series))
        except UnusableDataError as error:
            own = [file for file in found.series.files if file.path == self.path]
            if not own or len(found.series.files) == 1:
                raise
            loaded = load_contents(found.alone(Series(found.series.uid, found.series.modality, own)))
            loaded.notes.append(f"Only this file is shown. {error}")
            return loaded

    def _on_image(
        self, found: belonging.Found, *, what: str, structures: list[Series] | None = None, dose: Series | None = None
    ) -> Shown:
        image = belonging.image_of(found.series, found.contents)
        if image is None and structures is not None:
            names = [str(item.get("ROIName", "")) for item in found.series.first.get("StructureSetROISequence") or []]
            raise UnusableDataError(
                f"{self.path.name} is a {what} ({', '.join(names)}), and the image that it was drawn on is not in its "
                "folder or those around it. Put both into one folder, then open it again."
            )
        drawn = (
            structures
            if structures is not None or image is None
            else belonging.structures_of_frame(image, found.contents)[:1]
        )
        loaded = load_contents(found.alone(*filter(None, (image, dose, *(drawn or [])))))
        shown = self._shown(_label(found.series), loaded)
        if image is None:
            shown.notes.append("The image that this dose was planned on is not in its folder or those around it.")
        return shown

    def _shown(self, title: str, loaded: Loaded) -> Shown:
        shown = Shown(title, notes=list(loaded.notes))
        image = loaded.images[0] if loaded.images else None
        dose = grid_of(loaded.doses[0]) if loaded.doses else None
        if image is None:
            if dose is not None:
                self._of_grid(shown, dose)
                shown.image = self._dose(dose, {"colormap": "jet"})
                shown.unit = "Gy"
            return shown
        grid = grid_of(image)
        structures = self._draw(shown, image, grid, loaded.structure_sets)
        doses = Doses(dose, grid) if dose is not None else None
        if doses is not None:
            shown.dose, shown.levels = self._dose(doses.grid, {}), doses.levels
            shown.curves = [one.as_json() for one in doses.curves(structures)]
        return self._of_grid(shown, grid, structures, doses)

    def _dose(self, grid: Grid, more: dict[str, Any]) -> dict[str, Any]:
        most = grid.limits[1]
        return {**self._image(grid, "dose", LEAST * most, most), **more}

    def _draw(self, shown: Shown, image: Any, grid: Grid, structure_sets: list[Any]) -> list[Structure]:
        structures = structures_on(image, structure_sets)
        everything = frozenset(one.name for one in structures)
        if smallest := smallest_middle(structures, grid):
            shown.place = smallest
        empty = [one.name for one in structures if not one.mask.any()]
        if empty:
            shown.notes.append(f"Outside of this image, or empty: {', '.join(empty)}.")
        for number, layer in enumerate(layers_of(structures)):
            name = self._write(layer.labels(grid), f"structures{number}")
            shown.layers.append({"file": name, "colours": layer.colours(everything)})
        shown.structures = [{"name": one.name, "colour": one.colour} for one in structures]
        return structures

    def _registration(self, found: belonging.Found) -> Shown:
        made = registered(found)
        shown = Shown(_label(found.series), facts=made.facts, notes=made.notes)
        if made.fixed is not None and made.moving is not None:
            self._of_grid(shown, made.fixed)
            shown.other = self._image(made.moving, "other", *_window(made.fixed))
            shown.lattice = made.lattice.as_json() if made.lattice else None
        return shown

    def _image(self, grid: Grid, name: str, low: float, high: float) -> dict[str, Any]:
        return {"file": self._write(grid, name), "low": low, "high": high}

    def _write(self, grid: Grid, name: str) -> str:
        (self.folder / f"{name}.nii.gz").write_bytes(grid.within_budget().nifti())
        return f"{name}.nii.gz"

    def _tree(self) -> Shown:
        contents = read(self.path)
        shown = Shown(self.path.name, tree=_patients(contents))
        shown.notes = [f"{path.name} calls itself DICOM and cannot be read: {why}." for path, why in contents.unusable]
        files = [*contents.nifti, *(one for one in contents.others if one.name.lower().endswith(ITK_ENDINGS))]
        if files:
            rows = [{"label": one.name, "file": str(one.relative_to(self.path))} for one in files]
            assert shown.tree is not None
            shown.tree.append({"label": "Other images", "studies": [{"label": "", "series": rows}]})
        if not shown.tree:
            raise UnusableDataError(f"There is no image in {self.path.name}, nor in the folders in it.")
        return shown


def _sides(header: Any) -> tuple[float, float, float]:
    """mm between the pixels of a picture across and down, where it says so; 1 for what it does not say."""
    sides = header.get("PixelSpacing") or header.get("ImagerPixelSpacing") or (1.0, 1.0)
    return float(sides[1]) or 1.0, float(sides[0]) or 1.0, 1.0


def smallest_middle(structures: list[Structure], grid: Grid) -> list[float] | None:
    """The middle of the smallest structure, in mm."""
    drawn = [one for one in structures if one.mask.any()]
    if not drawn:
        return None
    smallest = min(drawn, key=lambda one: int(one.mask.sum()))
    middle = grid.origin + grid.spacing * np.argwhere(smallest.mask).mean(axis=0)
    return [float(number) for number in middle]


def _patients(contents: Contents) -> list[dict[str, Any]]:
    """Patients, their studies by date, and the series of each."""
    tree: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for series in sorted(contents.series, key=lambda one: str(one.first.get("StudyDate", ""))):
        header = series.first
        patient = f"{header.get('PatientID') or 'no patient number'}  {header.get('PatientName', '')}".strip()
        day, words = str(header.get("StudyDate", "")), str(header.get("StudyDescription", ""))
        study = f"{day[:4]}-{day[4:6]}-{day[6:]}  {words}".strip() if day else words or "no date"
        rows = tree.setdefault(patient, {}).setdefault(study, [])
        rows.append({"label": _label(series), "uid": series.uid, "count": len(series.files)})
    return [
        {"label": patient, "studies": [{"label": study, "series": rows} for study, rows in studies.items()]}
        for patient, studies in tree.items()
    ]


def _label(series: Series) -> str:
    header = series.first
    words = header.get("SeriesDescription") or header.get("StructureSetLabel") or header.get("RTPlanLabel") or ""
    return str(words) if str(words).startswith(series.modality) else f"{series.modality} {words}".strip()


def _window(grid: Grid) -> tuple[float, float]:
    low, high = grid.limits
    if grid.unit:
        return _SOFT_TISSUE
    shown = np.percentile(grid.values[::2, ::2, ::2], _ACROSS)
    return (float(shown[0]), float(shown[1])) if shown[1] > shown[0] else (low, high)


def main(words: list[str] | None = None) -> int:
    """Print what was found; 0, or 2 where there is nothing to see."""
    parser = argparse.ArgumentParser(prog="python -m skrt_workspace.viewer.opening", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("folder", type=Path, help="an empty folder for the images")
    parser.add_argument("--series", default="", help="the one series of a folder to show")
    parser.add_argument("--top", type=Path, default=Path("/"), help="the folder above which nothing is looked for")
    parser.add_argument("--picture", action="store_true", help="a picture, too, for a page without WebGL")
    given = parser.parse_args(words)
    warnings.simplefilter("ignore")  # pydicom's, on values that bend the standard
    try:
        path, top = given.path.absolute(), given.top.absolute()
        shown = Opening(path, given.folder, top, picture=given.picture).open(given.series)
    except UnusableDataError as error:
        print(json.dumps({"refused": str(error)}))
        return 2
    print(json.dumps(asdict(shown)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
