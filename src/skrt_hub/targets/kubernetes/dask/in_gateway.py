# What the gateway itself is told: how much one person may have. The chart takes it as text, beside its own.


def configure(c, *, most, clusters, idle):  # type: ignore[no-untyped-def]
    """`most` workers for each cluster, so many `clusters` for each person, gone after `idle` seconds without a task."""
    from dask_gateway_server.backends.base import PublicException  # noqa: PLC0415 - of the gateway's own environment
    from dask_gateway_server.backends.kubernetes import KubeBackend  # noqa: PLC0415

    class FewEach(KubeBackend):  # type: ignore[misc]
        async def start_cluster(self, user, cluster_options):  # type: ignore[no-untyped-def]
            if len(await self.list_clusters(username=user.name)) >= clusters:
                raise PublicException(
                    f"You have {clusters} Dask clusters already. End one: dask_gateway.Gateway().list_clusters()"
                )
            return await super().start_cluster(user, cluster_options)

    c.DaskGateway.backend_class = FewEach
    c.ClusterConfig.cluster_max_workers = most
    c.ClusterConfig.idle_timeout = idle
    # The library has no programs of its own names any more.
    python = ["python", "-P", "-s", "-m"]
    c.ClusterConfig.scheduler_cmd = [*python, "distributed.cli.dask_scheduler"]
    # A worker's own pages have no password, and other people's workers could reach them; the scheduler's show the same.
    c.ClusterConfig.worker_cmd = [*python, "distributed.cli.dask_worker", "--no-dashboard"]
