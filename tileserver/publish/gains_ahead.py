"""The task that works out public gains of the newest revision before anybody asks.

On the whole archive they take some 20 s of a processor once. That is done a while after the start, at half of
a processor at most, by one process of the machine at a time; the others read from disk what was found.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tileserver.errors import LayerUnavailable, NothingMeasured, TileserverError, UnknownTheatre
from tileserver.publish.gains_service import GainsName, GainsService
from tileserver.publish.measures import measured_layer
from tileserver.publish.turns import rules_key
from tileserver.publish.turns_kept import TurnFile
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.tileset import Tileset

_FIRST_S = 60.0  # after the start, which has enough to do
_LOOK_S = 2.0  # between two looks for something to do


class GainsAhead:
    """Works out the gains of each theatre after each change; *file* keeps turns over a start."""

    def __init__(self, current: Current, gains: GainsService, file: TurnFile | None) -> None:
        self._current, self._gains, self._file = current, gains, file
        self._known: dict[str, GainsName] = {}  # by theatre

    async def run(self, report: Callable[[], None]) -> None:
        """Look for gains that nobody has worked out yet, for ever."""
        await asyncio.sleep(_FIRST_S)
        while True:
            if (catalogue := self._current.read) is not None:
                await self.look(catalogue)
            report()
            await asyncio.sleep(_LOOK_S)

    async def look(self, catalogue: Catalogue) -> None:
        """Work out unknown gains in *catalogue*, unless another process of the machine does so."""
        wanted = [each for theatre in catalogue.theatres if (each := _measured(catalogue, theatre))]
        names = {each.theatre.id: await self._gains.name(each, each.newest) for each in wanted}
        if names.items() <= self._known.items():
            return
        if self._file is None:
            await self._work_out(wanted, names)
            return
        with self._file.alone() as is_alone:
            if is_alone:
                before = self._gains.learn(await asyncio.to_thread(lambda file: [*file.read()], self._file))
                await self._work_out(wanted, names)
                if len(self._gains.turns) > before:
                    rules = {rules_key(measured_layer(each).stored) for each in wanted}
                    await asyncio.to_thread(self._file.write, dict(self._gains.turns), rules)

    async def _work_out(self, wanted: list[Tileset], names: dict[str, GainsName]) -> None:
        for each in wanted:
            if self._known.get(each.theatre.id) == names[each.theatre.id]:
                continue
            try:
                await self._gains.gains(each, each.newest, at_ease=True)
            except TileserverError:
                continue  # the next look tries again; who asks for them is told why
            self._known[each.theatre.id] = names[each.theatre.id]


def _measured(catalogue: Catalogue, theatre: str) -> Tileset | None:
    try:
        tileset = catalogue.tileset(theatre)
        measured_layer(tileset)
    except (LayerUnavailable, NothingMeasured, UnknownTheatre):
        return None
    return tileset
