"""The hub as a service: what is noted with systemd or cron, and what is done after a reboot."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skrt_hub.context import Context
from skrt_hub.errors import PermissionsError, PortTakenError, PrerequisiteError, ProgramError, StateError, UsageError
from skrt_hub.hub import delegation
from skrt_hub.layout import Layout, default_root
from skrt_hub.process import Finished
from skrt_hub.progress import Silent
from skrt_hub.report import Message
from skrt_hub.settings.model import Settings
from skrt_hub.targets.machine import boot_entries, service
from skrt_hub.targets.machine.boot_entries import Cron, Programs, Systemd
from skrt_hub.targets.machine.service import MachineService

PROGRAMS = Programs(
    name="skrt-hub-course",
    start=("/opt/a b/skrt-hub", "--config", "/srv/50 %/$x.yaml", "service", "start"),
    stop=("/opt/a b/skrt-hub", "service", "stop"),
    folder=Path("/srv/50 %"),
    variables={"PATH": "/usr/bin", "https_proxy": 'http://u:"p%@proxy'},
    log=Path("/state/log/service.log"),
)
USER = delegation.Facts(
    root=False,
    name="anna",
    unified=True,
    manager="",
    program="/usr/bin/systemd-run",
    lingers=False,
    runtime="/run/user/7",
)


class Crontab:
    """The table of a user, as `crontab` keeps it."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def run(self, words: Sequence[str], **given: Any) -> Finished:
        if words[-1] == "-":
            self.text = given["stdin"]
        return (
            Finished(tuple(words), 0, self.text, "")
            if self.text
            else Finished(tuple(words), 1, "", "no crontab for us")
        )


class Asked:
    """What systemd was asked; `refused` is a word that it refuses."""

    def __init__(self, refused: str = "") -> None:
        self.words: list[tuple[str, ...]] = []
        self.refused = refused

    def run(self, words: Sequence[str], **_: Any) -> Finished:
        self.words.append(tuple(words))
        if self.refused and self.refused in words:
            raise ProgramError("It failed.", why="Access denied")
        return Finished(tuple(words), 0, "", "")


def hub(tmp_path: Path, start: Any = None) -> MachineService:
    ready = start or (lambda: Message(("up",)))
    return MachineService(Context(Settings(), Layout(tmp_path), Silent()), ready, lambda: Message(("stopped",)))


def test_a_unit_takes_words_as_they_are() -> None:
    text = boot_entries.unit(PROGRAMS, root=False)
    assert 'ExecStart="/opt/a b/skrt-hub" "--config" "/srv/50 %%/$$x.yaml" "service" "start"' in text
    assert "WorkingDirectory=/srv/50 %%\n" in text
    assert 'Environment="https_proxy=http://u:\\"p%%@proxy"' in text


def test_no_kernel_ends_with_one_program_of_the_unit() -> None:
    text = boot_entries.unit(PROGRAMS, root=False)
    assert "KillMode=process\n" in text
    assert {"Type=oneshot", "RemainAfterExit=yes", "WantedBy=default.target"} <= set(text.splitlines())


def test_the_machines_own_unit_waits_for_the_network() -> None:
    text = boot_entries.unit(PROGRAMS, root=True)
    assert {"After=network-online.target", "WantedBy=multi-user.target"} <= set(text.splitlines())


def test_a_line_of_cron_takes_words_as_they_are() -> None:
    line = boot_entries.cron_line(PROGRAMS)
    assert line.startswith("@reboot cd ")
    assert "%" not in line.replace("\\%", "")
    said = shlex.split(line.replace("\\%", "%"), comments=True)
    assert said[-7:-2] == [*PROGRAMS.start]
    assert said[1:3] == ["cd", "/srv/50 %"]


def test_a_table_that_cannot_be_read_is_not_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []

    def run(words: Sequence[str], **_: Any) -> Finished:
        asked.append(words)
        return Finished(tuple(words), 1, "", "You (anna) are not allowed to use this program (crontab)")

    monkeypatch.setattr(boot_entries, "run", run)
    for change in (lambda: Cron("crontab").put(PROGRAMS), lambda: Cron("crontab").take_out(PROGRAMS.name)):
        with pytest.raises(PermissionsError, match="not allowed"):
            change()
    assert {words[-1] for words in asked} == {"-l"}


def test_crons_table_keeps_the_lines_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Crontab("@daily something\n")
    monkeypatch.setattr(boot_entries, "run", table.run)
    cron = Cron("crontab")
    for _ in range(2):
        cron.put(PROGRAMS)
        assert cron.is_there(PROGRAMS.name)
        assert len(table.text.splitlines()) == 2
    cron.take_out(PROGRAMS.name)
    assert table.text == "@daily something\n"
    assert not cron.is_there(PROGRAMS.name)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_without_lingering_nothing_is_noted(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    asked = Asked("enable-linger")
    monkeypatch.setattr(boot_entries, "run", asked.run)
    with pytest.raises(PermissionsError, match="log out") as told:
        Systemd(USER).put(PROGRAMS)
    assert "sudo loginctl enable-linger anna" in told.value.remedy
    assert not Systemd(USER).is_there(PROGRAMS.name)


def test_a_users_manager_is_made_to_stay_and_waited_for(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    asked = Asked()
    monkeypatch.setattr(boot_entries, "run", asked.run)
    (home / "run" / "systemd").mkdir(parents=True)
    (home / "run" / "systemd" / "private").touch()
    entry = Systemd(replace(USER, runtime=str(home / "run")))
    entry.put(PROGRAMS)
    assert asked.words[0] == ("loginctl", "enable-linger", "anna")
    assert asked.words[-1] == ("systemctl", "--user", "start", "--no-block", "skrt-hub-course.service")
    file = home / "config/systemd/user/skrt-hub-course.service"
    assert file.stat().st_mode & 0o777 == 0o600
    entry.take_out(PROGRAMS.name)
    assert not file.exists()


def test_a_manager_that_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(boot_entries, "run", Asked().run)
    monkeypatch.setattr(boot_entries, "_MANAGER_COMES", 0.0)
    with pytest.raises(PrerequisiteError, match="does not start"):
        Systemd(replace(USER, runtime=str(home / "run"))).put(PROGRAMS)


def test_where_neither_is_there_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(boot_entries, "all_entries", lambda: ())
    with pytest.raises(PrerequisiteError, match="Nothing here"):
        hub(tmp_path).install(None)


def test_one_entry_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that got systemd later has a line of cron no more."""
    first, second = Crontab(), Crontab("@daily something\n")
    mine = hub(tmp_path)
    both = (Cron("first"), Cron("second"))
    monkeypatch.setattr(boot_entries, "all_entries", lambda: both)
    monkeypatch.setattr(boot_entries, "run", lambda w, **g: (first if w[0] == "first" else second).run(w, **g))
    both[1].put(replace(PROGRAMS, name=service.name_of(Context(Settings(), Layout(tmp_path), Silent()))))
    mine.install(tmp_path / "hub.yaml")
    assert "@reboot" in first.text
    assert second.text == "@daily something\n"
    mine.remove()
    assert "@reboot" not in first.text
    assert mine.remove().lines == ("There was no service of this hub.",)


def test_two_hubs_of_one_name_have_two_services(tmp_path: Path) -> None:
    settings = Settings()
    usual = Context(settings, Layout(default_root(settings.name)), Silent())
    assert service.name_of(usual) == f"skrt-hub-{settings.name}"
    others = {service.name_of(replace(usual, layout=Layout(tmp_path / name))) for name in "ab"}
    assert len(others | {service.name_of(usual)}) == 3


def test_a_hub_that_was_stopped_stays_so(tmp_path: Path) -> None:
    mine = hub(tmp_path)
    assert mine.start() == Message(("up",))
    Layout(tmp_path).stopped.touch()
    assert "stays so" in "".join(mine.start().render().plain.split("\n"))  # type: ignore[attr-defined]


def test_what_comes_late_after_a_start_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    tries = iter([PortTakenError("There is no such address."), None])

    def start() -> Message:
        if (problem := next(tries)) is not None:
            raise problem
        return Message(("up",))

    assert hub(tmp_path, start).start() == Message(("up",))
    assert len(waited) == 1


def test_what_waiting_does_not_mend_is_told_at_once(tmp_path: Path) -> None:
    def start() -> Message:
        raise StateError("There is no hub.")

    with pytest.raises(StateError):
        hub(tmp_path, start).start()


def test_check_says_what_brings_a_hub_in_a_container_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKRT_HUB_CONTAINER", "1")
    found = service.finding(Context(Settings(), Layout(tmp_path), Silent())).found
    assert "--restart unless-stopped" in found
    assert "service install" not in found


@pytest.mark.parametrize("folder", ["a\nExecStart=/bin/other", "end\\", "end ", "\x1b[0m"])
def test_a_folder_that_ends_a_line_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str) -> None:
    table = Crontab("@daily something\n")
    monkeypatch.setattr(boot_entries, "all_entries", lambda: (Cron("crontab"),))
    monkeypatch.setattr(boot_entries, "run", table.run)
    with pytest.raises(UsageError, match="ends a line"):
        hub(tmp_path).install(tmp_path / folder / "hub.yaml")
    assert table.text == "@daily something\n"


def test_a_variable_that_would_end_a_line_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(boot_entries, "all_entries", lambda: (Cron("crontab"),))
    monkeypatch.setenv("SKRT_HUB_ENVIRONMENTS", "/a\n@reboot other")
    with pytest.raises(UsageError, match="SKRT_HUB_ENVIRONMENTS"):
        hub(tmp_path).install(None)
