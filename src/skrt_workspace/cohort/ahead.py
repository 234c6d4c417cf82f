"""How many tasks an engine has at a time: one for each worker to do, and one more that waits there.

A worker that has its next task begins it when the last one ends, and not after a way to its owner's home and back. What
is costly there, to pack files and to have results on the disk, then happens while it works. These rules are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_HEAVY = 32 << 20
"""Bytes of one task above which none is handed ahead: what waits lies in the memory of the engine's scheduler, and of a
worker beside the task that runs there. With so much to carry a task takes long, and the way costs it little."""


def most_on_the_way(places: int, *, workers: int, heaviest: int) -> int:
    """How many tasks the engine may have.

    None ahead while there are more workers than places: one of them is about to go, and the task would go to it.

    :param workers: how many there are now.
    :param heaviest: the bytes of the task on the way that carries most.
    """
    if workers > places or heaviest > _HEAVY:
        return places
    return places + workers


def not_begun(handed: Mapping[str, int], processing: Iterable[Iterable[str]]) -> list[str]:
    """Which of the tasks on the way wait behind another one, newest first.

    :param handed: their names at the engine, and the order in which they were handed over.
    :param processing: for each worker the names of those it has. It does the oldest first.
    """
    begun = {min(names, key=handed.__getitem__) for each in processing if (names := [n for n in each if n in handed])}
    return sorted(handed.keys() - begun, key=handed.__getitem__, reverse=True)
