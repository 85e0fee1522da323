"""Instants of a layer's states that are known to the day alone, each with the end of that day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import asyncpg
import numpy as np

from tileserver.model import LayerId
from tileserver.store.catalogue import StoredLayer
from tileserver.store.revisions import Writer
from tileserver.times import Micros, MicrosArray, to_micros


@dataclass(frozen=True, eq=False)
class KnownDays:
    """Instants known to the day, ``at``, each with the end of its day, ``over``; ascending by ``over``.

    Shape (n,) each, microseconds since 1970.
    """

    at: MicrosArray
    over: MicrosArray

    def last_public(self, horizon: Micros) -> Micros:
        """Return the last instant up to *horizon*, inclusive, before which every known day is over.

        A state is made of all that changed before it: behind a change that is not public nothing is.
        """
        waiting = int(self.over.searchsorted(horizon, side="right"))
        return (
            horizon if waiting == len(self.over) else min(horizon, Micros(int(self._earliest[waiting]) - 1))
        )

    @cached_property
    def _earliest(self) -> MicrosArray:
        """The earliest instant from each place on."""
        found: MicrosArray = np.minimum.accumulate(self.at[::-1])[::-1]
        return found


NO_DAYS = KnownDays(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


async def load_days(connection: asyncpg.Connection, stored: StoredLayer) -> KnownDays:
    """Return the instants of a layer known to the day, in whatever revision; of a line, of its areas."""
    rows = await connection.fetch(
        "SELECT at, over FROM known_day JOIN layer ON layer = layer.id"
        " WHERE layer.theatre = $1 AND layer.name = $2 ORDER BY over, at",
        stored.ref.theatre,
        stored.layer.drawn_from,
    )
    return KnownDays(
        np.array([to_micros(row["at"]) for row in rows], dtype=np.int64),
        np.array([to_micros(row["over"]) for row in rows], dtype=np.int64),
    )


async def add_days(writer: Writer, layer_id: LayerId, days: Mapping[datetime, datetime]) -> int:
    """Remember that each instant of *days* is known to the day that is over then; return how many are new.

    Where one was known already the later end holds.
    """
    rows = await writer.connection.fetch(
        "INSERT INTO known_day AS known (layer, at, over)"
        " SELECT $1, at, over FROM unnest($2::timestamptz[], $3::timestamptz[]) AS fresh (at, over)"
        " ON CONFLICT (layer, at) DO UPDATE SET over = EXCLUDED.over WHERE known.over < EXCLUDED.over"
        " RETURNING at",
        layer_id,
        sorted(days),
        [days[at] for at in sorted(days)],
    )
    if rows:
        writer.touched.add(layer_id)
    return len(rows)
