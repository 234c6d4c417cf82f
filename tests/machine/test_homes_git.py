"""Material from git repositories, with the real git."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from skrt_hub.errors import NetworkError, PrerequisiteError, SettingsError
from skrt_hub.layout import Layout
from skrt_hub.material import published as materials
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_workspace.collections import COLLECTIONS


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks/a.ipynb").write_text("one")
    (folder / "readme.md").write_text("read me")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")
    git(folder, "tag", "v1")
    return folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "state")


def change(repository: Path, text: str) -> None:
    (repository / "notebooks/a.ipynb").write_text(text)
    git(repository, "commit", "--quiet", "--all", "-m", text)


def fetched(layout: Layout, refresh: bool = False, **entry: str) -> materials.EntryState:
    settings = Settings.model_validate({"material": [{"name": "course", **entry}]})
    (state,) = materials.fetch(settings, layout, Silent(), refresh=refresh)
    return state


def shown(layout: Layout, path: str) -> str:
    (version,) = (
        folder
        for folder in (layout.material_shown / "versions").iterdir()
        if folder.name in (layout.material_shown / "manifest.json").read_text()
    )
    return (version / "course" / path).read_text()


def test_a_branch_moves_only_when_it_is_asked_to(layout: Layout, repository: Path) -> None:
    assert fetched(layout, git=str(repository), at="main").state == "new"
    change(repository, "two")
    assert fetched(layout, git=str(repository), at="main").state == "unchanged"
    assert shown(layout, "notebooks/a.ipynb") == "one"
    assert fetched(layout, True, git=str(repository), at="main").state == "changed"
    assert shown(layout, "notebooks/a.ipynb") == "two"
    assert not list(layout.material_shown.rglob(".git"))


@pytest.mark.parametrize("kind", ["tag", "commit", "short commit"])
def test_a_tag_or_commit_stays_what_it_is(layout: Layout, repository: Path, kind: str) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    at = {"tag": "v1", "commit": commit, "short commit": commit[:10]}[kind]
    change(repository, "two")
    state = fetched(layout, True, git=str(repository), at=at, subfolder="notebooks")
    assert state.problem is None
    assert state.version == f"{at} {commit[:12]}"
    assert shown(layout, "a.ipynb") == "one"


def test_a_repository_that_is_gone_keeps_the_last_version(layout: Layout, repository: Path) -> None:
    fetched(layout, git=str(repository), at="main")
    repository.rename(repository.with_name("moved"))
    state = fetched(layout, True, git=str(repository), at="main")
    assert state.state == "kept"
    assert isinstance(state.problem, NetworkError)
    assert shown(layout, "notebooks/a.ipynb") == "one"


def test_wrong_names_are_told(layout: Layout, repository: Path) -> None:
    assert isinstance(fetched(layout, git=str(repository), at="v9").problem, SettingsError)
    assert isinstance(fetched(layout, git=str(repository), subfolder="none").problem, SettingsError)
    assert isinstance(fetched(layout, git="--upload-pack=touch /tmp/x").problem, SettingsError)
    assert isinstance(fetched(layout, git="ext::sh -c touch% /tmp/x").problem, NetworkError)


def test_a_link_out_of_the_repository_is_refused(layout: Layout, repository: Path) -> None:
    (repository / "shadow").symlink_to("/etc/shadow")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "link")
    assert "leads out" in str(fetched(layout, git=str(repository)).problem)


def test_without_git_it_is_said_what_to_do(layout: Layout, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    problem = fetched(layout, git=str(repository)).problem
    assert isinstance(problem, PrerequisiteError)
    assert "Install it" in problem.remedy


def test_a_collection_comes_from_a_local_clone_too(layout: Layout, tmp_path: Path) -> None:
    known = COLLECTIONS["scikit-rt-by-examples"]
    clone = tmp_path / "clone"
    (clone / known.folder).mkdir(parents=True)
    for notebook in known.notebooks:
        file = clone / known.folder / notebook.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    git(clone, "init", "--quiet")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", "one")
    git(clone, "tag", known.at)
    state = fetched(layout, collection=known.name, git=str(clone))
    assert state.problem is None
    assert state.files == len(known.notebooks)


def test_a_clone_of_another_user_can_be_read(layout: Layout, repository: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    for path in (repository, *repository.rglob("*")):
        os.chown(path, 65534, 65534)
    assert fetched(layout, git=str(repository), at="main").problem is None
    shutil.rmtree(repository)


def test_a_clone_that_lacks_a_large_file_places_the_rest_and_names_it(layout: Layout, repository: Path) -> None:
    (repository / "notebooks/large [1].ipynb").write_text("pictures" * 1000)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "large")
    blob = git(repository, "rev-parse", "HEAD:notebooks/large [1].ipynb")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    (repository / "notebooks/large [1].ipynb").unlink()
    state = fetched(layout, git=str(repository), subfolder="notebooks")
    assert (state.state, state.files) == ("new", 1)
    assert shown(layout, "a.ipynb") == "one"
    assert "large [1].ipynb was left out" in state.notes[0] and "lacks it" in state.notes[0]
