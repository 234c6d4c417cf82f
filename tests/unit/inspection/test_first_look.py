"""What `data` and shared folders show is looked at before people see it."""

from dataclasses import replace
from pathlib import Path

import pytest

from skrt_hub import Hub
from skrt_hub.files import write_json
from skrt_hub.inspection import first_look
from skrt_hub.policy.patient_data import PatientDataError
from skrt_hub.progress import Silent
from tests.support.patients import dicom

NAMED = dicom(PatientName="MUELLER^EVA")


class Told(Silent):
    """Keeps what would be said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    """One whose `data` holds a patient's file, beside a cleaned one."""
    scans = tmp_path / "scans"
    (scans / "deep").mkdir(parents=True)
    (scans / "clean.dcm").write_bytes(dicom(PatientName="P1", PatientIdentityRemoved="YES"))
    (scans / "deep" / "no suffix").write_bytes(NAMED)
    return Hub.load(state=tmp_path / "state", progress=Told(), data=[{"name": "scans", "folder": str(scans)}])


def said(hub: Hub) -> str:
    assert isinstance(hub.context.progress, Told)
    return "\n".join(hub.context.progress.lines)


def bring_up(hub: Hub) -> None:
    """As if `up` had gone through."""
    hub.context.layout.root.mkdir(exist_ok=True)
    write_json(hub.context.layout.applied, {"settings": hub.context.settings.model_dump(mode="json")})


@pytest.mark.parametrize("verb", ["up", "start"])
def test_a_new_folder_that_names_patients_is_refused(hub: Hub, verb: str) -> None:
    with pytest.raises(PatientDataError) as error:
        getattr(hub, verb)()
    assert "/data/scans: 1 of 2 files looked at" in error.value.why
    assert "deep/no suffix" in error.value.why
    assert "MUELLER" not in str(error.value) + error.value.why
    assert not hub.context.layout.applied.exists()


def test_what_people_see_already_is_told_of_and_comes_back_after_a_reboot(hub: Hub) -> None:
    bring_up(hub)
    first_look.refuse_new_data(hub.context)
    assert "/data/scans" in said(hub)


def test_another_folder_under_the_same_name_is_new(hub: Hub, tmp_path: Path) -> None:
    bring_up(hub)
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "1.dcm").write_bytes(NAMED)
    others = Hub.load(state=tmp_path / "state", data=[{"name": "scans", "folder": str(tmp_path / "others")}])
    with pytest.raises(PatientDataError):
        first_look.refuse_new_data(others.context)


def test_who_agrees_and_a_hospital_go_on(hub: Hub) -> None:
    first_look.refuse_new_data(hub.context, agreed=True)
    assert "/data/scans" in said(hub)
    allowed = hub.context.settings.model_copy(update={"patient_data": "allowed"})
    first_look.refuse_new_data(replace(hub.context, settings=allowed))
    assert first_look.findings(replace(hub.context, settings=allowed)) == ()


def test_a_damaged_note_of_the_hub_shows_nothing_yet(hub: Hub) -> None:
    hub.context.layout.root.mkdir()
    write_json(hub.context.layout.applied, {"settings": {"port": "x"}})
    with pytest.raises(PatientDataError):
        first_look.refuse_new_data(hub.context)


def test_check_names_data_and_shared_folders_as_a_note(hub: Hub) -> None:
    board = hub.context.layout.shared / "board"
    board.mkdir(parents=True)
    (board / "ct").write_bytes(NAMED)
    settings = hub.context.settings.model_validate({**hub.context.settings.model_dump(), "shared": [{"name": "board"}]})
    (found,) = first_look.findings(replace(hub.context, settings=settings))
    assert not found.ok
    assert not found.required
    assert "/data/scans: 1 of 2" in found.found
    assert "/shared/board: 1 of 1" in found.found
    assert "data clean" in found.remedy


def test_check_says_what_it_could_not_look_at(hub: Hub, tmp_path: Path) -> None:
    away = [{"name": "node", "folder": str(tmp_path / "only on the node")}]
    (found,) = first_look.findings(Hub.load(state=tmp_path / "state", data=away).context)
    assert not found.ok
    assert "/data/node: not on this computer" in found.found


def test_a_hub_without_such_folders_is_told_nothing(tmp_path: Path) -> None:
    assert first_look.findings(Hub.load(state=tmp_path / "state").context) == ()


def test_a_large_folder_is_left_after_a_while(hub: Hub) -> None:
    seen = first_look.look("/data/scans", hub.context.settings.data[0].folder, seconds=-1)
    assert not seen.whole


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.dcm").write_bytes(NAMED)
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "link.dcm").symlink_to(tmp_path / "secret.dcm")
    assert first_look.look("/data/x", tmp_path / "shown").naming == 0
