"""Scripted participants: what a class does to a hub, measured. `bench` and `rehearse` are made of it.

Works against any JupyterHub with a name-and-password form, through its public address only.
"""
