"""The charts: the versions that skrt-hub works with, where they come from, and checking values with them.

A chart is fetched once, at the pinned version, into the hub's own folder; a local copy (`kubernetes.chart`) serves
a cluster without internet.
"""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from skrt_hub.errors import NetworkError, PrerequisiteError, ProgramError, SettingsError
from skrt_hub.files import ensure_folder
from skrt_hub.process import run
from skrt_hub.targets.kubernetes.cluster.helm import INSTALL_HELM, Helm, as_yaml

OLDEST_KUBERNETES = (1, 32)
"""What the pinned charts need at least."""


@dataclass(frozen=True)
class Kind:
    """A chart as its publishers have it.

    `pinned` is the version that is fetched and that the tests run with. A local chart may have a version from `oldest`
    to below `below`: the values of older and newer ones differ. `setting` names the local copy in hub.yaml.
    """

    name: str
    title: str
    repository: str
    pinned: str
    oldest: tuple[int, int]
    below: tuple[int, int]
    setting: str

    @property
    def use_a_copy(self) -> str:
        """How to do without fetching it."""
        return (
            f"On a machine with internet run `helm pull {self.name} --repo {self.repository} --version {self.pinned}`, "
            f"copy the file here, and name it in hub.yaml: {self.setting}."
        )


JUPYTERHUB = Kind(
    name="jupyterhub",
    title="Zero to JupyterHub",
    repository="https://hub.jupyter.org/helm-chart/",
    pinned="4.4.0",
    oldest=(4, 4),
    below=(5, 0),
    setting="kubernetes.chart",
)


@dataclass(frozen=True)
class Chart:
    """A chart on this machine: a folder or a packed file."""

    path: Path
    version: str
    kube_version: str


def ensure_chart(local: Path | None, folder: Path, helm: Helm, kind: Kind = JUPYTERHUB) -> Chart:
    """The local chart, or the pinned one, fetched into `folder` where it is not there yet.

    Raises SettingsError, PrerequisiteError or NetworkError.
    """
    if local is not None:
        return supported(read_chart(local, kind), kind)
    packed = folder / f"{kind.name}-{kind.pinned}.tgz"
    if not packed.is_file():
        _fetch(folder, helm, kind)
    return supported(read_chart(packed, kind), kind)


def find_chart(local: Path | None, folder: Path, kind: Kind = JUPYTERHUB) -> Chart | None:
    """The chart where it is on this machine already, else None; changes nothing."""
    packed = local if local is not None else folder / f"{kind.name}-{kind.pinned}.tgz"
    return read_chart(packed, kind) if packed.exists() else None


def read_chart(path: Path, kind: Kind = JUPYTERHUB) -> Chart:
    """What a chart's Chart.yaml says. Raises SettingsError where it is another chart, or none."""
    text = _chart_yaml(path, kind.name)
    try:
        document: Any = YAML(typ="safe").load(io.StringIO(text)) if text else None
    except YAMLError:
        document = None
    if not isinstance(document, dict) or document.get("name") != kind.name:
        raise SettingsError(
            f"{path} is not the {kind.title} chart.",
            why="It has no Chart.yaml that says so." if text else "There is no such folder or .tgz file with a chart.",
            remedy=kind.use_a_copy,
        )
    return Chart(path, str(document.get("version", "")), str(document.get("kubeVersion", "")))


def supported(chart: Chart, kind: Kind = JUPYTERHUB) -> Chart:
    """The same chart. Raises PrerequisiteError where its version is not one that skrt-hub works with."""
    numbers = re.match(r"(\d+)\.(\d+)", chart.version)
    version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    if kind.oldest <= version < kind.below:
        return chart
    age = "older" if version < kind.oldest else "newer"
    raise PrerequisiteError(
        f"The chart {chart.path} has version {chart.version}, which is {age} than this skrt-hub works with.",
        why=f"Supported are versions from {kind.oldest[0]}.{kind.oldest[1]} to below {kind.below[0]}.{kind.below[1]}; "
        f"{kind.pinned} is tested.",
        remedy=f"Use chart {kind.pinned}"
        + (", or a newer skrt-hub" if age == "newer" else "")
        + f". {kind.use_a_copy}",
    )


def check_values(helm: Helm, release: str, chart: Chart, values: dict[str, Any], *, server: tuple[int, int]) -> str:
    """Render the chart with the values, against its own schema; returns the manifests.

    Raises SettingsError with the schema's words: nothing has been sent to the cluster then.
    """
    try:
        return helm.template(release, chart.path, as_yaml(values), kube_version=f"{server[0]}.{server[1]}.0")
    except ProgramError as error:
        if "incompatible with Kubernetes" in error.why:
            raise PrerequisiteError(
                f"Chart {chart.version} does not work with Kubernetes {server[0]}.{server[1]}.",
                why=f"It needs {chart.kube_version}.",
                remedy="Use a newer Kubernetes (for minikube: a new profile with --kubernetes-version).",
            ) from error
        raise SettingsError(
            "The chart does not accept the values made from hub.yaml.",
            why=_schema_words(error.why),
            remedy="Correct kubernetes.values in hub.yaml; `skrt-hub render` shows all values. Nothing was changed.",
        ) from error


def _schema_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("-")]
    return "\n".join(told or lines[-6:])


def _chart_yaml(path: Path, name: str) -> str | None:
    if path.is_dir():
        file = path / "Chart.yaml"
        return file.read_text(encoding="utf-8") if file.is_file() else None
    try:
        with tarfile.open(path) as packed:
            member = packed.extractfile(f"{name}/Chart.yaml")
            return member.read().decode() if member is not None else None
    except (OSError, tarfile.TarError, KeyError):
        return None


def _fetch(folder: Path, helm: Helm, kind: Kind) -> None:
    ensure_folder(folder)
    source = (kind.name, "--repo", kind.repository, "--version", kind.pinned)
    words = ("helm", "pull", *source, "--destination", str(folder))
    done = run(words, deadline=180, check=False, environment=helm.environment(), echo=helm.echo, remedy=INSTALL_HELM)
    if done.code != 0:
        raise NetworkError(
            f"The chart {kind.name} {kind.pinned} could not be fetched.",
            why=done.err.strip()[-1500:],
            remedy="Check the network and run the command again; or do without it. " + kind.use_a_copy,
        )
