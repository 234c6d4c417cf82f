"""Commands in a folder where another hub.yaml is than the one that the hub was brought up with, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from skrt_hub.api import Hub
from skrt_hub.cli import main
from skrt_hub.errors import RefusedError, StateError
from skrt_hub.hub.applied import Applied, Ports, write_applied
from skrt_hub.layout import Layout


class Course:
    """A hub that was brought up with the hub.yaml in `folder`, and the folder where somebody stands."""

    def __init__(self, root: Path, text: str | None = "login: codes\nparticipants: [anna]\n") -> None:
        self.state, self.folder, self.elsewhere = root / "state", root / "course", root / "elsewhere"
        for folder in (self.state, self.folder, self.elsewhere):
            folder.mkdir()
        if text is not None:
            (self.folder / "hub.yaml").write_text(text)
        hub = Hub.load(self.folder / "hub.yaml" if text is not None else None, state=self.state)
        write_applied(Layout(self.state), Applied(hub.context.settings, "1", Ports(1, 2, 3), Path("/e"), root=False))
        hub.context.note_file()

    def hub(self) -> Hub:
        return Hub.load(state=self.state)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    made = Course(tmp_path)
    monkeypatch.chdir(made.elsewhere)
    return made


def test_without_a_hub_yaml_it_is_said_which_one_is_meant(course: Course) -> None:
    first, *others = course.hub().status().notes
    assert "There is no hub.yaml in" in first and f"cd {course.folder}" in first
    assert not any("has changed" in note for note in others)


@pytest.mark.parametrize(
    "words", ["up", "start", "participants sheet --to s.pdf", "participants add ben", "delete", "check", "save"]
)
def test_nothing_is_done_with_the_defaults(course: Course, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words.split(), "--state", str(course.state)]) == RefusedError.exit_code
    said = " ".join(capsys.readouterr().err.split())
    assert f"cd {course.folder}" in said and f"--config {course.folder / 'hub.yaml'}" in said
    assert list(course.elsewhere.iterdir()) == []


def test_the_file_that_is_named_counts_and_so_does_its_own_folder(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    Hub.load(course.folder / "hub.yaml", state=course.state).ensure_its_file()
    monkeypatch.chdir(course.folder)
    course.hub().ensure_its_file()


def test_another_file_with_the_same_name_of_the_hub_is_refused_and_a_moved_one_is_not(course: Course) -> None:
    (course.elsewhere / "hub.yaml").write_text("port: 8123\n")
    with pytest.raises(RefusedError, match="is not the file of the hub"):
        course.hub().up()
    (course.folder / "hub.yaml").unlink()
    course.hub().ensure_its_file()
    (course.elsewhere / "hub.yaml").unlink()
    with pytest.raises(RefusedError, match=r"no hub\.yaml"):
        course.hub().up()


def test_a_hub_of_the_defaults_is_at_home_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = Course(tmp_path, None)
    monkeypatch.chdir(course.elsewhere)
    course.hub().ensure_its_file()
    (course.elsewhere / "hub.yaml").write_text("port: 8123\n")
    course.hub().ensure_its_file()


def test_a_hub_that_an_older_version_brought_up_is_not_changed_into_the_defaults(course: Course) -> None:
    Layout(course.state).hub_yaml.unlink()
    with pytest.raises(RefusedError, match=r"another hub\.yaml"):
        course.hub().up()


def test_a_hub_in_a_cluster_is_not_looked_for_on_this_machine(course: Course) -> None:
    file = Layout(course.state).applied
    file.write_text(file.read_text().replace('"target": "machine"', '"target": "kubernetes"'))
    with pytest.raises(RefusedError, match=r"no hub\.yaml"):
        course.hub().status()
    with pytest.raises(RefusedError, match=r"no hub\.yaml"):
        course.hub().ensure_its_file(place_only=True)


def test_of_damaged_notes_the_command_itself_says_more(course: Course) -> None:
    Layout(course.state).applied.write_text('{"settings": {"name": 5}}')
    course.hub().ensure_its_file()
    with pytest.raises(StateError, match="is damaged"):
        course.hub().status()
