"""A preview as a page: counts, reasons, maps and tables; every word of a stranger's is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import shapely

from tileserver.counted import counted
from tileserver.desk.preview import FATES, FeaturePreview, Preview, StatePreview
from tileserver.desk.preview_maps import (
    feature_words,
    features_map,
    findings_map,
    lands_map,
    largest_pieces,
    passages_map,
    status_words,
    with_aside,
)
from tileserver.desk.preview_withdrawal import AreasHit, FeaturesHit
from tileserver.ingest.report import class_words, example_words, findings_told
from tileserver.model import Layer
from tileserver.picture.drawing import DrawnMap
from tileserver.picture.html import Html, element, join, page, table
from tileserver.picture.svg import figure, paint_style
from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_lonlat
from tileserver.store.catalogue import StoredLayer
from tileserver.times import day_zone, format_instant, local_day

LISTED = 200  # features, one by one
NUMBERED = 50  # of them, on the map; all are points of it
_CLASS_COLUMNS = ("finding", "done", "count", "its meaning, and what would do", "an example")


class Sections(NamedTuple):
    """The counts, maps and tables of a preview as HTML, and the CSS of their maps."""

    body: Html
    style: str


def preview_page(stored: StoredLayer, outcome: str, told: Preview) -> str:
    """Return the page of *told* as HTML in UTF-8; *outcome* is a sentence."""
    sections = preview_sections(stored, told)
    body = [
        element("h1", f"{stored.ref}: {told.origin}"),
        element("p", outcome, class_="lead"),
        element("p", "For the desk alone: this page does not obey the embargo.", class_="faint"),
        sections.body,
    ]
    return page(f"{stored.ref}: {told.origin}", body, style=sections.style)


def preview_sections(stored: StoredLayer, told: Preview, *, is_live: bool = False) -> Sections:
    """Return the content of a page on *told*, for a frame around.

    Where it *is_live*, the frame has a script that draws the maps over the readers' basemap.
    """
    writer = _PageWriter(stored, told, is_live=is_live)
    parts = [*writer.summary(), *writer.changes(), *writer.features(), *writer.findings()]
    return Sections(join(parts), "".join(writer.styles))


def withdrawal_sections(stored: StoredLayer, hit: FeaturesHit) -> Sections:
    """Return the map and the list of the features that a withdrawal would hit."""
    features, title = hit.features, "What would be withdrawn"
    if not features:
        return Sections(Html(), "")
    drawn = features_map(stored.theatre, stored.layer, features, title, NUMBERED, hit.ground)
    rows = _feature_table(stored.layer, features[:LISTED], total=len(features))
    return Sections(join((figure(drawn, "hit", is_live=True), rows)), paint_style(drawn.paints, "hit"))


def areas_sections(stored: StoredLayer, hit: AreasHit) -> Sections:
    """Return the map and the km² by status of the newest day that a withdrawal of areas would take."""
    day = local_day(hit.at, day_zone(stored.theatre.day_zone))
    title = f"What would be withdrawn, as on {day}, the newest day of it"
    drawn = lands_map(stored.theatre, stored.layer, hit.ground, title)
    lands = hit.ground.lands
    rows = [(status_words(stored.layer, status), area_km2(land)) for status, land in lands.items()]
    sizes = table(f"On {day}", ("status", "km\u00b2"), rows)
    return Sections(join((figure(drawn, "hit", is_live=True), sizes)), paint_style(drawn.paints, "hit"))


class _PageWriter:
    """Sections of a page; ``styles`` gathers the CSS of the maps."""

    def __init__(self, stored: StoredLayer, told: Preview, *, is_live: bool) -> None:
        self.stored, self.told, self._is_live = stored, told, is_live
        self.styles: list[str] = []
        self._zone = day_zone(stored.theatre.day_zone)
        self._aside: Sequence[Mapping[str, Any]] = told.report.get("put_aside", ())

    def summary(self) -> Iterator[Html]:
        """Yield the counts, and the reasons to hold the import back."""
        report, told = self.told.report, self.told
        counts = [
            (report["read"], "read"),
            (report["imported"], "imported"),
            (report["quarantined"], "put aside"),
            (report["left_out"], "left out"),
            (told.added, "version comes" if told.added == 1 else "versions come"),
            (told.ended, "version ends" if told.ended == 1 else "versions end"),
            (told.days, "day changes" if told.days == 1 else "days change"),
        ]
        facts = [element("li", element("b", f"{n:,}"), element("span", words)) for n, words in counts]
        yield element("ul", *facts, class_="facts")
        if told.first and told.last:
            first, last = (local_day(each, self._zone) for each in (told.first, told.last))
            again = f"; the last change begins on {last}" if last != first else ""
            yield element("p", f"What changes, changes from {first} on{again} ({self._zone.key}).")
        yield from self._taken()
        if told.caution:
            yield element("p", told.caution, class_="bad")
        if told.rulings:
            yield element("h2", "Reasons to hold it back")
            yield element("ul", *(element("li", each.words, class_="bad") for each in told.rulings))

    def _taken(self) -> Iterator[Html]:
        """Yield the numbers of events that go, whole or in part, out of every revision."""
        if hidden := self.told.hidden:
            words = f"{counted(hidden, 'event')} would go out of every revision: a source is hidden."
            yield element("p", words)
        if coarsened := self.told.coarsened:
            words = f"{counted(coarsened, 'event')} would lose more exact versions in every revision."
            yield element("p", f"{words} The place is told less exactly.")

    def changes(self) -> Iterator[Html]:
        """Yield a map and tables of each state: km2 by status, and land that changes hands.

        A newest day on which nothing changes, as where a past day is corrected, comes after the other one.
        """
        for number, state in sorted(enumerate(self.told.states), key=lambda each: not each[1].passages):
            yield element("h2", self._state_title(number, state))
            words = "Land that changes hands" if state.passages else "No land changes hands"
            name = f"state{number}"
            drawn = passages_map(self.stored.theatre, self.stored.layer, state, words, name)
            yield self._figure(with_aside(drawn, self._aside), name)
            yield from _state_tables(self.stored.layer, state, name)

    def _state_title(self, number: int, state: StatePreview) -> str:
        which = "the newest day" if number == 0 else "the day of the largest change"
        return f"{local_day(state.at, self._zone)}, {which} (from {format_instant(state.at)})"

    def features(self) -> Iterator[Html]:
        """Yield the features that come, go and change: numbers by category, a map, a list."""
        told, layer = self.told, self.stored.layer
        if not told.fates:
            return
        yield element("h2", "What comes, goes and changes")
        rows: list[tuple[str | int, ...]] = [
            (status_words(layer, code) if code else "none", *(by.get(fate, 0) for fate in FATES))
            for code, by in told.fates.items()
        ]
        yield table("By category", ("category", "comes", "goes", "changes"), rows)
        title = "Features that come (+), go (\u2212) and change (~)"
        total = sum(map(_sum, told.fates.values()))
        if total > len(told.features):
            title += f": the newest {len(told.features):,} of {total:,}"
        drawn = features_map(self.stored.theatre, layer, told.features, title, NUMBERED, told.ground)
        yield self._figure(with_aside(drawn, self._aside), "features")
        yield _feature_table(layer, told.features[:LISTED], total=total)

    def findings(self) -> Iterator[Html]:
        """Yield the findings in the file: a map of places, the rows, and each class with its meaning."""
        report = self.told.report
        aside, repairs = self._aside, report.get("repairs", ())
        yield element("h2", "What was found in the file")
        drawn = findings_map(self.stored.theatre, aside, repairs)
        if drawn is not None:
            yield self._figure(drawn, "found")
        yield from findings_tables(report)

    def _figure(self, drawn: DrawnMap, name: str) -> Html:
        self.styles.append(paint_style(drawn.paints, name))
        return figure(drawn, name, is_live=self._is_live)


def findings_tables(report: Mapping[str, Any]) -> Iterator[Html]:
    """Yield the findings of an account, each class with its meaning, and the rows put aside and repaired."""
    told, aside, repairs = findings_told(report), report.get("put_aside", ()), report.get("repairs", ())
    if told:
        yield table("Findings", _CLASS_COLUMNS, _classes(told))
    else:
        yield element("p", "Nothing: every row is as it should be.")
    if aside:
        caption = f"Put aside: {report['quarantined']:,}"
        yield table(caption, ("number", "why", "file and row", "as read", "at"), _aside_rows(aside))
    if repairs:
        columns = ("number", "what", "file and row", "m² moved", "at")
        yield table("Repaired, the largest first", columns, _repair_rows(repairs))


def _sum(by: Mapping[Any, int]) -> int:
    return sum(by.values())


def _state_tables(layer: Layer, state: StatePreview, name: str) -> Iterator[Html]:
    effects = [
        (status_words(layer, each.status), each.before, each.after, each.after - each.before)
        for each in state.effects
    ]
    yield table("km² by status", ("status", "before", "after", "change"), effects)
    if not state.passages:
        return
    passages = [
        (status_words(layer, each.before), status_words(layer, each.after), each.km2)
        for each in state.passages
    ]
    yield table("Land that changes hands", ("from", "to", "km²"), passages)
    pieces = [
        (
            element("span", str(number), id=f"{name}-{number}"),
            status_words(layer, each.before),
            status_words(layer, each.after),
            each.km2,
            _place(to_lonlat(shapely.get_coordinates(shapely.point_on_surface(each.land)))[0].tolist()),
        )
        for number, each in enumerate(largest_pieces(state.passages), 1)
    ]
    yield table("The largest pieces", ("number", "from", "to", "km\u00b2", "at"), pieces)


def _feature_table(layer: Layer, features: Sequence[FeaturePreview], *, total: int) -> Html:
    rows = [
        (
            element("span", str(number), id=f"feature-{number}"),
            each.fate,
            format_instant(each.dated.start),
            format_instant(each.dated.end),
            feature_words(layer, each),
            each.changed,
        )
        for number, each in enumerate(features, 1)
    ]
    caption = (
        f"The newest {len(rows):,} of {total:,}" if len(rows) < total else "One by one, the newest first"
    )
    return table(caption, ("number", "", "from", "to", "words", "what changed"), rows)


def _classes(told: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str | float, ...]]:
    for each in told:
        example = example_words(each["example"])
        yield each["finding"], each["treatment"], each["count"], class_words(each), example


def _aside_rows(aside: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str | float, ...]]:
    for number, each in enumerate(aside, 1):
        place = example_words({**each, "text": ""})
        yield _number("aside", number), each["finding"], place, each["text"], _place(each["at"])


def _repair_rows(repairs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str | float, ...]]:
    for number, each in enumerate(repairs, 1):
        moved = "" if each["moved_m2"] is None else f"{each['moved_m2']:,.0f}"
        yield _number("repair", number), each["finding"], example_words(each), moved, _place(each["at"])


def _number(name: str, number: int) -> Html:
    return element("span", f"r{number}" if name == "repair" else str(number), id=f"{name}-{number}")


def _place(at: Sequence[float] | None) -> str:
    return "unknown" if at is None else f"{at[0]:.4f}, {at[1]:.4f}"
