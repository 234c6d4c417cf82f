"""The command lines of elastix and transformix: what is read from them, and what a wrong one answers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from skrt_workspace.engines import ELASTIX_PACKAGES, arguments, elastix, parameters, system, transformix
from skrt_workspace.threads import ENGINES


@pytest.fixture(autouse=True)
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands as in an environment whose library has elastix, with nothing chosen in their place."""
    monkeypatch.setattr("skrt_workspace.engines.elastix_package", lambda: ELASTIX_PACKAGES[0])
    for name in (system.VARIABLE, *ENGINES):
        monkeypatch.delenv(name, raising=False)


def test_parameter_files_keep_their_order() -> None:
    parsed = arguments.parse(["-f", "a", "-p", "one", "-m", "b", "-p", "two"])
    assert parsed.parameter_files == ["one", "two"]
    assert (parsed.get("-f"), parsed.get("-m")) == ("a", "b")


def test_a_key_given_twice_keeps_its_first_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert arguments.parse(["-f", "a", "-f", "b"]).get("-f") == "a"
    assert "-f b is left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["-f", "a"], ["a"]),
        (["-f0", "a", "-f1", "b", "-f2", "c"], ["a", "b", "c"]),
        (["-f", "a", "-f1", "b"], ["a", "b"]),
        (["-f0", "a", "-f2", "c"], ["a"]),
        (["-m", "a"], []),
    ],
)
def test_several_images_are_numbered(given: list[str], expected: list[str]) -> None:
    assert arguments.parse(given).numbered("-f") == expected


def test_unknown_log_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert elastix.main(["-loglevel", "loud", "-out", str(tmp_path)]) == 1
    assert '"loud" is no log level' in capsys.readouterr().err


# The exit codes are those of Debian's elastix 5.0.1, seen with the same command lines.
@pytest.mark.parametrize(
    ("command", "given", "code", "words"),
    [
        (elastix, ["-f", "a", "-m", "b"], 254, ['"-p"', '"-out"']),
        (elastix, ["-p", "a.txt", "-out", "no-such-folder"], 254, ["no-such-folder"]),
        (elastix, ["-f", "a", "-out", "."], 255, ['"-p"']),
        (transformix, ["-in", "a", "-out", "no-such-folder"], 255, ['"-tp"', "no-such-folder"]),
        (transformix, ["-tp", "a.txt", "-out", "."], 255, ['"-in"']),
        (transformix, ["-tp", "a.txt", "-in", "b"], 254, ['"-out"']),
    ],
)
def test_incomplete_command_lines(
    command: object, given: list[str], code: int, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(given) == code  # type: ignore[attr-defined]
    said = capsys.readouterr().err
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(("command", "name"), [(elastix, "elastix"), (transformix, "transformix")])
@pytest.mark.parametrize(("asked", "answer"), [("--version", "version: 5."), ("-h", "-threads"), ("-x", "--help")])
def test_answers_without_work(
    command: object, name: str, asked: str, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([asked]) == 0  # type: ignore[attr-defined]
    said = capsys.readouterr().out
    assert answer in said
    assert name in said


@pytest.mark.parametrize(
    ("given", "variables", "expected"),
    [
        (["-threads", "3"], {"OMP_NUM_THREADS": "2"}, 3),
        ([], {"OMP_NUM_THREADS": "2"}, 2),
        ([], {"OMP_NUM_THREADS": "2", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}, 1),
        ([], {"OMP_NUM_THREADS": "many"}, None),
        ([], {}, None),
    ],
)
def test_threads(
    given: list[str], variables: dict[str, str], expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from skrt_workspace.engines import library

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert library.number_of_threads(arguments.parse(given)) == expected


def test_replaced_values_leave_the_rest_alone(tmp_path: Path) -> None:
    file = tmp_path / "TransformParameters.0.txt"
    file.write_text('(Size 1 2 3)\n(ResultImagePixelType "float")\n// (ResultImagePixelType "x")\n')
    parameters.replace_values(file, {"ResultImagePixelType": '"short"', "Absent": "1"})
    assert file.read_text() == '(Size 1 2 3)\n(ResultImagePixelType "short")\n// (ResultImagePixelType "x")\n'


@pytest.mark.parametrize("spelling", ["InitialTransformParameterFileName", "InitialTransformParametersFileName"])
def test_initial_transforms_are_found_beside_their_successor(spelling: str, tmp_path: Path) -> None:
    file = tmp_path / "TransformParameters.1.txt"
    assert parameters.initial_transform_file({spelling: ("first.txt",)}, file) == tmp_path / "first.txt"
    assert parameters.initial_transform_file({spelling: ("NoInitialTransform",)}, file) is None
    with pytest.raises(parameters.ParametersError, match="names itself"):
        parameters.initial_transform_file({spelling: (file.name,)}, file)


def test_in_a_folder_that_was_moved_the_initial_transform_is_found(tmp_path: Path) -> None:
    file = tmp_path / "TransformParameters.1.txt"
    elsewhere = "/no/such/home/result/TransformParameters.0.txt"
    asked = {"InitialTransformParameterFileName": (elsewhere,)}
    assert parameters.initial_transform_file(asked, file) == Path(elsewhere), "what is missing is named as it was given"
    (tmp_path / "TransformParameters.0.txt").write_text("")
    assert parameters.initial_transform_file(asked, file) == tmp_path / "TransformParameters.0.txt"


def _program(path: Path, version: str) -> Path:
    answer = f"{path.name} version: {version}"
    path.write_text(f"#!{sys.executable}\nprint({answer!r})\n")
    path.chmod(0o755)
    return path


def test_a_chosen_program_that_is_too_old_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = _program(tmp_path / "elastix", "5.0.1")
    monkeypatch.setenv(system.VARIABLE, str(chosen))
    assert elastix.main(["--version"]) == 1
    assert "5.0" in capsys.readouterr().err


def test_a_chosen_program_runs_with_the_threads_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path / "elastix", "5.2.0")
    chosen = _program(tmp_path / "transformix", "5.2.0")
    monkeypatch.setenv(system.VARIABLE, str(tmp_path / "elastix"))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    became: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda path, words: became.append([str(path), *words[1:]]))
    transformix.main(["-in", "a", "-out", "b"])
    transformix.main(["-in", "a", "-threads", "1"])
    assert became[0] == [str(chosen), "-in", "a", "-out", "b", "-threads", "2"]
    assert became[1] == [str(chosen), "-in", "a", "-threads", "1"]


def test_an_environment_without_elastix_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("skrt_workspace.engines.elastix_package", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert elastix.main(["-f", "a"]) == 1
    assert "Install elastix" in capsys.readouterr().err
