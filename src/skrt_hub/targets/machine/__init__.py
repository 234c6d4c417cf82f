"""The one-machine target: a supervisor, its control socket, and the checks of the machine."""
