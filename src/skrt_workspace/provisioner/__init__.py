"""How Jupyter starts kernels in a participant's sandbox: forked by the warden, or plainly where it cannot be."""
