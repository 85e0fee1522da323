"""Instant of the last change to the public part of a layer: by a revision, or by growing old enough.

Only public edges take part, each with the first revision that told of the edge: a revision that merely ends
a row, at an instant that is not public, does not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from tileserver.model import Integers
from tileserver.store.catalogue import StoredLayer
from tileserver.store.days import KnownDays
from tileserver.store.index import Rows
from tileserver.tiles.events import Events
from tileserver.times import OPEN, Micros, from_micros


@dataclass(frozen=True, eq=False)
class Updates:
    """Edges of a layer, ascending, each with the newest revision that told of any so far; shape (n,).

    In microseconds since 1970; edges are starts and ends of half-open periods.
    """

    edges: Integers
    revisions: Integers

    @classmethod
    def of_events(cls, events: Events) -> Updates:
        """Return the updates of a layer of events, which are public from their ends on."""
        return _told(events.token, events.end, events.known_from)

    @classmethod
    def of_rows(cls, rows: Rows) -> Updates:
        """Return the updates of a layer of states, by its *rows* in one band."""
        # That a row ends is another thing to tell than that it begins.
        tokens = np.concatenate([rows["token"], ~rows["token"]])
        edges = np.concatenate([rows["start"], rows["end"]])
        return _told(tokens, edges, np.tile(rows["known_from"], 2))

    def last(
        self, stored: StoredLayer, days: KnownDays, public: Micros, embargo: timedelta
    ) -> datetime | None:
        """Return when the edges up to *public*, included, were last added to; ``None`` where there are none.

        An edge is public *embargo* after it, or after the end of the day that it is known to.
        """
        number = int(self.edges.searchsorted(public, side="right"))
        if number == 0:
            return None
        edge, revision = int(self.edges[number - 1]), int(self.revisions[number - 1])
        over = days.over[days.at == edge]
        due = from_micros(Micros(int(over.max()) if over.size else edge)) + embargo
        committed = zip(stored.revisions, stored.committed, strict=False)
        return max([due, *(at for own, at in committed if own == revision)])


def _told(tokens: Integers, edges: Integers, known_from: Integers) -> Updates:
    order = np.lexsort((known_from, tokens, edges))
    tokens, edges, known_from = tokens[order], edges[order], known_from[order]
    first = np.ones(len(edges), dtype=bool)
    first[1:] = (tokens[1:] != tokens[:-1]) | (edges[1:] != edges[:-1])
    first &= edges < OPEN
    return Updates(edges[first], np.maximum.accumulate(known_from[first]) if first.any() else known_from[:0])
