"""How a browser reaches the hub: through the port-forward, a load balancer, a node's port or an ingress."""

from __future__ import annotations

import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from skrt_hub.context import Context
from skrt_hub.errors import ClusterError, StartError
from skrt_hub.progress import Step
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.background import forward
from skrt_hub.targets.kubernetes.cluster import minikube
from skrt_hub.targets.kubernetes.cluster.connection import Cluster

Object = Mapping[str, Any]


def find_url(cluster: Cluster) -> str | None:
    """The address as it is now, or None where there is none yet; changes nothing."""
    settings = cluster.settings
    access = settings.kubernetes.access
    if access == "port-forward":
        return settings.url
    if access == "ingress":
        scheme = "https" if settings.tls.secret else "http"
        return f"{scheme}://{settings.kubernetes.host}/"
    service = cluster.kubectl.get("service", forward.SERVICE)
    if service is None:
        return None
    if access == "load-balancer":
        return balancer_url(service, settings)
    own = minikube.address(cluster.context) if cluster.kind == "minikube" else None
    nodes = [] if own else cluster.nodes() or []
    return node_url(service, nodes, settings, host=own)


def balancer_url(service: Object, settings: Settings) -> str | None:
    """The address that the load balancer gave the service, or None where it has given none."""
    entries = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    host = next((entry.get("hostname") or entry.get("ip") for entry in entries), None)
    if host is None:
        return None
    return _url(settings, str(host), 443 if settings.tls.at_the_proxy else 80)


def node_url(service: Object, nodes: Sequence[Object], settings: Settings, *, host: str | None) -> str | None:
    """The address of a node with the service's port there: `host`, else an external address, else an internal one."""
    wanted = "https" if settings.tls.at_the_proxy else "http"
    ports = {port.get("name"): port.get("nodePort") for port in service.get("spec", {}).get("ports", [])}
    port = ports.get(wanted)
    addresses = [item for node in nodes for item in node.get("status", {}).get("addresses", [])]
    for kind in ("ExternalIP", "InternalIP"):
        host = host or next((item["address"] for item in addresses if item.get("type") == kind), None)
    return _url(settings, host, int(port)) if host and port else None


def require_port(context: Context) -> None:
    """Raises PortTakenError where the way to the hub would end at another program; nothing else was done by then."""
    if context.settings.kubernetes.access == "port-forward":
        forward.require_port(context.settings, context.layout)


def open_door(cluster: Cluster, step: Step, *, deadline: float) -> str:
    """Make the hub reachable and wait until its log-in page answers; returns the address.

    Raises PortTakenError, ClusterError or StartError.
    """
    if cluster.settings.kubernetes.access == "port-forward":
        forward.start(cluster.settings, cluster.layout, cluster.kubectl)
    end = time.monotonic() + deadline
    url = None
    while time.monotonic() < end:
        url = url or find_url(cluster)
        if url is None:
            step.update(note="waiting for an address")
            time.sleep(1)
            continue
        step.update(note=f"waiting for {url}")
        if log_in_page_answers(url, cluster.settings):
            return url
        if cluster.settings.kubernetes.access == "port-forward":
            forward.require_running(cluster.layout)
        time.sleep(0.15)
    raise _unreachable(cluster, url)


def log_in_page_answers(url: str, settings: Settings) -> bool:
    """Whether the hub's log-in page is there. A certificate's worth is the browser's business, not looked at here."""
    return _obstacle(url, settings) == ""


def hub_name(settings: Settings) -> str:
    """The name that requests must ask the hub by, where it is not the address's: a proxy that leads by names."""
    return urllib.parse.urlsplit(settings.public_url).netloc if settings.participant_url else ""


def _obstacle(url: str, settings: Settings) -> str:
    """Why the log-in page does not answer, in words; nothing where it does."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_any_certificate())
    )
    try:
        name = hub_name(settings)
        request = urllib.request.Request(f"{url}hub/login", headers={"Host": name} if name else {})  # noqa: S310 - http or https, our own
        with opener.open(request, timeout=5) as answer:
            return "" if answer.status == 200 else f"The answer is {answer.status}."
    except urllib.error.HTTPError as error:
        return f"Something answers there, with {error.code} {error.reason}."
    except urllib.error.URLError as error:
        if isinstance(error.reason, socket.gaierror):
            return f"The name {urllib.parse.urlsplit(url).hostname} leads to no address from this machine."
        return f"{error.reason}."
    except (OSError, ValueError) as error:
        return f"{error}."


def no_address(settings: Settings) -> str:
    """Where an address would come from, and why there may be none."""
    if settings.kubernetes.access == "load-balancer":
        return "A load balancer comes from the cloud provider; minikube, kind and many own clusters have none."
    return "No node tells an address, or the service has no port there."


def _any_certificate() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _unreachable(cluster: Cluster, url: str | None) -> ClusterError | StartError:
    access = cluster.settings.kubernetes.access
    if url is None:
        return ClusterError(
            f"The cluster gave the hub no address for access: {access}.",
            why=no_address(cluster.settings),
            remedy="Use `access: port-forward` in hub.yaml (the default), or for minikube run `minikube tunnel`.",
        )
    return StartError(
        f"The hub runs, but its log-in page does not answer at {url}.",
        why=forward.last_words(cluster.layout) if access == "port-forward" else _obstacle(url, cluster.settings),
        remedy="See `skrt-hub status`. For a host name, check that it leads to the cluster.",
    )


def _url(settings: Settings, host: str, port: int) -> str:
    secure = settings.tls.at_the_proxy
    name = settings.kubernetes.host or (f"[{host}]" if ":" in host else host)
    standard = port == (443 if secure else 80)
    return f"{'https' if secure else 'http'}://{name}{'' if standard else f':{port}'}/"
