"""A kernel starts again also where the folder of its notebook was renamed or removed meanwhile."""

from pathlib import Path

from skrt_workspace.provisioner.provisioner import nearest


def test_the_nearest_folder_that_is_there_takes_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "course" / "week 1"
    folder.mkdir(parents=True)
    assert nearest(str(folder)) == str(folder)
    folder.rename(tmp_path / "week one")
    assert nearest(str(folder)) == str(tmp_path / "course")
    (tmp_path / "course").rmdir()
    (tmp_path / "course").write_text("a file")
    assert nearest(str(folder)) == str(tmp_path)
