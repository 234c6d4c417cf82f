"""traefik's settings: what it listens on, and where JupyterHub writes the routes.

The static part is rendered here and written by the supervisor; the dynamic part is JupyterHub's (file provider).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from skrt_hub.hub.applied import Applied
from skrt_hub.hub.entry_points import HTTPS, EntryPoint
from skrt_hub.layout import Layout

PROXY_USER = "skrt-hub"
_RESOLVER = "automatic"


def static_file(layout: Layout, *, open_to_people: bool) -> Path:
    """traefik's static configuration, of an open hub or of a closed one."""
    return layout.run / ("traefik.toml" if open_to_people else "traefik-closed.toml")


def dynamic_file(layout: Layout) -> Path:
    """The routes; JupyterHub keeps them up to date and reads them back when it starts again."""
    return layout.run / "routes" / "routes.yaml"


def closing_file(layout: Layout) -> Path:
    """What is closed; a proxy that is open does not read it."""
    return dynamic_file(layout).with_name("closed.yaml")


def render_static(public: Sequence[EntryPoint], applied: Applied, layout: Layout, *, open_to_people: bool) -> str:
    """traefik's static configuration (https://doc.traefik.io/traefik/reference/static-configuration/file/).

    It is given a socket for each entry point, so the addresses here only say which they are. Closed, it reads the rule
    that turns people away (closing.py) beside the routes, and JupyterHub still sees its routes accepted.
    """
    routes = dynamic_file(layout)
    read = f'filename = "{routes}"' if open_to_people else f'directory = "{routes.parent}"'
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
{read}
watch = true
{"".join(_entry_point(entry, applied) for entry in public)}
[entryPoints.auth_api]
address = "127.0.0.1:{applied.ports.proxy}"
{_automatic(applied, layout)}"""


def _entry_point(entry: EntryPoint, applied: Applied) -> str:
    tls = applied.settings.tls
    trusted = ", ".join(f'"{network}"' for network in ("127.0.0.1/32", "::1/128", *tls.proxy))
    return f"""
[entryPoints.{entry.name}]
address = "{entry.address}"

# For a whole request, with what is uploaded in it; streams and WebSockets go on. It also cuts off who never asks.
[entryPoints.{entry.name}.transport.respondingTimeouts]
readTimeout = "10m"

# What is being answered when the proxy ends may come to its end. WebSockets would not: each open notebook has one.
[entryPoints.{entry.name}.transport.lifeCycle]
graceTimeOut = "1s"

# A program on this machine that encrypts in front of the hub may say so: cookies then are for encrypted pages only.
[entryPoints.{entry.name}.forwardedHeaders]
trustedIPs = [{trusted}]
{_to_encrypted(entry.name) if entry.leads_on else _encryption(entry, applied)}"""


def _to_encrypted(name: str) -> str:
    # Not permanent: browsers would remember it for the address, whatever is there another day.
    return f"""
[entryPoints.{name}.http.redirections.entryPoint]
to = ":{HTTPS}"
scheme = "https"
permanent = false
"""


def _encryption(entry: EntryPoint, applied: Applied) -> str:
    tls = applied.settings.tls
    if not tls.at_the_proxy:
        return ""
    start = f"\n[entryPoints.{entry.name}.http.tls]\n"
    if not tls.acme:
        return start
    host = urlsplit(applied.settings.public_url).hostname or applied.settings.address
    # The routes are known by their paths, so traefik is told for which name it shall ask.
    domain = f'[[entryPoints.{entry.name}.http.tls.domains]]\nmain = "{host}"\n'
    return f'{start}certResolver = "{_RESOLVER}"\n{domain}'


def _automatic(applied: Applied, layout: Layout) -> str:
    """The part about ACME (RFC 8555): the authority asks for the hub at port 443 of its name."""
    settings = applied.settings
    if not settings.tls.acme:
        return ""
    server = f'caServer = "{settings.tls.server}"\n' if settings.tls.server else ""
    return f"""
[certificatesResolvers.{_RESOLVER}.acme]
email = "{settings.tls.acme}"
storage = "{layout.certificates / "acme.json"}"
{server}
[certificatesResolvers.{_RESOLVER}.acme.tlsChallenge]
"""
