"""The door to Helm: private folders, a deadline, context and namespace always named.

The person's own Helm settings (repositories, plugins, caches) are neither read nor changed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skrt_hub.errors import PrerequisiteError, ProgramError, SkrtHubError
from skrt_hub.process import Echo, Finished, Program, plain_environment, run, start
from skrt_hub.targets.kubernetes.cluster.kubectl import explain, is_unreachable

INSTALL_HELM = "Install Helm 3.14 or newer: https://helm.sh/docs/intro/install/"
HISTORY = 10
"""How many revisions of a release Helm keeps, for rolling back."""
_MORE_PATIENCE = 60.0
_GO_ON = "Run the command again; it goes on where it was."


@dataclass(frozen=True)
class Revision:
    """One revision of a release, as `helm history` tells it."""

    number: int
    status: str
    chart: str
    description: str
    updated: str


@dataclass(frozen=True)
class Helm:
    """Helm for one context and namespace, with its folders below `home`."""

    context: str
    namespace: str
    home: Path
    echo: Echo | None = None

    def environment(self) -> dict[str, str]:
        """Helm's folders moved to our own; the kube configuration is the person's."""
        names = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY")
        keep = ("KUBECONFIG", *names, *map(str.lower, names), "SSL_CERT_FILE", "SSL_CERT_DIR")
        folders = {f"HELM_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
        # Credential helpers of cloud providers read variables of their own.
        clouds = {
            name: value
            for name, value in os.environ.items()
            if name.startswith(("AWS_", "AZURE_", "CLOUDSDK_", "GOOGLE_", "OS_", "MINIKUBE_"))
        }
        return {**plain_environment(*keep), **clouds, **folders}

    def arguments(self, *words: str) -> tuple[str, ...]:
        """The whole command line for a command that speaks to the cluster."""
        return ("helm", *words, f"--kube-context={self.context}", f"--namespace={self.namespace}")

    def run(self, *words: str, stdin: str | None = None, deadline: float = 60, check: bool = True) -> Finished:
        """Run a command that speaks to the cluster. Raises ClusterError, PermissionsError or ProgramError."""
        done = run(
            self.arguments(*words),
            stdin=stdin,
            deadline=deadline,
            check=False,
            environment=self.environment(),
            echo=self.echo,
            remedy=INSTALL_HELM,
        )
        if done.code != 0 and (check or is_unreachable(done.err)):
            raise explain(done.err, self.context)
        return done

    def history(self, release: str) -> list[Revision]:
        """The release's revisions, oldest first; none where there is no such release."""
        done = self.run("history", release, "--output=json", f"--max={HISTORY}", check=False)
        if done.code != 0:
            if "not found" in done.err:
                return []
            raise explain(done.err, self.context)
        return [
            Revision(row["revision"], row["status"], row["chart"], row.get("description", ""), row.get("updated", ""))
            for row in json.loads(done.out)
        ]

    def releases(self) -> list[dict[str, Any]]:
        """Every release in the namespace, in whatever state."""
        done = self.run("list", "--all", "--output=json") if self.major() < 4 else self.run("list", "--output=json")
        found: list[dict[str, Any]] = json.loads(done.out or "[]")
        return found

    def values(self, release: str, revision: int | None = None) -> dict[str, Any]:
        """The values that a release was made with (not the chart's defaults)."""
        words = ("get", "values", release, "--output=json", *((f"--revision={revision}",) if revision else ()))
        found: dict[str, Any] | None = json.loads(self.run(*words).out)
        return found or {}

    def template(self, release: str, chart: Path, values: str, *, kube_version: str = "") -> str:
        """The chart's manifests, rendered without the cluster. Raises ProgramError with Helm's words."""
        version = (f"--kube-version={kube_version}",) if kube_version else ()
        words = ("helm", "template", release, str(chart), f"--namespace={self.namespace}", "--values=-", *version)
        done = run(
            words,
            stdin=values,
            deadline=120,
            check=False,
            environment=self.environment(),
            echo=self.echo,
            remedy=INSTALL_HELM,
        )
        if done.code != 0:
            raise ProgramError("The chart does not accept these values.", why=done.err.strip()[-3000:])
        return done.out

    def major(self) -> int:
        """Helm's major version."""
        return self.version()[0]

    def version(self) -> tuple[int, int]:
        """Helm's version. Raises PrerequisiteError where there is no Helm."""
        done = run(
            ("helm", "version", "--template={{.Version}}"),
            deadline=20,
            check=False,
            environment=self.environment(),
            remedy=INSTALL_HELM,
        )
        numbers = done.out.strip().removeprefix("v").split(".")
        try:
            return int(numbers[0]), int(numbers[1].split("+")[0].split("-")[0])
        except (IndexError, ValueError):
            raise PrerequisiteError("Helm does not say its version.", why=done.err, remedy=INSTALL_HELM) from None

    def apply(
        self,
        release: str,
        chart: Path,
        values: str,
        *,
        deadline: float,
        watch: Callable[[], None],
        started: Callable[[int], None],
    ) -> None:
        """`helm upgrade --install`, calling `watch` once a second while it runs; `watch` may raise to give up.

        `started` is told the process number.

        On an interrupt or a raise, Helm is asked to end (it then marks the revision as failed) and waited for.
        """
        words = self.arguments(
            "upgrade",
            "--install",
            release,
            str(chart),
            "--values=-",
            f"--timeout={int(deadline)}s",
            f"--history-max={HISTORY}",
            "--reset-values",
            "--cleanup-on-fail",
            "--hide-notes" if self.version() >= (3, 16) else "--output=table",
        )
        if self.echo is not None:
            self.echo("+ " + " ".join(words))
        self._follow(words, values, watch, started, patience=deadline + _MORE_PATIENCE)

    def _follow(
        self,
        words: tuple[str, ...],
        values: str,
        watch: Callable[[], None],
        started: Callable[[int], None],
        *,
        patience: float,
    ) -> None:
        end = time.monotonic() + patience
        # From a file without a name: a pipe holds less than the values have, and a Helm that is slow to read them would
        # wait for ever for the rest, as `communicate` does not go on writing after its first timeout.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as given:
            given.write(values)
            given.seek(0)
            # A session of its own: Ctrl-C reaches only us, and we end Helm in an orderly way.
            process = start(
                words,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self.environment(),
                start_new_session=True,
                text=True,
            )
        try:
            started(process.pid)
            while True:
                try:
                    _, errors = process.communicate(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    watch()
                if time.monotonic() > end:
                    raise ProgramError(f"Helm did not end within {int(patience)} s.", remedy=_GO_ON)
        except BaseException:
            _end(process)
            raise
        if process.returncode < 0:
            raise ProgramError(
                f"Helm was ended from outside (signal {-process.returncode}).",
                why=errors.strip()[-500:],
                remedy=_GO_ON,
            )
        if process.returncode != 0:
            raise self.failure(errors)

    def rollback(self, release: str, revision: int, *, deadline: float) -> None:
        """Bring an older revision back."""
        words = ("rollback", release, str(revision), f"--timeout={int(deadline)}s", f"--history-max={HISTORY}")
        self.run(*words, deadline=deadline + 30)

    def uninstall(self, release: str, *, deadline: float) -> None:
        """Remove the release's objects; what the chart marks to be kept stays."""
        self.run("uninstall", release, f"--timeout={int(deadline)}s", deadline=deadline + 30)

    def failure(self, text: str) -> SkrtHubError:
        """The error for a Helm command that failed."""
        return explain(text, self.context)


def _end(process: Program[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def as_yaml(values: Mapping[str, Any]) -> str:
    """Values as YAML that any Helm reads: JSON is YAML."""
    return json.dumps(values, indent=1, sort_keys=True)
