"""Workers for cohorts on many nodes: Dask's gateway beside the hub, where hub.yaml asks for it."""
