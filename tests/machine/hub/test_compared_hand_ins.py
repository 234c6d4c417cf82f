"""A class hands in contours, doses or transforms, and they are compared: whole, otherwise, and made to do harm."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from skrt_hub.environment import Environment
from tests.support.hubs import Hub

SHIFTED = """(Transform "TranslationTransform")
(NumberOfParameters 3)
(TransformParameters 4 -1 -2)
(InitialTransformParametersFileName "NoInitialTransform")
(HowToCombineTransforms "Compose")
(FixedImageDimension 3)
(MovingImageDimension 3)
(FixedInternalImagePixelType "float")
(MovingInternalImagePixelType "float")
(Size 41 31 25)
(Index 0 0 0)
(Spacing 2 2 2)
(Origin -40 -30 -24)
(Direction 1 0 0 0 1 0 0 0 1)
(UseDirectionCosines "true")
(ResampleInterpolator "FinalBSplineInterpolator")
(FinalBSplineInterpolationOrder 3)
(Resampler "DefaultResampler")
(DefaultPixelValue 0)
(ResultImageFormat "nii")
(ResultImagePixelType "float")
(CompressResultImage "false")
"""


def hand_in(hub: Hub, file: str, contents: Mapping[str, bytes]) -> None:
    """Each of these people has the file in their home, and ends their server."""
    for name, content in contents.items():
        document = {"type": "file", "format": "base64", "content": base64.b64encode(content).decode("ascii")}
        person = hub.at_work(name)
        person.api("PUT", f"api/contents/{file}", document)
        person.end_server()


def compared(hub: Hub, file: str, to: Path, reference: Path) -> dict[tuple[str, str], dict[str, str]]:
    """The table's rows by person, and structure where it has one."""
    hub.run("collect", file, "--to", str(to), "--compare-with", str(reference), "--json")
    assert (to / "compared.html").read_text(encoding="utf-8").count("<img") >= 2
    table = io.StringIO((to / "compared.csv").read_text(encoding="utf-8-sig"))
    return {(row["participant"], row.get("structure", "")): row for row in csv.DictReader(table)}


@pytest.mark.long
def test_a_class_hands_in_doses_and_transforms(running: Hub, environment: Environment, tmp_path: Path) -> None:
    patient = environment.folder / "share" / "skrt-workspace" / "phantom" / "patients" / "Phantom-1"
    dose = next(patient.rglob("RTDOSE_*.dcm"))
    whole = dose.read_bytes()
    hand_in(running, "dose.dcm", {"anna": whole, "bob": whole[: len(whole) // 2]})
    rows = compared(running, "dose.dcm", tmp_path / "doses", dose)
    assert rows["anna", "whole dose"]["gamma_2pc_2mm_percent"] == "100.00"
    assert "cannot be read" in rows["bob", ""]["problem"]

    far = SHIFTED.replace("TransformParameters 4", "TransformParameters 14")
    unusable = '(Transform "NoSuchTransform")\n'
    texts = {"anna": SHIFTED, "bob": far, "carl": unusable}
    hand_in(running, "TransformParameters.0.txt", {name: text.encode() for name, text in texts.items()})
    marks = tmp_path / "marks.csv"
    marks.write_text("0,0,0,4,-1,-2\n10,5,5,14,4,3\n-10,5,8,-6,4,6\n", encoding="utf-8")
    rows = compared(running, "TransformParameters.0.txt", tmp_path / "transforms", marks)
    assert float(rows["anna", ""]["largest_error_mm"]) < 0.01
    assert float(rows["bob", ""]["mean_error_mm"]) == pytest.approx(10, abs=0.01)
    assert "transformix" in rows["carl", ""]["problem"]


@pytest.mark.long
def test_a_class_hands_in_contours(running: Hub, environment: Environment, tmp_path: Path) -> None:
    study = environment.folder / "share" / "skrt-workspace" / "phantom" / "patients" / "Phantom-1"
    mine = next((study / "20260105_090000").rglob("RTSTRUCT_*.dcm"))
    deformed = next(path for path in sorted(study.glob("*/RTSTRUCT/CT/*/RTSTRUCT_*.dcm")) if path != mine)
    whole = mine.read_bytes()
    assert b"GTV " in whole
    handed_in = {
        "anna": whole,
        "bob": deformed.read_bytes().replace(b"GTV ", b"<b>G"),
        "carl": whole[: len(whole) // 2],
    }
    hand_in(running, "contours.dcm", handed_in)
    to = tmp_path / "came"
    done = running.run("collect", "contours.dcm", "--to", str(to), "--compare-with", str(mine), "--json")
    assert "Heart" in json.dumps(json.loads(done.stdout)["compared"])
    table = io.StringIO((to / "compared.csv").read_text(encoding="utf-8-sig"))
    rows = {(row["participant"], row["structure"]): row for row in csv.DictReader(table)}
    assert float(rows["anna", "Heart"]["dice"]) == 1
    assert 0.5 < float(rows["bob", "Heart"]["dice"]) < 1
    assert rows["carl", ""]["problem"]
    page = (to / "compared.html").read_text(encoding="utf-8")
    assert page.count("<img") >= 8
    assert "<script" not in page
    assert "<b>" not in page
    assert {path.stat().st_uid for path in to.rglob("*")} == {to.stat().st_uid}
    assert not [path for path in (running.state / "inspections").iterdir() if path.is_dir()]
