"""Settings to values for the Zero to JupyterHub chart: a pure function, tested as data.

What each value does is in the chart's configuration reference; only what differs from its defaults is rendered.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from skrt_hub import policy
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.cluster import placement
from skrt_hub.targets.kubernetes.in_hub.admin import ACCOUNTS, HUB_MODULES, LOGIN, SEAT_KEEPER
from skrt_hub.targets.kubernetes.release import data_sets, environments, log_in, profiles, seats, sharing, web, workers
from skrt_workspace import data_links
from skrt_workspace import workers as told_of_workers
from skrt_workspace.home.space import LIMIT

MANAGER = "skrt-hub"
"""The name of the hub's service for the organiser's commands, and the mark of a release that skrt-hub made."""
HOME = "/home/jovyan"
HOMES_MODULE = "skrt_hub_homes"
HOMES_PATH = f"/usr/local/etc/jupyterhub/{HOMES_MODULE}.py"
SHARED_MODULE = "skrt_hub_shared"
SHARED_PATH = f"/usr/local/etc/jupyterhub/{SHARED_MODULE}.py"
SPAWNER_MODULE = "skrt_hub_spawner"
VISITORS_MODULE = "skrt_hub_visitors"
COHORT_DESK_MODULE, COHORT_SHARES_MODULE = "skrt_hub_cohort_desk", "skrt_hub_cohort_shares"
OWN_CONFIG_MODULE = "skrt_hub_own_config"
OWN_CONFIG_PATH = f"/usr/local/etc/jupyterhub/{OWN_CONFIG_MODULE}.py"
CLOSING_MODULE = "skrt_hub_closing"
CLOSING_PATH = f"/usr/local/etc/jupyterhub/{CLOSING_MODULE}.py"
VISITORS_PATH = f"/usr/local/etc/jupyterhub/{VISITORS_MODULE}.py"
SPAWNER_PATH = f"/usr/local/etc/jupyterhub/{SPAWNER_MODULE}.py"
HUB_STATE = "/srv/jupyterhub"
_MANAGERS_SCOPES = ("admin:users", "admin:servers", "tokens", "list:users", "list:services", "proxy", "shutdown")
GPU = "nvidia.com/gpu"
"""What Kubernetes calls a graphics card."""
OWN_LAYER = 2**30
"""What a participant may write beside the home and the folders in memory before the node ends the pod."""
CORE_REQUESTS = {
    "hub": {"cpu": "250m", "memory": "256Mi"},
    "proxy": {"cpu": "100m", "memory": "128Mi"},
    "scheduler": {"cpu": "50m", "memory": "96Mi"},
}
"""What is set aside for the hub's own pods. Without it they would get processors only when no participant wants them:
at a class start, when all are busy, the log-in page would stand still."""


@dataclass(frozen=True)
class Facts:
    """What the values depend on besides the settings.

    `image` is the whole name of the participants' image, `pulled` whether nodes get it from a registry, `command` its
    start command (None: the image's own), `login` the files of the log-in by name, `homes` and `spawner` the source
    texts of its search for homes and of its spawner, `shared` that of what gives pods shared folders, `visitors` and
    `gate` those of the hub's and the proxy's half of the rule about visitors, `closing` that of the proxy of a closed
    hub, `cohort_desk` and `cohort_shares` those of where servers ask for workers and of the rule for that,
    `seats` and `seat_keeper` those of the rule for servers that are started ahead and of what starts them,
    `certificate` and `key` the texts of an own certificate, `logo` the picture of the log-in page, `processors` those
    of the cluster's node, where it has only one that is known. `own_config` is the text of the organiser's own file,
    `own_config_loader` that of what loads it. `datasets` are the fetched sets of data.
    """

    image: str
    pulled: bool
    command: tuple[str, ...] | None
    login: Mapping[str, str]
    homes: str
    spawner: str
    version: str
    certificate: str = ""
    authority: str = ""
    key: str = ""
    shared: str = ""
    visitors: str = ""
    closing: str = ""
    cohort_desk: str = ""
    cohort_shares: str = ""
    seats: str = ""
    seat_keeper: str = ""
    gate: str = ""
    logo: bytes = b""
    processors: float = 0
    own_config: str = ""
    own_config_loader: str = ""
    datasets: tuple[str, ...] = ()


def render_values(settings: Settings, facts: Facts) -> dict[str, Any]:
    """The chart's values for these settings; `kubernetes.values` of hub.yaml is laid over them."""
    rendered = {
        "custom": {"skrtHub": {"name": settings.name, "version": facts.version, "ownConfig": bool(facts.own_config)}},
        "hub": _hub(settings, facts),
        "proxy": _proxy(settings, facts),
        "ingress": _ingress(settings),
        "singleuser": profiles.rendered(settings, partial(_singleuser, facts=facts)),
        "scheduling": _scheduling(settings),
        "prePuller": {
            # Nodes that got the image handed over have nothing to pull, and an install would only wait for the check.
            "hook": {"enabled": facts.pulled},
            "continuous": {"enabled": True},
        },
        "cull": _cull(settings.limits.idle),
    }
    return lay_over(rendered, settings.kubernetes.values)


def lay_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` merged into it as Helm merges values files: maps key by key, everything else replaced."""
    merged = dict(base)
    for key, value in over.items():
        present = merged.get(key)
        both = isinstance(present, Mapping) and isinstance(value, Mapping)
        merged[key] = lay_over(present, value) if both else value  # type: ignore[arg-type]
    return merged


def _hub(settings: Settings, facts: Facts) -> dict[str, Any]:
    logo = f"{HUB_MODULES}/{LOGIN}/logo{settings.page.logo.suffix.lower()}" if settings.page.logo else ""
    hub: dict[str, Any] = {
        "config": _hub_config(settings, facts, logo),
        "extraFiles": _hub_files(facts, logo),
        "extraConfig": {
            "09-skrt-hub-room": f"from {LOGIN} import database_room\ndatabase_room.hold()\n",
            "10-skrt-hub-homes": f"from {HOMES_MODULE} import use_the_home_that_is_there\n"
            "c.KubeSpawner.pre_spawn_hook = use_the_home_that_is_there\n",
            "11-skrt-hub-spawner": f"from {SPAWNER_MODULE} import prompt_spawner\n"
            f"c.JupyterHub.spawner_class = prompt_spawner({starts_at_once(facts.processors)})\n",
            "12-skrt-hub-visitors": web.hub_program(settings, VISITORS_MODULE),
            "13-skrt-hub-closing": web.closing_program(CLOSING_MODULE, LOGIN, ACCOUNTS),
            "14-skrt-hub-cohorts": web.cohort_program(settings, COHORT_DESK_MODULE, COHORT_SHARES_MODULE),
            "15-skrt-hub-shared": sharing.program(settings, SHARED_MODULE, LOGIN, ACCOUNTS),
            # The chart loads its parts in the order of their names.
            "90-hub-config": web.own_config_program(OWN_CONFIG_MODULE, settings.hub_config, facts.own_config),
        },
        "resources": {"requests": CORE_REQUESTS["hub"]},
        **log_in.volumes(settings),
        # `helm uninstall` leaves the hub's database and accounts: homes without names would be hard to give back.
        "db": {"pvc": {"annotations": {"helm.sh/resource-policy": "keep"}}},
        # The organiser's commands speak to the hub as this service, from inside the hub's pod.
        "services": {MANAGER: {}},
        "loadRoles": {MANAGER: {"scopes": list(_MANAGERS_SCOPES), "services": [MANAGER]}},
    }
    if settings.limits.servers:
        hub["activeServerLimit"] = settings.limits.servers
    # Also without organisers: a change of the list restarts no hub.
    hub = lay_over(hub, seats.service(settings, starts_at_once(facts.processors)))
    return lay_over(lay_over(hub, web.class_page()), workers.hub_values(settings))


def _hub_config(settings: Settings, facts: Facts, logo: str) -> dict[str, Any]:
    authority = {"authority_file": f"{HUB_MODULES}/{LOGIN}/authority.crt"} if facts.authority else {}
    told = log_in.traits(settings, logo)
    return {
        "JupyterHub": {
            "authenticator_class": log_in.authenticator_class(settings),
            "admin_access": False,
            # The page's program may be away with the organiser's machine: `status` tells, not a line a minute here.
            "service_check_interval": 0,
            **web.hub_traits(settings),
            **told.pop("JupyterHub", {}),
        },
        # Who is on the list is in the accounts file, so that a change of it needs no restart of the hub.
        **told,
        "AccountsAuthenticator": {**told["AccountsAuthenticator"], "accounts_file": ACCOUNTS, **authority},
        "KubeSpawner": {
            # A home must outlive its server, and its participant's entry in the hub.
            "delete_pvc": False,
            # As the chart's own pods have it: no capabilities, no system calls that only administrators need.
            "container_security_context": {
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
    }


def _hub_files(facts: Facts, logo: str) -> dict[str, Any]:
    """Our modules in the chart's hub, each where Python finds it."""
    texts = {**facts.login, **({"authority.crt": facts.authority} if facts.authority else {})}
    files: dict[str, Any] = {
        f"skrt-hub-login-{name.replace('/', '-')}": {
            "mountPath": f"{HUB_MODULES}/{LOGIN}/{name}",
            "stringData": text,
        }
        for name, text in texts.items()
    }
    files["skrt-hub-homes"] = {"mountPath": HOMES_PATH, "stringData": facts.homes}
    files["skrt-hub-spawner"] = {"mountPath": SPAWNER_PATH, "stringData": facts.spawner}
    files["skrt-hub-shared"] = {"mountPath": SHARED_PATH, "stringData": facts.shared}
    files["skrt-hub-closing"] = {"mountPath": CLOSING_PATH, "stringData": facts.closing}
    files["skrt-hub-own-config"] = {"mountPath": OWN_CONFIG_PATH, "stringData": facts.own_config_loader}
    files["skrt-hub-visitors"] = {"mountPath": VISITORS_PATH, "stringData": facts.visitors}
    for module, text in (
        (COHORT_DESK_MODULE, facts.cohort_desk),
        (COHORT_SHARES_MODULE, facts.cohort_shares),
        (seats.RULES_MODULE, facts.seats),
        (SEAT_KEEPER, facts.seat_keeper),
    ):
        path = f"/usr/local/etc/jupyterhub/{module}.py"
        files[module.replace("_", "-")] = {"mountPath": path, "stringData": text}
    if logo:
        files["skrt-hub-logo"] = {"mountPath": logo, "binaryData": base64.b64encode(facts.logo).decode()}
    return files


def starts_at_once(processors: float) -> int:
    """How many servers may start at a time on a cluster of one node; 0: any number, as on a cluster that may grow."""
    return math.ceil(processors * 1.5)


def _proxy(settings: Settings, facts: Facts) -> dict[str, Any]:
    kubernetes = settings.kubernetes
    kinds = {"load-balancer": "LoadBalancer", "node-port": "NodePort"}
    proxy: dict[str, Any] = {
        "service": {"type": kinds.get(kubernetes.access, "ClusterIP")},
        "chp": {
            "resources": {"requests": CORE_REQUESTS["proxy"]},
            "extraEnv": web.proxy_variables(settings, facts.gate),
        },
    }
    hosts = [kubernetes.host] if kubernetes.host else []
    if facts.certificate:
        manual = {"key": facts.key, "cert": facts.certificate}
        proxy["https"] = {"enabled": True, "type": "manual", "manual": manual, "hosts": hosts}
    elif settings.tls.acme:
        contact = {"contactEmail": settings.tls.acme}
        proxy["https"] = {"enabled": True, "type": "letsencrypt", "letsencrypt": contact, "hosts": hosts}
    return proxy


def _ingress(settings: Settings) -> dict[str, Any]:
    kubernetes = settings.kubernetes
    if kubernetes.access != "ingress":
        return {"enabled": False}
    ingress: dict[str, Any] = {"enabled": True, "hosts": web.ingress_hosts(settings)}
    if kubernetes.ingress_class:
        ingress["ingressClassName"] = kubernetes.ingress_class
    if settings.tls.secret:
        ingress["tls"] = [{"hosts": web.ingress_hosts(settings), "secretName": settings.tls.secret}]
    return ingress


def _singleuser(settings: Settings, facts: Facts) -> dict[str, Any]:
    name, tag = image_of(facts.image)
    limits, kubernetes = settings.limits, settings.kubernetes
    image: dict[str, Any] = {"name": name, "tag": tag, "pullPolicy": "IfNotPresent"}
    if kubernetes.image.pull_secret:
        image["pullSecrets"] = [kubernetes.image.pull_secret]
    return {
        "image": image,
        "cmd": list(facts.command) if facts.command is not None else None,
        "defaultUrl": "/lab",
        "startTimeout": 300,
        "memory": {"limit": limits.memory, "guarantee": _memory_guarantee(settings)},
        "cpu": {"limit": limits.cpu + kubernetes.cpu_burst, "guarantee": cpu_guarantee(settings)},
        # Homes and temporary files have limits of their own. What is left, the image's own layer, is the node's disk.
        "extraResource": _extra_resources(settings),
        "extraEnv": _environment(settings),
        "storage": _storage(settings, facts.datasets),
        **_network(settings),
        **({"extraNodeAffinity": {"required": required}} if (required := placement.terms(kubernetes)) else {}),
        # Nodes with graphics cards are usually kept free of everything else.
        **({"extraTolerations": [{"key": GPU, "operator": "Exists"}]} if profiles.gpus(settings) else {}),
    }


def image_of(image: str) -> tuple[str, str]:
    """An image's name and its tag."""
    name, _, tag = image.rpartition(":")
    return (image, "latest") if not name or "/" in tag else (name, tag)


def _extra_resources(settings: Settings) -> dict[str, Any]:
    limits: dict[str, Any] = {"ephemeral-storage": quantity(OWN_LAYER)}
    if profiles.gpus(settings):
        limits[GPU] = str(settings.limits.gpu)
    return {"limits": limits, "guarantees": {"ephemeral-storage": 0}}


def _network(settings: Settings) -> dict[str, Any]:
    """The chart's own rules let out to the internet and to nothing nearer; here only what is stricter than they."""
    rules, more = policy.internet.stricter_egress_rules(settings), workers.egress(settings)
    told = {**({"egressAllowRules": rules} if rules else {}), **({"egress": more} if more else {})}
    return {"networkPolicy": told} if told else {}


def _memory_guarantee(settings: Settings) -> int:
    """A quarter of the limit, and at least what an idle server with one kernel needs."""
    wanted = settings.kubernetes.memory_guarantee or max(settings.limits.memory // 4, 300 * 10**6)
    return min(wanted, settings.limits.memory)


def cpu_guarantee(settings: Settings) -> float:
    """The processors that are set aside for each participant."""
    wanted = settings.kubernetes.cpu_guarantee or round(settings.limits.cpu / 20, 3)
    return min(max(wanted, 0.01), settings.limits.cpu)


def _environment(settings: Settings) -> dict[str, str]:
    limits = settings.limits
    told = {
        **policy.threads.variables(limits.cpu),
        **policy.engines.variables(settings.engines),
        **policy.cohorts.variables(settings),
        **told_of_workers.variables(own_network=True),
        **workers.variables(settings),
        **policy.patient_data.variables(settings),
        **policy.start_page.variables(settings),
        **data_links.variables({entry.in_home: f"/data/{entry.name}" for entry in settings.datasets if entry.in_home}),
        **(environments.variables(settings, "") if settings.environment.others else {}),
        "JUPYTERHUB_ACTIVITY_INTERVAL": str(policy.idle.look_every(limits.idle)),
        LIMIT: str(limits.home or settings.kubernetes.home_size),
    }
    return {name: environments.literal(value) for name, value in told.items()}


def _storage(settings: Settings, datasets: tuple[str, ...]) -> dict[str, Any]:
    kubernetes = settings.kubernetes
    storage: dict[str, Any] = {
        "capacity": quantity(settings.limits.home or kubernetes.home_size),
        "homeMountPath": HOME,
    }
    if kubernetes.storage_class:
        storage["dynamic"] = {"storageClass": kubernetes.storage_class}
    volumes, mounts = _folders_in_memory(settings.limits.memory)
    for number, item in enumerate(settings.data):
        name = f"data-{number}"
        volumes[name] = {"name": name, "hostPath": {"path": str(item.folder), "type": "Directory"}}
        mounts[name] = {"name": name, "mountPath": f"/data/{item.name}", "readOnly": True}
    more, at = data_sets.volumes(datasets)
    return {**storage, "extraVolumes": volumes | more, "extraVolumeMounts": mounts | at}


def _folders_in_memory(limit: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Volumes and mounts for temporary files: in the image's own layer they would fill the node's disk, unlimited."""
    volumes: dict[str, Any] = {}
    mounts: dict[str, Any] = {}
    for path, size in policy.memory.folders(limit).items():
        name = f"memory-{path.rpartition('/')[2]}"
        volumes[name] = {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": quantity(size)}}
        mounts[name] = {"name": name, "mountPath": path}
    return volumes, mounts


def quantity(size: int) -> str:
    """Bytes as a Kubernetes quantity in whole mebibytes, rounded up."""
    return f"{math.ceil(size / 2**20)}Mi"


def _scheduling(settings: Settings) -> dict[str, Any]:
    seats = settings.kubernetes.placeholders
    return {
        # One is enough for a class; it packs participants on the busiest node that has room.
        "userScheduler": {"enabled": True, "replicas": 1, "resources": {"requests": CORE_REQUESTS["scheduler"]}},
        "podPriority": {"enabled": seats > 0},
        "userPlaceholder": {"enabled": seats > 0, "replicas": seats},
    }


def _cull(idle: int) -> dict[str, Any]:
    if not idle:
        return {"enabled": False}
    return {"enabled": True, "timeout": idle, "every": policy.idle.look_every(idle), "users": False}
