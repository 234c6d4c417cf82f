"""Pods: watch.py follows them while they come up, diagnosis.py says in words what is wrong with one."""
