"""What `check` says of the ways in: who may log in from where, whether it is encrypted, what others type, and which
protections of participants from each other this machine lacks.
"""

from __future__ import annotations

import shutil
from datetime import timedelta

from skrt_hub import policy
from skrt_hub.errors import SkrtHubError
from skrt_hub.hub.certificate import authority_of, certificate_file, ends_in, own_certificate
from skrt_hub.hub.reach import addresses_of, published_here_alone
from skrt_hub.layout import Layout
from skrt_hub.login.accounts import Accounts
from skrt_hub.login.accounts_file import AccountsDamagedError
from skrt_hub.login.requests import carry_out
from skrt_hub.process import run
from skrt_hub.report import Finding
from skrt_hub.settings.model import Settings
from skrt_hub.targets import institution
from skrt_hub.targets.machine import layers

_SOON = timedelta(days=21)


def all_findings(settings: Settings, layout: Layout) -> tuple[Finding, ...]:
    """Log-in, encryption, the addresses for others, and the sandbox's layers."""
    others = () if settings.on_loopback else (addresses(settings),)
    people = (*(institution.findings(settings) or (log_in(settings, layout),)), *_homes_from_before(settings, layout))
    if why := policy.announced.why_not(settings):
        others = (*others, Finding("announced name", False, f"none. {why}.", required=False))
    people = (*people, *institution.own_config_findings(settings))
    return (*people, encryption(settings, layout), *others, protections(settings, layout))


def _homes_from_before(settings: Settings, layout: Layout) -> tuple[Finding, ...]:
    try:
        accounts = carry_out(Accounts(layout.accounts), "all")
    except AccountsDamagedError:
        return ()  # `up` and `status` say so
    return institution.people(settings, accounts)


def protections(settings: Settings, layout: Layout) -> Finding:
    """Which layers of the sandbox do not hold here; they were tried."""
    missing = layers.missing(settings, layout)
    found = "; ".join(missing) or "every layer of the sandbox holds"
    remedy = "What each layer is for, and what brings it: docs/explanation/sandbox.md. To try them: skrt-hub audit"
    return Finding("protections", not missing, found, remedy, required=False)


def log_in(settings: Settings, layout: Layout) -> Finding:
    """Whether somebody could take a name that is not theirs."""
    kind, count = settings.login.kind, len(settings.participants)
    listed = f"{count} listed" if count else "any name" if policy.log_in.anyone(settings) else "nobody is listed"
    found = f"{kind}, {listed}"
    if kind == "first-use" and not settings.on_loopback:
        free = f"{_without_code(settings, layout)} of these have" if count else "a name may have"
        found += f"; {free} no password yet, and whoever reaches the log-in page first takes such a name"
        return Finding("log-in", False, found, "Write `login: codes` in hub.yaml.", required=False)
    if kind == "codes" and not count and not settings.organisers:
        remedy = "Write `participants` in hub.yaml, or type: skrt-hub participants add NAME"
        return Finding("log-in", False, f"{found}: nobody can log in", remedy, required=False)
    waiting = _without_code(settings, layout) if kind == "codes" else 0
    if waiting:
        remedy = "Make their slips: skrt-hub participants sheet --to slips.pdf"
        return Finding("log-in", False, f"{found}; without a code or password: {waiting}", remedy, required=False)
    return Finding("log-in", True, found)


def encryption(settings: Settings, layout: Layout) -> Finding:
    """Whether what people type can be read on the way, and how long the certificate lasts."""
    tls = settings.tls
    if not tls.encrypted:
        if settings.on_loopback or published_here_alone():
            return Finding("encryption", True, "none is needed: pages do not leave this machine")
        found = "none: whoever listens on this network can read passwords"
        return Finding("encryption", False, found, "Write `tls: class` in hub.yaml.", required=False)
    if tls.certificate is not None and tls.key is not None:
        try:
            own_certificate(tls.certificate, tls.key)
        except SkrtHubError as error:
            return Finding("encryption", False, f"{error.what} {error.why}", error.remedy)
    kind = "the hub's own authority" if tls.authority else "an automatic certificate" if tls.acme else ""
    kind = kind or ("a program in front" if tls.proxy else "an own certificate")
    if tls.at_the_proxy and not tls.acme and certificate_file(layout).exists():
        left = ends_in(layout)
        kind += f", for {left.days} more days"
        if left < _SOON and not tls.authority:
            return Finding("encryption", False, kind, "Put a renewed certificate in its place.", required=False)
    if tls.authority and (fingerprint := authority_of(layout, settings).fingerprint()):
        kind += f"; its fingerprint (SHA-256): {fingerprint}"
    return Finding("encryption", True, kind)


def addresses(settings: Settings) -> Finding:
    """Where others reach the hub, and whether a firewall of this machine is known to close that."""
    found = ", ".join(addresses_of(settings))
    closed = _firewall(settings.port)
    return Finding(
        "for others", not closed, f"{found}{closed and f'; {closed}'}", _OPEN.format(settings.port), required=False
    )


_OPEN = "Let an administrator type: firewall-cmd --add-port={0}/tcp or: ufw allow {0}/tcp"


def _firewall(port: int) -> str:
    """What firewalld says of the port, where it runs and answers ordinary users; other firewalls keep their secrets."""
    if shutil.which("firewall-cmd") is None:
        return ""
    try:
        done = run(["firewall-cmd", "--query-port", f"{port}/tcp"], deadline=10, check=False)
    except SkrtHubError:
        return ""
    return f"firewalld keeps port {port} closed" if done.out.strip() == "no" else ""


def _without_code(settings: Settings, layout: Layout) -> int:
    try:
        accounts = Accounts(layout.accounts).all()
    except AccountsDamagedError:
        return 0
    held = ("hash", "code", "locked", "disabled")
    return sum(not any(key in accounts.get(name, {}) for key in held) for name in settings.names)
