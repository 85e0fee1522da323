"""Features that a withdrawal would hit, before anybody agrees; nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from tileserver.desk.preview import SHOWN, FeaturePreview, ground_of
from tileserver.desk.yardstick import lands_of
from tileserver.model import DatedFeature
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.ground import PublicGround, ground_at
from tileserver.store.revisions import NothingChanged, Writer, open_revision


class FeaturesHit(NamedTuple):
    """Features that would go, the newest first, and the public ground on the day of the newest."""

    features: Sequence[FeaturePreview]
    ground: PublicGround | None


async def features_hit(
    connection: Connection,
    stored: StoredLayer,
    ids: Collection[int],
    start: datetime | None = None,
    end: datetime | None = None,
) -> FeaturesHit:
    """Return the current features with *ids*, or of the period ``[start, end)``.

    `SHOWN` at most; none of a layer of areas, of which `areas_hit` tells.
    """
    found, ground = list[FeaturePreview](), None
    if stored.layer.has_faces:
        return FeaturesHit(found, ground)
    with translated():
        async with open_revision(connection) as writer:  # taken back
            found = await _found(writer, stored, ids, start, end)
            ground = await ground_of(connection, stored.theatre, [each.dated.start for each in found])
            raise NothingChanged
    return FeaturesHit(found, ground)


class AreasHit(NamedTuple):
    """The newest state in a period that would be withdrawn: its instant (UTC), its land and its front."""

    at: datetime
    ground: PublicGround


async def areas_hit(
    connection: Connection, stored: StoredLayer, start: datetime | None, end: datetime | None
) -> AreasHit | None:
    """Return the newest state of a layer of areas in the period ``[start, end)``; ``None`` without any."""
    found: AreasHit | None = None
    with translated():
        async with open_revision(connection) as writer:  # taken back
            rows = _in_period(await writer.current(stored.layer_id), start, end)
            if rows:
                newest = max(each.start for each in rows)
                at = newest if start is None else max(newest, start)
                state = frozenset(
                    each.feature_hash
                    for each in rows
                    if each.start <= at and (each.end is None or at < each.end)
                )
                features = await writer.features(stored.layer_id, state)
                lines = await ground_at(connection, stored.theatre, stored.layer, at, with_land=False)
                found = AreasHit(at, lines._replace(lands=lands_of(stored.layer, features, state)))
            raise NothingChanged
    return found


def _in_period(
    rows: Iterable[DatedFeature], start: datetime | None, end: datetime | None
) -> set[DatedFeature]:
    return {
        each
        for each in rows
        if (end is None or each.start < end) and (each.end is None or start is None or each.end > start)
    }


async def _found(
    writer: Writer,
    stored: StoredLayer,
    ids: Collection[int],
    start: datetime | None,
    end: datetime | None,
) -> list[FeaturePreview]:
    if ids:
        rows = await writer.current_rows(stored.layer_id, ids)
    else:
        rows = _in_period(await writer.current(stored.layer_id), start, end)
    newest = sorted(rows, key=lambda each: (each.start, each.feature_hash), reverse=True)[:SHOWN]
    features = await writer.features(stored.layer_id, {each.feature_hash for each in newest})
    return [FeaturePreview("goes", each, features[each.feature_hash]) for each in newest]
