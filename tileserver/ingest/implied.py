"""The mapping that a layer's own definition and the caller's options imply, for files that need no other."""

from __future__ import annotations

from itertools import islice
from typing import Literal

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.table import Table
from tileserver.ingest.mapping.declared import (
    CategoryRule,
    Columns,
    DateRule,
    FieldRule,
    FileMapping,
    FileRule,
    GeometryRule,
    IdRule,
    LimitRule,
)
from tileserver.ingest.mapping.guess import decimals_of, is_geometry_text
from tileserver.ingest.mapping.load import LoadedMapping
from tileserver.ingest.mapping.names import PLAIN_LATS, PLAIN_LONS
from tileserver.ingest.mapping.values import text_of_value
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.spelling import fold
from tileserver.model import Layer

START_COLUMNS = ("from", "start", "date", "datetime")  # looked for in this order where none is named
END_COLUMNS = ("to", "end")
_KML_START = ("begin", "when")  # TimeSpan and TimeStamp of the standard, which mean nothing else
# Of files in a folder or archive; what else lies there, such as a README, is left out and counted.
NAMES = (
    *("*.geojson", "*.json", "*.geojsonl", "*.geojsons", "*.geojsonseq", "*.jsonl", "*.ndjson", "*.topojson"),
    *("*.csv", "*.tsv", "*.kml", "*.shp", "*.gpkg", "*.fgb", "*.parquet", "*.geoparquet", "*.xlsx"),
)
_FIXED = frozenset({"csv", "shapefile", "gpkg", "fgb", "parquet", "xlsx"})  # columns are what is declared
_HAVE_GEOMETRIES = frozenset({"geojson", "topojson", "kml", "shapefile", "fgb"})
_ROWS = 100  # in which a geometry is looked for


def implied_mapping(
    layer: Layer, options: ReadOptions, table: Table | None, *, whole_state: bool
) -> LoadedMapping:
    """Return the mapping of files like the one of *table*, ``None`` where no file can be read as tables.

    `UnreadableSource` where the file does not say by itself where its geometries are.
    """
    geometry, decimal = _geometry(table)
    keys = tuple(options.key_columns or layer.event_key)
    rules = FileMapping(
        means="snapshot" if whole_state else "features",
        file=FileRule(names=NAMES if table is not None and table.member else (), decimal=decimal),
        date=_dates(layer, options, table, whole_state=whole_state),
        geometry=geometry,
        category=CategoryRule(options.category_column or layer.category) if layer.categories else None,
        fields=_fields(layer, options),
        id=IdRule(columns=keys) if keys else None,
        limits=LimitRule(rows=0),  # an import that has nothing is judged by the layer's own limits
    )
    return LoadedMapping("the layer's definition", "", rules)


def _dates(layer: Layer, options: ReadOptions, table: Table | None, *, whole_state: bool) -> DateRule:
    declared = layer.dates
    starts = (*START_COLUMNS, *_KML_START) if table and table.container == "kml" else START_COLUMNS
    column = (options.date_column,) if options.date_column else _there(starts, table)
    end = (options.end_column,) if options.end_column else _there(END_COLUMNS, table)
    if not column and options.at is None and not whole_state:
        raise UnreadableSource(
            f"it has no column {', '.join(START_COLUMNS)}; name the one with the date (--date-column), or say"
            " the date of all of it (--at)"
        )
    return DateRule(
        column=column,
        end=() if whole_state else end,
        name=declared.file_name if whole_state else "",
        forms=declared.forms,
        ends=declared.ends,
        earliest=declared.earliest,
        latest=declared.latest,
    )


def _there(names: tuple[str, ...], table: Table | None) -> tuple[str, ...]:
    """Return the *names* that can be columns of *table*: all where each row has columns of its own."""
    fixed = table is not None and table.container in _FIXED
    return tuple(each for each in names if table is None or not fixed or each in table.columns)


def _fields(layer: Layer, options: ReadOptions) -> dict[str, Columns | FieldRule] | None:
    """Return the column of each field where a category without a vocabulary stands elsewhere; else none."""
    if layer.categories or not options.category_column:
        return None
    own: dict[str, Columns | FieldRule] = {name: name for name in layer.fields}
    return own | {layer.category: options.category_column}


def _geometry(table: Table | None) -> tuple[GeometryRule, Literal[".", ","]]:
    """Return the place of the geometries of *table*, and the decimal sign of their columns."""
    if table is None:
        return GeometryRule(), "."
    rows = [row for row in islice(table.rows(), _ROWS) if not row.trouble]
    if table.container in _HAVE_GEOMETRIES or not rows or any(row.geometry for row in rows):
        return GeometryRule(), "."
    columns = dict.fromkeys((*table.columns, *(name for row in rows for name in row.values)))
    texts = [name for name in columns if is_geometry_text([row.values.get(name) for row in rows])]
    lons = [name for name in columns if fold(name) in PLAIN_LONS]
    lats = [name for name in columns if fold(name) in PLAIN_LATS]
    if texts or len(lons) != 1 or len(lats) != 1:
        raise UnreadableSource(_unplaced(table, list(columns), texts))
    said = [text_of_value(row.values.get(name)) for name in (*lons, *lats) for row in rows]
    return GeometryRule(lon=lons[0], lat=lats[0]), "," if decimals_of(said) == "," else "."


def _unplaced(table: Table, columns: list[str], texts: list[str]) -> str:
    found = f"a geometry as text in {texts[0]!r}" if texts else "no one column lon and one lat"
    return (
        f"it is a table ({table.container}) with {found}; its columns are"
        f" {', '.join(columns)[:300]}. Say in a mapping where its geometry is: tileserver mapping suggest"
        " writes a draft"
    )
