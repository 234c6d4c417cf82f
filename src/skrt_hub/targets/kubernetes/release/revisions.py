"""What a Helm release in the namespace is: ours, made by the old manual, a stranger's, or interrupted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from skrt_hub.errors import RefusedError
from skrt_hub.targets.kubernetes.cluster.helm import Helm, Revision

Owner = Literal["nobody", "us", "manual", "stranger"]
PENDING = ("pending-install", "pending-upgrade", "pending-rollback")
MANUAL_IMAGE = "scikit-rt/scikit-rt"


@dataclass(frozen=True)
class Release:
    """A release: whose it is, its revisions (oldest first), and the values of its newest one."""

    name: str
    owner: Owner
    history: tuple[Revision, ...] = ()
    values: Mapping[str, Any] | None = None

    @property
    def exists(self) -> bool:
        return bool(self.history)

    @property
    def newest(self) -> Revision | None:
        return self.history[-1] if self.history else None

    @property
    def pending(self) -> bool:
        """Whether an operation of Helm began and did not end."""
        return self.newest is not None and self.newest.status in PENDING

    @property
    def unfinished(self) -> bool:
        """Whether the newest operation of Helm did not come to its good end."""
        return self.pending or (self.newest is not None and self.newest.status == "failed")

    @property
    def last_good(self) -> Revision | None:
        """The newest revision that was whole once."""
        whole = [revision for revision in self.history if revision.status in ("deployed", "superseded")]
        return whole[-1] if whole else None


def read_release(helm: Helm, name: str) -> Release:
    """The release called `name` in Helm's namespace."""
    history = tuple(helm.history(name))
    if not history or history[-1].status == "uninstalled":
        return Release(name, "nobody")
    values = helm.values(name)
    return Release(name, owner_of(history[-1].chart, values), history, values)


def owner_of(chart: str, values: Mapping[str, Any]) -> Owner:
    """Whose a release is, from its chart's name and its values.

    What skrt-hub makes has `custom.skrtHub`. The old manual's is a JupyterHub chart with the toolkit's own image.
    """
    if (values.get("custom") or {}).get("skrtHub"):
        return "us"
    image = str(((values.get("singleuser") or {}).get("image") or {}).get("name", ""))
    if chart.startswith("jupyterhub-"):
        return "manual" if MANUAL_IMAGE in image else "stranger"
    return "stranger"


def refuse_others(release: Release, releases: Sequence[Mapping[str, Any]], *, hub: str, take_over: bool) -> None:
    """Stop before anything that is not ours would be touched. Raises RefusedError, naming what is there.

    `releases` are all releases of the namespace: two JupyterHubs cannot share one, their objects have the same names.
    """
    chart = release.newest.chart if release.newest else ""
    if release.owner == "manual" and not take_over:
        raise RefusedError(
            f"The release {release.name!r} was made by the old manual ({chart}).",
            why="It can be taken over: its volumes, with all homes, and the hub's database stay.",
            remedy="Write `kubernetes: {take_over: true}` in hub.yaml and run `skrt-hub up` again. "
            "docs/how-to/from-the-manual.md shows each step.",
        )
    if release.owner == "stranger" and not (take_over and chart.startswith("jupyterhub-")):
        is_hub = chart.startswith("jupyterhub-")
        raise RefusedError(
            f"The namespace has a release called {release.name!r} that skrt-hub did not make ({chart}).",
            why="It is left alone.",
            remedy="Choose another kubernetes.namespace or kubernetes.release in hub.yaml"
            + ("; to take this JupyterHub over, write `take_over: true`." if is_hub else "."),
        )
    if release.owner == "us":
        made_for = ((release.values or {}).get("custom") or {}).get("skrtHub", {}).get("name")
        if made_for not in (None, hub):
            raise RefusedError(
                f"The release {release.name!r} belongs to another skrt-hub, called {made_for!r}.",
                why=f"This hub.yaml is for {hub!r}.",
                remedy="Choose another kubernetes.namespace, or use that hub's own hub.yaml.",
            )
    for other in releases:
        if other.get("name") != release.name and str(other.get("chart", "")).startswith("jupyterhub-"):
            raise RefusedError(
                f"The namespace has another JupyterHub already, the release {other['name']!r} ({other['chart']}).",
                why="Two of them in one namespace would overwrite each other's objects.",
                remedy="Choose another kubernetes.namespace; or, if it is the one you mean, set "
                f"`kubernetes: {{release: {other['name']}}}` in hub.yaml.",
            )
