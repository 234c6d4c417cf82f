"""hub.yaml: model.py is the whole file, and each section has a module of its name. load.py reads it.

template.py writes a new one.
"""
