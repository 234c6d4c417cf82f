"""What the image is built from: complete for each layer, and with a tag that changes with the content only."""

from __future__ import annotations

from pathlib import Path

from skrt_hub.environment import Lock
from skrt_hub.environment.workspace import package_folder
from skrt_hub.targets.kubernetes.image.contents import LIBRARIES_PROGRAM, Content, Part, needed_by
from tests.support.material import publish


def written(folder: Path, content: Content) -> set[str]:
    folder.mkdir()
    content.write(folder)
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_libraries_layer_has_what_its_program_imports_and_not_our_own_part() -> None:
    package = package_folder()
    names = {path.relative_to(package).as_posix() for path in needed_by(LIBRARIES_PROGRAM, package)}
    assert {"__init__.py", "install/__init__.py", "install/__main__.py", "install/prune.py"} <= names
    assert "launch.py" not in names
    assert not any(name.startswith(("examples", "forkserver", "phantom")) for name in names)


def test_imports_of_imports_are_followed_and_those_in_functions_are_not(tmp_path: Path) -> None:
    package = tmp_path / "skrt_workspace"
    (package / "install").mkdir(parents=True)
    texts = {
        "__init__.py": "",
        "install/__init__.py": "",
        "install/__main__.py": "from skrt_workspace.install import a",
        "install/a.py": "import os\nfrom skrt_workspace.fonts import x",
        "fonts.py": "def f():\n    from skrt_workspace import later",
        "later.py": "",
    }
    for name, text in texts.items():
        (package / name).write_text(text, encoding="utf-8")
    names = {path.relative_to(package).as_posix() for path in needed_by(LIBRARIES_PROGRAM, package)}
    assert names == set(texts) - {"later.py"}


def test_the_same_content_has_the_same_tag_and_material_changes_it(tmp_path: Path) -> None:
    material = tmp_path / "material"
    publish(material, {"a.txt": b"one"}, 1)
    with_material = Content(material).tag()
    assert Content().tag() == Content().tag() != with_material
    publish(material, {"a.txt": b"two"}, 2)
    assert Content(material).tag() != with_material


def test_an_earlier_version_of_the_material_is_not_in_the_image(tmp_path: Path) -> None:
    publish(tmp_path / "one", {"a.txt": b"old"}, 1)
    publish(tmp_path / "one", {"a.txt": b"new"}, 2)
    publish(tmp_path / "two", {"a.txt": b"new"}, 2)
    assert Content(tmp_path / "one").tag() == Content(tmp_path / "two").tag()
    names = written(tmp_path / "context", Content(tmp_path / "one"))
    assert {name for name in names if name.startswith("material/")} == {
        "material/manifest.json",
        "material/versions/2/course/a.txt",
    }


def test_the_context_has_no_secrets_and_no_leftovers(tmp_path: Path) -> None:
    names = written(tmp_path / "context", Content())
    assert "Dockerfile" in names
    assert {"lock/requirements.txt", "lock/niftyreg.txt"} <= names
    assert not any("__pycache__" in name or "/." in name or name.startswith(".") for name in names)


def test_the_base_image_has_its_whole_name(tmp_path: Path) -> None:
    written(tmp_path / "context", Content())
    lines = (tmp_path / "context" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("ARG BASE=")] == ["ARG BASE=docker.io/library/debian:trixie-slim"]


def test_names_on_this_machine_and_in_a_registry() -> None:
    content = Content()
    assert content.name() == f"localhost/skrt-hub/workspace:{content.tag()}"
    assert content.name("registry.example.org/physics/") == (
        f"registry.example.org/physics/skrt-hub-workspace:{content.tag()}"
    )


def test_each_platform_has_an_image_of_its_own_and_other_platforms_another_tag() -> None:
    one, both = Content(platforms=("linux/arm64",)), Content(platforms=("linux/amd64", "linux/arm64"))
    assert one.parts() == (Part(one.name(), "linux/arm64"),)
    assert both.parts("127.0.0.1:5000/p") == (
        Part(f"127.0.0.1:5000/p/skrt-hub-workspace:{both.tag()}-amd64", "linux/amd64"),
        Part(f"127.0.0.1:5000/p/skrt-hub-workspace:{both.tag()}-arm64", "linux/arm64"),
    )
    assert Content().parts() == (Part(Content().name()),)
    assert len({Content().tag(), one.tag(), both.tag()}) == 3


def test_a_further_environment_is_a_whole_one_in_the_same_image(tmp_path: Path) -> None:
    lock = tmp_path / "hub.lock.gpu.txt"
    lock.write_text("torch==2.9.0\n")
    content = Content(others=(("gpu", Lock(lock)),))
    assert content.tag() != Content().tag()
    assert "others/gpu/requirements.txt" in written(tmp_path / "context", content)
    assert (tmp_path / "context/others/gpu/requirements.txt").read_text() == "torch==2.9.0\n"
    assert (tmp_path / "context/others/gpu/wheels").is_dir()
