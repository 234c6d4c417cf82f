"""The participants of a hub on Kubernetes: their passwords lie in the hub's pod, their homes in volumes."""

from __future__ import annotations

from datetime import UTC, datetime

from skrt_hub.errors import nobody_called
from skrt_hub.hub.applied import applied_settings
from skrt_hub.login.names import order
from skrt_hub.policy import institution, log_in, removing, whose_home
from skrt_hub.report import Message, Participant, participant
from skrt_hub.settings.roster import forget, remember
from skrt_hub.targets.kubernetes.cluster.claims import CLAIMS, is_home
from skrt_hub.targets.kubernetes.cluster.connection import Cluster
from skrt_hub.targets.kubernetes.cluster.hub_pod import HubPod, OlderHubError
from skrt_hub.targets.kubernetes.cluster.objects import USERNAME
from skrt_hub.targets.kubernetes.cluster.objects import participant as owner
from skrt_hub.targets.kubernetes.pods.watch import look


def everyone(cluster: Cluster) -> tuple[Participant, ...]:
    """Every name that the hub knows, has an account, or is named in hub.yaml."""
    hub = HubPod(cluster.kubectl)
    users = {user["name"]: user for user in hub.users()}
    accounts = hub.accounts("all")
    return tuple(
        participant(
            name,
            accounts.get(name, {}),
            server=bool(users.get(name, {}).get("servers")),
            home="a volume of the namespace" if name in users else "",
            off_list=removing.off_list(cluster.hub_context.settings, accounts.get(name, {})),
        )
        for name in sorted({*users, *accounts}, key=order)
    )


def take_list(cluster: Cluster) -> tuple[str, ...]:
    """Make the accounts follow hub.yaml's list; what is said of organisers who cannot log in yet."""
    settings, ask = cluster.hub_context.settings, HubPod(cluster.kubectl).accounts
    known = ask("all")
    whose_home.ensure_nobodys_is_given_away(settings, known)
    # Only what is known of each: a hub that is older than these commands knows less of people.
    people = [{key: value for key, value in vars(person).items() if value} for person in log_in.people(settings)]
    ask("take_list", people, log_in.anyone(settings))
    remember(settings, cluster.layout.roster)
    unused = removing.unused(settings, known)
    for name in sorted({*unused} - (_with_home(cluster) if unused else set())):
        _forget_name(cluster, name)
    # The list changes nobody's password or code, so what was known before it still holds.
    return log_in.for_managers(settings, ask, known)


def _forget_name(cluster: Cluster, name: str) -> None:
    HubPod(cluster.kubectl).accounts("free", name)
    forget(name, cluster.layout.roster)


def _with_home(cluster: Cluster) -> set[str]:
    """Who has a volume, and who is known to JupyterHub, which makes one at the first start."""
    volumes = {owner(claim) for claim in cluster.kubectl.items(CLAIMS) if is_home(claim)}
    return volumes | {user["name"] for user in HubPod(cluster.kubectl).users()}


def ensure_homes_are_found(cluster: Cluster) -> tuple[str, ...]:
    """What is said of the homes before the log-in changes. Raises RefusedError where a home would be for nobody."""
    now, before = cluster.hub_context.settings, applied_settings(cluster.layout)
    if before is None or institution.mark(before) == institution.mark(now):
        return ()
    if not look(cluster.kubectl).ready("hub"):
        return ("Note: whose the homes from before are could not be looked at, as the hub did not run: skrt-hub check",)
    try:
        accounts = HubPod(cluster.kubectl).accounts("all")
    except OlderHubError:  # the new one is asked before anybody on the list gets a home (take_list)
        return ("Note: whose the homes from before are could not be looked at, as an older hub runs: skrt-hub check",)
    return whose_home.ensure_all_found(now, before, accounts)


def remove(cluster: Cluster, name: str, *, free: bool) -> Message:
    """As skrt_hub.policy.removing says. Raises UnknownNameError."""
    if name not in {person.name for person in everyone(cluster)}:
        raise nobody_called(name)
    hub = HubPod(cluster.kubectl)
    account = hub.accounts("all").get(name, {})
    if removing.left_nothing(cluster.settings, account, home=name in _with_home(cluster)):
        _forget_name(cluster, name)
        return Message(removing.unused_in_words(name))
    hub.accounts("lock", name)
    hub.stop_servers([name], deadline=60)
    hub.forget_user(name)
    claims = [claim for claim in cluster.kubectl.items(CLAIMS) if is_home(claim) and owner(claim) == name]
    kept = ", ".join(f"the volume {claim['metadata']['name']}" for claim in claims) or None
    if free:
        aside = removing.aside_name(name, datetime.now(UTC))
        for claim in claims:
            cluster.kubectl.run("annotate", CLAIMS, claim["metadata"]["name"], f"{USERNAME}={aside}", "--overwrite")
        hub.accounts("free", name)
    return Message(removing.in_words(cluster.settings, name, kept, freed=free))
