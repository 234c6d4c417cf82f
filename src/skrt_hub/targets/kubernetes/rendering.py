"""From a hub's settings to checked chart values: gathers what rendering needs and hands it to the pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skrt_hub import datasets
from skrt_hub.context import Context
from skrt_hub.errors import SettingsError
from skrt_hub.hub import cohort_desk, seat_keeper, visitors
from skrt_hub.hub import own_config as own_config_in_hub
from skrt_hub.hub.authority import Authority
from skrt_hub.hub.reach import Names
from skrt_hub.policy import cohort_shares, own_config, seats
from skrt_hub.targets.kubernetes.cluster.helm import Helm
from skrt_hub.targets.kubernetes.image import ensure
from skrt_hub.targets.kubernetes.release import environments
from skrt_hub.targets.kubernetes.release.chart import OLDEST_KUBERNETES, check_values, ensure_chart
from skrt_hub.targets.kubernetes.release.values import Facts, render_values
from skrt_hub.version import __version__

IN_HUB = Path(__file__).parent / "in_hub"
LOGIN = Path(__file__).parents[2] / "login"
LARGEST_LOGO = 300_000


def gather(context: Context) -> Facts:
    """What the values depend on besides the settings. Raises SettingsError for a certificate that cannot be read."""
    kubernetes = context.settings.kubernetes
    own = not kubernetes.image.name
    certificate: dict[str, Any] = _certificate(context)
    return Facts(
        image=ensure.wanted(context),
        pulled=bool(kubernetes.image.name or kubernetes.image.push),
        command=environments.command("", warm=context.settings.fork_server) if own else None,
        login=login_files(),
        homes=(IN_HUB / "homes.py").read_text(encoding="utf-8"),
        spawner=(IN_HUB / "spawner.py").read_text(encoding="utf-8"),
        shared=(IN_HUB / "shared.py").read_text(encoding="utf-8"),
        visitors=Path(visitors.__file__).read_text(encoding="utf-8"),
        cohort_desk=Path(cohort_desk.__file__).read_text(encoding="utf-8"),
        cohort_shares=Path(cohort_shares.__file__).read_text(encoding="utf-8"),
        seats=Path(seats.__file__).read_text(encoding="utf-8"),
        seat_keeper=Path(seat_keeper.__file__).read_text(encoding="utf-8"),
        closing=(IN_HUB / "closing.py").read_text(encoding="utf-8"),
        logo=_logo(context),
        own_config=own_config.read(context.settings),
        own_config_loader=Path(own_config_in_hub.__file__).read_text(encoding="utf-8"),
        gate=Path(__file__).with_name("gate.js").read_text(encoding="utf-8"),
        datasets=datasets.fetched(context),
        version=__version__,
        **certificate,
    )


def login_files() -> dict[str, str]:
    """The log-in's own files by their names below its folder: code, words, templates."""
    files = sorted(path for path in LOGIN.rglob("*") if path.suffix in (".py", ".json", ".txt", ".html", ".css", ".js"))
    return {path.relative_to(LOGIN).as_posix(): path.read_text(encoding="utf-8") for path in files}


def _logo(context: Context) -> bytes:
    """The picture of the log-in page. Raises SettingsError for one that cannot be read or carried to the cluster."""
    file = context.settings.page.logo
    if file is None:
        return b""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"The logo {file} cannot be read.", why=str(error.strerror), remedy="Correct page.logo in hub.yaml."
        ) from None
    if len(content) > LARGEST_LOGO:
        raise SettingsError(
            f"The logo {file} is too large for a hub on Kubernetes: {len(content) // 1000} kB.",
            why=f"It travels in a secret of the cluster, which has room for {LARGEST_LOGO // 1000} kB of it.",
            remedy="Take a smaller picture: the log-in page shows it 64 pixels high.",
        )
    return content


def _certificate(context: Context) -> dict[str, str]:
    """The texts of the certificate that the chart's proxy shows: an own one, or one of the hub's own authority."""
    tls, host = context.settings.tls, context.settings.kubernetes.host
    if not tls.authority:
        return {"certificate": _text(tls.certificate), "key": _text(tls.key)}
    numeric = host.replace(".", "").isdigit() or ":" in host
    names = Names((), (host,)) if numeric else Names((host,), ())
    authority = Authority(context.layout.certificates, context.settings.page.title)
    content = authority.ensure(names)[0].decode()
    chain, mark, key = content.partition("-----BEGIN PRIVATE KEY-----")
    return {"certificate": chain, "key": mark + key, "authority": authority.certificate.read_text(encoding="utf-8")}


def render(context: Context, *, check: bool, server: tuple[int, int] = OLDEST_KUBERNETES) -> tuple[dict[str, Any], str]:
    """The values, and with `check` the manifests that the chart makes from them for a Kubernetes of version `server`.

    No cluster is asked.
    """
    settings, layout = context.settings, context.layout
    values = render_values(settings, gather(context))
    manifests = ""
    if check:
        namespace = settings.kubernetes.namespace or settings.name
        helm = Helm("", namespace, layout.kubernetes / "helm", context.echo)
        chart = ensure_chart(settings.kubernetes.chart, layout.kubernetes / "charts", helm)
        release = settings.kubernetes.release or settings.name
        manifests = check_values(helm, release, chart, values, server=server)
    return _without_keys(values), manifests


def images(values: Mapping[str, Any], manifests: str) -> tuple[str, ...]:
    """Every image that a hub with these values needs on its nodes.

    The hub itself makes participants' pods; what they need is not in the chart's objects.
    """
    found = set(re.findall(r"^\s*(?:- )?image:\s*\"?([^\s\"]+)", manifests, flags=re.MULTILINE))
    image = values["singleuser"]["image"]
    return tuple(sorted({*found, f"{image['name']}:{image['tag']}"}))


def _without_keys(values: dict[str, Any]) -> dict[str, Any]:
    https = values.get("proxy", {}).get("https", {})
    if "manual" not in https:
        return values
    proxy = {**values["proxy"], "https": {**https, "manual": {**https["manual"], "key": "(left out)"}}}
    return {**values, "proxy": proxy}


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read.", why=str(error), remedy="Correct tls in hub.yaml.") from error
