"""A MapLibre style over history tiles: the mobile style, whose layers show one day of the period.

Written for MapLibre Native, whose apps move from day to day by feature state, or by the opacities alone.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from tileserver.errors import BadParameter, UnknownPeriod
from tileserver.history.periods import HistoryPeriod
from tileserver.publish.style import theatre_style
from tileserver.publish.time_query import TimeQuery
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import day_number, from_micros, local_day

STATE = "shown"  # of a feature: whether the day of the app shows it, where that is not the style's own

_OPACITIES = {
    "fill": ("fill-opacity",),
    "line": ("line-opacity",),
    "circle": ("circle-opacity", "circle-stroke-opacity"),
}


def shown_day(tileset: Tileset, asked: TimeQuery, now: datetime) -> date:
    """Return the local day named by *asked*, or the newest public day at the instant *now*.

    `BadParameter` for instants and intervals, and for a revision: history is of whole days, as known now.
    """
    if asked.revision is not None:
        raise BadParameter("a style over history shows what is known now, so it goes without revision")
    if asked.datetime is None:
        return local_day(from_micros(horizon_of(tileset, now).ended), tileset.zone)
    try:
        return date.fromisoformat(asked.datetime)
    except ValueError as error:
        raise BadParameter("a style over history shows a whole day, such as 2023-11-09") from error


def period_with(day: date, periods: tuple[HistoryPeriod, ...], tileset: Tileset) -> HistoryPeriod:
    """Return the period with *day* of *periods*, ascending and without gaps; else `UnknownPeriod`."""
    for period in periods:
        if period.first <= day and (period.end is None or day < period.end):
            return period
    raise UnknownPeriod(f"the history of {tileset.name} has no period with {day}, or none that is public")


def history_style(tileset: Tileset, base_url: str, period: HistoryPeriod, day: date) -> dict[str, Any]:
    """Return a version 8 style of *day*, a local day of *period*, over the history of *tileset*.

    Its metadata say under ``tileserver:history`` how to show another day of the period: days are whole
    numbers since 1970-01-01, ``end`` exclusive and ``null`` of the open period.
    """
    style = theatre_style(tileset, base_url, TimeQuery(), "mobile")
    address = f"{base_url}/history/{tileset.name}/{period}"
    style["sources"]["tileserver"]["tiles"] = [f"{address}/{{z}}/{{x}}/{{y}}.mvt"]
    states = {served.stored.layer.name for served in tileset.layers if served.is_state}
    style["metadata"] = {
        "tileserver:history": {
            "period": str(period),
            "first": day_number(period.first),
            "end": None if period.end is None else day_number(period.end),
            "day": day_number(day),
            "state": STATE,
            "faces": f"{address}/faces/{{band}}.json",
            "bands": tileset.bands,
        }
    }
    style["layers"] = [
        each if each.get("source") != "tileserver" else _dated(each, day_number(day), states)
        for each in style["layers"]
        if not _is_of_cells(each)
    ]
    return style


def _is_of_cells(layer: dict[str, Any]) -> bool:
    """Whether *layer* draws counts, which history has none of."""
    chosen = layer.get("filter") or [""]
    return chosen == ["has", "cell"] or (chosen[0] == "all" and ["has", "cell"] in chosen)


def _dated(layer: dict[str, Any], day: int, states: set[str]) -> dict[str, Any]:
    """Return *layer* with features of *day* alone: a state by its opacity, any other by its filter."""
    of_day = [["<=", ["get", "from"], day], [">", ["get", "to"], day]]
    if layer["source-layer"] not in states:
        own = [layer["filter"]] if "filter" in layer else []
        return {**layer, "filter": ["all", *of_day, *own]}
    shown, paint = ["boolean", ["feature-state", STATE], ["all", *of_day]], layer["paint"]
    return {
        **layer,
        "paint": {
            **paint,
            **{name: ["case", shown, paint.get(name, 1), 0] for name in _OPACITIES[layer["type"]]},
        },
    }
