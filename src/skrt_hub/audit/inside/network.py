"""What can be reached over the network from inside: loopback, the hub's listeners, the cloud, the world."""

from __future__ import annotations

import errno
import http.client
import os
import socket

from .attempt import HELD, LOG_IN, NETWORK, Facts, Finding, not_applicable, reachable, refused

_PATIENCE = 3.0
_POLICY = "network policy, or nothing on the way"


def _connect(host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE):
            return reachable(f"{host} port {port} was connected to")
    except TimeoutError:
        return refused(_POLICY, "no answer")
    except OSError as error:
        layer = "port rules (Landlock)" if error.errno == errno.EACCES else NETWORK
        return refused(layer, errno.errorcode.get(error.errno or 0, str(error)))


def loopback_services(facts: Facts) -> Finding:
    """Reach a service that listens on the machine's own loopback"""
    port = facts.get("loopback_port")
    if not port:
        return not_applicable("the pod's loopback is its own")
    last = refused(NETWORK)
    for host in ("127.0.0.1", "::1"):
        last = _connect(host, int(port))
        if last.outcome == "reachable":
            return last
    return last


def hub_listeners(facts: Facts) -> Finding:
    """Reach the proxy's interface, and the hub's without a token"""
    listeners = facts.get("listeners") or []
    if not listeners:
        return not_applicable("their addresses are not known here")
    last = refused(NETWORK)
    for host, port, path in listeners:
        try:
            connection = http.client.HTTPConnection(host, int(port), timeout=_PATIENCE)
            connection.request("GET", path)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            last = refused(NETWORK, f"{host} port {port}: {error}")
            continue
        if answer.status < 400:
            return reachable(f"{host} port {port}: answer {answer.status} to {path}")
        last = refused(LOG_IN, f"answer {answer.status}")
    return last


def take_hubs_addresses(facts: Facts) -> Finding:
    """Listen where the hub does, in all spellings of its addresses"""
    wanted = facts.get("hub_ports") or []
    if not wanted:
        return not_applicable("a pod has an address of its own")
    free = []
    for port in wanted:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, socket.SOCK_STREAM) as taken:
                try:
                    taken.bind((host, int(port)))
                    taken.listen()
                except OSError:
                    continue
                if _somebody_outside_sees(facts, host, int(port)):
                    free.append(f"{host} port {port}")
    if free:
        return reachable(f"a participant can listen at {', '.join(free)}")
    return refused(HELD, "or the participant's network is its own")


def _somebody_outside_sees(facts: Facts, host: str, port: int) -> bool:
    """Whether this network is the machine's: then its canary can be connected to."""
    canary = int(facts.get("loopback_port") or 0)
    return bool(canary) and _connect(host if host != "::1" else "127.0.0.1", canary).outcome == "reachable"


def metadata(facts: Facts) -> Finding:
    """Reach the cloud's metadata service, which knows the machine's keys (169.254.169.254)"""
    found = _connect("169.254.169.254", 80)
    if found.outcome == "reachable" or facts.get("metadata_answers"):
        return found
    if found.layer == _POLICY:
        return not_applicable("nothing answers there from this machine either")
    return found


def internet(facts: Facts) -> Finding:
    """Reach the internet"""
    if facts.get("internet_allowed", True):
        return not_applicable("hub.yaml lets participants reach it")
    for host, port in (("1.1.1.1", 443), ("9.9.9.9", 53), ("2606:4700:4700::1111", 443)):
        found = _connect(host, port)
        if found.outcome == "reachable":
            return found
    return found


def name_service(facts: Facts) -> Finding:
    """Ask the name service, a way for data to leave"""
    if facts.get("internet_allowed", True):
        return not_applicable("hub.yaml lets participants reach the internet")
    try:
        address = socket.getaddrinfo("example.org", 80)[0][4][0]
    except OSError as error:
        return refused(NETWORK, str(error))
    return reachable(f"example.org is {address}")


def cluster_interface(facts: Facts) -> Finding:
    """Reach the cluster's interface and the node's"""
    host = os.environ.get("KUBERNETES_SERVICE_HOST") or facts.get("cluster_host")
    if not facts.get("pod"):
        return not_applicable("this hub runs on one machine")
    if not host:
        return not_applicable("the pod is not told where it is")
    found = _connect(str(host), 443)
    # A pod's own network leads there; a policy refuses in whichever way the cluster's program for that does.
    return refused(_POLICY, found.why) if found.outcome == "refused" else found


def other_pod(facts: Facts) -> Finding:
    """Reach another pod of the hub past its proxy"""
    if not facts.get("pod"):
        return not_applicable("this hub runs on one machine")
    for name, port in (("proxy-api", 8001), ("hub", 8081)):
        try:
            connection = http.client.HTTPConnection(name, port, timeout=_PATIENCE)
            connection.request("GET", "/api/routes" if name == "proxy-api" else "/hub/api/users")
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            continue
        if answer.status < 400:
            return reachable(f"{name}: answer {answer.status}")
        if name == "proxy-api":
            return reachable("the proxy's interface answers pods; only its token protects it")
    return refused(_POLICY)


PROBES = (
    loopback_services, hub_listeners, take_hubs_addresses, metadata, internet, name_service, cluster_interface,
    other_pod,
)  # fmt: skip
