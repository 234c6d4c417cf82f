"""What runs as the hub on one machine: JupyterHub's settings, the authenticator, the spawner."""
