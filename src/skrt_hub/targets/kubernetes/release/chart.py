"""The Zero to JupyterHub chart: the version that skrt-hub works with, where it comes from, and checking values with it.

The chart is fetched once, at the pinned version, into the hub's own folder; a local copy (`kubernetes.chart`) serves
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

PINNED = "4.4.0"
"""The version of the chart that is fetched and that the tests run with."""
OLDEST, BELOW = (4, 4), (5, 0)
"""Versions that a local chart may have: the values of older and newer ones differ."""
OLDEST_KUBERNETES = (1, 32)
"""What the pinned chart needs at least."""
REPOSITORY = "https://hub.jupyter.org/helm-chart/"
NAME = "jupyterhub"
USE_A_COPY = (
    f"On a machine with internet run `helm pull {NAME} --repo {REPOSITORY} --version {PINNED}`, copy the file here, "
    "and name it in hub.yaml: kubernetes.chart."
)


@dataclass(frozen=True)
class Chart:
    """A chart on this machine: a folder or a packed file."""

    path: Path
    version: str
    kube_version: str


def ensure_chart(local: Path | None, folder: Path, helm: Helm) -> Chart:
    """The local chart, or the pinned one, fetched into `folder` where it is not there yet.

    Raises SettingsError, PrerequisiteError or NetworkError.
    """
    if local is not None:
        return supported(read_chart(local))
    packed = folder / f"{NAME}-{PINNED}.tgz"
    if not packed.is_file():
        _fetch(folder, helm)
    return supported(read_chart(packed))


def find_chart(local: Path | None, folder: Path) -> Chart | None:
    """The chart where it is on this machine already, else None; changes nothing."""
    packed = local if local is not None else folder / f"{NAME}-{PINNED}.tgz"
    return read_chart(packed) if packed.exists() else None


def read_chart(path: Path) -> Chart:
    """What a chart's Chart.yaml says. Raises SettingsError where it is not a JupyterHub chart."""
    text = _chart_yaml(path)
    try:
        document: Any = YAML(typ="safe").load(io.StringIO(text)) if text else None
    except YAMLError:
        document = None
    if not isinstance(document, dict) or document.get("name") != NAME:
        raise SettingsError(
            f"{path} is not the Zero to JupyterHub chart.",
            why="It has no Chart.yaml that says so." if text else "There is no such folder or .tgz file with a chart.",
            remedy=USE_A_COPY,
        )
    return Chart(path, str(document.get("version", "")), str(document.get("kubeVersion", "")))


def supported(chart: Chart) -> Chart:
    """The same chart. Raises PrerequisiteError where its version is not one that skrt-hub works with."""
    numbers = re.match(r"(\d+)\.(\d+)", chart.version)
    version = (int(numbers[1]), int(numbers[2])) if numbers else (0, 0)
    if OLDEST <= version < BELOW:
        return chart
    age = "older" if version < OLDEST else "newer"
    raise PrerequisiteError(
        f"The chart {chart.path} has version {chart.version}, which is {age} than this skrt-hub works with.",
        why=f"Supported are versions from {OLDEST[0]}.{OLDEST[1]} to below {BELOW[0]}.{BELOW[1]}; {PINNED} is tested.",
        remedy=f"Use chart {PINNED}" + (", or a newer skrt-hub" if age == "newer" else "") + f". {USE_A_COPY}",
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


def _chart_yaml(path: Path) -> str | None:
    if path.is_dir():
        file = path / "Chart.yaml"
        return file.read_text(encoding="utf-8") if file.is_file() else None
    try:
        with tarfile.open(path) as packed:
            member = packed.extractfile(f"{NAME}/Chart.yaml")
            return member.read().decode() if member is not None else None
    except (OSError, tarfile.TarError, KeyError):
        return None


def _fetch(folder: Path, helm: Helm) -> None:
    ensure_folder(folder)
    words = ("helm", "pull", NAME, "--repo", REPOSITORY, "--version", PINNED, "--destination", str(folder))
    done = run(words, deadline=180, check=False, environment=helm.environment(), echo=helm.echo, remedy=INSTALL_HELM)
    if done.code != 0:
        raise NetworkError(
            f"The chart {NAME} {PINNED} could not be fetched.",
            why=done.err.strip()[-1500:],
            remedy="Check the network and run the command again; or do without it. " + USE_A_COPY,
        )
