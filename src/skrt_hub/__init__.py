"""skrt-hub: a JupyterHub for a group of people who work with scikit-rt.

This package is what the organiser runs; what participants run is in skrt_workspace."""

__version__ = "0.1.0"
