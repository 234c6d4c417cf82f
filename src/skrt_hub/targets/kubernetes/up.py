"""`up` on Kubernetes: a recipe of steps, each of which may be repeated, and which leave a mended or an old hub behind.

Nothing is sent to the cluster before the values were accepted by the chart's own schema.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import Any

from skrt_hub import policy
from skrt_hub.context import Context
from skrt_hub.datasets import not_there
from skrt_hub.environment.bundled import Bundle
from skrt_hub.errors import ClusterError, SkrtHubError, StartError
from skrt_hub.files import ensure_folder, write_atomically
from skrt_hub.policy import appetite
from skrt_hub.progress import Step
from skrt_hub.report import UpReport
from skrt_hub.targets import institution
from skrt_hub.targets.kubernetes import (
    access,
    backup,
    carried,
    ingress,
    log_in_secret,
    preflight,
    rendering,
    status,
    stop,
    takeover,
)
from skrt_hub.targets.kubernetes.background import programs
from skrt_hub.targets.kubernetes.cluster import start_minikube
from skrt_hub.targets.kubernetes.cluster.connection import Cluster, Record, namespace_exists, open_cluster
from skrt_hub.targets.kubernetes.cluster.helm import as_yaml
from skrt_hub.targets.kubernetes.dask import release as dask
from skrt_hub.targets.kubernetes.homes import data_sets, participants, shared
from skrt_hub.targets.kubernetes.image import ensure
from skrt_hub.targets.kubernetes.pods.watch import ESSENTIAL, Snapshot, Watcher, look
from skrt_hub.targets.kubernetes.release import leftover, priorities, recover
from skrt_hub.targets.kubernetes.release.chart import Chart, check_values, ensure_chart
from skrt_hub.targets.kubernetes.release.revisions import Release, read_release, refuse_others
from skrt_hub.targets.kubernetes.release.values import render_values


def bring_up(context: Context) -> UpReport:
    """Make the hub run as the settings say. Raises a SkrtHubError for what a person can mend."""
    began = time.monotonic()
    for folder in (context.layout.root, context.layout.kubernetes):
        ensure_folder(folder, mode=0o700)
    with context.alone():
        access.require_port(context)
        started = start_minikube.ensure_running(context)
        cluster = open_cluster(context)
        cluster.require_same_cluster()
        context.progress.say(f"Acting on {cluster.words}.")
        preflight.require_permissions(cluster)
        institution.ensure_secret(context.settings)
        bundle = carried.opened(cluster)
        _prepare_given(context)
        chart = ensure_chart(context.settings.kubernetes.chart, cluster.charts, cluster.helm)
        release = read_release(cluster.helm, cluster.release)
        refuse_others(
            release,
            cluster.helm.releases(),
            hub=context.settings.name,
            take_over=context.settings.kubernetes.take_over,
        )
        for line in participants.ensure_homes_are_found(cluster):
            context.progress.say(line)
        workers = dask.wanted(context, cluster.helm, cluster.server_version)
        values, manifests = _values(cluster, chart, workers)
        url = _already_up(cluster, release, values)
        if url is not None:
            codes = participants.take_list(cluster)
            log_in_secret.ensure(cluster)  # one that was renewed
            _ensure_volumes(cluster)  # one that was removed by hand
            _write_down(context, cluster.require_record())  # what concerns this machine may be new
            programs.ensure(context.settings, context.layout, cluster.kubectl)
            notes = (*codes, *status.own_config_notes(cluster, values))
            return _report(context, url, changed=False, began=began, notes=notes)
        _require_volumes(cluster)
        preflight.require_room(cluster)
        ingress.require_class(cluster)
        made = _ensure_namespace(cluster)
        record = _record(cluster, made=made, minikube=started)
        # The place is written down before anything is made there; the image when the nodes have it.
        _write_down(context, replace(record, image=cluster.record.image if cluster.record else ""))
        ingress.require_secret(cluster)
        _ensure_images(cluster, bundle, rendering.images(values, manifests + (workers.manifests if workers else "")))
        record.write(context.layout, context.settings)
        log_in_secret.ensure(cluster)
        _ensure_volumes(cluster)
        with recover.lease(cluster) as lease:
            priorities.ensure(cluster, manifests)
            notes = _apply(cluster, chart, values, release, lease, workers=workers)
        with context.progress.step("log-in page") as step:
            notes += participants.take_list(cluster)
            stop.let_in(cluster)
            url = access.open_door(cluster, step, deadline=120)
        notes += status.own_config_notes(cluster, values)
        _keep_values(cluster, values)
        record.write(context.layout, context.settings)
        programs.ensure(context.settings, context.layout, cluster.kubectl)
        return _report(context, url, changed=True, began=began, notes=notes)


def _write_down(context: Context, record: Record) -> None:
    record.write(context.layout, context.settings)
    context.note_file()


def _prepare_given(context: Context) -> None:
    """What participants are given: material, and data that is fetched by a command of its own."""
    ensure.prepare_material(context)
    for line in (*not_there(context), *appetite.notes(context.settings)):
        context.progress.say(f"Note: {line}")


def _require_volumes(cluster: Cluster) -> None:
    preflight.require_storage(cluster)
    shared.require(cluster)
    data_sets.require(cluster)


def _ensure_volumes(cluster: Cluster) -> None:
    shared.ensure(cluster)
    data_sets.ensure(cluster)


def _values(cluster: Cluster, chart: Chart, workers: dask.Asked | None) -> tuple[dict[str, Any], str]:
    """The values, accepted by the chart, with their own digest in them; and what the chart makes of them.

    The digest also stands for the workers' part, so that a change of it is sent, too.
    """
    facts = replace(
        rendering.gather(cluster.hub_context), processors=preflight.processors_of_one_node(cluster.nodes() or ())
    )
    values = render_values(cluster.settings, facts)
    server = cluster.server_version
    manifests = check_values(cluster.helm, cluster.release, chart, values, server=server)
    beside = workers.digest if workers else ""
    digest = hashlib.sha256((chart.version + as_yaml(values) + beside).encode()).hexdigest()[:16]
    values["custom"]["skrtHub"]["digest"] = digest
    return values, manifests


def _ensure_images(cluster: Cluster, bundle: Bundle | None, needed: tuple[str, ...]) -> None:
    if bundle is not None:
        carried.bring(cluster, bundle, needed)
    ensure.ensure(cluster)


def _already_up(cluster: Cluster, release: Release, values: dict[str, Any]) -> str | None:
    """The address where everything is as it should be already."""
    newest = release.newest
    if newest is None or newest.status != "deployed" or release.owner != "us" or cluster.record is None:
        return None
    if (release.values or {}).get("custom", {}).get("skrtHub", {}).get("digest") != values["custom"]["skrtHub"][
        "digest"
    ]:
        return None
    seen = look(cluster.kubectl)
    if not all(seen.ready(name) for name in ESSENTIAL) or seen.closed or not dask.is_as_asked(cluster):
        return None
    url = access.find_url(cluster)
    return url if url is not None and access.log_in_page_answers(url, cluster.settings) else None


def _ensure_namespace(cluster: Cluster) -> bool:
    """Make the namespace where there is none; returns whether it was made."""
    if namespace_exists(cluster):
        return cluster.record.namespace_made if cluster.record else False
    cluster.kubectl.run("create", "namespace", cluster.namespace)
    cluster.kubectl.run("label", "namespace", cluster.namespace, "app.kubernetes.io/managed-by=skrt-hub")
    return True


def _record(cluster: Cluster, *, made: bool, minikube: bool) -> Record:
    started = minikube or bool(cluster.record and cluster.record.minikube_started)
    return Record(
        cluster.context,
        cluster.identity,
        cluster.namespace,
        cluster.release,
        ensure.wanted(cluster.hub_context),
        namespace_made=made,
        minikube_started=started,
    )


def _apply(
    cluster: Cluster,
    chart: Chart,
    values: dict[str, Any],
    release: Release,
    lease: recover.Lease,
    *,
    workers: dask.Asked | None,
) -> tuple[str, ...]:
    """Mend what was interrupted, save the database, send the values, wait until hub and proxy are ready.

    `workers` is what Dask's gateway gets, where there shall be one.
    """
    progress, notes = cluster.hub_context.progress, []
    if release.pending:
        leftover.wait_for_helm(cluster.layout, progress)
        release = read_release(cluster.helm, cluster.release)
    if release.pending:
        progress.say(recover.mend(cluster, release))
        release = read_release(cluster.helm, cluster.release)
    elif release.unfinished:
        recover.remove_leftovers(cluster)
    if release.exists:
        saved = backup.save_database(cluster)
        progress.say(saved)
        notes += takeover.prepare(cluster, release)
        _wake(cluster)
    dask.ensure(cluster, workers, renew=lease.renew)
    with progress.step("hub, proxy and scheduler") as step:
        try:
            _send(cluster, chart, values, lease, step)
        except (SkrtHubError, KeyboardInterrupt) as error:
            raise _undo(cluster, release, error, step) from error
    if workers is not None:
        with progress.step("workers for cohorts") as step:
            dask.wait_ready(cluster, step, renew=lease.renew)
    return tuple(notes)


def _send(cluster: Cluster, chart: Chart, values: dict[str, Any], lease: recover.Lease, step: Step) -> Snapshot:
    limit = cluster.settings.kubernetes.time_limit
    watcher = Watcher(cluster.kubectl, step)

    def watch() -> None:
        lease.renew()
        watcher.observe()

    cluster.helm.apply(
        cluster.release,
        chart.path,
        as_yaml(values),
        deadline=limit,
        watch=watch,
        started=lambda pid: leftover.remember(cluster.layout, pid),
    )
    return watcher.wait_ready(ESSENTIAL, deadline=limit, renew=lease.renew)


def _undo(cluster: Cluster, before: Release, error: BaseException, step: Step) -> BaseException:
    """After a failed upgrade, bring the last whole revision back; a failed first install is left to be mended."""
    good = before.last_good
    if isinstance(error, KeyboardInterrupt) or good is None or not isinstance(error, SkrtHubError):
        return error
    step.update(note=f"going back to revision {good.number}")
    told = "Check the cluster, then run `skrt-hub up` again."
    try:
        now = read_release(cluster.helm, cluster.release)
        if now.pending:
            recover.mend(cluster, now)
        cluster.helm.rollback(cluster.release, good.number, deadline=180)
        Watcher(cluster.kubectl, step).wait_ready(ESSENTIAL, deadline=180)
        outcome = f"The hub was brought back to what it was (revision {good.number}, {good.chart}) and runs."
    except SkrtHubError as second:
        outcome = f"Bringing the hub back to revision {good.number} failed too: {second.what} {second.why}"
    kind = (
        StartError
        if isinstance(error, StartError)
        else ClusterError
        if isinstance(error, ClusterError)
        else type(error)
    )
    return kind(f"{error.what} {outcome}", why=error.why, remedy=error.remedy or told)


def _wake(cluster: Cluster) -> None:
    """Deployments that `stop` or `close` set to no pods get theirs back, or Helm would keep the zero."""
    seen = look(cluster.kubectl)
    asleep = [f"deployment/{name}" for name in ("hub", "proxy", "user-scheduler") if _asleep(seen, name)]
    cluster.kubectl.scale(asleep, 1)


def _asleep(seen: Snapshot, name: str) -> bool:
    return seen.deployment(name) is not None and seen.replicas(name) == 0


def _keep_values(cluster: Cluster, values: dict[str, Any]) -> None:
    write_atomically(cluster.layout.kubernetes / "values.json", as_yaml(values) + "\n", mode=0o600)


def _report(context: Context, url: str, *, changed: bool, began: float, notes: tuple[str, ...] = ()) -> UpReport:
    lines = (
        policy.log_in.how_to_log_in(context.settings),
        *policy.class_page.where(context.settings, url),
        *institution.notes(context.settings),
        "Connections: skrt-hub close, skrt-hub open. State: skrt-hub status. End: skrt-hub stop.",
    )
    return UpReport(context.settings.name, url, changed, time.monotonic() - began, (*notes, *lines))


def restart(context: Context, cluster: Cluster, *, began: float) -> UpReport:
    """Bring a stopped hub back as it was, without sending anything new."""
    with context.progress.step("hub, proxy and scheduler") as step:
        _wake(cluster)
        dask.wake(cluster)
        Watcher(cluster.kubectl, step).wait_ready(ESSENTIAL, deadline=context.settings.kubernetes.time_limit)
    with context.progress.step("log-in page") as step:
        stop.let_in(cluster)
        url = access.open_door(cluster, step, deadline=120)
    if cluster.record is not None:
        cluster.record.write(context.layout, context.settings)
    programs.ensure(context.settings, context.layout, cluster.kubectl)
    notes = status.own_config_notes(cluster, read_release(cluster.helm, cluster.release).values or {})
    return _report(context, url, changed=True, began=began, notes=notes)
