"""`up` on one machine, as a recipe of steps that each leave alone what is right already."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from skrt_hub import datasets, policy, watchdog
from skrt_hub.context import Context
from skrt_hub.environment import bundled, choose, collect_unused, ensure_environment, locks_for
from skrt_hub.errors import PermissionsError, PrerequisiteError, StartError, StateError
from skrt_hub.files import ensure_folder, read_json
from skrt_hub.hub import database, delegation, identities, kinds
from skrt_hub.hub.applied import Applied, Ports, ensure_run_folder, read_applied, write_applied
from skrt_hub.hub.certificate import authority_of, ensure_certificate, trust
from skrt_hub.hub.entry_points import EntryPoint, entry_points
from skrt_hub.hub.reach import addresses_of, in_container, published_here_alone
from skrt_hub.hub.secrets import ensure_secrets
from skrt_hub.layout import Layout
from skrt_hub.material.published import fetch, shown_folder
from skrt_hub.policy import appetite
from skrt_hub.report import UpReport
from skrt_hub.settings.model import Settings
from skrt_hub.slips.terminal import qr
from skrt_hub.targets import institution
from skrt_hub.targets.machine import checks, condition, control, data_links, leftovers, participants, parts
from skrt_hub.targets.machine.listeners import Kept, bind_door, bind_private, bind_public, in_the_way
from skrt_hub.targets.machine.records import running_servers
from skrt_hub.version import __version__

_START_DEADLINE = 90.0
_CONNECTS = 0.3


def bring_up(context: Context, *, supervise_here: Callable[[Layout, Kept], None] | None = None) -> UpReport:
    """Bring the hub up as the settings say. `supervise_here`: look after the hub in place of starting who does.

    Raises the errors of each step; what was done before it stays and is used by the next call.
    """
    began = time.monotonic()
    layout = context.layout
    _ensure_state_folder(layout)
    with context.alone(), contextlib.ExitStack() as held:
        state = condition.until_settled(layout)
        if state is not None and supervise_here is not None:
            raise StateError(
                "The hub runs already, in the background.",
                why="Two programs cannot keep one hub running.",
                remedy="End it first with: skrt-hub stop",
            )
        _check_database(context)
        before = read_applied(layout)
        _ensure_homes_are_found(context, before)
        kept: Kept = {}
        if state is None:
            kept = _hold(held, _take_addresses(context))
            _ensure_prerequisites(context)
        environment, others = _ensure_environments(context, before)
        _prepare_material(context)
        institution.ensure_secret(context.settings)
        policy.own_config.read(context.settings)
        ensure_secrets(layout.secrets)
        ports = before.ports if before is not None else None
        if state is None or ports is None:
            private, ports = bind_private(ports)
            kept |= _hold(held, private | bind_door(layout))
        applied = replace(_to_apply(context.settings, environment, ports), others=others)
        participants.take_list(layout, context.settings)
        ensure_certificate(layout, context.settings)
        same = state is not None and applied == before and state["code"] == parts.code_stamp()
        if state is not None and same and not _not_held(context.settings, state["entry_points"]):
            context.note_file()
            wait_for_log_in(context, context.settings)  # an interrupted `up` may have left it on its way
            return _report(context, state["state"], began, changed=False)
        if state is not None and "entry_points" in state:
            _ensure_addresses(context, state["entry_points"])
        write_applied(layout, applied)
        context.note_file()
        layout.stopped.unlink(missing_ok=True)
        ensure_run_folder(layout)
        if supervise_here is None:
            _ensure_supervisor(context, state, kept)
            wait_for_log_in(context, context.settings)
        else:
            held.pop_all()
    if supervise_here is not None:
        context.progress.say(f"The hub “{context.settings.name}” comes up at {addresses_of(context.settings)[0]}")
        supervise_here(layout, kept)
    if layout.environments.is_relative_to(layout.root):  # one that hubs share is theirs too
        collect_unused(layout.environments, keep=_in_use(layout, applied, before))
    report = _report(context, "running" if state is None else state["state"], began, changed=True)
    return report if supervise_here is None else replace(report, ended=True)


def _check_database(context: Context) -> None:
    database.check(context.layout)
    if copy := database.kept_for(context.layout):
        context.progress.say(f"Note: the hub's database is upgraded for JupyterHub {version('jupyterhub')}.")
        context.progress.say(f"  It is kept as it was, for the way back: {copy}")


def _ensure_homes_are_found(context: Context, before: Applied | None) -> None:
    accounts = participants.ask(context.layout, "all")
    settings = before.settings if before is not None else None
    for line in policy.whose_home.ensure_all_found(context.settings, settings, accounts):
        context.progress.say(line)


def _hold(held: contextlib.ExitStack, taken: Kept) -> Kept:
    """What was taken is let go at the end of `held`, when others hold it too, or nobody shall."""
    for listener in taken.values():
        held.enter_context(listener)
    return taken


def _ensure_environments(context: Context, before: Applied | None) -> tuple[Path, tuple[tuple[str, Path], ...]]:
    """The participants' environment, by the Python of the one before where that still fits; and the further ones."""
    layout, own, bundle = context.layout, context.settings.environment, None
    if context.bundle is not None:
        with context.progress.step("bundle: comparing with its hash"):
            bundle = bundled.read(context.bundle)
        bundle.put_locks(own.noted_in(layout.root))
    locks = locks_for(own, layout.wheels, context.progress)
    python = choose(own.python or (bundle.contents.python if bundle else ""), before.environment if before else None)
    made = {}
    for name, lock in locks.items():
        if name:
            context.progress.say(f"The environment {name}:")
        made[name] = ensure_environment(
            layout.environments, python=python, lock=lock, progress=context.progress, bundle=bundle
        ).folder
    return made.pop(""), tuple(made.items())


def _to_apply(settings: Settings, environment: Path, ports: Ports) -> Applied:
    return Applied(
        settings=settings,
        version=__version__,
        ports=ports,
        environment=environment,
        root=os.geteuid() == 0,
        sandbox=kinds.kind(settings),
        own_config=policy.own_config.read(settings),
    )


def _ensure_state_folder(layout: Layout) -> None:
    ensure_folder(layout.root, mode=0o711 if os.geteuid() == 0 else 0o700)
    for folder in (layout.hub, layout.log):
        ensure_folder(folder, mode=0o700)
    ensure_run_folder(layout)
    shown_folder(layout)
    ensure_folder(layout.homes, mode=0o711 if os.geteuid() == 0 else 0o700)


def _prepare_material(context: Context) -> None:
    """A source that cannot be had is told and keeps its last version: a class must not wait for somebody's server."""
    for entry in fetch(context.settings, context.layout, context.progress, echo=context.echo):
        for note in entry.notes:
            context.progress.say(f"Note: material {entry.name}: {note}")
        if entry.problem is not None:
            kept = "its last version is used" if entry.state == "kept" else "it is missing in the homes"
            words = f"{entry.problem.what} {entry.problem.remedy}".strip()
            context.progress.say(f"Note: material {entry.name}: {words} Until it is mended, {kept}.")
    for name in data_links.show(context.settings, context.layout):
        context.progress.say(f"Note: data {name}: something else stands at /data/{name}, and is shown in its place.")
    data_links.show_shared(context.settings, context.layout)
    for data in context.settings.data:
        if not data.folder.is_dir():
            context.progress.say(f"Note: data {data.name}: {data.folder} does not exist; nobody sees it until it does.")
    for line in (*datasets.not_there(context), *appetite.notes(context.settings)):
        context.progress.say(f"Note: {line}")


def _take_addresses(context: Context) -> Kept:
    """The public addresses, taken before anything else and never let go. Raises PortTakenError, naming the owner."""
    if leftovers.end(context.layout):
        context.progress.say("Note: parts of a hub that was killed still ran, and were ended.")
    return bind_public(entry_points(context.settings))


def _ensure_addresses(context: Context, held: list[dict[str, Any]]) -> None:
    """Have the running hub listen where the settings say now. Raises PortTakenError with nothing changed."""
    wanted = entry_points(context.settings)
    now = {(entry["host"], entry["port"]) for entry in held}
    if _not_held(context.settings, held) or not now <= {(entry.host, entry.port) for entry in wanted}:
        control.ask(context.layout.control_socket, "rebind", entry_points=[asdict(entry) for entry in wanted])


def _not_held(settings: Settings, held: list[dict[str, Any]]) -> list[EntryPoint]:
    """The entry points that the running hub must have, or could have by now, and does not hold."""
    now = {(entry["host"], entry["port"]) for entry in held}
    missing = [entry for entry in entry_points(settings) if (entry.host, entry.port) not in now]
    return [entry for entry in missing if entry.needed or (entry.leads_on and in_the_way(entry) is None)]


def _ensure_prerequisites(context: Context) -> None:
    identities.check(context.layout)
    for finding in checks.all_findings(context.settings, context.layout, running=True):
        if finding.required and not finding.ok:
            raise PrerequisiteError(f"{finding.name}: {finding.found}", remedy=finding.remedy)
        if not finding.ok:
            context.progress.say(f"Note: {finding.name}: {finding.found}")
    if note := participants.locked_note(context.layout):
        context.progress.say(f"Note: {note}")


def _ensure_supervisor(context: Context, state: dict[str, Any] | None, kept: Kept) -> None:
    """A supervisor with the settings just applied; one of an older skrt-hub is replaced, and servers stay."""
    layout = context.layout
    if state is not None and state["code"] == parts.code_stamp():
        control.ask(layout.control_socket, "reload")
        return
    if state is not None:
        control.ask(layout.control_socket, "retire", python=sys.executable)
        if "entry_points" in state:
            _wait_for_other_code(layout, state["code"])
            return
        control.wait_gone(layout.control_socket)  # of a skrt-hub that had no watchdog
        kept = _take_addresses(context) | _private_of_before(layout) | bind_door(layout)
    try:
        before = delegation.command(layout.root)
        watchdog.start(layout.root, parts.SUPERVISOR, kept, layout.log / "supervisor.log", before=before)
    except OSError as error:
        raise PermissionsError(
            "The supervisor could not be started.", why=str(error), remedy="Run: skrt-hub check"
        ) from None


def _private_of_before(layout: Layout) -> Kept:
    """The hub's own listeners where they were, also at ports no longer chosen: running servers know them."""
    applied = read_applied(layout)
    assert applied is not None  # it was written a moment ago
    private, ports = bind_private(applied.ports, as_they_are=True)
    if ports != applied.ports:
        write_applied(layout, replace(applied, ports=ports))
    return private


def _wait_for_other_code(layout: Layout, old: str) -> None:
    deadline = time.monotonic() + _START_DEADLINE
    while time.monotonic() < deadline:
        # It ended while it was asked; or an older one cannot read what was applied just now.
        with contextlib.suppress(StartError, StateError):
            state = control.ask(layout.control_socket, "status")
            if state is not None and state["code"] != old:
                return
        time.sleep(0.05)
    raise StartError("The new supervisor did not start.", remedy="See: skrt-hub logs supervisor")


def wait_for_log_in(context: Context, settings: Settings) -> None:
    """Return when the log-in page answers through the proxy. Raises StartError with what the logs say."""
    url = f"{settings.url}hub/login"
    with context.progress.step("hub: waiting for the log-in page"):
        deadline = time.monotonic() + _START_DEADLINE
        while time.monotonic() < deadline:
            if _answers(url, context):
                return
            state = control.ask(context.layout.control_socket, "status")
            if state is not None and state["state"] == "closed":
                return
            failed = [name for name in ("hub", "proxy") if state and state["failures"].get(name, 0) >= 3]
            if failed:
                raise _start_error(context, failed[0])
            time.sleep(0.05)
    raise _start_error(context, "hub")


def _answers(url: str, context: Context) -> bool:
    try:
        # Whoever comes while the proxy is started is left waiting (skrt_hub.targets.machine.waiting_room).
        where = (urlsplit(context.settings.url).hostname, context.settings.port)
        socket.create_connection(where, timeout=_CONNECTS).close()
        encrypted = urllib.request.HTTPSHandler(context=trust(context.layout, context.settings))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), encrypted)
        request = urllib.request.Request(url)  # noqa: S310
        if context.settings.participant_url:  # then the proxy leads by names
            request.add_header("Host", urlsplit(context.settings.public_url).netloc)
        with opener.open(request, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _start_error(context: Context, part: str) -> StartError:
    log = context.layout.log / f"{part}.log"
    try:
        words = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
    except OSError:
        words = "It wrote no log."
    return StartError(f"The {part} did not start.", why=words, remedy=f"See: skrt-hub logs {part}")


def _in_use(layout: Layout, applied: Applied, before: Applied | None) -> set[str]:
    """Those that servers run in, and the one before this one: going back to it takes no time."""
    used = {applied.environment, *dict(applied.others).values()}
    if before is not None:
        used |= {before.environment, *dict(before.others).values()}
    for server in running_servers(layout):
        used |= {server.environment, *server.others}
    return {folder.name for folder in used}


def reach(context: Context) -> list[str]:
    """Where others reach the hub, and what their browsers say to it."""
    settings = context.settings
    first, *more = addresses_of(settings)
    if published_here_alone():
        return ["That is the address on the machine that runs this container, and nobody reaches it from elsewhere."]
    if in_container() and not settings.public_url:
        lines = [
            "That is the address on the machine that runs this container, if it publishes the port under its number.",
            "For others, write the address that they type into hub.yaml, such as `public_url: https://192.168.1.7:8000`.",
        ]
    else:
        lines = _addresses(first, more)
    if settings.tls.authority:
        lines.append(f"Browsers warn until the hub's certificate is installed; how: {first}hub/certificate")
        lines.append(f"Its fingerprint (SHA-256): {authority_of(context.layout, settings).fingerprint()}")
    if not settings.tls.encrypted:
        lines.append("What people type there is not encrypted: whoever listens on this network can read passwords.")
    return lines


def _addresses(first: str, more: list[str]) -> list[str]:
    return [f"Others reach it at {first}", *(f"  or {address}" for address in more), qr(first).rstrip("\n")]


def _report(context: Context, state: str, began: float, *, changed: bool) -> UpReport:
    settings = context.settings
    lines = [policy.log_in.how_to_log_in(settings), *institution.notes(settings)]
    lines += policy.own_config.notes(read_json(context.layout.own_config))
    lines += policy.log_in.for_managers(settings, partial(participants.ask, context.layout))
    lines += policy.class_page.where(settings, addresses_of(settings)[0])
    if not settings.on_loopback:
        lines += reach(context)
    if settings.sandbox == "none":
        lines.append("The sandbox is switched off: participants can read each other's files and the hub's.")
    if state == "closed":
        lines = ["Connections are disabled. Enable them with: skrt-hub open"]
    url = addresses_of(settings)[0]
    return UpReport(settings.name, url, changed, round(time.monotonic() - began, 2), tuple(lines))
