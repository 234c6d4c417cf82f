"""The Kubernetes target: the same hub through the Zero to JupyterHub chart."""
