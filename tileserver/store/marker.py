"""Marker of the database: changes with every revision, withdrawal and definition; a millisecond to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import asyncpg

from tileserver.errors import SchemaMismatch
from tileserver.model import LayerId, LayerRef
from tileserver.store.servers import Floor

_QUESTION = """
    SELECT t.id AS theatre, md5(t::text) AS declared, l.name, l.id AS layer_id, l.edition,
        (SELECT max(revision) FROM revision_layer WHERE layer = l.id) AS newest
    FROM theatre t JOIN layer l ON l.theatre = t.id
"""


class LayerMark(NamedTuple):
    """Mark of one layer: *newest* rises with each revision; a change of all else withdraws or redraws."""

    newest: int
    layer_id: LayerId
    edition: int  # rises with each withdrawal
    declared: str  # a hash of the theatre's row

    @property
    def promise(self) -> tuple[int, int, str]:
        """Layer id, edition and definition, which have to stay for tiles that were shown to be shown on."""
        return self.layer_id, self.edition, self.declared


Marker: TypeAlias = Mapping[LayerRef, LayerMark]


async def load_marker(connection: asyncpg.Connection, timeout: float | None = None) -> Marker:  # noqa: ASYNC109
    """Return the mark of every layer, within *timeout* seconds.

    Raises
    ------
    SchemaMismatch
        The database was never migrated.
    """
    try:
        rows = await connection.fetch(_QUESTION, timeout=timeout)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise SchemaMismatch("the database has no schema yet; run: tileserver migrate") from error
    return {
        LayerRef(row["theatre"], row["name"]): LayerMark(
            row["newest"] or 0, row["layer_id"], row["edition"], row["declared"]
        )
        for row in rows
    }


def broken_promises(shown: Marker, now: Marker) -> set[LayerRef]:
    """Return the layers of *shown* of which something was withdrawn, redrawn or declared otherwise *now*."""
    return {
        ref for ref, mark in shown.items() if (there := now.get(ref)) is None or there.promise != mark.promise
    }


def lags(marker: Marker, other: Marker) -> bool:
    """Whether *marker* is from before *other*: has an older revision or edition of a layer of both."""
    both = [(mark, other[ref]) for ref, mark in marker.items() if ref in other]
    return any(mark.newest < later.newest or mark.edition < later.edition for mark, later in both)


def floor_of(marker: Marker) -> Floor:
    """Return the floor of servers whose rows agree with *marker*."""
    marks = sorted(marker.values(), key=lambda mark: mark.layer_id)
    return Floor(
        max((mark.newest for mark in marks), default=0),
        tuple(mark.layer_id for mark in marks),
        tuple(mark.edition for mark in marks),
    )
