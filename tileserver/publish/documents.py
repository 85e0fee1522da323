"""The catalogue, TileJSON and the time block, from the catalogue in memory; nothing past the horizon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np

from tileserver.evidence import Evidence
from tileserver.history.periods import HistoryPeriod
from tileserver.markup import text_of
from tileserver.model import Layer, Theatre
from tileserver.publish.comparison_document import comparisons_block
from tileserver.publish.credits import credit_line, source_fields
from tileserver.publish.gains_document import directions_block, gains_url
from tileserver.publish.history import history_block
from tileserver.publish.time_query import TimeQuery
from tileserver.store.catalogue import Periods
from tileserver.store.windows import POINT_LIMIT, SQUARES
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.events import squares_below
from tileserver.tiles.horizon import Horizon, horizon_of, settled_of
from tileserver.tiles.selection import selectable
from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, format_instant, from_micros, local_day

NOW = TimeQuery()


def catalogue_document(catalogue: Catalogue, now: datetime, default: str = "") -> dict[str, Any]:
    """Return ``/tilesets``: every theatre and tileset, and the theatre to show first: *default*, if any."""
    return {
        "default": catalogue.default_theatre(default),
        "theatres": [_theatre(each, catalogue) for each in catalogue.theatres.values()],
        "tilesets": [_entry(tileset, now, name) for name, tileset in catalogue.served()],
        "unavailable": {
            **{str(ref): each.reason for ref, each in catalogue.missing.items()},
            **catalogue.unreadable,
        },
    }


def tilejson(
    tileset: Tileset,
    past: Sequence[HistoryPeriod],
    base_url: str,
    now: datetime,
    asked: TimeQuery = NOW,
    known: Sequence[Periods] | None = None,
) -> dict[str, Any]:
    """Return TileJSON 3.0.0 with absolute tile URLs, a ``time`` block, and the vocabulary of each layer.

    Its URLs carry on what was *asked*; *known* are the periods of each layer in that revision, if not the
    newest ones. History is as known now, so with a revision asked for there is none.

    TileJSON 3.0.0, 3: ``vector_layers`` MUST be there; unknown keys MUST be ignored, so ours are safe where
    its schema knows none of that name. It knows ``legend``, a text; our vocabulary is ``categories``.
    """
    layers = [served.stored.layer for served in tileset.layers]
    low, high = tileset.zooms
    longitude, latitude, _ = tileset.theatre.centre
    time = time_block(tileset, now, known)
    # Whose data nobody can see yet is not credited with what is to be seen.
    credited = [layer for layer in layers if time["newest"][layer.name]] or layers
    return {
        "tilejson": "3.0.0",
        "name": tileset.name,
        "title": _title(tileset),
        "scheme": "xyz",
        "tiles": [f"{base_url}/tiles/{tileset.name}/{{z}}/{{x}}/{{y}}.mvt{asked.query}"],
        "vector_layers": [_vector_layer(layer) for layer in layers],
        "bounds": list(tileset.bounds),
        "center": [longitude, latitude, tileset.centre_zoom],  # 3.6: within the zooms
        "minzoom": low,
        "maxzoom": high,
        "attribution": credit_line(credited),
        "time": {
            **time,
            "revision": tileset.revision(asked.revision),
            "datetime": asked.datetime,
            "days": f"{base_url}/tilesets/{tileset.name}/timeline{asked.revision_query}",
            "history": None if asked.revision else history_block(tileset, past, base_url, now),
            "changes": comparisons_block(tileset, base_url, asked),
            "gains": gains_url(tileset, base_url, asked),
        },
        "categories": {
            layer.name: msgspec.to_builtins(layer.categories) for layer in layers if layer.categories
        },
        "category": {layer.name: layer.category for layer in layers if layer.category},
        "vocabularies": {
            layer.name: {each.field: msgspec.to_builtins(each.codes) for each in layer.vocabularies}
            for layer in layers
            if layer.vocabularies
        },
        "evidence": {layer.name: evidence_block(layer.evidence) for layer in layers if layer.evidence},
        "looks": {layer.name: msgspec.to_builtins(layer.look) for layer in layers if layer.look is not None},
        "windows": {layer.name: window_block(layer) for layer in layers if layer.time == "window"},
        "notice": tileset.theatre.notice,
        "directions": directions_block(tileset.theatre),
        "sources": {layer.name: source_fields(layer.source) for layer in layers},
        **missing_block(tileset),
    }


def missing_block(tileset: Tileset) -> dict[str, Any]:
    """Return why layers that were asked for are not served now, by name; nothing as a rule."""
    missing = {each.stored.layer.name: each.reason for each in tileset.missing}
    return {"missing": missing} if missing else {}


def evidence_block(evidence: Evidence) -> dict[str, Any]:
    """Return the fields that carry evidence by their duty, and width and words of each class of exactness.

    How a hidden source is marked is between the publisher and the desk, and is not told.
    """
    return {
        "exactness": evidence.exactness,
        "classes": msgspec.to_builtins(evidence.classes) if evidence.exactness else [],
        "sources": evidence.sources,
        "graphic": evidence.graphic,
    }


def window_block(layer: Layer) -> dict[str, Any]:
    """Return how a layer of events is drawn, and the categories by which a reader can choose.

    Below the zoom at which every tile of a window has at most ``points`` events, but not from ``cells_below``
    on, a tile has cells with counts, ``cells`` a side.
    """
    return {
        "points": POINT_LIMIT,
        "cells": SQUARES,
        "cells_below": squares_below(layer),
        "choose": {category: list(codes) for category, codes in selectable([layer]).items()},
    }


def time_block(tileset: Tileset, now: datetime, known: Sequence[Periods] | None = None) -> dict[str, Any]:
    """Return the block of a slider: extent, first and last local day, zone, embargo and revision.

    ``newest`` has by layer the last local day on which something public changed or began, or ``None``: what
    a later day shows of that layer is as old as that. ``default`` is the day to open on: the theatre's own,
    else the newest on which it is public who holds what, so that an event with a mistyped date moves nothing;
    without areas the last day of all. *known* are the periods of each layer, where not the newest ones.
    """
    horizon, settled, window = horizon_of(tileset, now), settled_of(tileset, now), tileset.correction_window
    periods = known or [served.periods for served in tileset.layers]
    spans = {
        served.stored.layer.name: _public_span(own, horizon, is_state=served.is_state)
        for served, own in zip(tileset.layers, periods, strict=True)
    }
    edges = [edge for span in spans.values() for edge in span]
    first, last = (from_micros(min(edges)), from_micros(max(edges))) if edges else (None, None)
    first_day, last_day = _day(tileset, first), _day(tileset, last)
    newest = {name: _day(tileset, from_micros(span[-1])) if span else None for name, span in spans.items()}
    return {
        "extent": [format_instant(first), format_instant(last)] if edges else None,
        "first_day": first_day,
        "last_day": last_day,
        "newest": newest,
        "default": tileset.theatre.opens_at or _newest_areas(tileset, newest) or last_day,
        "day_zone": tileset.theatre.day_zone,
        "resolution": "P1D",
        "embargo": _iso_duration(tileset.embargo),
        "correction_window": window and _iso_duration(window),
        "settled": None if settled is None else format_instant(from_micros(settled)),
        "horizon": format_instant(from_micros(horizon.ended)),
        "updated": updated_at(tileset, horizon),
        "revision": tileset.revision(None),
    }


def _newest_areas(tileset: Tileset, newest: Mapping[str, str | None]) -> str | None:
    """Return the newest day of the first layer of areas with any; ``None`` without areas."""
    areas = (served.stored.layer for served in tileset.layers if served.stored.layer.role == "areas")
    return next((day for layer in areas if (day := newest[layer.name])), None)


def updated_at(tileset: Tileset, horizon: Horizon) -> str | None:
    """Return the instant of the last change to the public part of *tileset*; ``None`` before any."""
    found = [
        served.index.updates.last(
            served.stored,
            served.days,
            horizon.state if served.is_state else horizon.ended,
            tileset.embargo,
        )
        for served in tileset.layers
    ]
    newest = max((at for at in found if at), default=None)
    return None if newest is None else format_instant(newest.replace(microsecond=0))


def _public_span(periods: Periods, horizon: Horizon, *, is_state: bool) -> list[Micros]:
    """Return the first and the last instant at which something public changes or begins, if any does."""
    edges = (
        np.concatenate([periods.starts, periods.ends])
        if is_state
        else periods.starts[periods.ends <= horizon.ended]
    )
    edges = edges[edges <= (horizon.state if is_state else horizon.ended)]
    return [Micros(int(edges.min())), Micros(int(edges.max()))] if edges.size else []


def _theatre(theatre: Theatre, catalogue: Catalogue) -> dict[str, Any]:
    newest = catalogue.newest_import(theatre.id)
    return {
        "id": theatre.id,
        "title": theatre.title,
        "notice": theatre.notice,
        "bounds": list(theatre.bounds),
        "centre": list(theatre.centre),
        "day_zone": theatre.day_zone,
        "opens_at": theatre.opens_at,
        "tileset": theatre.id,
        "layers": [layer.name for layer in theatre.layers],
        "newest_import": None if newest is None else format_instant(newest.replace(microsecond=0)),
    }


def _entry(tileset: Tileset, now: datetime, name: str) -> dict[str, Any]:
    """Return the entry of a tileset under *name*, which may have more layers than are served now."""
    layers = [served.stored.layer for served in tileset.layers]
    return {
        "id": name,
        "title": _title(tileset),
        "layers": [layer.name for layer in layers],
        "bounds": list(tileset.bounds),
        "zooms": list(tileset.zooms),
        "time": time_block(tileset, now),
        "licences": list(dict.fromkeys(text_of(layer.source.licence) for layer in layers)),
        "tilejson": f"/tilesets/{name}",
        "timeline": f"/tilesets/{name}/timeline",
    }


def _title(tileset: Tileset) -> dict[str, str]:
    return tileset.layers[0].stored.layer.title if len(tileset.layers) == 1 else tileset.theatre.title


def _vector_layer(layer: Layer) -> dict[str, Any]:
    derived = layer.derived
    return {
        "id": layer.name,
        "role": layer.role,
        "title": layer.title,
        "fields": layer.fields,
        "description": layer.title.get("en", layer.name),
        "minzoom": layer.minzoom,
        "maxzoom": layer.maxzoom,
        **({"derived": {"layer": derived.layer, "side": derived.side}} if derived else {}),
    }


def _day(tileset: Tileset, at: datetime | None) -> str | None:
    return None if at is None else local_day(at, tileset.zone).isoformat()


def _iso_duration(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    hours, rest = divmod(seconds, 3600)
    return f"PT{hours}H" if not rest else f"PT{seconds}S"
