"""Public corrections as a document, with links to the comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from tileserver.publish.corrections import Correction, DayRange, Km2Change, LayerCorrection
from tileserver.tiles.tileset import Tileset
from tileserver.times import format_instant

PAGE = 50  # corrections in one document


def corrections_document(whole: Tileset, chosen: Sequence[Correction]) -> dict[str, Any]:
    """Return the newest `PAGE` of *chosen* as a document; ``older`` is up to which revision the rest goes.

    Its links are relative to its own address.
    """
    shown, rest = chosen[:PAGE], chosen[PAGE:]
    return {
        "theatre": whole.theatre.id,
        "title": whole.theatre.title,
        "day_zone": whole.theatre.day_zone,
        "corrections": [_fields(whole, each) for each in shown],
        "older": rest[0].revision if rest else None,
    }


def _fields(whole: Tileset, correction: Correction) -> dict[str, Any]:
    days = correction.days
    return {
        "revision": correction.revision,
        "at": format_instant(correction.committed.replace(microsecond=0)),
        "from": days[0][0].isoformat(),
        "to": days[-1][1].isoformat(),
        "days": _ranges(days),
        "layers": [_layer_fields(each) for each in correction.layers],
        "km2": _km2_fields(correction.km2),
        "remark": correction.remark or None,
        "links": links(whole, correction),
    }


def _layer_fields(each: LayerCorrection) -> dict[str, Any]:
    return {
        "layer": each.layer,
        "days": _ranges(each.days),
        "added": each.added,
        "removed": each.removed,
        "edited": each.edited,
        "km2": _km2_fields(each.km2),
    }


def _ranges(days: Iterable[DayRange]) -> list[list[str]]:
    return [[first.isoformat(), last.isoformat()] for first, last in days]


def _km2_fields(km2: Km2Change | None) -> dict[str, Any] | None:
    return km2 and {"day": km2.day.isoformat(), "by_status": km2.by_status}


def shown_day(correction: Correction) -> date:
    """Return the local day that shows a correction best: the most changed, or the last."""
    return correction.km2.day if correction.km2 else correction.days[-1][1]


def links(whole: Tileset, correction: Correction) -> dict[str, str | None]:
    """Return where a correction is seen, relative to the addresses of corrections.

    ``map`` compares its day as known before with the day as known now; ``changes`` is what lies between.
    """
    name, day, known = whole.theatre.id, shown_day(correction).isoformat(), correction.revision - 1
    measured = next((each.layer for each in correction.layers if each.km2), None)
    compared = f"&compare={day}&known={known}" if measured else ""
    return {
        "page": f"{name}#r{correction.revision}",
        "map": f"../?theatre={name}#at={day}{compared}",
        "changes": measured
        and f"../changes/{name}.{measured}/{day}/{day}.json?known={known}&revision={correction.revision}",
    }
