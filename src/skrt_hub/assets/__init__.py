"""The files that every browser asks for (pages' scripts and styles), compressed once and sent from one place.

Without it each participant's own server sends JupyterLab's 5 MB, as they are, from the process that also answers the
participant's notebook; and the hub sends the log-in page's files from the process that starts servers.
"""

OTHER_HOST_PAGE = "/other-host"
"""What the proxy shows to a browser that uses a name which is not the hub's."""
CLOSED_PAGE = "/closed"
"""What the proxy shows to everybody while the hub is closed."""
