"""What the hub does for participants' homes: material to place in them, saved copies, collecting and handing out.

sources.py    the organiser's folders, git repositories and archives, as plain files in one folder
unpack.py     archives that may be hostile
material.py   publishing material to the participants' servers
"""
