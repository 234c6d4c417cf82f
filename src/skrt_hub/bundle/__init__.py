"""Making a bundle: one file with all that a hub on one machine takes, for a machine without a network.

`starter` is the program in it: it runs with nothing but Python. What the file holds is in skrt_hub.environment.bundled.
"""
