"""The compatibility layer's parts that need no scikit-rt; the mends on the real one are in tests/machine."""

from __future__ import annotations

import importlib
import statistics
import sys
from pathlib import Path
from types import ModuleType

import pytest

from skrt_workspace import startup
from skrt_workspace.compat import transforms, versions
from skrt_workspace.compat.numbers import statistics_for_numpy


class Int64:
    """A number as NumPy's: its `item()` is Python's own, and arithmetic with it does not give Python's own."""

    ndim = 0

    def __init__(self, value: int) -> None:
        self._value = value

    def item(self) -> int:
        return self._value


def test_statistics_takes_numbers_that_are_not_pythons_own() -> None:
    numbers = [Int64(1), Int64(2), Int64(4)]
    with pytest.raises((TypeError, AttributeError)):
        statistics.stdev(numbers)  # type: ignore[type-var]
    assert statistics_for_numpy().stdev(numbers) == statistics.stdev([1, 2, 4])


def test_statistics_keeps_its_names_and_pythons_own_is_untouched() -> None:
    before = dict(vars(statistics))
    ours = statistics_for_numpy()
    assert {name for name in before if not name.startswith("__")} <= set(vars(ours))
    assert ours.StatisticsError is statistics.StatisticsError
    assert ours.quantiles([1, 2, 3, 4], n=2) == statistics.quantiles([1, 2, 3, 4], n=2)
    assert dict(vars(statistics)) == before


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("(Spacing 1 1 2.5)", "(Spacing 1.0 1.0 2.5)"),
        ("(TransformParameters 2 -1e-05 3)", "(TransformParameters 2.0 -1.0e-05 3.0)"),
        ("(DefaultPixelValue 1e-05)", "(DefaultPixelValue 1.0e-05)"),
        ("(Size 80 80 40)", "(Size 80 80 40)"),
        ('(Transform "TranslationTransform")', '(Transform "TranslationTransform")'),
        ("(Origin -40.5 -40 -30)", "(Origin -40.5 -40.0 -30.0)"),
        ("// (Spacing 1 1 2.5)", "// (Spacing 1 1 2.5)"),
    ],
)
def test_numbers_in_transform_files(written: str, read: str) -> None:
    assert transforms.with_points(f"{written}\n(Index 0 0 0)\n") == f"{read}\n(Index 0 0 0)\n"


def _checkout(folder: Path, version: str) -> ModuleType:
    """A module as `skrt` of a checkout, with its version in the project's file."""
    package = folder / "src" / "skrt"
    package.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'[project]\nname = "scikit-rt"\nversion = "{version}"\n')
    module = ModuleType("skrt")
    module.__file__ = str(package / "__init__.py")
    return module


@pytest.mark.parametrize(("version", "mended"), [("0.8.2", True), ("0.9.0", False), ("1.0", False)])
def test_only_old_versions_are_mended(version: str, mended: bool, tmp_path: Path) -> None:
    assert versions.needs_mending(_checkout(tmp_path, version)) is mended


def test_an_unknown_version_is_mended(tmp_path: Path) -> None:
    module = ModuleType("skrt")
    module.__file__ = str(tmp_path / "skrt" / "__init__.py")
    assert versions.needs_mending(module)


def test_the_finder_gives_help_at_the_import_and_then_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "helped_module.py").write_text("value = 1\n")
    (tmp_path / "helper_module.py").write_text(
        "def load(module, execute):\n    execute(module)\n    module.value += 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(startup.HELPERS, "helped_module", ("helper_module", "load"))
    monkeypatch.setattr(sys, "meta_path", [startup.Finder(), *sys.meta_path])
    helped = importlib.import_module("helped_module")
    try:
        assert helped.value == 2
        assert type(helped.__loader__).__name__ == "SourceFileLoader"
        assert helped.__spec__ is not None
        assert helped.__spec__.loader is helped.__loader__
    finally:
        del sys.modules["helped_module"]


def test_the_finder_leaves_other_imports_alone() -> None:
    assert startup.Finder().find_spec("json") is None
