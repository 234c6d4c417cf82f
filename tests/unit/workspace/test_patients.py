"""Files that tell who a patient is are known by their first bytes, in homes and when they are uploaded."""

import io
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrt_workspace.home import notices
from skrt_workspace.home.agent import serve
from skrt_workspace.home.patients import files_naming_patients, names_a_patient
from skrt_workspace.server_extension.patients import tell_of_patients
from tests.support.patients import dicom


@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"PatientName": "MUELLER^EVA"}, True),
        ({"PatientID": "4711"}, True),
        ({"PatientName": "", "PatientID": ""}, False),
        ({"PatientName": "Phantom^One", "PatientIdentityRemoved": "YES"}, False),
        ({"PatientName": "Phantom^One", "PatientIdentityRemoved": "NO"}, True),
        ({"PatientName": "Anonymous"}, False),
        ({}, False),
    ],
)
def test_names_and_numbers_are_found(explicit: bool, values: dict[str, str], told: bool) -> None:
    assert names_a_patient(dicom(explicit=explicit, **values)) == told


@given(st.binary(max_size=400))
def test_any_bytes_are_looked_at_without_harm(data: bytes) -> None:
    assert not names_a_patient(data)
    names_a_patient(bytes(128) + b"DICM" + data + b"\x10\x00\x10\x00" + data)


def test_a_home_is_looked_through_without_following_links(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (home / "sub/1.dcm").write_bytes(dicom(PatientName="MUELLER^EVA"))
    (home / "clean.dcm").write_bytes(dicom())
    (tmp_path / "outside.dcm").write_bytes(dicom(PatientName="MUELLER^EVA"))
    (home / "link.dcm").symlink_to(tmp_path / "outside.dcm")
    os.mkfifo(home / "pipe")
    assert list(files_naming_patients(str(home))) == ["sub/1.dcm"]
    answers = io.BytesIO()
    serve(str(home), io.BytesIO(b'{"do": "patients"}\n'), answers)
    assert [json.loads(line) for line in answers.getvalue().splitlines()] == [{"path": "sub/1.dcm"}, {"end": True}]


def test_an_upload_is_told_of_once_for_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        file = tmp_path / f"{number}.dcm"
        file.write_bytes(dicom(PatientName="MUELLER^EVA"))
        assert tell_of_patients(tmp_path, file.name, file)
    (told,) = notices.read_notices(tmp_path / notices.IN_HOME, notices.PATIENTS)
    assert "5 files" in told.text
    assert "and 2 more" in told.text
    assert "MUELLER" not in told.text
    file.write_bytes(dicom())
    assert not tell_of_patients(tmp_path, file.name, file)
    file.write_bytes(dicom(PatientName="MUELLER^EVA"))
    monkeypatch.setenv("SKRT_PATIENT_DATA", "allowed")
    assert not tell_of_patients(tmp_path, file.name, file)
