"""What `access: ingress` needs of the cluster: a class that a controller serves, and the certificate's secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skrt_hub.errors import ClusterError
from skrt_hub.targets.kubernetes.cluster.classes import class_in_use, classes_of
from skrt_hub.targets.kubernetes.cluster.connection import Cluster

Object = Mapping[str, Any]

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


def ingress_class(classes: Sequence[Object], wanted: str) -> str | None:
    """The ingress class that the hub's ingress gets, or None where there is none."""
    return class_in_use(classes, wanted, (_DEFAULT,))


def require_class(cluster: Cluster) -> str:
    """The ingress class in use. Raises ClusterError where it is missing. May not be asked: nothing is said."""
    if cluster.settings.kubernetes.access != "ingress":
        return ""
    classes = classes_of(cluster.kubectl, "ingressclasses")
    if classes is None:
        return "(may not be asked for)"
    wanted = cluster.settings.kubernetes.ingress_class
    found = ingress_class(classes, wanted)
    if found is None:
        names = ", ".join(item["metadata"]["name"] for item in classes)
        raise ClusterError(
            f"The cluster has no ingress class {wanted!r}." if wanted else "The cluster has no default ingress class.",
            why=f"An ingress controller would not look at the hub's ingress. Ingress classes there: {names or 'none'}.",
            remedy="Name one of them in hub.yaml: kubernetes.ingress_class."
            if names
            else "Install an ingress controller (for minikube: `minikube addons enable ingress`).",
        )
    return found


def require_secret(cluster: Cluster) -> None:
    """Raises ClusterError where the TLS secret that hub.yaml names is not in the namespace, or is of another kind."""
    name = cluster.settings.tls.secret
    if cluster.settings.kubernetes.access != "ingress" or not name:
        return
    found = cluster.kubectl.get("secret", name)
    if found is not None and found.get("type") == "kubernetes.io/tls":
        return
    there = f"The namespace {cluster.namespace} has no secret {name!r} (hub.yaml, tls.secret)."
    raise ClusterError(
        there if found is None else f"The secret {name!r} in the namespace {cluster.namespace} holds no certificate.",
        why="" if found is None else f"Its type is {found.get('type')!r}, and kubernetes.io/tls is needed.",
        remedy=f"Make it from your certificate, then run `skrt-hub up` again: kubectl --context={cluster.context} "
        f"--namespace={cluster.namespace} create secret tls {name} --cert=CERTIFICATE.pem --key=KEY.pem",
    )
