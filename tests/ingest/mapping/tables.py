"""Tables in memory, in place of files, and mappings written as a desk would write them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.shapes import layer, theatre
from tileserver.declared import Category
from tileserver.ingest.containers.sources import Order
from tileserver.ingest.containers.table import Row, Table
from tileserver.ingest.mapping.load import parse_mapping
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.mapping.reader import read_features, read_snapshots
from tileserver.ingest.mapping.starts import TableSource
from tileserver.ingest.raw import RawFeature, RawSnapshot
from tileserver.ingest.report import Report
from tileserver.model import Layer

AREA = json.dumps({"type": "Polygon", "coordinates": [[[37, 48], [38, 48], [38, 49], [37, 48]]]}).encode()
POINT = json.dumps({"type": "Point", "coordinates": [37.5, 48.5]}).encode()


def categories(*codes: str) -> tuple[Category, ...]:
    return tuple(Category(code, {"en": code}, "#d6553f", "#e8705a") for code in codes)


def events(*fields: str, codes: tuple[str, ...] = ("battle", "strike"), **more: Any) -> Layer:
    return layer(
        "events",
        "points",
        category="kind",
        categories=categories(*codes),
        fields={name: name for name in ("kind", *fields)},
        **more,
    )


def control(**more: Any) -> Layer:
    return layer("control", category="status", categories=categories("occupied", "liberated"), **more)


def table(
    *rows: Mapping[str, Any],
    member: str = "",
    name: str = "",
    container: str = "csv",
    crs: Any = None,
    geometry: bytes | None = None,
) -> Table:
    """A table of *rows*; the column "geometry" is the container's own."""
    made = [
        Row(
            number,
            {column: value for column, value in each.items() if column != "geometry"},
            each.get("geometry", geometry),
        )
        for number, each in enumerate(rows, 1)
    ]
    columns = tuple(dict.fromkeys(column for row in made for column in row.values))
    return Table(member, name, container, columns, crs, lambda: iter(made))


def source(*tables: Table, file: str = "file.csv") -> TableSource:
    def each(order: Order | None) -> Iterator[Table]:
        return iter(tables if order is None else sorted(tables, key=lambda every: order(every.member)))

    def members() -> list[str]:
        return list(dict.fromkeys(every.member.removesuffix(".gz") for every in tables))

    return TableSource(file, each, members)


def plan(toml: str, layer: Layer, day_zone: str = "Europe/Kyiv", **said: Any) -> IntakePlan:
    made = theatre(layer, day_zone=day_zone)
    return IntakePlan.of(parse_mapping(toml, "own.toml"), made, layer, **said)


def features(plan: IntakePlan, *tables: Table, file: str = "file.csv") -> tuple[list[RawFeature], Report]:
    report = Report()
    found = list(read_features(source(*tables, file=file), plan, report))
    report.imported = len(found)
    assert report.balances
    return found, report


def snapshots(plan: IntakePlan, *tables: Table, file: str = "file.csv") -> tuple[list[RawSnapshot], Report]:
    report = Report()
    found = list(read_snapshots(source(*tables, file=file), plan, report))
    report.imported = sum(len(each.features) for each in found)
    assert report.balances
    return found, report
