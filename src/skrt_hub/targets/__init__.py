"""Where a hub can run.

protocol.py          what a target must be able to do
registry.py          the table of targets
machine, kubernetes  the targets, which know nothing of each other
"""
