"""The fork servers of a running hub: the first environment's, and one for each further one that is to have it."""

from __future__ import annotations

from collections.abc import Callable

from skrt_hub.hub.applied import Applied
from skrt_hub.layout import Layout
from skrt_hub.policy import fork_servers
from skrt_hub.targets.machine import parts
from skrt_hub.targets.machine.keeper import Keeper

FIRST = "fork-server"


class ForkServers:
    """Adds and removes their keepers among those of the other parts, as the settings say."""

    def __init__(
        self,
        keepers: dict[str, Keeper],
        layout: Layout,
        applied: Callable[[], Applied],
        keeper: Callable[[Callable[[], parts.Part]], Keeper],
    ) -> None:
        self._keepers, self._layout, self._applied, self._keeper = keepers, layout, applied, keeper
        keepers[FIRST] = self._new("")

    def want(self) -> None:
        """Have those run that the settings ask for."""
        for name, environment in self._wanted().items():
            self._keeper_of(name, environment).want()

    async def again(self) -> None:
        """Have those run that the settings ask for now, each begun anew with the environment of now, and no others."""
        wanted = self._wanted()
        for gone in [name for name in self.names() if name not in wanted]:
            await (self._keepers[FIRST].end() if gone == FIRST else self._keepers.pop(gone).give_up())
        for name, environment in wanted.items():
            await self._keeper_of(name, environment).again()

    def names(self) -> list[str]:
        """The parts that are fork servers."""
        return [name for name in self._keepers if name == FIRST or name.startswith(f"{FIRST}-")]

    def _wanted(self) -> dict[str, str]:
        settings = self._applied().settings
        every = ("", *fork_servers.further(settings))
        return {name_of(name): name for name in every if fork_servers.used(settings, name)}

    def _keeper_of(self, name: str, environment: str) -> Keeper:
        if name not in self._keepers:
            self._keepers[name] = self._new(environment)
        return self._keepers[name]

    def _new(self, environment: str) -> Keeper:
        return self._keeper(lambda: parts.fork_server(self._applied(), self._layout, environment))


def name_of(environment: str) -> str:
    """The part's name."""
    return f"{FIRST}-{environment}" if environment else FIRST
