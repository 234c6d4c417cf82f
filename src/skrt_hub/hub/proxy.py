"""traefik's settings: what it listens on, and where JupyterHub writes the routes.

The static part is rendered here and written by the supervisor; the dynamic part is JupyterHub's (file provider).
"""

from __future__ import annotations

from pathlib import Path

from skrt_hub.hub.applied import Applied
from skrt_hub.layout import Layout

PROXY_USER = "skrt-hub"


def static_file(layout: Layout) -> Path:
    """traefik's static configuration."""
    return layout.run / "traefik.toml"


def dynamic_file(layout: Layout) -> Path:
    """The routes; JupyterHub keeps them up to date and reads them back when it starts again."""
    return layout.run / "routes.yaml"


def render_static(applied: Applied, layout: Layout, *, open_to_people: bool) -> str:
    """traefik's static configuration (https://doc.traefik.io/traefik/reference/static-configuration/file/).

    A closed hub listens on no public port: the entry point gets a random one on loopback and turns everybody away, so
    that JupyterHub still sees its routes accepted.
    """
    settings = applied.settings
    host = f"[{settings.address}]" if ":" in settings.address else settings.address
    public = f"{host}:{settings.port}" if open_to_people else "127.0.0.1:0"
    closed = "" if open_to_people else '\n[entryPoints.http.http]\nmiddlewares = ["closed@file"]\n'
    return f"""\
[global]
checkNewVersion = false
sendAnonymousUsage = false

[log]
level = "ERROR"
noColor = true

[api]

[providers]
providersThrottleDuration = "0s"

[providers.file]
filename = "{dynamic_file(layout)}"
watch = true

[entryPoints.http]
address = "{public}"

[entryPoints.http.transport.respondingTimeouts]
readTimeout = "0s"

# A program on this machine that encrypts in front of the hub may say so: cookies then are for encrypted pages only.
[entryPoints.http.forwardedHeaders]
trustedIPs = ["127.0.0.1/32", "::1/128"]
{closed}
[entryPoints.auth_api]
address = "127.0.0.1:{applied.ports.proxy}"
"""
