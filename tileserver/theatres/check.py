"""Rules that a theatre definition has to keep beyond its types: names, places and references that hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date

from tileserver.complaints import near_miss
from tileserver.declared import Category, Dates, Hold, Look
from tileserver.errors import BadParameter
from tileserver.event_keys import has_keys
from tileserver.grid import MAX_ZOOM, BoundsLonLat
from tileserver.model import DIRECTION, SEVERAL, Layer, Theatre
from tileserver.theatres.check_directions import direction_faults
from tileserver.theatres.check_embargo import embargo_class_faults
from tileserver.theatres.check_evidence import evidence_faults
from tileserver.times import NAMED_FORMS, day_zone, is_date_form, parse_day, parse_duration

# What a layer has to be to be drawn as that.
_PLAYED_BY = {
    "areas": (("areas",), "state"),
    "front": (("lines",), "state"),
    "overlay": (("areas", "lines"), "state"),
    "events": (("points",), "window"),
    "notes": (("points",), "window"),
}

MERCATOR_EDGE = 85.06  # degrees; the map of the world ends just before
PRECISION = 7  # decimals of a degree: a centimetre, more than any source knows

# The database has an instant of its own at either end of the calendar, which does not come back as a date.
FIRST_DAY, LAST_DAY = date(1, 1, 2), date(9999, 12, 29)

PARAMETERS = ("datetime", "revision", "known")  # what one can ask a tile, beside its categories

_THEATRE = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_COLOUR = re.compile(r"#[0-9a-f]{6}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


def check_theatre(theatre: Theatre) -> None:
    """Raise `BadParameter`, saying where, unless the definition holds together."""
    _demand(_THEATRE.match(theatre.id), f"id {theatre.id!r} has to be small letters, digits and hyphens")
    _text(theatre.title, "title")
    _place(theatre)
    _said(day_zone, theatre.day_zone, "day_zone")
    _said(parse_duration, theatre.embargo, "embargo")
    _said(parse_duration, theatre.correction_window or "0s", "correction_window")
    if theatre.opens_at:
        _said(parse_day, theatre.opens_at, "opens_at")
    _demand(theatre.layers, "it has no layers")
    _distinct((layer.name for layer in theatre.layers), "layer")
    for layer in theatre.layers:
        _check_layer(layer, theatre)
        for fault in evidence_faults(layer):
            raise BadParameter(f"layer {layer.name!r}: {fault}")
    _check_roles(theatre)
    for fault in (*direction_faults(theatre), *embargo_class_faults(theatre)):
        raise BadParameter(fault)


def _check_roles(theatre: Theatre) -> None:
    drawn: dict[str, str] = {}
    for layer in theatre.layers:
        where = f"layer {layer.name!r}"
        _check_look(layer, where)
        if layer.role == "none":
            continue
        kinds, time = _PLAYED_BY[layer.role]
        _demand(
            layer.kind in kinds and layer.time == time,
            f"{where}: role {layer.role!r} is for {' or '.join(kinds)} of a {time},"
            f" not for {layer.kind} of a {layer.time}",
        )
        _demand(
            layer.role != "notes" or DIRECTION in layer.fields,
            f"{where}: notes are listed by the field {DIRECTION!r}, which it has not",
        )
        other = drawn.setdefault(layer.role, layer.name)
        _demand(
            other == layer.name or layer.role in SEVERAL,
            f"{where} and layer {other!r} would both be drawn as the {layer.role}, and a map has one of each:"
            ' give role = "none" to the one that is only to be served',
        )


def _check_look(layer: Layer, where: str) -> None:
    is_overlay = layer.role == "overlay"
    _demand(
        not is_overlay or (layer.look is not None and not layer.categories),
        f"{where}: an overlay is drawn in its own colours, [layers.look], and has no categories",
    )
    if layer.look is not None:
        _demand(is_overlay, f'{where}: look is for overlays; say role = "overlay", or leave it out')
        _check_colours(layer.look, f"{where}: look")


def _place(theatre: Theatre) -> None:
    _check_bounds(theatre.bounds, "bounds")
    lon, lat, zoom = theatre.centre
    centred = BoundsLonLat(*theatre.bounds).contains(lon, lat) and 0 <= zoom <= MAX_ZOOM
    _demand(centred, f"centre {list(theatre.centre)} has to be longitude, latitude, zoom, inside the bounds")


def _check_bounds(bounds: tuple[float, float, float, float], where: str) -> None:
    west, south, east, north = bounds
    inside = -180 <= west < east <= 180 and -MERCATOR_EDGE <= south < north <= MERCATOR_EDGE
    _demand(inside, f"{where} {list(bounds)} have to be west, south, east, north in degrees")


def _check_layer(layer: Layer, theatre: Theatre) -> None:
    where = f"layer {layer.name!r}"
    _demand(_NAME.match(layer.name), f"{where} has to be small letters, digits and underscores")
    _text(layer.title, f"{where}: title")
    zooms = 0 <= layer.minzoom <= layer.maxzoom <= MAX_ZOOM
    _demand(zooms, f"{where}: minzoom and maxzoom have to ascend within 0-{MAX_ZOOM}")
    farthest = max(other.maxzoom for other in theatre.layers)
    _demand(
        layer.maxzoom == farthest or not layer.has_faces,
        f"{where} ends at zoom {layer.maxzoom} and another layer at {farthest}:"
        " in one tile it would vanish there",
    )
    _demand(0 <= layer.precision <= PRECISION, f"{where}: precision has to be 0-{PRECISION} decimals")
    if layer.bounds is not None:
        _check_bounds(layer.bounds, f"{where}: bounds")
    if layer.embargo is not None:
        _said(parse_duration, layer.embargo, f"{where}: embargo")
    _check_hold(layer.hold, where)
    for name in layer.fields:
        _demand(_NAME.match(name), f"{where}: field {name!r} has to be small letters, digits, underscores")
    happened = layer.time == "window"
    _demand(not happened or layer.kind == "points", f"{where}: what happened is points, not {layer.kind}")
    _check_categories(layer, where)
    _check_intake(layer, where)
    if layer.derived is not None:
        _check_derivation(layer, theatre, where)


def _check_hold(hold: Hold, where: str) -> None:
    for name in ("quarantined", "ended", "fall", "small"):
        share = getattr(hold, name)
        _demand(0 <= share <= 1, f"{where}: hold.{name} {share!r} has to be a share from 0 to 1")
    _demand(
        hold.growth >= 0, f"{where}: hold.growth {hold.growth!r} has to be a share, 0 or more; 1 is twice"
    )
    parse_duration(hold.vanish_after)


def _check_categories(layer: Layer, where: str) -> None:
    taken = layer.time == "window" and layer.category in PARAMETERS
    _demand(
        not taken, f"{where}: category {layer.category!r} is a parameter of every tile; name it otherwise"
    )
    if layer.category:
        _demand(
            layer.category in layer.fields, f"{where}: category {layer.category!r} is not among its fields"
        )
    _demand(layer.category or not layer.categories, f"{where}: categories need the property they stand in")
    _distinct((category.code for category in layer.categories), f"{where}: category")
    for category in layer.categories:
        _check_category(category, f"{where}: category {category.code!r}")


def _check_category(category: Category, where: str) -> None:
    _demand(_NAME.match(category.code), f"{where} has to be small letters, digits and underscores")
    _text(category.label, f"{where}: label")
    named = not category.side or _NAME.match(category.side)
    _demand(named, f"{where}: side {category.side!r} has to be small letters, digits and underscores")
    _check_colours(category, where)


def _check_colours(drawn: Category | Look, where: str) -> None:
    for colour in (drawn.colour, drawn.colour_dark):
        _demand(
            _COLOUR.match(colour),
            f"{where}: colour {colour!r} has to be written like #b2182b, in small letters",
        )


def _check_intake(layer: Layer, where: str) -> None:
    """Check how its files are said to be written."""
    if layer.mapping or layer.mapping_text:
        _check_mapping(layer, where)
    whole = layer.time == "state" and layer.reader == "geojson"
    _demand(whole or not layer.whole_state, f"{where}: whole_state is for states in GeoJSON")
    keys = not layer.event_key or (has_keys(layer) and layer.reader == "geojson")
    _demand(keys, f"{where}: event_key is for points that happened, in GeoJSON; a mapping has [id]")
    _demand(layer.codes() or not layer.spellings, f"{where}: spellings need categories that they spell")
    spelled: dict[str, str] = {}
    for word, code in layer.spellings.items():
        _demand(
            code in layer.codes(),
            f"{where}: spelling {word!r} is of {code!r}, which is no category;"
            f" there are {', '.join(sorted(layer.codes()))}",
        )
        folded = " ".join(word.casefold().split())
        _demand(folded, f"{where}: a spelling of {code!r} is empty")
        _demand(
            spelled.setdefault(folded, code) == code,
            f"{where}: {word!r} is a spelling of {spelled[folded]!r} and of {code!r}",
        )
    _check_dates(layer.dates, f"{where}: dates")


def _check_mapping(layer: Layer, where: str) -> None:
    """Check that the rest says nothing that the mapping says; `desk.declare` checks the mapping itself."""
    _demand(
        layer.mapping.endswith(".toml") or not layer.mapping_text,
        f"{where}: mapping_text is what a file beside the definition said:"
        ' give its name as well, mapping = "own.toml"',
    )
    _demand(layer.derived is None, f"{where} is derived, and has no files that a mapping could describe")
    said = {
        "reader": layer.reader != "geojson",
        "whole_state": layer.whole_state,
        "dates": layer.dates != Dates(),
        "event_key": bool(layer.event_key),
    }
    for name, is_said in said.items():
        _demand(
            not is_said,
            f"{where}: mapping and {name} both say how its files are read; a mapping says all of it,"
            f" so leave {name} out",
        )


def _check_dates(dates: Dates, where: str) -> None:
    _demand(dates.forms, f"{where}: forms name none; leave them out for ISO dates")
    for form in dates.forms:
        _demand(
            is_date_form(form),
            f"{where}: form {form!r} is none of {', '.join(NAMED_FORMS)},"
            " nor a pattern that names a whole day, such as %d.%m.%Y or %Y-%m-%d %H:%M:%S",
        )
    earliest, latest = parse_day(dates.earliest), parse_day(dates.latest or dates.earliest)
    _demand(
        FIRST_DAY <= earliest <= latest <= LAST_DAY,
        f"{where}: earliest and latest have to ascend within {FIRST_DAY} and {LAST_DAY}",
    )
    if dates.file_name:
        _demand(
            _groups(dates.file_name) == 1,
            f"{where}: file_name {dates.file_name!r} has to be a regular expression with one group, the date:"
            r" control_(\d{8})",
        )


def _groups(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error:
        return 0


def _check_derivation(layer: Layer, theatre: Theatre, where: str) -> None:
    derived = layer.derived
    assert derived is not None  # its caller asked
    _demand(layer.kind == "lines" and layer.time == "state", f"{where}: what is derived is lines of a state")
    areas = {other.name: other for other in theatre.layers if other.drawn_as == "faces"}
    _demand(
        derived.layer in areas,
        f"{where} is derived from {derived.layer!r}, which is no layer of areas with statuses",
    )
    sides = areas[derived.layer].sides()
    named = ", ".join(sorted(sides)) or "none"
    _demand(
        derived.side in sides,
        f"{where}: no status is on side {derived.side!r}; sides are {named}" + near_miss(derived.side, sides),
    )
    _demand(derived.land, f"{where}: land has to name whose land is in which file")
    for side in sorted(derived.land):
        _demand(side in sides, f"{where}: land of side {side!r}, which no status is on; sides are {named}")
    for name in ("reach_m", "margin_m", "border_m", "seam_m"):
        _demand(getattr(derived, name) >= 0, f"{where}: {name} has to be metres")


def _said(parse: Callable[[str], object], value: str, where: str) -> None:
    try:
        parse(value)
    except BadParameter as error:
        raise BadParameter(f"{where}: {error}") from error


def _text(text: dict[str, str], where: str) -> None:
    good = text and all(_LANGUAGE.match(language) and words.strip() for language, words in text.items())
    _demand(good, f'{where} has to give words by language, such as {{ en = "Control" }}')


def _distinct(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        _demand(name not in seen, f"{what} {name!r} is declared twice")
        seen.add(name)


def _demand(holds: object, message: str) -> None:
    if not holds:
        raise BadParameter(message)
