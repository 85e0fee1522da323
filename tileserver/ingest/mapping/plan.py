"""A mapping bound to the layer that its source goes into, each part checked against the layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import PurePosixPath
from typing import Literal, TypeAlias

from tileserver.complaints import near_miss
from tileserver.errors import UnreadableSource
from tileserver.evidence import Evidence
from tileserver.grid import BoundsLonLat
from tileserver.ingest.containers.sources import is_no_data, plain_name
from tileserver.ingest.containers.table import Dialect, Table
from tileserver.ingest.crs import to_lonlat
from tileserver.ingest.frame import Frame, find_frame
from tileserver.ingest.hidden import HiddenMark
from tileserver.ingest.mapping.categories import Categories
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.declared import FieldRule, FileMapping, listed, spelled
from tileserver.ingest.mapping.filters import Filters
from tileserver.ingest.mapping.load import LoadedMapping
from tileserver.ingest.mapping.lookups import read_lookup
from tileserver.ingest.mapping.places import NoPlace, Places
from tileserver.ingest.mapping.properties import Properties
from tileserver.ingest.mapping.told_places import check_places
from tileserver.model import Layer, Theatre
from tileserver.times import span_of_form

Beside: TypeAlias = Callable[[str, tuple[str, ...]], Iterable[Table]]  # pattern of names, paths of records

# Whose columns are as the first rows have them; a row may have others.
_LOOSE = frozenset({"geojson", "geojsonseq", "json", "topojson", "kml"})
_NO_COLUMNS = "none; those of a shapefile are in its .dbf, which has to lie beside"
_LOOKED_AT = 20  # rows that may have more cells than a title above them
IN_LONLAT = _LOOSE  # by their standards in longitude and latitude, where they say nothing else


@dataclass(frozen=True, slots=True)
class IntakePlan:
    """How the tables of one source are read for one layer."""

    loaded: LoadedMapping
    layer: Layer
    bounds: BoundsLonLat
    dates: RowDates
    places: Places
    categories: Categories | None
    properties: Properties
    filters: Filters
    hidden: HiddenMark | None  # the mapping's, else the layer's
    axes: Literal["auto", "lonlat", "latlon"]

    @classmethod
    def of(
        cls,
        loaded: LoadedMapping,
        theatre: Theatre,
        layer: Layer,
        at: datetime | None = None,
        axes: Literal["", "auto", "lonlat", "latlon"] = "",
    ) -> IntakePlan:
        """Return the plan of *loaded* for *layer*; *at*, UTC, and *axes* are the caller's options.

        `BadParameter`, with file and line, where the mapping does not fit the layer.
        """
        _check_layer(loaded, layer)
        rules = loaded.rules
        dates = RowDates.of(rules.date, theatre.day_zone, is_window=layer.time == "window", at=at)
        if loaded.is_implied:
            dates = dates.of_layer()
        return cls(
            loaded,
            layer,
            BoundsLonLat(*(layer.bounds or theatre.bounds)),
            dates,
            Places(rules.geometry, rules.file.decimals),
            None
            if rules.category is None
            else Categories.of(rules.category, layer, is_implied=loaded.is_implied),
            Properties.of(rules.fields, dates, rules.file.decimals),
            Filters.of(rules),
            HiddenMark.of(rules.hidden or (layer.evidence.hidden if layer.evidence else None)),
            axes or rules.geometry.axes or layer.axes,
        )

    @property
    def rules(self) -> FileMapping:
        """The mapping's rules."""
        return self.loaded.rules

    @property
    def dialect(self) -> Dialect:
        """How the containers of the source are read."""
        rule = self.rules.file
        return Dialect(rule.container, listed(rule.records), rule.delimiter, rule.encoding, int(rule.header))

    @property
    def lookup_files(self) -> tuple[str, ...]:
        """Patterns of the names of second files, which have no rows of the source."""
        return tuple(each.file for each in self.rules.lookup.values())

    def with_lookups(self, beside: Beside) -> IntakePlan:
        """Return the plan with the contents of its second files, whose tables *beside* gives."""
        found = {
            name: read_lookup(rule, beside(rule.file, listed(rule.records)), name)
            for name, rule in self.rules.lookup.items()
        }
        categories = self.categories
        if categories is not None:
            categories = replace(categories, lookup=found.get(categories.rule.lookup))
        return replace(self, properties=replace(self.properties, lookups=found), categories=categories)

    def takes(self, table: Table, file: str) -> bool:
        """Whether the mapping names *table*; *file* is the name of a file that is no archive."""
        tables = listed(self.rules.file.tables) if table.container else ()  # else unreadable, and says so
        if table.member and is_no_data(table.member):
            return False
        return self.takes_file(table.member or file) and (not tables or matches(table.name, tables))

    def takes_file(self, path: str) -> bool:
        """Whether the mapping names the file at *path*, by its name, or by that of an archive or folder."""
        names = [each.replace("{layer}", self.layer.name) for each in listed(self.rules.file.names)]
        whole = PurePosixPath(plain_name(path))
        if matches(whole.name, self.lookup_files):
            return False
        parts = [name for each in (whole, *whole.parents) for name in (str(each), each.name)]
        return not names or any(matches(part, names) for part in parts)

    def frame(self, table: Table, file: str) -> Frame:
        """Return how coordinates of *table* become longitude and latitude; `UnreadableSource` for none."""
        where = table.member or file
        crs = self.rules.geometry.crs or table.crs
        unsaid = self.rules.geometry.wkt != "" or (
            not self.places.columns and table.container not in IN_LONLAT
        )
        if crs is None and unsaid and table.container:
            raise UnreadableSource(
                f"{where} does not say in which reference system its coordinates are; declare it in a"
                ' mapping: [geometry] crs = "EPSG:4326" for longitude and latitude'
            )
        if self.places.are_lonlat:
            return Frame(to_lonlat(crs, self.bounds, where))
        # All of KML has one order, so that a placemark with the other one is a stray.
        is_kml = table.container == "kml" and not self.places.columns
        axes = "lonlat" if is_kml and self.axes == "auto" else self.axes
        return find_frame(lambda: self._geometries(table), crs, axes, self.bounds, where)

    def check_columns(self, table: Table, file: str) -> None:
        """Raise `UnreadableSource` where *table* has no column that the mapping names."""
        if table.container in _LOOSE or not table.container:
            return
        there = set(table.columns)
        remedy = ". Name the column, or say in a mapping what stands where: tileserver mapping suggest"
        remedy = remedy if self.loaded.is_implied else ""
        for wanted in self._needed():
            missing = [each for each in wanted if each not in there and _root(each) not in there]
            if wanted and len(missing) == len(wanted):
                raise UnreadableSource(
                    f"{table.member or file} has no column {' or '.join(map(repr, missing))}"
                    f"{near_miss(missing[0], there)}; it has {', '.join(table.columns)[:400] or _NO_COLUMNS}"
                    f"{remedy}"
                    f"{self._below(table)}"
                )

    def _below(self, table: Table) -> str:
        """Return advice for a table whose first line is rather a title."""
        is_declared = self.rules.file.header is not True
        if table.container not in ("csv", "xlsx") or is_declared:
            return ""
        is_ragged = any(row.trouble for row in islice(table.rows(), _LOOKED_AT))
        if not is_titled(table.columns) and not is_ragged:
            return ""
        return "; where the names of the columns stand further down, say on which line: [file] header = 3"

    def other_columns(self, table: Table) -> list[str]:
        """Return the columns of *table* that the mapping has no use for."""
        named = {each for wanted in self._needed() for each in wanted}
        used = named | {_root(each) for each in named - set(table.columns)}
        if self.rules.fields is None:
            used |= set(self.layer.fields)
        return [each for each in table.columns if each not in used]

    def named_columns(self) -> list[str]:
        """Return the columns that the mapping itself names, each once."""
        own = self if self.rules.hidden else replace(self, hidden=None)  # else the layer's
        return list(dict.fromkeys(each for wanted in own._needed() for each in wanted))

    def _needed(self) -> list[tuple[str, ...]]:
        """Return groups of the columns that the mapping names; of each group a column has to be there."""
        rules = self.rules
        groups = [listed(rules.date.column), listed(rules.date.end)]
        groups += [(each,) for each in self.places.columns]
        groups += [] if rules.category is None else [listed(rules.category.column)]
        groups += [] if rules.date.span is None else [listed(rules.date.span.column)]
        groups += [] if rules.id is None else [listed(rules.id.column), listed(rules.id.newest)]
        groups += [] if rules.id is None else [(spelled(each.column),) for each in rules.id.parts]
        groups += [(each,) for each in self.filters.columns]
        groups += [] if self.hidden is None else [(self.hidden.column,)]
        return groups + [(each,) for each in self.properties.columns]

    def _geometries(self, table: Table) -> Iterator[bytes]:
        for row in table.rows():
            try:
                yield (None if row.trouble else self.places.read(row)) or b""
            except NoPlace:
                yield b""


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether *name* fits any of *patterns*, whatever the case."""
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns)


def is_titled(columns: Sequence[str]) -> bool:
    """Whether a title rather names *columns*: there is a single column, or half have no name."""
    gaps = sum(name == str(number) for number, name in enumerate(columns, 1))
    return len(columns) < 2 or gaps >= len(columns) / 2


def _root(column: str) -> str:
    return column.partition(".")[0].partition("[")[0]


def _check_layer(loaded: LoadedMapping, layer: Layer) -> None:
    rules = loaded.rules
    if rules.means == "snapshot" and layer.time != "state":
        raise loaded.complaint(
            ("means",), f"layer {layer.name!r} shows what happened, and has no snapshots: say features"
        )
    vague = next((form for form in listed(rules.date.forms) if span_of_form(form)), "")
    if layer.time == "state" and (vague or rules.date.span is not None):
        raise loaded.complaint(
            ("date", "forms" if vague else "span"),
            f"layer {layer.name!r} shows what holds, and a week, month or year does not say from which day"
            " on: give the day",
        )
    for name in rules.fields or {}:
        if name == layer.category and rules.category is not None:
            raise loaded.complaint(("fields", name), f"{name!r} is what [category] says; leave it out here")
        if name not in layer.fields:
            raise loaded.complaint(
                ("fields", name),
                f"layer {layer.name!r} has no field {name!r}{near_miss(name, layer.fields)};"
                f" it has {', '.join(layer.fields) or 'none'}",
            )
    if rules.hidden is not None and layer.time != "window":
        raise loaded.complaint(("hidden",), f"layer {layer.name!r} shows states: hidden is for what happened")
    _check_fields(loaded, layer)
    _check_codes(loaded, layer)


def _check_fields(loaded: LoadedMapping, layer: Layer) -> None:
    """Check the codes of fields with a vocabulary, and that nothing is made of an inexact place."""
    check_places(loaded, layer)
    evidence = layer.evidence or Evidence()
    codes = {each.field: [term.code for term in each.codes] for each in layer.vocabularies}
    if evidence.exactness:
        codes[evidence.exactness] = [each.code for each in evidence.classes]
    for name, given in (loaded.rules.fields or {}).items():
        rule = given if isinstance(given, FieldRule) else FieldRule(given)
        for word, code in rule.codes.items():
            if name in codes and code not in codes[name]:
                raise loaded.complaint(
                    ("fields", name, "codes", word),
                    f"field {name!r} of layer {layer.name!r} has no {code!r}{near_miss(code, codes[name])};"
                    f" it has {', '.join(codes[name])}",
                )


def _check_codes(loaded: LoadedMapping, layer: Layer) -> None:
    rule, codes = loaded.rules.category, layer.codes()
    if rule is None:
        if codes:
            raise loaded.complaint(
                (),
                f"layer {layer.name!r} needs a {layer.category} for each row: say in which column it stands,"
                ' [category] column = "..."',
            )
        return
    if not layer.category:
        raise loaded.complaint(("category",), f"layer {layer.name!r} has no category: leave the table out")
    said = {("category", "codes", word): code for word, code in rule.codes.items()}
    if rule.value:
        said["category", "value", ""] = rule.value
    for path, code in said.items():
        if codes and code not in codes:
            raise loaded.complaint(
                path,
                f"layer {layer.name!r} has no {layer.category} {code!r}{near_miss(code, codes)};"
                f" it has {', '.join(sorted(codes))}",
            )
