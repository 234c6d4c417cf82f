"""Adds the project's own part to a participants' environment, on the machine and in the image alike.

Run by that environment's Python, after the wheel of skrt-workspace was installed there: `python -m
skrt_workspace.install`. Every step may be repeated.
"""
