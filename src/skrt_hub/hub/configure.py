"""From the settings to JupyterHub's traits, in small functions; `jupyterhub_config.py` calls `configure`.

Settings that a beginner gets wrong (who may log in, what is kept, what a participant may change) are all here.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import os
from typing import Any
from urllib.parse import urlencode

from skrt_hub.assets import CLOSED_PAGE, OTHER_HOST_PAGE
from skrt_hub.files import write_json
from skrt_hub.hub import cohort_desk, profile_form, visitors
from skrt_hub.hub.applied import Applied
from skrt_hub.hub.certificate import authority_of, certificate_file
from skrt_hub.hub.given import entry_point_names
from skrt_hub.hub.names import folder_for
from skrt_hub.hub.proxy import PROXY_USER, dynamic_file
from skrt_hub.hub.routes import SERVERS, SERVERS_MIDDLEWARE, RoutesProxy
from skrt_hub.hub.secrets import Secrets
from skrt_hub.hub.spawner import SandboxSpawner
from skrt_hub.layout import Layout
from skrt_hub.login.authenticator import AccountsAuthenticator
from skrt_hub.login.pages import CLOSED_STATUS
from skrt_hub.policy import class_page, cohort_shares, cohorts, hosts, idle, log_in


def configure(c: Any, applied: Applied, layout: Layout, secrets: Secrets) -> None:
    """Set every trait of the hub on the configuration object `c` (traitlets)."""
    _hub(c, applied, layout, secrets)
    _proxy(c, applied, layout, secrets)
    _log_in(c, applied, layout)
    _servers(c, applied, layout)
    _services(c, secrets)
    _cohorts(c, applied, layout)


def _hub(c: Any, applied: Applied, layout: Layout, secrets: Secrets) -> None:
    c.JupyterHub.bind_url = applied.settings.url
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{applied.ports.hub}"
    if applied.settings.public_url:
        c.JupyterHub.public_url = f"{applied.settings.public_url}/"
    if applied.settings.participant_url:
        c.JupyterHub.subdomain_host = applied.settings.public_url
        # A participant's page could set cookies for the whole domain, but none that is called `__Host-`...
        c.JupyterHub.cookie_host_prefix_enabled = applied.settings.public_url.startswith("https:")
    c.JupyterHub.db_url = f"sqlite:///{layout.database}"
    c.JupyterHub.cookie_secret = bytes.fromhex(secrets.cookie)
    # Servers outlive the hub: a restart of the hub must not end anybody's work.
    c.JupyterHub.cleanup_servers = False
    c.JupyterHub.cleanup_proxy = False
    # Starts queue in the order of arrival and are refused in words when they do not fit (skrt_hub.hub.admission).
    c.JupyterHub.concurrent_spawn_limit = 0
    c.JupyterHub.active_server_limit = 0
    # After 3 s of a start comes the waiting page.
    c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 3, **visitors.tornado_settings()}
    c.JupyterHub.template_vars = {"announcement": ""}
    c.JupyterHub.log_level = "INFO"
    c.JupyterHub.shutdown_on_logout = False
    c.JupyterHub.allow_named_servers = False
    c.JupyterHub.authenticate_prometheus = True


def _proxy(c: Any, applied: Applied, layout: Layout, secrets: Secrets) -> None:
    c.JupyterHub.proxy_class = RoutesProxy
    proxy = c.RoutesProxy
    # Each router names its entry points itself (skrt_hub.hub.routes); whether they encrypt is traefik's own setting.
    proxy.traefik_entrypoint = "http"
    proxy.should_start = False  # the supervisor starts it
    # With own origins no page of a server is at the hub's, and the hub's cookies do not reach servers' addresses.
    proxy.gate_secret = "" if applied.settings.participant_url else secrets.proxy
    proxy.dynamic_config_file = str(dynamic_file(layout))
    proxy.traefik_api_url = f"http://127.0.0.1:{applied.ports.proxy}"
    proxy.traefik_api_username = PROXY_USER
    proxy.traefik_api_password = secrets.proxy
    # The password is 256 random bits: a fast hash is as safe as a slow one here, and traefik computes it at every call.
    digest = hashlib.sha1(secrets.proxy.encode(), usedforsecurity=False).digest()
    proxy.traefik_api_hashed_password = "{SHA}" + base64.b64encode(digest).decode()
    certificate = str(certificate_file(layout))
    public = applied.settings.public_url
    other_host = f"{OTHER_HOST_PAGE}?{urlencode({'words': hosts.refusal(applied.settings)})}"
    proxy.extra_dynamic_config = {
        "tls": {"stores": {"default": {"defaultCertificate": {"certFile": certificate, "keyFile": certificate}}}},
        "http": {
            "middlewares": {
                "closed": {"chain": {"middlewares": ["closed-page", "nobody-now"]}},
                "closed-page": {"errors": {"status": [str(CLOSED_STATUS)], "service": "assets", "query": CLOSED_PAGE}},
                "other-host": {"chain": {"middlewares": ["other-host-page", "nobody"]}},
                "other-host-page": {"errors": {"status": ["403"], "service": "assets", "query": other_host}},
                "nobody": {"ipAllowList": _NOBODY},
                "nobody-now": {"ipAllowList": {**_NOBODY, "rejectStatusCode": CLOSED_STATUS}},
                SERVERS: SERVERS_MIDDLEWARE,
                "to-the-hub": {"redirectRegex": {"regex": "^[a-z]+://[^/]+/(.*)", "replacement": f"{public}/${{1}}"}},
            },
            "routers": {
                "other-host": {
                    "rule": f"!HostRegexp(`(?i){hosts.pattern(hosts.answered(applied.settings))}`)",
                    "service": "assets",
                    "entryPoints": entry_point_names(),
                    "middlewares": ["other-host"],
                    "priority": 2 * 10**6,
                },
                "assets": {
                    "rule": _ASSETS,
                    "service": "assets",
                    "entryPoints": entry_point_names(),
                    "priority": 10**6,
                },
                **_class_page(applied),
                **_names_of_participants(applied),
            },
            "services": {
                "assets": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{applied.ports.assets}"}]}},
                "class-page": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{applied.ports.page}"}]}},
            },
        },
    }


def _class_page(applied: Applied) -> dict[str, Any]:
    """The way to the organisers' page. Without organisers there is no program behind it that would answer."""
    if not class_page.used(applied.settings):
        return {}
    route = {"rule": f"PathPrefix(`{class_page.PATH}`)", "entryPoints": entry_point_names()}
    return {"class-page": {**route, "service": "class-page", "priority": 10**6}}


def _names_of_participants(applied: Applied) -> dict[str, Any]:
    """With own origins: what is not a server's is shown at the hub's name alone.

    A page of the hub at a participant's name would be of one origin with that participant's pages.
    """
    names = hosts.of_participants(applied.settings)
    if not names:
        return {}
    rule = f"HostRegexp(`(?i){names}`) && !PathPrefix(`/user/`) && !PathPrefix(`/hub/static/`)"
    route = {"rule": rule, "entryPoints": entry_point_names(), "middlewares": ["to-the-hub"]}
    return {"names-of-participants": {**route, "service": "assets", "priority": 10**6 + 1}}


_NOBODY = {"sourceRange": ["255.255.255.255/32"]}

# Files that are the same for everybody (skrt_hub.assets); with `own`, a participant's server is asked itself.
_ASSETS = (
    "Method(`GET`) && (PathPrefix(`/hub/static/`) || "
    "(PathRegexp(`^/user/[^/]+/(static/lab|lab/extensions/.+/static)/`) && !QueryRegexp(`own`, `.+`)))"
)


def _log_in(c: Any, applied: Applied, layout: Layout) -> None:
    c.JupyterHub.authenticator_class = _authenticator(applied)
    c.AccountsAuthenticator.accounts_file = str(layout.accounts)
    if applied.settings.tls.authority:
        c.AccountsAuthenticator.authority_file = str(authority_of(layout, applied.settings).certificate)
    c.AccountsAuthenticator.has_home = lambda name: os.path.lexists(layout.home(folder_for(name)))
    logo, secret = applied.settings.page.logo, applied.settings.login.secret_file
    for name, values in log_in.traits(applied.settings, str(logo or ""), str(secret or "")).items():
        for trait, value in values.items():
            setattr(c[name], trait, value)


def _authenticator(applied: Applied) -> type[AccountsAuthenticator]:
    module, name = log_in.authenticator(applied.settings)
    found: type[AccountsAuthenticator] = getattr(importlib.import_module(f"skrt_hub.login.{module}"), name)
    return found


def _servers(c: Any, applied: Applied, layout: Layout) -> None:
    limits = applied.settings.limits
    c.JupyterHub.spawner_class = SandboxSpawner
    c.SandboxSpawner.state_folder = str(layout.root)
    c.SandboxSpawner.options_form = profile_form.asked(applied.settings)
    c.SandboxSpawner.options_from_form = profile_form.options_from_form
    c.SandboxSpawner.apply_user_options = lambda *_: None  # looked at when the server starts
    c.Spawner.default_url = "/lab"
    c.Spawner.notebook_dir = ""
    c.Spawner.env_keep = []
    c.Spawner.disable_user_config = False  # a participant's own settings act in their own sandbox only
    c.Spawner.start_timeout = 900  # with the time in the queue; the start itself has a deadline of its own
    c.Spawner.http_timeout = 60
    c.Spawner.poll_interval = 15
    c.Spawner.environment = {"JUPYTERHUB_ACTIVITY_INTERVAL": str(idle.look_every(limits.idle))}


def _services(c: Any, secrets: Secrets) -> None:
    c.JupyterHub.services = [
        {"name": "culler", "api_token": secrets.culler},
        {"name": "command", "api_token": secrets.command},
        # The proxy leads to it by a rule of its own, so JupyterHub does not wait for it when it starts.
        {**class_page.service(), "api_token": secrets.page, "oauth_redirect_uri": class_page.CALLBACK},
    ]
    c.JupyterHub.load_roles = [
        {
            "name": "culler",
            "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
            "services": ["culler"],
        },
        {
            "name": "command",
            "scopes": [
                "list:users",
                "read:users",
                "read:servers",
                "servers",
                "admin:users",
                "tokens",
                "access:servers",
            ],
            "services": ["command"],
        },
        class_page.organisers_role(),
    ]


def _cohorts(c: Any, applied: Applied, layout: Layout) -> None:
    """Servers ask here for their share of the workers. Who asks is kept for a restart (targets/machine/cohorts.py)."""

    def keep(names: list[str]) -> None:
        write_json(layout.cohorts, {"names": names}, mode=0o600)

    workers = cohorts.workers(applied.settings, len(os.sched_getaffinity(0)))
    each = cohorts.each(applied.settings)
    c.JupyterHub.extra_handlers = cohort_desk.handlers(cohort_shares, workers=workers, each=each, keep=keep)
