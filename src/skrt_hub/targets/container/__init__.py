"""`target: container`: the whole hub in one container, on any computer that has docker or podman.

The hub in it is one on one machine, with a command line of its own: commands are typed there, through `exec`. What the
container itself takes (`up`, `start`, `stop`, `delete`, `check`) is done from here. `arguments` says, as pure
functions, how the engine is called; `hub` calls it.
"""
