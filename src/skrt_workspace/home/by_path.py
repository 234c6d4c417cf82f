"""All below a folder by paths, as os.walk gives it, however deep: before Python 3.12 that one calls itself for each
folder in a folder, and a thousand of them end the program. What has no path that is short enough is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator


def below(root: str | os.PathLike[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each folder with the names of the folders and of the other things in it, the outer one first.

    The list of folders may be shortened or put in order. Links are not followed.
    """
    waiting = [os.fspath(root)]
    while waiting:
        place = waiting.pop()
        folders: list[str] = []
        others: list[str] = []
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    (folders if entry.is_dir() else others).append(entry.name)
        except OSError:
            continue  # it is gone, closed, or its path is too long
        yield place, folders, others
        deeper = (os.path.join(place, name) for name in reversed(folders))  # noqa: PTH118 - many, and names only
        waiting += [path for path in deeper if not os.path.islink(path)]  # noqa: PTH114
