"""A hub in a container: what its engine does from here, and the commands that are typed within."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skrt_hub import process
from skrt_hub.context import Context
from skrt_hub.errors import (
    PermissionsError,
    PortTakenError,
    PrerequisiteError,
    RefusedError,
    StartError,
    StateError,
    UsageError,
)
from skrt_hub.process import Finished
from skrt_hub.report import CheckReport, Finding, Message, PassedOn, Report, StatusReport, UpReport
from skrt_hub.targets import engine
from skrt_hub.targets.container import arguments
from skrt_hub.targets.container.arguments import LABEL, Place
from skrt_hub.targets.port import ensure_port_is_free
from skrt_hub.version import __version__

IMAGE_VARIABLE = "SKRT_HUB_CONTAINER_IMAGE"
"""Names another image than `skrt-hub`, such as one of a registry."""
_UP_WITHIN, _STOP_WITHIN = 600.0, 40
_AFTER_UP = " is up: "
_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")


class ContainerHub:
    """The hub of one hub.yaml, in one container of docker's or podman's."""

    def __init__(self, context: Context, config: Path | None) -> None:
        if config is None:
            raise UsageError(
                "A hub in a container needs a hub.yaml, whose folder the container has.",
                remedy="Type: skrt-hub init. Then write `target: container` into hub.yaml.",
            )
        self._context, self._place = context, Place(context.settings, config)
        self._engine = ""

    def carry_out(self, verb: str, values: Mapping[str, Any], words: Sequence[str]) -> Report:
        """Carry a command out, here or within the container. Raises a SkrtHubError for what a person can mend."""
        own = {"up": self._up, "start": self._start, "stop": self._stop, "delete": self._delete}
        if verb == "check" and not self._runs():
            return self._check()
        if verb == "status" and not self._runs():
            return self._not_running()
        if verb in own:
            return own[verb](values, words)
        return self._within(values, words)

    # What the engine does

    def _up(self, values: Mapping[str, Any], words: Sequence[str]) -> Report:
        if values.get("bundle") or values.get("foreground"):
            raise UsageError("--bundle and --foreground are for a hub without a container.", remedy="skrt-hub up")
        began, image = time.monotonic(), os.environ.get(IMAGE_VARIABLE, "skrt-hub")
        run = arguments.run_words(self._place, image, self._image(image))
        there = self._inspect()
        if there is not None and there["label"] == arguments.made_with(run):
            if there["running"]:
                return self._within(values, words)
            return self._start(values, words)
        if there is not None:
            with self._context.progress.step("container: a new one, with what was kept"):
                self._call("stop", "--time", str(_STOP_WITHIN), self._place.name, deadline=120)
                self._call("rm", self._place.name)
        self._require_port()
        with self._context.progress.step("container"):
            done = self._call(*run, check=False)
        if done.code:
            self._call("rm", "--force", self._place.name, check=False)
            raise StartError(f"{self._engine} did not start the container.", why=process.last_lines(done.err))
        return self._came_up(began)

    def _start(self, values: Mapping[str, Any], words: Sequence[str]) -> Report:
        there, began = self._inspect(), time.monotonic()
        if there is None:
            return self._up({}, words)
        if there["running"]:
            return self._within(values, words)
        self._require_port()
        self._call("start", self._place.name)
        return self._came_up(began)

    def _stop(self, _values: Mapping[str, Any], _words: Sequence[str]) -> Report:
        if not self._runs():
            return Message((f"The container {self._place.name} does not run.",))
        with self._context.progress.step("container: stopping"):
            self._call("stop", "--time", str(_STOP_WITHIN), self._place.name, deadline=120)
        return Message((f"The container {self._place.name} has ended. Every file is kept.",))

    def _delete(self, values: Mapping[str, Any], words: Sequence[str]) -> Report:
        if self._inspect() is None:
            return Message((f"There is no container {self._place.name}.",))
        if not self._runs():
            raise StateError(
                f"The container {self._place.name} does not run, so it cannot be seen what would be lost.",
                remedy="Type: skrt-hub start. Then delete it.",
            )
        passed = self._within(values, words)
        if passed.exit_code or values.get("dry_run"):
            return passed
        self._call("rm", "--force", self._place.name)
        volume = self._place.name
        lines = (f"The container {volume} was removed, too.",)
        return Message((*lines, f"Its volume is kept; to remove it: {self._engine} volume rm {volume}"))

    def _check(self) -> CheckReport:
        findings = [Finding("docker or podman", True, self._found_engine())]
        image = os.environ.get(IMAGE_VARIABLE, "skrt-hub")
        try:
            self._image(image)
            findings.append(Finding("image", True, f"{image} is there"))
        except PrerequisiteError as error:
            findings.append(Finding("image", False, error.what, error.remedy))
        try:
            self._require_port()
            findings.append(Finding("address", True, f"port {self._place.settings.port} is free"))
        except PortTakenError as error:
            findings.append(Finding("address", False, error.what, error.remedy))
        return CheckReport("container", tuple(findings))

    def _not_running(self) -> StatusReport:
        state = "absent" if self._inspect() is None else "stopped"
        settings = self._place.settings
        return StatusReport(settings.name, state, "container", None, settings.login.kind, __version__)

    # The ways to it

    def _within(self, values: Mapping[str, Any], words: Sequence[str]) -> PassedOn:
        """Type a command in the container, and give the person its screen."""
        if not self._runs():
            raise StateError(f"The container {self._place.name} does not run.", remedy="Type: skrt-hub up")
        typed = arguments.inside(words, values, self._place, Path.cwd())
        at_a_terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
        given = [word for name in _SECRETS if name in os.environ for word in ("--env", name)]
        call = [self._found_engine(), "exec", "--interactive", *at_a_terminal, *given, self._place.name, *typed]
        self._echo(call)
        with process.start(call, stdin=None) as program:
            with contextlib.suppress(KeyboardInterrupt):  # the command within was told, too
                program.wait()
            return PassedOn(program.wait())

    def _came_up(self, began: float) -> UpReport:
        """Wait until the hub within says that it is up, and repeat what it says then."""
        with self._context.progress.step("hub in the container") as step:
            while time.monotonic() < began + _UP_WITHIN:
                there = self._inspect()
                said = self._said_since(there["began"]) if there is not None else Finished((), 0, "", "")
                if _AFTER_UP in said.out:
                    break
                if there is None or not there["running"] or there["restarts"]:
                    self._call("stop", self._place.name, check=False)
                    raise StartError("The hub in the container did not come up.", why=process.last_lines(said.err))
                step.update(note=process.last_lines(said.err, 1))
                time.sleep(1)
            else:
                raise StartError(
                    f"The hub in the container is not up after {_UP_WITHIN:.0f} s.",
                    why=process.last_lines(said.err),
                    remedy=f"It may still come: {self._engine} logs --follow {self._place.name}",
                )
        first, *lines = said.out.strip().splitlines()
        url = first.rpartition(_AFTER_UP)[2].strip()
        return UpReport(self._place.settings.name, url, True, time.monotonic() - began, tuple(lines))

    def _said_since(self, when: str) -> Finished:
        return self._call("logs", "--since", when, self._place.name, check=False)

    def _image(self, image: str) -> str:
        done = self._call("image", "inspect", "--format", "{{.Id}}", image, check=False)
        if done.code:
            raise PrerequisiteError(
                f"There is no image {image} here.",
                why=f"{self._engine} does not know it.",
                remedy="Make it in a copy of the project: make container ENGINE="
                f"{self._engine}. Or name one of a registry: {IMAGE_VARIABLE}=NAME.",
            )
        return done.out.strip()

    def _inspect(self) -> dict[str, Any] | None:
        """What the engine knows of the container. Raises RefusedError for one that is not ours."""
        done = self._call("container", "inspect", self._place.name, check=False)
        if done.code:
            return None
        found = json.loads(done.out)[0]
        label = (found["Config"].get("Labels") or {}).get(LABEL)
        if label is None:
            raise RefusedError(
                f"There is a container {self._place.name} that skrt-hub did not make.",
                remedy=f"Give the hub another name in hub.yaml, or remove it: {self._engine} rm {self._place.name}",
            )
        state = found["State"]
        restarts = found.get("RestartCount", 0)
        return {"label": label, "running": state["Running"], "began": state["StartedAt"], "restarts": restarts}

    def _runs(self) -> bool:
        there = self._inspect()
        return there is not None and bool(there["running"])

    def _require_port(self) -> None:
        with contextlib.suppress(PermissionsError):  # the engine may listen where this program may not
            ensure_port_is_free(self._place.settings)

    def _found_engine(self) -> str:
        if not self._engine:
            self._engine, _ = engine.find("One of them runs the hub's container.")
        return self._engine

    def _call(self, *words: str, check: bool = True, deadline: float = 120) -> Finished:
        return process.run((self._found_engine(), *words), deadline=deadline, check=check, echo=self._context.echo)

    def _echo(self, call: Sequence[str]) -> None:
        if self._context.echo is not None:
            self._context.echo(f"+ {' '.join(call)}")
