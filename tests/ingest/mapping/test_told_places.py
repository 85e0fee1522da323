"""Law: of a layer that tells places less exactly than known, no field and no key is made of the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.mapping.tables import plan
from tests.shapes import layer, theatre
from tileserver.errors import BadParameter
from tileserver.evidence import Evidence, ExactnessClass
from tileserver.ingest import ReadOptions, Report
from tileserver.ingest.geojson import read
from tileserver.model import Layer

DATED = '[date]\ncolumn = "day"\n[geometry]\n'
LON_LAT = DATED + 'lon = "lon"\nlat = "lat"\n'
LIST = DATED + 'lon = "pos[0]"\nlat = "pos[1]"\n'
BARE = DATED + 'coordinates = "pos"\n'
EXACT = Evidence(
    exactness="exactness", unsaid="exact", classes=(ExactnessClass("exact", 0.0, {"en": "Exact"}),)
)


def inexact(**changes: object) -> Layer:
    declared: dict[str, object] = {"fields": {"text": "", "exactness": ""}, **changes}
    return layer("events", "points", **{"evidence": Evidence(exactness="exactness"), **declared})


@pytest.mark.parametrize(
    "toml",
    [
        LON_LAT + '[fields]\ntext = "lon"',
        LON_LAT + '[fields]\ntext = { template = "at {lat}" }',
        LON_LAT
        + '[fields]\ntext = { column = "lon", lookup = "l" }\n[lookup.l]\nfile = "f"\nvalue = "v"\nkey = "k"',
        LON_LAT + '[fields]\ntext = { column = "what", publisher = ["lat"] }',
        LON_LAT + '[category]\ncolumn = "lon"\n[fields]',
        BARE + '[fields]\ntext = "pos"',
        BARE + '[fields]\ntext = "pos[0]"',
        BARE + '[fields]\ntext = "pos.[00]"',
        LIST + '[fields]\ntext = "pos"',
        LIST + '[fields]\ntext = "pos.[0]"',
        DATED + 'lon = "at.lon"\nlat = "at.lat"\n[fields]\ntext = { template = "at {at}" }',
        DATED + 'wkt = "shape"\n[fields]\ntext = "shape"',
        DATED + 'geojson = "shape"\n[fields]\ntext = "shape.coordinates[0]"',
    ],
)
def test_a_field_or_category_made_of_the_place_under_any_spelling_is_refused(toml: str) -> None:
    own = inexact(category="text") if "[category]" in toml else inexact()
    with pytest.raises(BadParameter, match="would tell the place"):
        plan(toml, own)


@pytest.mark.parametrize(
    "toml",
    [
        LON_LAT + '[fields]\n[id]\ncolumns = ["day", "lon", "lat"]',
        LON_LAT + '[fields]\n[id]\ncolumn = ["nr", "lat"]',
        LON_LAT + '[fields]\n[id]\ncolumns = ["day", { column = "lon", pattern = \'(.+)\' }]',
        LIST + '[fields]\n[id]\ncolumns = ["day", "pos"]',
        BARE + '[fields]\n[id]\ncolumns = ["day", "pos[1]"]',
        DATED + '[fields]\n[id]\ncolumns = ["day", "at.Longitude"]',
    ],
)
def test_a_key_made_of_the_place_is_refused_for_the_id_follows_from_it(toml: str) -> None:
    with pytest.raises(BadParameter, match="tells the place"):
        plan(toml, inexact())
    plan(toml, inexact(evidence=EXACT))
    plan(toml.replace("[fields]\n", ""), layer("events", "points", fields={"text": ""}))


def test_other_columns_of_the_same_object_may_be_fields_and_keys() -> None:
    plan(
        DATED + 'lon = "at.lon"\nlat = "at.lat"\n[fields]\ntext = "at.name"\n[id]\ncolumn = "at.nr"',
        inexact(),
    )
    plan(LON_LAT + '[fields]\ntext = "lonely"\n[id]\ncolumns = ["day", "longer"]', inexact())


@pytest.mark.parametrize("by_option", [True, False])
def test_a_file_without_a_mapping_takes_no_key_of_its_place_either(tmp_path: Path, by_option: bool) -> None:
    path = tmp_path / "found.csv"
    path.write_text("date,text,exactness,lat,lon\n2023-10-16,a shelter,region,47.9876,35.4321\n")
    keys = ("date", "lon", "lat")
    own = inexact() if by_option else inexact(event_key=keys)
    options = ReadOptions(key_columns=keys if by_option else ())
    with pytest.raises(BadParameter, match="tells the place"):
        list(read(path, theatre(own), own, options, Report()))


def test_a_file_without_a_mapping_fills_no_field_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "found.csv"
    path.write_text("date,exactness,lat,lon\n2023-10-16,region,47.9876,35.4321\n")
    own = inexact(fields={"lon": "", "exactness": ""})
    with pytest.raises(BadParameter, match="would tell the place"):
        list(read(path, theatre(own), own, ReadOptions(), Report()))
