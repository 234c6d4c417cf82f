"""Homes with files that tell who a patient is are not saved elsewhere without a word."""

from pathlib import Path

import pytest

from skrt_hub.policy.patient_data import PatientDataError
from skrt_hub.settings.model import Settings
from skrt_hub.snapshots.copies import Copies
from skrt_hub.snapshots.patients import refuse_patients
from tests.support.homes import home, hub
from tests.support.patients import dicom

ELSEWHERE = "s3://bucket/term"


@pytest.fixture
def told(tmp_path: Path) -> Copies:
    """Anna has such a file, and Bob has not."""
    copies = hub(tmp_path / "one", "anna", "bob", place=ELSEWHERE)
    (home(copies, "anna") / "scan.dcm").write_bytes(dicom(PatientName="MUELLER^EVA"))
    (home(copies, "bob") / "scan.dcm").write_bytes(dicom(PatientIdentityRemoved="YES", PatientName="P1"))
    return copies


@pytest.mark.parametrize("to", [None, ELSEWHERE])
def test_a_save_elsewhere_is_refused_and_says_whose(told: Copies, to: str | None) -> None:
    with pytest.raises(PatientDataError) as error:
        refuse_patients(told, [], to)
    assert "anna: 1 files, such as scan.dcm" in error.value.why
    assert "bob" not in error.value.why
    assert "MUELLER" not in str(error.value)


def test_others_a_folder_here_and_a_hospital_are_not(told: Copies, tmp_path: Path) -> None:
    refuse_patients(told, ["bob"], ELSEWHERE)
    refuse_patients(told, [], str(tmp_path))
    allowed = Settings(patient_data="allowed")
    refuse_patients(Copies(allowed, told.layout, told.find_homes, told.progress), [], ELSEWHERE)
