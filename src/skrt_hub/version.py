"""The version of skrt-hub: made from the tag when it was built, or a number of commits after it."""

from importlib.metadata import version

__version__ = version("skrt-hub")
