"""What tells who a patient is goes out only where somebody said so."""

import pytest

from skrt_hub.policy import patient_data
from skrt_hub.policy.patient_data import PatientDataError
from skrt_hub.settings.model import Settings


def test_files_that_tell_nothing_go_out() -> None:
    patient_data.refuse("What is to be handed out", [])
    patient_data.refuse_save("s3://bucket/class", {"anna": []})


def test_others_are_refused_with_what_and_where_and_what_to_type() -> None:
    with pytest.raises(PatientDataError) as error:
        patient_data.refuse("What is to be handed out", [f"Patient's Name, in {n}.dcm" for n in range(9)])
    assert error.value.exit_code == 12
    assert "0.dcm" in error.value.why
    assert "and 4 more" in error.value.why
    assert "data clean" in error.value.remedy
    assert "patient_data: allowed" in error.value.remedy
    assert error.value.question.endswith("Type yes: ")


def test_a_save_names_whose_homes() -> None:
    with pytest.raises(PatientDataError) as error:
        patient_data.refuse_save("s3://bucket/class", {"anna": [], "bob": ["ct/1.dcm", "ct/2.dcm"]})
    assert "bob: 2 files, such as ct/1.dcm" in error.value.why
    assert "anna" not in error.value.why


@pytest.mark.parametrize(("place", "outside"), [("s3://bucket/x", True), ("/mnt/backup", False), ("", False)])
def test_a_folder_of_this_machine_is_not_outside(place: str, outside: bool) -> None:
    assert patient_data.is_outside(place) == outside


def test_a_hospital_may_say_that_all_may_see_them() -> None:
    assert patient_data.looks(Settings())
    assert not patient_data.looks(Settings(patient_data="allowed"))


def test_a_scheduled_save_is_only_told_of() -> None:
    assert patient_data.warning("s3://b", 0, 0) == ""
    assert "7 files of 2 homes" in patient_data.warning("s3://b", 7, 2)
