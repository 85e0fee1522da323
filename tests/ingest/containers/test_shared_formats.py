"""One small file of each format that desks have sent becomes tables, with nothing declared."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.ingest.containers.conftest import Read
from tests.sources import FORMATS
from tileserver.ingest.containers import Dialect

POINT = [37.9999, 48.5956]
TRIANGLE = [[37, 48], [38, 48], [38, 49], [37, 48]]
# file -> container, then for each table its name, number of rows, and some values of the first
EXPECTED: dict[str, tuple[str, list[tuple[str, int, dict[str, Any]]]]] = {
    "20230514120000.export.CSV": ("csv", [("", 1, {"2": "20230514", "27": "190"})]),
    "acled.csv": ("csv", [("", 2, {"event_id_cnty": "UKR90001", "latitude": "49.7102"})]),
    "bellingcat_export_events.json": ("json", [("", 2, {"sources": ["srcCIV9001_1"], "graphic": "FALSE"})]),
    "control.fgb": ("fgb", [("control", 1, {"date": "2023-05-14", "status": "occupied"})]),
    "control.parquet": ("parquet", [("", 1, {"date": date(2023, 5, 14), "status": "occupied"})]),
    "desk.gpkg": (
        "gpkg",
        [
            ("control", 1, {"date": "2023-05-14"}),
            ("events", 1, {"seen": datetime(2023, 5, 14, 12, tzinfo=UTC), "kind": "battle"}),
        ],
    ),
    "events.xlsx": (
        "xlsx",
        [("Sheet1", 1, {"date": datetime.fromisoformat("2023-05-14T00:00"), "lat": 48.5956})],
    ),
    "excel.csv": ("csv", [("", 1, {"Länge": "37,9999", "Text": "Erfundenes Gefecht; Fall 1"})]),
    "geoconfirmed.kml": (
        "kml",
        [
            (
                "B. Russian losses",
                1,
                {
                    "when": "2023-05-14",
                    "styleUrl": "#icon-1502-ru",
                    "urls": ["https://x.com/a/1", "https://x.com/b/2"],
                    "description": "Source: https://x.com/a/1\n"
                    "Geolocation: https://x.com/b/2\n48.5956, 37.9999",
                },
            )
        ],
    ),
    "mymaps.kml": ("kml", [("Strikes", 2, {"date": "14/05/2023", "type": "Strike"})]),
    "nzz.json": ("geojson", [("value", 3, {"type": "nochange", "_dateto": "2022-09-11"})]),
    "owlmaps.json": (
        "json",
        [
            ("areas", 1, {"value": [[48, 37], [48, 38], [49, 38], [48, 37]]}),
            ("areas_ua", 0, {}),
            ("frontline", 1, {"value": [[48, 37], [49, 38]]}),
            ("geos.ru", 1, {"c": [37, 48], "d": "made up"}),
            ("geos.ua", 0, {}),
        ],
    ),
    "rfc8142.geojsons": ("geojsonseq", [("", 2, {"kind": "battle"})]),
    "rfc8142_pretty.geojsons": ("geojsonseq", [("", 2, {"kind": "battle"})]),
    "single_feature.geojson": ("geojson", [("", 1, {"kind": "battle"})]),
    "topo.json": ("topojson", [("control", 1, {"status": "occupied"})]),
    "ucdp_ged.csv": ("csv", [("", 1, {"geom_wkt": "POINT (37.9999 48.5956)"})]),
    "wkt.csv": ("csv", [("", 1, {"WKT": "POLYGON ((37 48,38 48,38 49,37 48))"})]),
}


@pytest.mark.data
@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_of_each_format_is_read(name: str, read: Read) -> None:
    if not (FORMATS / name).exists():
        pytest.skip("the files of others are not here; set TILESERVER_SHARED to the folder of the data")
    container, tables = EXPECTED[name]
    found = read(FORMATS / name, Dialect(header=not name.endswith(".export.CSV")))
    assert [(table.container, table.name, len(rows)) for table, rows in found] == [
        (container, title, count) for title, count, _ in tables
    ]
    for (table, rows), (_, _, values) in zip(found, tables, strict=True):
        assert not [row.trouble for row in rows if row.trouble]
        assert {key: rows[0].values[key] for key in values} == values
        assert set(rows[0].values) <= set(table.columns) if rows else table.columns == ()


@pytest.mark.data
def test_no_file_of_the_folder_is_untested() -> None:
    if not FORMATS.exists():
        pytest.skip("the files of others are not here; set TILESERVER_SHARED to the folder of the data")
    assert {file.name for file in FORMATS.iterdir()} == set(EXPECTED)
