"""Maps of a preview: land that changes hands, features that come and go, and rows put aside or repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.desk.passages import NOBODY, Passage
from tileserver.desk.preview import FATES, Fate, FeaturePreview, StatePreview
from tileserver.grid import Bounds
from tileserver.model import Layer, Theatre
from tileserver.picture.drawing import DrawnMap, DrawnShape, Mark, Paint, view_of
from tileserver.picture.land import projected
from tileserver.picture.palette import palette as readers_palette
from tileserver.shape.facing import facing
from tileserver.shape.measure import areas_km2, polygons_in
from tileserver.store.ground import PublicGround
from tileserver.theatres import load_lands

_SURROUNDINGS = 0.5  # of the theatre's width, around places
_SEEN_KM2 = 0.005  # smaller pieces are not numbered where there are larger ones
PIECES = 20  # of land that changes hands, numbered; the largest
SIGNS: Mapping[Fate, str] = {"comes": "+", "goes": "\u2212", "changes": "~"}

_FATE_PAINTS = (
    Paint("comes (+)", "#1b6e9c", "#6cc0ea"),
    Paint("goes (\u2212)", "#a52714", "#f08a76"),
    Paint("changes (~)", "#7a5c00", "#e0b84a"),
)
_ASIDE = Paint("put aside, not published", "#a52714", "#f08a76")
_REPAIRED = Paint("repaired, published", "#7a5c00", "#e0b84a")
_GREY = "#8c8780"
_NOW = ", public now"


class PassagePiece(NamedTuple):
    """A piece of land that changes hands: one polygon in EPSG:3857, and its km2."""

    before: str
    after: str
    km2: float
    land: BaseGeometry


def largest_pieces(passages: Sequence[Passage]) -> list[PassagePiece]:
    """Return the largest polygons of *passages*, in EPSG:3857, the largest first."""
    found = []
    for each in passages:
        polygons = polygons_in(each.land)
        sizes = areas_km2(polygons) if len(polygons) else ()
        found += [
            PassagePiece(each.before, each.after, float(km2), polygon)
            for km2, polygon in zip(sizes, polygons, strict=True)
        ]
    found.sort(key=lambda each: -each.km2)
    seen = [each for each in found if each.km2 >= _SEEN_KM2]
    return (seen or found)[:PIECES]


def passages_map(theatre: Theatre, layer: Layer, state: StatePreview, title: str, target: str) -> DrawnMap:
    """Return the map of the land that passes from one status to another; marks link to rows of *target*."""
    palette = _Palette(layer)
    shapes = [DrawnShape(land, palette.outline(status)) for status, land in sorted(state.lands.items())]
    for each in state.passages:
        shapes.append(DrawnShape(each.land, palette.passage(each), _passage_words(layer, each)))
    marks = []
    for number, piece in enumerate(largest_pieces(state.passages), 1):
        words = f"{number}: {_passage_words(layer, piece)}"
        place = shapely.point_on_surface(piece.land)
        marks.append(_mark(place, str(number), palette.passage(piece), words, f"{target}-{number}"))
    seen = [each.land for each in state.passages] or list(state.lands.values())
    view = view_of(seen, bounds_of(theatre))
    public = [DrawnShape(land, palette.public(status), status) for status, land in state.public.items()]
    front = _front(theatre, layer, PublicGround(dict(state.public), list(state.front)), palette.paints, _NOW)
    return DrawnMap(title, view, palette.paints, shapes, marks, outlines(theatre), public, front)


def lands_map(theatre: Theatre, layer: Layer, ground: PublicGround, title: str) -> DrawnMap:
    """Return the map of the land of each status of *layer* and of its front, as readers see both."""
    palette = _Palette(layer)
    public = [
        DrawnShape(land, palette.public(status, ""), status_words(layer, status))
        for status, land in sorted(ground.lands.items())
    ]
    front = _front(theatre, layer, ground, palette.paints, "")
    view = view_of(ground.lands.values(), bounds_of(theatre))
    return DrawnMap(title, view, palette.paints, (), (), outlines(theatre), public, front)


def features_map(
    theatre: Theatre,
    layer: Layer,
    features: Sequence[FeaturePreview],
    title: str,
    numbered: int,
    ground: PublicGround | None = None,
) -> DrawnMap:
    """Return the map of the features that come, go and change; the first *numbered* link to their rows.

    They lie over the public *ground*, where there is any.
    """
    drawn = [shapely.from_wkb(each.feature.wkb) for each in features]
    shapes, marks = [], []
    for number, (each, geometry) in enumerate(zip(features, drawn, strict=True), 1):
        paint = FATES.index(each.fate)
        shapes.append(DrawnShape(geometry, paint))
        if number <= numbered:
            words = f"{number}: {feature_words(layer, each)} {each.fate}"
            place = shapely.point_on_surface(geometry)
            label = f"{SIGNS[each.fate]}{number}"
            marks.append(_mark(place, label, paint, words, f"feature-{number}"))
    view = view_of(drawn, bounds_of(theatre), _SURROUNDINGS)
    return _over(DrawnMap(title, view, _FATE_PAINTS, shapes, marks, outlines(theatre)), theatre, ground)


def _over(drawn: DrawnMap, theatre: Theatre, ground: PublicGround | None) -> DrawnMap:
    """Return *drawn* over the land and the front of *ground*, with their paints after its own."""
    areas = theatre.by_role("areas")
    if ground is None or areas is None:
        return drawn
    palette = _Palette(areas, drawn.paints)
    public = [DrawnShape(land, palette.public(status), status) for status, land in ground.lands.items()]
    front = _front(theatre, areas, ground, palette.paints, _NOW)
    return replace(drawn, paints=palette.paints, public=public, front=front)


def _front(
    theatre: Theatre, areas: Layer, ground: PublicGround, paints: list[Paint], now: str
) -> list[DrawnShape]:
    """Return the front of *ground*, the land of its side on the right of each line, in its colours.

    *paints* has its paint at the end then, in whose words *now* follows its title.
    """
    own = theatre.front_of(areas)
    if not ground.front or own is None or own.derived is None:
        return []
    named = [(each.colour, each.colour_dark) for each in own.categories[:1]]
    title = own.title.get("en") or own.name
    paints.append(Paint(f"{title}{now}", *(named or [_front_colours()])[0], "line"))
    ours = {each.code for each in areas.categories if each.side == own.derived.side}
    land = shapely.union_all([each for status, each in ground.lands.items() if status in ours])
    return [DrawnShape(line, len(paints) - 1, title) for line in facing(ground.front, land)]


def _front_colours() -> tuple[str, str]:
    """Return the colours, light and dark, of a front without colours in its layer: the readers' own."""
    return str(readers_palette("light")["frontline"]), str(readers_palette("dark")["frontline"])


def findings_map(
    theatre: Theatre, aside: Sequence[Mapping[str, Any]], repairs: Sequence[Mapping[str, Any]]
) -> DrawnMap | None:
    """Return the map of rows put aside and repaired, each with a place (degrees); ``None`` without any."""
    marks = []
    for paint, target, rows in ((0, "aside", aside), (1, "repair", repairs)):
        for number, each in enumerate(rows, 1):
            if each["at"] is not None:
                place = projected(shapely.Point(each["at"]))
                sign = "" if target == "aside" else "r"
                words = f"{sign}{number}: {each['finding']}, {each['file']} row {each['row']}"
                marks.append(_mark(place, f"{sign}{number}", paint, words, f"{target}-{number}"))
    if not marks:
        return None
    places = [shapely.Point(each.x, each.y) for each in marks]
    view = view_of(places, bounds_of(theatre), _SURROUNDINGS)
    title = "Where rows were put aside (numbers) and repaired (r and numbers)"
    return DrawnMap(title, view, (_ASIDE, _REPAIRED), (), marks, outlines(theatre))


def with_aside(drawn: DrawnMap, aside: Sequence[Mapping[str, Any]]) -> DrawnMap:
    """Return *drawn* with the rows put aside: ! and a number at each place, given in degrees."""
    paint, marks = len(drawn.paints), list(drawn.marks)
    for number, each in enumerate(aside, 1):
        if each["at"] is not None:
            words = f"put aside: {each['finding']}, {each['file']} row {each['row']}"
            place = projected(shapely.Point(each["at"]))
            marks.append(_mark(place, f"!{number}", paint, words, f"aside-{number}"))
    return replace(drawn, paints=[*drawn.paints, _ASIDE], marks=marks)


def bounds_of(theatre: Theatre) -> Bounds:
    """Return where the theatre lies, in EPSG:3857."""
    return Bounds(*projected(shapely.box(*theatre.bounds)).bounds)


def outlines(theatre: Theatre) -> list[BaseGeometry]:
    """Return the borders between the sides' land in EPSG:3857, where a layer of the theatre needs such.

    Where one side alone has land, its outline.
    """
    for layer in theatre.layers:
        if layer.derived is not None:
            lands = [shapely.from_geojson(text.decode()) for text in load_lands(theatre, layer).values()]
            edges = [projected(land).boundary for land in lands]
            shared = [shapely.intersection(*pair) for pair in combinations(edges, 2)]
            return [each for each in shared if not each.is_empty] or edges
    return []


def status_words(layer: Layer, status: str) -> str:
    """Return the label of *status*, in English where there is such."""
    if status == NOBODY:
        return "no area"
    for each in layer.categories:
        if each.code == status:
            return each.label.get("en") or next(iter(each.label.values()), status)
    return status


def feature_words(layer: Layer, each: FeaturePreview) -> str:
    """Return the first words of a feature after its category; a URL for a feature without words."""
    given = each.feature.properties
    names = sorted(layer.texts, key=lambda name: not name.startswith("text"))  # URLs and sources last
    said = next((str(given[name]) for name in names if given.get(name)), "")
    return f"{status_words(layer, str(given.get(layer.category, '')))}: {said}"[:200].rstrip(": ")


def _passage_words(layer: Layer, each: Passage | PassagePiece) -> str:
    before, after = status_words(layer, each.before), status_words(layer, each.after)
    return f"{before} \u2192 {after}, {each.km2:,.2f} km\u00b2"


def _mark(place: BaseGeometry, label: str, paint: int, words: str, target: str) -> Mark:
    x, y = shapely.get_coordinates(place)[0].tolist()
    return Mark(x, y, label, paint, words, target)


class _Palette:
    """Paints of a layer's statuses, each made when asked for."""

    def __init__(self, layer: Layer, before: Sequence[Paint] = ()) -> None:
        self._layer = layer
        self._colours = {each.code: (each.colour, each.colour_dark) for each in layer.categories}
        self._patterns = {each.code: each.pattern for each in layer.categories}
        self.paints: list[Paint] = [*before]

    def outline(self, status: str) -> int:
        """Return the number of the paint of land that has *status* afterwards."""
        return self._paint(f"{status_words(self._layer, status)}, as it would be", status, "outline")

    def public(self, status: str, now: str = _NOW) -> int:
        """Return the number of the paint of *status* as readers see such land; *now* ends the words."""
        pattern = self._patterns.get(status, "none")
        words = f"{status_words(self._layer, status)}{now}"
        return self._paint(words, status, "fill" if pattern == "none" else pattern)

    def passage(self, each: Passage | PassagePiece) -> int:
        """Return the number of the paint of land that comes to a status, or that no status has afterwards."""
        if each.after == NOBODY:
            lost = f"was: {status_words(self._layer, each.before)}, becomes no area"
            return self._paint(lost, each.before, "hatch")
        return self._paint(f"becomes: {status_words(self._layer, each.after)}", each.after, "fill")

    def _paint(self, words: str, status: str, texture: Any) -> int:
        paint = Paint(words, *self._colours.get(status, (_GREY, _GREY)), texture)
        if paint not in self.paints:
            self.paints.append(paint)
        return self.paints.index(paint)
