"""What a hub promises, as pure rules: settings in, values and sentences out. Both targets take them from here.

log_in.py     who may log in, and what `up` says about it
managers_found.py  which organisers in hub.yaml a log-in elsewhere can never find
own_config.py  the organiser's own file for JupyterHub
institution.py  log-in at an institution's provider: what the hub is told, the address to register
platform.py   log-in from a learning platform: what to enter there
whose_home.py  whose the names and homes are after the kind of log-in changed
class_page.py  the organiser's page: who may open it
announced.py  whether the hub's name is announced on the local network
certificates.py  when people are told that one expires
hosts.py      which names the hub answers to
idle.py       when a server that nobody uses ends
internet.py   what participants may reach on the network
memory.py     which folders lie in memory, and how large they may be
profiles.py   which sizes of servers participants choose from
environments.py  how servers are told of the environments
fork_servers.py  which environments have a fork server
threads.py    how many threads engines and libraries start
cohorts.py    how many tasks of cohorts run, and for how long they keep a server
cohort_shares.py  how the workers for them are handed out
engines.py    whether registrations are exact
patient_data.py  what happens to files that tell who a patient is
start_page.py  what participants see first in JupyterLab
removing.py   what it means to take a participant out
"""

from skrt_hub.policy import (
    announced,
    class_page,
    cohort_shares,
    cohorts,
    engines,
    environments,
    fork_servers,
    hosts,
    idle,
    institution,
    internet,
    log_in,
    managers_found,
    memory,
    own_config,
    patient_data,
    platform,
    profiles,
    removing,
    start_page,
    threads,
    whose_home,
)

__all__ = [
    "announced",
    "class_page",
    "cohort_shares",
    "cohorts",
    "engines",
    "environments",
    "fork_servers",
    "hosts",
    "idle",
    "institution",
    "internet",
    "log_in",
    "managers_found",
    "memory",
    "own_config",
    "patient_data",
    "platform",
    "profiles",
    "removing",
    "start_page",
    "threads",
    "whose_home",
]
