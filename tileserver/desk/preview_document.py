"""A preview as values of JSON, without geometries."""

from __future__ import annotations

from typing import Any

import msgspec

from tileserver.desk.preview import FATES, Preview, StatePreview
from tileserver.times import format_instant


def preview_document(told: Preview) -> dict[str, Any]:
    """Return *told* as values of JSON, without geometries."""
    return {
        "rulings": msgspec.to_builtins(told.rulings),
        "added": told.added,
        "ended": told.ended,
        "hidden": told.hidden,
        "coarsened": told.coarsened,
        "on_top": bool(told.caution),
        "days": told.days,
        "first": None if told.first is None else format_instant(told.first),
        "last": None if told.last is None else format_instant(told.last),
        "states": [_state_document(each) for each in told.states],
        "features": {code: {fate: by.get(fate, 0) for fate in FATES} for code, by in told.fates.items()},
        "report": told.report,
    }


def _state_document(state: StatePreview) -> dict[str, Any]:
    return {
        "at": format_instant(state.at),
        "km2": [
            {
                "status": each.status,
                "before": each.before,
                "after": each.after,
                "change": each.after - each.before,
            }
            for each in state.effects
        ],
        "passages": [
            {"before": each.before or None, "after": each.after or None, "km2": each.km2}
            for each in state.passages
        ],
    }
