"""Adds the project's own part to a participants' environment, on the machine and in the image alike.

Run by that environment's Python: `python -m skrt_workspace.install`, with the folder that holds `skrt_workspace` on
its path. Every step may be repeated.
"""
