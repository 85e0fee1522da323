"""Features that a withdrawal would hit, before anybody agrees; nothing is written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from tileserver.desk.preview import SHOWN, FeaturePreview
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated
from tileserver.store.revisions import NothingChanged, Writer, open_revision


async def features_hit(
    connection: Connection,
    stored: StoredLayer,
    ids: Collection[int],
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[FeaturePreview]:
    """Return the current features with *ids*, or of the period ``[start, end)``.

    The newest first, `SHOWN` at most; none of a layer of areas, whose period is withdrawn as a whole.
    """
    found: list[FeaturePreview] = []
    if stored.layer.has_faces:
        return found
    with translated():
        async with open_revision(connection) as writer:  # taken back
            found = await _found(writer, stored, ids, start, end)
            raise NothingChanged
    return found


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
        rows = {
            each
            for each in await writer.current(stored.layer_id)
            if (end is None or each.start < end) and (each.end is None or start is None or each.end > start)
        }
    newest = sorted(rows, key=lambda each: (each.start, each.feature_hash), reverse=True)[:SHOWN]
    features = await writer.features(stored.layer_id, {each.feature_hash for each in newest})
    return [FeaturePreview("goes", each, features[each.feature_hash]) for each in newest]
