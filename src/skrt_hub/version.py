"""The version of skrt-hub: made from the tag when it was built, or a number of commits after it."""

from importlib.metadata import version

__version__ = version("skrt-hub")

FORMAT = 1
"""The version of what commands print with --json. It rises when a field goes, is renamed or changes its type."""
