"""A participant's home: files reached without ever following a link, whatever its owner made of it.

walk.py         the one way through a home
tree.py         files of a home, written and replaced
scan.py         everything in a home, listed for a saved copy; content.py reads files
fingerprint.py  tells whether anything in a home changed
transfer.py     contents read for a saved copy, and written from one
agent.py        the home's end where the hub cannot reach the files itself
packages.py     what was installed with pip, listed and moved aside
recover.py      what a killed save of a notebook left
space.py        how full the home is
notices.py      messages for the participant
"""
