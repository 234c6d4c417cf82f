"""Names and origins of a hub on Kubernetes: which names it answers to, and whether servers have origins of their own.

The rules are those of one machine (skrt_hub.policy.hosts, skrt_hub.hub.visitors); here they become the chart's values.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from skrt_hub import policy
from skrt_hub.settings.model import Settings
from skrt_hub.targets.kubernetes.in_hub.admin import OWN_CONFIG


def hub_traits(settings: Settings) -> dict[str, Any]:
    """What JupyterHub is told; with `subdomain_host` the chart has its proxy lead by names, too."""
    traits: dict[str, Any] = {}
    if settings.public_url:
        traits["public_url"] = f"{settings.public_url}/"
    if settings.participant_url:
        traits["subdomain_host"] = settings.public_url
        # A participant's page could set cookies for the whole domain, but none that is called `__Host-`...
        traits["cookie_host_prefix_enabled"] = settings.public_url.startswith("https:")
    return traits


def hub_program(settings: Settings, module: str) -> str:
    """The hub's half of the rule about visitors, as a part of its configuration."""
    # The secret is the one that the chart gives to both hub and proxy.
    gate = "None" if settings.participant_url else 'Gate(os.environ["CONFIGPROXY_AUTH_TOKEN"])'
    return (
        f"import os\nfrom {module} import Gate, install, tornado_settings\n"
        f"install({gate}, forms_lead_to={settings.participant_url!r})\n"
        "c.JupyterHub.tornado_settings = tornado_settings()\n"
    )


def cohort_program(settings: Settings, desk: str, rule: str) -> str:
    """The part of the hub's configuration where participants' servers ask for workers for their cohorts."""
    workers, each = policy.cohorts.workers(settings), policy.cohorts.each(settings)
    return (
        f"import {desk}, {rule}\n"
        f"c.JupyterHub.extra_handlers.extend({desk}.handlers({rule}, workers={workers}, each={each}))\n"
    )


def closing_program(module: str, login: str, accounts: str) -> str:
    """The part of the hub's configuration that keeps its proxy to what `close` says."""
    return (
        "from jupyterhub.proxy import ConfigurableHTTPProxy\nfrom pathlib import Path\n"
        f"from {login}.accounts import Accounts\nfrom {login}.organisers import organises\n"
        f"from {module} import closing_proxy\n"
        f"c.JupyterHub.proxy_class = closing_proxy(ConfigurableHTTPProxy, Accounts(Path({accounts!r})), organises)\n"
    )


def own_config_program(module: str, file: Path | None, text: str) -> str:
    """The last part of the hub's configuration: the organiser's own file, where there is one."""
    return (
        f"from pathlib import Path\nfrom {module} import load\nload(c, {text!r}, {str(file)!r}, Path({OWN_CONFIG!r}))\n"
    )


def class_page() -> dict[str, Any]:
    """The organisers' page: JupyterHub's service, its role, and the port of the hub's pod where it is reached."""
    rules = policy.class_page
    port = {"name": rules.NAME, "port": rules.PORT, "targetPort": rules.PORT}
    from_proxy = {"podSelector": {"matchLabels": {"component": "proxy"}}}
    role = {key: value for key, value in rules.organisers_role().items() if key != "name"}
    return {
        "services": {
            rules.NAME: {
                **rules.service(),
                "url": f"http://hub:{rules.PORT}",
                "oauth_redirect_uri": rules.CALLBACK,
            }
        },
        "loadRoles": {rules.organisers_role()["name"]: role},
        "service": {"extraPorts": [port]},
        "networkPolicy": {"ingress": [{"ports": [{"port": rules.PORT}], "from": [from_proxy]}]},
    }


def proxy_variables(settings: Settings, gate: str) -> dict[str, str]:
    """The proxy's half, in the variables of its container. Node loads a module that stands in its address."""
    program = base64.b64encode(gate.encode()).decode()
    variables = {"NODE_OPTIONS": f"--import=data:text/javascript;base64,{program}"}
    if settings.participant_url:
        variables["SKRT_HUB_OWN_ORIGINS"] = policy.hosts.of_participants(settings)
        variables["SKRT_HUB_PUBLIC"] = settings.public_url
    if policy.hosts.known_from_elsewhere(settings):
        variables["SKRT_HUB_NAMES"] = policy.hosts.pattern(policy.hosts.answered(settings))
        variables["SKRT_HUB_OTHER_NAME"] = policy.hosts.refusal(settings)
    return variables


def ingress_hosts(settings: Settings) -> list[str]:
    """The names that the cluster's ingress controller leads to the hub."""
    host = settings.kubernetes.host
    return [host, f"*.{host}"] if settings.participant_url else [host]
