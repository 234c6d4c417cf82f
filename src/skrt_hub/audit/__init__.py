"""`skrt-hub audit`: attacks on the hub at hand, from a throw-away participant's notebook and terminal and from outside.

What is told comes from attempts, never from settings. `inside` is the attacker's program: it stands alone (standard
library only) and is sent into the participant's server; `outside` is what a browser on the network can try.
"""
