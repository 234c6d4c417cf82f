"""Own packages: what hub.yaml may say, which clashes are told in words, and what an image adds."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from skrt_hub.environment import own
from skrt_hub.environment.identity import requirements
from skrt_hub.errors import EnvironmentBuildError, SettingsError
from skrt_hub.progress import Silent
from skrt_hub.settings.environment import OwnPackages
from skrt_hub.settings.load import load_settings


def settings(tmp_path: Path, text: str) -> OwnPackages:
    (tmp_path / "hub.yaml").write_text(f"environment:\n{text}")
    return load_settings(tmp_path / "hub.yaml").environment


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('  packages: ["not a package!"]', "is not a package"),
        ('  packages: ["x @ https://example.org/x.whl"]', "under `local`"),
        ("  packages: [scikit_rt]", "a key of its own"),
        ("  scikit_rt: 0.9", "quotation marks"),
        ("  scikit_rt: {at: main}", "exactly one"),
        ("  scikit_rt: {folder: x, at: main}", "goes with `git`"),
    ],
)
def test_what_cannot_be_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        settings(tmp_path, text)


def test_scikit_rt_is_told_by_its_form(tmp_path: Path) -> None:
    assert settings(tmp_path, '  scikit_rt: "0.9.0"').scikit_rt.version == "0.9.0"  # type: ignore[union-attr]
    assert settings(tmp_path, "  scikit_rt: https://example.org/s.git").scikit_rt.git  # type: ignore[union-attr]
    assert settings(tmp_path, "  scikit_rt: ../code").scikit_rt.folder == tmp_path / "../code"  # type: ignore[union-attr]
    found = settings(tmp_path, "  local: [a.whl]")
    assert found.local == (tmp_path / "a.whl",) and found.lock == tmp_path / "hub.lock.txt"


def test_nothing_of_ones_own_is_our_lock(tmp_path: Path) -> None:
    assert own.lock_for(OwnPackages(), tmp_path, Silent()).file == requirements()


@pytest.mark.parametrize("wish", ["numpy<2", "Pandas==1.5", "jupyterlab<4"])
def test_a_clash_with_what_is_tested_names_both(tmp_path: Path, wish: str) -> None:
    asked = OwnPackages(packages=(wish,), lock=tmp_path / "lock.txt")
    with pytest.raises(SettingsError) as caught:
        own.lock_for(asked, tmp_path, Silent())
    assert wish in caught.value.what and own.tested_against(Requirement(wish)) in caught.value.what
    assert not asked.lock.exists()


def test_a_clash_further_down_names_both_too() -> None:
    words = (
        "No solution found: Because platipy==0.7.2 depends on pydicom>=2.1.2,<3.0.0 and pydicom==3.0.2, we can conclude"
        " that platipy==0.7.2 cannot be used."
    )
    told = own._explained(EnvironmentBuildError("The versions clash.", why=words))
    assert "platipy needs pydicom<3.0.0,>=2.1.2" in told.what and "pydicom 3.0.2" in told.what


def test_a_name_that_nobody_has_is_told() -> None:
    words = "Because nosuch was not found in the package registry and x depends on nosuch, we can conclude"
    assert "no package nosuch" in own._explained(EnvironmentBuildError("", why=words)).what


@pytest.mark.parametrize(
    ("words", "what", "more"),
    [
        (
            "Because there is no version of scikit-rt==0.9.0 and skrt-workspace-environment depends on "
            "scikit-rt==0.9.0, we can conclude that your requirements are unsatisfiable.",
            "has no scikit-rt==0.9.0.",
            "scikit_rt: {git:",
        ),
        (
            "Because only tabulate<=0.10.0 is available and skrt-workspace-environment depends on tabulate>=77, we can "
            "conclude that your requirements are unsatisfiable.",
            "has no tabulate>=77.",
            "tabulate<=0.10.0",
        ),
    ],
)
def test_a_version_that_nobody_has_is_told(words: str, what: str, more: str) -> None:
    told = own._explained(EnvironmentBuildError("", why=words))
    assert what in told.what
    assert more in f"{told.why} {told.remedy}"


def test_a_line_that_is_no_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("# a comment\ntabulate  # another\n-e ./code\n")
    asked = OwnPackages(requirements=tmp_path / "more.txt", lock=tmp_path / "lock.txt")
    with pytest.raises(SettingsError, match="line 3"):
        own.lock_for(asked, tmp_path, Silent())


def test_an_image_adds_only_what_is_new(tmp_path: Path) -> None:
    ours = requirements().read_text(encoding="utf-8")
    (tmp_path / "lock.txt").write_text(f"# wanted x\n{ours}tabulate==0.10.0 \\\n    --hash=sha256:1234\n")
    assert own.additions(own.Lock(tmp_path / "lock.txt")) == "tabulate==0.10.0 \\\n    --hash=sha256:1234\n"
    assert own.additions(own.Lock(requirements())) == ""


def test_two_wheels_of_one_package_are_both_named(tmp_path: Path) -> None:
    wheels = [tmp_path / name for name in ("lab_tools-1.0-py3-none-any.whl", "Lab_Tools-1.1-py3-none-any.whl")]
    for wheel in wheels:
        wheel.write_bytes(wheel.name.encode())
    with pytest.raises(SettingsError, match="lab-tools is given twice") as refused:
        own.lock_for(OwnPackages(local=tuple(wheels), lock=tmp_path / "lock.txt"), tmp_path, Silent())
    assert all(str(wheel) in refused.value.why for wheel in wheels)
