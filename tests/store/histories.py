"""Drawn histories: what each revision held, written as an import writes it, and read back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import shapely
from hypothesis import strategies as st

from tests.shapes import layer, theatre
from tileserver.declared import Category
from tileserver.desk.periods import State, periods_of
from tileserver.model import DatedFeature, LayerId
from tileserver.store.catalogue import StoredLayer, add_theatre, load_layers
from tileserver.store.faces import CellKey, FaceRow, add_faces, close_faces
from tileserver.store.revisions import FeatureRow, SnapshotRow, Writer, open_revision

States = Mapping[datetime, State]
Body = Callable[[asyncpg.Connection, dict[str, StoredLayer]], Awaitable[None]]
Run = Callable[[Body], None]

DAYS = [datetime(1969, 12, 28, tzinfo=UTC) + timedelta(days=day) for day in range(7)]
CONTENTS = [bytes([letter]) * 16 for letter in b"abcd"]
KM2 = {content: float(number) for number, content in enumerate(CONTENTS, 1)}
CONTROL = layer(
    "control",
    category="status",
    categories=tuple(Category(code, {"en": code}, "#000000", "#ffffff") for code in ("held", "lost")),
)
DECLARED = theatre(CONTROL, layer("arrows", "lines"), layer("events", "points"))
FINEST = CONTROL.bands[-1].lowest

# What each revision holds, by instant; a later one may say anything else of any day.
histories: st.SearchStrategy[list[dict[datetime, State]]] = st.lists(
    st.dictionaries(st.sampled_from(DAYS), st.frozensets(st.sampled_from(CONTENTS)), max_size=6),
    min_size=1,
    max_size=4,
)


@asynccontextmanager
async def undone(connection: asyncpg.Connection) -> AsyncIterator[dict[str, StoredLayer]]:
    """Lend the layers of an empty theatre, and undo at the end whatever was written."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await add_theatre(connection, DECLARED)
        yield {each.layer.name: each for each in await load_layers(connection)}
    finally:
        await transaction.rollback()


async def write(connection: asyncpg.Connection, layer_id: LayerId, history: Sequence[States]) -> None:
    """Write each of *history* as a revision: features, faces of two bands, snapshots."""
    before: States = {}
    for states in history:
        async with open_revision(connection) as writer:
            await _write_periods(writer, layer_id, periods_of(before), periods_of(states))
            changed = {at: state for at, state in states.items() if before.get(at) != state}
            await writer.add_snapshots(
                layer_id, [SnapshotRow(at, _hash(s), "drawn") for at, s in changed.items()]
            )
            await connection.execute(
                "UPDATE snapshot SET known = int8range(lower(known), $2)"
                " WHERE layer = $1 AND upper_inf(known) AND NOT at = ANY($3)",
                layer_id,
                writer.revision,
                list(states),
            )
            writer.touched.add(layer_id)
            await writer.commit_revision("drawn", {})
        before = states


async def _write_periods(
    writer: Writer, layer_id: LayerId, before: set[DatedFeature], after: set[DatedFeature]
) -> None:
    gone, fresh = before - after, after - before
    await writer.close_features(layer_id, gone)
    cells = [CellKey(FINEST, 7), CellKey(0, 1)]
    await close_faces(writer, layer_id, [(cell, each) for cell in cells for each in gone])
    await writer.add_features(
        layer_id,
        [
            FeatureRow(dated.feature_hash[0], *dated, {"status": _status(dated)}, _wkb(dated))
            for dated in fresh
        ],
    )
    await add_faces(
        writer,
        layer_id,
        [
            FaceRow(
                cell,
                dated.feature_hash[0],
                *dated,
                {"status": _status(dated)},
                KM2[dated.feature_hash],
                _wkb(dated),
            )
            for cell in cells
            for dated in fresh
        ],
    )


def _status(dated: DatedFeature) -> str:
    return "held" if dated.feature_hash in CONTENTS[:2] else "lost"


def _wkb(dated: DatedFeature) -> bytes:
    west = dated.feature_hash[0] * 1000.0
    return shapely.to_wkb(shapely.set_srid(shapely.box(west, 0, west + 1000, 1000), 3857), include_srid=True)


def _hash(state: State) -> bytes:
    return b"".join(sorted(state))


def state_at(states: States, at: datetime) -> State:
    """The last state at or before *at*, by looking at all of them."""
    past = [each for each in states if each <= at]
    return states[max(past)] if past else frozenset()


async def known_at(
    connection: asyncpg.Connection, layer_id: LayerId, revision: int, table: str
) -> list[DatedFeature]:
    """Every row of *table* that is known at *revision*, sorted; of faces, those of each band must agree."""
    bands = "band" if table == "face" else "0"
    rows = await connection.fetch(
        f"SELECT {bands} AS band, content, lower(valid) AS start, upper(valid) AS end FROM {table}"
        " WHERE layer = $1 AND known @> $2::bigint ORDER BY 1, 2, 3",
        layer_id,
        revision,
    )
    by_band = {
        band: [DatedFeature(*list(row.values())[1:]) for row in rows if row["band"] == band]
        for band in ({0, FINEST} if table == "face" else {0})
    }
    first, *others = by_band.values()
    assert all(other == first for other in others)
    return first


async def snapshots_at(
    connection: asyncpg.Connection, layer_id: LayerId, revision: int
) -> dict[datetime, bytes]:
    """The snapshots that are known at *revision*."""
    rows = await connection.fetch(
        "SELECT at, content FROM snapshot WHERE layer = $1 AND known @> $2::bigint", layer_id, revision
    )
    return {row["at"]: row["content"] for row in rows}
