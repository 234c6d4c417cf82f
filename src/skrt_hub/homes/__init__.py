"""The homes of a hub's participants, wherever they are.

access.py      one Protocol for homes: listed, scanned, read and written
on_machine.py  homes that are folders on this machine
remote.py      a home that is reached through another program's input and output
folder.py      saved homes brought into a folder of the organiser's
selection.py   whose homes a command means
placed.py      what the material gave to a home
collect.py     gathering one file or folder from every home
quota.py       the limit for each home; kernel_quota.py holds it where the file system can
"""
