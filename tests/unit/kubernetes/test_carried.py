"""A bundle for a cluster: what is refused before anything is fetched, packed or brought anywhere."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skrt_hub.context import Context
from skrt_hub.environment import bundled
from skrt_hub.environment.bundled import Bundle, Contents
from skrt_hub.errors import ClusterError, SettingsError, SkrtHubError, UsageError
from skrt_hub.layout import Layout
from skrt_hub.progress import Silent
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes import carried

IMAGES = ("localhost/skrt-hub/workspace:1", "quay.io/hub:4")


def context(folder: Path, **kubernetes: Any) -> Context:
    settings = Settings.model_validate({"target": "kubernetes", "kubernetes": kubernetes})
    return Context(settings, Layout(folder), Silent(), bundle=folder / "hub.bundle")


def contents(images: tuple[str, ...]) -> Contents:
    return Contents("1", "3.11", "3.11", "x86_64", "a lock", images=images)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cluster answers."""

    def refuse(_: Context) -> None:
        raise ClusterError("There is no cluster.")

    monkeypatch.setattr(carried, "open_cluster", refuse)


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("image", "kubernetes", "error", "words"),
    [
        ({"push": "registry.example.org/physics"}, "1.34", SettingsError, "not to a registry"),
        ({}, "newest", UsageError, "newest is no version"),
        ({}, "", UsageError, "not known which Kubernetes"),
    ],
)
def test_what_cannot_be_packed_is_said_before_anything_is_built(
    image: dict[str, Any], kubernetes: str, error: type[SkrtHubError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words):
        carried.pack(context(tmp_path, image=image), tmp_path, kubernetes)
    assert list(tmp_path.iterdir()) == []


def test_the_wrong_kind_of_bundle_is_refused_on_either_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "read", lambda file: Bundle(file, contents(())))
    cluster: Any = SimpleNamespace(hub_context=context(tmp_path))
    with pytest.raises(UsageError, match="does not go with this hub"):
        carried.opened(cluster)
    with pytest.raises(UsageError) as refused:
        Bundle(tmp_path / "hub.bundle", contents(IMAGES)).require_for("a lock", "3.11.2")
    assert "for a cluster" in refused.value.why or "It is for Linux" in refused.value.why


def test_an_image_that_is_in_no_bundle_and_on_no_node_is_named(tmp_path: Path) -> None:
    nodes = [{"metadata": {"name": "one"}, "status": {"images": [{"names": ["quay.io/hub:4"]}]}}]
    cluster: Any = SimpleNamespace(hub_context=context(tmp_path), nodes=lambda: nodes)
    bundle = Bundle(tmp_path / "hub.bundle", contents(IMAGES))
    with pytest.raises(UsageError) as refused:
        carried.bring(cluster, bundle, ("quay.io/hub:4", "registry.k8s.io/kube-scheduler:v1.35.7"))
    assert "kube-scheduler:v1.35.7" in refused.value.why
    assert "quay.io" not in refused.value.why
    carried.bring(cluster, bundle, ("quay.io/hub:4",))
