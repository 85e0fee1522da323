"""Events of a window as a document: for lists, and for whoever wants texts without cutting tiles."""

from __future__ import annotations

import re
from typing import Any

from tileserver.errors import BadParameter
from tileserver.grid import BoundsLonLat
from tileserver.numerals import whole_number
from tileserver.store.event_rows import EventRow, HiddenCodes, ListedEvents
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import TICK, local_day

EVENT = re.compile(r"([\w-]+)\.([0-9]{1,16})\Z", re.ASCII)
USUAL, MOST = 500, 2000  # events of a document: unless asked otherwise, and at most


def bounds_of(text: str) -> BoundsLonLat:
    """Parse ``west,south,east,north`` in degrees, each a plain decimal number; `BadParameter` otherwise."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BadParameter("bbox is west,south,east,north in degrees, such as 22,44,41,53") from None
    if not (-180 <= west <= east <= 180 and -90 < south <= north < 90):
        raise BadParameter(
            "bbox is west,south,east,north in degrees, west before east and south before north"
        )
    return BoundsLonLat(west, south, east, north)


def limit_of(text: str) -> int:
    """Parse how many events are asked for: a whole number from 0 to `MOST`; `BadParameter` otherwise."""
    if (limit := whole_number(text, MOST)) is None:
        raise BadParameter(f"limit is a whole number from 0 to {MOST}")
    return limit


def event_of(text: str) -> tuple[str, int]:
    """Parse ``layer.id`` of an event, the key of an event in links; `BadParameter` otherwise."""
    if not (found := EVENT.match(text)):
        raise BadParameter("event is layer.id as in tiles, such as events.123")
    return found[1], int(found[2])


def hidden_of(text: str, tileset: Tileset) -> tuple[HiddenCodes, ...]:
    """Parse ``layer.field.code.code,...``, declared fields of window layers; `BadParameter` otherwise."""
    windows = {served.stored.layer.name: served for served in tileset.layers if not served.is_state}
    found = []
    for part in text.split(","):
        name, _, rest = part.partition(".")
        field, *codes = rest.split(".")
        declared = windows[name].stored.layer.fields if name in windows else {}
        if field not in declared or not codes or not all(codes):
            known = ", ".join(windows) or "nothing"
            raise BadParameter(
                f"hide {part[:40]!r} is no layer.field.code of a layer of events here: {known}"
            )
        found.append(HiddenCodes(windows[name].stored.layer_id, field, tuple(sorted({*codes}))))
    return tuple(sorted(found, key=lambda each: (each.layer_id, each.field)))


def events_document(tileset: Tileset, revision: int, listed: ListedEvents) -> dict[str, Any]:
    """Return the events, the newest first, each with layer and id as in tiles, its local days and its place.

    ``days`` count by the local day on which an event began, and ``total`` all of them: those that are left
    out at the end of ``events`` too. Degrees have as many decimals as the layer's coordinates; ``from`` and
    ``to`` are the first and the last local day, both of it.
    """
    layers = {served.stored.layer_id: served for served in tileset.layers}
    return {
        "tileset": tileset.name,
        "day_zone": tileset.theatre.day_zone,
        "revision": revision,
        "total": sum(number for _, number in listed.days),
        "days": [{"day": day.isoformat(), "events": number} for day, number in listed.days],
        "events": [_event(tileset, layers[row.layer_id], row) for row in listed.newest],
    }


def _event(tileset: Tileset, served: ServedLayer, row: EventRow) -> dict[str, Any]:
    layer = served.stored.layer
    return {
        "layer": layer.name,
        "id": row.id,
        "from": local_day(row.start, tileset.zone).isoformat(),
        "to": local_day(max(row.start, row.end - TICK), tileset.zone).isoformat(),
        "lon": round(row.lon, layer.precision),
        "lat": round(row.lat, layer.precision),
        "properties": row.properties,
    }
