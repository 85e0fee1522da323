"""Fetches of layer tiles: from the tiers, else from PostGIS, in one journey for all and once for each.

What memory or a quick disk has is there at once. Whoever asks for a layer tile that is already being fetched
waits for that. A fetch belongs to no caller: when nobody waits for anything of it any more, it is cancelled,
in PostgreSQL, too. A layer that cannot be drawn is a failure of that layer alone, and is never kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tileserver.errors import LayerUnavailable
from tileserver.store.connect import Connection, readable
from tileserver.store.cuts import Cut, PointCut
from tileserver.store.tiles import render_layers
from tileserver.tiles.current import Current
from tileserver.tiles.layer_tile import LayerKey, LayerTile, cut_of
from tileserver.tiles.shared import SharedTier
from tileserver.tiles.tiers import Tier

_PAUSE_S = 0.005


@dataclass(slots=True, eq=False)
class _Fetch:
    """Layer tiles of one address under way, with the number of callers that wait."""

    task: asyncio.Task[None] | None = None
    waiting: int = 0
    coming: dict[LayerKey, asyncio.Future[bytes]] = field(default_factory=dict)


class _Looked(NamedTuple):
    """Layer tiles of one address: found at once, still missing, and the tiers not asked yet."""

    found: dict[LayerKey, bytes]
    missing: Sequence[LayerTile]
    unasked: Sequence[Tier]


class LayerFetcher:
    """Fetches layer tiles from the nearest tier, else from PostGIS."""

    def __init__(self, current: Current, tiers: Sequence[Tier], shared: SharedTier | None = None) -> None:
        self._current = current
        self._tiers = tiers if shared is None else (*tiers, shared)
        self._shared = shared
        self._under_way: dict[LayerKey, _Fetch] = {}

    async def quiet(self, wait_s: float) -> None:
        """Wait until no reader waits for a layer tile; *wait_s* seconds at most."""
        for _ in range(int(wait_s / _PAUSE_S)):
            if not self._under_way:
                return
            await asyncio.sleep(_PAUSE_S)

    async def fetch(
        self, wanted: Sequence[LayerTile], kept: Callable[[LayerKey], bytes | None]
    ) -> list[bytes]:
        """Return the bytes of *wanted*, MVTs, in the same order; all of one address; from memory by *kept*.

        Raises
        ------
        LayerUnavailable
            One of the layers cannot be drawn.
        StoreUnavailable
            One is in no tier, and the database does not answer.
        """
        looked = self._look(wanted, kept)
        if looked.missing:
            looked.found.update(await self._wait_for(looked))
        return [looked.found[each.cache_key] for each in wanted]

    def at_hand(
        self, wanted: Sequence[LayerTile], kept: Callable[[LayerKey], bytes | None]
    ) -> list[bytes] | None:
        """Return the same bytes as `fetch`, MVTs, at once; begin nothing, and ``None``, if that waits."""
        looked = self._look(wanted, kept)
        return None if looked.missing else [looked.found[each.cache_key] for each in wanted]

    def _look(self, wanted: Sequence[LayerTile], kept: Callable[[LayerKey], bytes | None]) -> _Looked:
        """Look for *wanted* in memory and in the nearest tier, without waiting for anything."""
        found = {each.cache_key: data for each in wanted if (data := kept(each.cache_key)) is not None}
        missing = [each for each in wanted if each.cache_key not in found]
        asked = [each for each in missing if each.cache_key not in self._under_way]
        if not asked or not self._tiers:
            return _Looked(found, missing, self._tiers)
        nearest, *farther = self._tiers
        names = [stored_name(self._current, each.cache_key) for each in asked]
        if (told := nearest.look(names)) is None:
            return _Looked(found, missing, self._tiers)
        if told:
            each_told = zip(asked, map(told.get, names), strict=True)
            found |= {each.cache_key: data for each, data in each_told if data is not None}
            missing = [each for each in missing if each.cache_key not in found]
        return _Looked(found, missing, farther)

    async def _wait_for(self, looked: _Looked) -> dict[LayerKey, bytes]:
        """Return the missing layer tiles of *looked*, once all have come."""
        fetches = {self._fetch_of(each, looked) for each in looked.missing}
        keys = [each.cache_key for each in looked.missing]
        coming = {key: self._under_way[key].coming[key] for key in keys}
        for fetch in fetches:
            fetch.waiting += 1
        try:
            return {key: await asyncio.shield(future) for key, future in coming.items()}
        finally:
            for fetch in fetches:
                self._leave(fetch)

    def _fetch_of(self, tile: LayerTile, looked: _Looked) -> _Fetch:
        """Return the fetch under way that *tile* comes with, else begin a fetch of all missing."""
        fetch = self._under_way.get(tile.cache_key)
        if fetch is None:
            fetch = _Fetch()
            new = [each for each in looked.missing if each.cache_key not in self._under_way]
            for each in new:
                fetch.coming[each.cache_key] = future = asyncio.get_running_loop().create_future()
                future.add_done_callback(_heard)
                self._under_way[each.cache_key] = fetch
            fetch.task = asyncio.create_task(self._run(fetch, new, looked.unasked))
        return fetch

    def _leave(self, fetch: _Fetch) -> None:
        fetch.waiting -= 1
        if fetch.waiting == 0 and fetch.task is not None and not fetch.task.done():
            self._land(fetch)
            fetch.task.cancel()

    def _land(self, fetch: _Fetch) -> None:
        for key in fetch.coming:
            if self._under_way.get(key) is fetch:
                del self._under_way[key]

    async def _run(self, fetch: _Fetch, wanted: Sequence[LayerTile], unasked: Sequence[Tier]) -> None:
        try:
            missing = await self._from_tiers(fetch, wanted, unasked) if unasked else wanted
            if missing and self._shared is not None:
                missing = await self._share(fetch, missing, self._shared)
            if missing:
                await self._render(fetch, missing)
        except Exception as error:
            for future in fetch.coming.values():
                if not future.done():
                    future.set_exception(error)
        finally:
            self._land(fetch)

    async def _from_tiers(
        self, fetch: _Fetch, wanted: Sequence[LayerTile], unasked: Sequence[Tier]
    ) -> Sequence[LayerTile]:
        """Deliver layer tiles from the tiers *unasked* so far, and return the rest of *wanted*."""
        names = {stored_name(self._current, each.cache_key): each for each in wanted}
        for number, tier in enumerate(unasked, len(self._tiers) - len(unasked)):
            await self._deliver(fetch, names, await tier.get_many(list(names)), self._tiers[:number])
            if not names:
                break
        return list(names.values())

    async def _share(
        self, fetch: _Fetch, missing: Sequence[LayerTile], shared: SharedTier
    ) -> Sequence[LayerTile]:
        """Render *missing* tiles unless other processes do, wait for the others, and return the rest."""
        names = {stored_name(self._current, each.cache_key): each for each in missing}
        nearer = self._tiers[:-1]
        come, ours = await shared.claim(list(names))
        await self._deliver(fetch, names, come, nearer)
        if ours:
            try:
                await self._render(fetch, [names.pop(name) for name in ours])
            except BaseException:
                shared.release(ours)
                raise
        if names:
            await self._deliver(fetch, names, await shared.wait_for(list(names)), nearer)
        return list(names.values())

    @staticmethod
    async def _deliver(
        fetch: _Fetch, names: dict[str, LayerTile], kept: Mapping[str, bytes], nearer: Sequence[Tier]
    ) -> None:
        """Deliver *kept* tiles, bytes of MVTs, strike each from *names*, and have *nearer* tiers keep all."""
        for name, data in kept.items():
            fetch.coming[names.pop(name).cache_key].set_result(data)
        for tier in nearer if kept else ():
            await tier.keep_many(kept)

    async def _render(self, fetch: _Fetch, wanted: Sequence[LayerTile]) -> None:
        """Deliver *wanted* from PostGIS; costly windows of events come last, and wait in their lane."""
        cuts = [(each, cut_of(each)) for each in wanted]
        plain = [(each, cut) for each, cut in cuts if not _is_costly(cut)]
        costly = [(each, cut) for each, cut in cuts if _is_costly(cut)]
        if plain:
            await self._render_now(fetch, *zip(*plain, strict=True))
        if costly:
            async with self._current.lanes.windows.place():
                await self._render_now(fetch, *zip(*costly, strict=True))

    async def _render_now(self, fetch: _Fetch, wanted: Sequence[LayerTile], cuts: Sequence[Cut]) -> None:
        """Deliver *wanted* by *cuts* from PostGIS, and have the tiers keep all that could be drawn."""
        async with self._current.pool.acquire() as connection:
            drawn = await draw(connection, wanted, cuts)
        good: dict[str, bytes] = {}
        for each, data in zip(wanted, drawn, strict=True):
            if isinstance(data, LayerUnavailable):
                fetch.coming[each.cache_key].set_exception(data)
            else:
                fetch.coming[each.cache_key].set_result(data)
                good[stored_name(self._current, each.cache_key)] = data
        for tier in self._tiers:
            await tier.keep_many(good)
        if self._shared is not None and len(good) < len(wanted):
            names = {stored_name(self._current, each.cache_key) for each in wanted}
            self._shared.release(names - good.keys())


def _is_costly(cut: Cut) -> bool:
    return isinstance(cut, PointCut) and cut.is_costly


def stored_name(current: Current, key: LayerKey) -> str:
    """Return the name of a layer tile outside of the process: layers are numbered by their database."""
    return f"{current.read.database if current.read else ''}/{key}"


async def draw(
    connection: Connection, wanted: Sequence[LayerTile], cuts: Sequence[Cut]
) -> Sequence[bytes | LayerUnavailable]:
    """Return the bytes, MVTs, of layer tiles of one address, drawn by *cuts*; after a failure each alone."""
    names = ", ".join(str(each.served.stored.ref) for each in wanted)
    try:
        with readable(names):
            return await render_layers(connection, cuts, wanted[0].cache_key.address)
    except LayerUnavailable as error:
        if len(wanted) == 1:
            return [error]
    each_alone = [await draw(connection, [one], [cut]) for one, cut in zip(wanted, cuts, strict=True)]
    return [drawn for (drawn,) in each_alone]


def _heard(future: asyncio.Future[bytes]) -> None:
    """Take note of a failure that nobody is left to hear, so that asyncio does not report the failure."""
    if not future.cancelled():
        future.exception()
