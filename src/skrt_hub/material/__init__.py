"""What the organiser gives to the participants: material that is placed in their homes.

sources.py    the organiser's folders, git repositories and archives, as plain files in one folder
unpack.py     archives that may be hostile
published.py  publishing material to the participants' servers
hand_out.py   files that the organiser gives to everyone while the class works
overview.py   which material there is, and what became of it in each home
"""
