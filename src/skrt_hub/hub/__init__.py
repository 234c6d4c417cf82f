"""What runs as the hub on one machine: JupyterHub's settings, the authenticator, the spawner."""

from pathlib import Path


def jupyterhub_config_file() -> Path:
    """The configuration file that JupyterHub loads."""
    return Path(__file__).with_name("jupyterhub_config.py")
