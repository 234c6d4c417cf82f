"""A participant's own packages: where they lie in the home, and how pip puts them there.

They come after the environment's on the path, so that nothing in them can take the place of what the class uses, and
the Jupyter server does not see them (`python -s`). See docs/how-to/own-packages.md.
"""
