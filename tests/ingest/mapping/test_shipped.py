"""Every shipped mapping holds together, and says whose files it is for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.ingest.mapping.tables import AREA
from tests.shapes import layer, theatre
from tileserver.desk.trial import try_mapping
from tileserver.findings import Finding
from tileserver.ingest.mapping.load import load_mapping, shipped_mappings


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_shipped_mapping_holds_together_and_has_a_title(name: str) -> None:
    loaded = load_mapping(name)
    assert loaded.rules.title
    assert "or a layer of " in loaded.text or "For several layers of " in loaded.text


FORMATS = Path(
    os.environ.get("TILESERVER_FORMATS", Path(__file__).parents[4] / "shared" / "cases" / "formats")
)

# What each mapping makes of a made-up file in the schema of its source.
MADE = {
    "acled": ("acled.csv", {"strike": 1, "battle": 1}, {}),
    "ucdp-ged": ("ucdp_ged.csv", {"battle": 1}, {}),
    "geoconfirmed": ("geoconfirmed.kml", {"ru": 1}, {}),
    "my-maps": ("mymaps.kml", {"strike": 1}, {"other_kind": 1}),
    "civilian-harm": ("bellingcat_export_events.json", {"civilians": 1}, {"hidden_source": 1}),
    "newsroom-periods": ("nzz.json", {"no_change": 1, "gains": 1, "losses": 1}, {}),
}


@pytest.mark.parametrize("name", MADE)
def test_a_shipped_mapping_makes_of_a_file_what_its_source_means(name: str) -> None:
    file, categories, aside = MADE[name]
    if not (FORMATS / file).is_file():
        pytest.skip("the made-up files are not here; set TILESERVER_FORMATS to their folder")
    trial = try_mapping(FORMATS / file, load_mapping(name), None, None)
    assert trial.refusal == ""
    assert trial.categories == categories
    told = trial.report.as_dict()
    put = {
        each: n
        for each, n in told["counts"].items()
        if told["treatments"][each] in ("quarantined", "left_out")
    }
    assert put == aside
    assert trial.report.balances


def _gdelt(first: int) -> str:
    """A row of the export whose place begins in the column *first*, counted from 1; 52 is right."""
    row = dict(enumerate([""] * 62, 1)) | {1: "1100000001", 2: "20230514", 27: "190", 28: "190", 29: "19"}
    place = ["4", "Bakhmut, Donetsk, Ukraine", "UP", "UP05", "25", "48.5956", "37.9999", "-1035400"]
    row |= dict(enumerate(place, first)) | {60: "20230514120000", 61: "https://example.org/a"}
    return "\t".join(list(row.values())[:61]) + "\n"


def test_columns_beside_their_place_in_the_codebook_are_refused_with_the_column_and_its_value(
    tmp_path: Path,
) -> None:
    path = tmp_path / "20230514120000.export.CSV"
    path.write_text(_gdelt(53), "utf-8")
    refusal = try_mapping(path, load_mapping("gdelt"), None, None).refusal
    assert "keep_only 2 by 52, which says ''" in refusal


@pytest.mark.parametrize(
    ("name", "file", "text", "expected"),
    [
        (
            "uacontrolmap-areas",
            "20230514.json",
            (
                '{"areas": [[[48, 37], [48, 38], [49, 38]]], "areas_ua": [[[51, 34], [51, 35], [52, 35]]],'
                ' "frontline": [[[48, 37], [49, 38]]], "geos": {"ru": [], "ua": []}}'
            ),
            {"occupied": 1, "held_in_russia": 1},
        ),
        (
            "uacontrolmap-areas",
            "20230514.json",
            '{"areas": [[[48, 37], [48, 38], [49, 38]]]}',
            {"occupied": 1},
        ),
        ("uacontrolmap-front", "20230514.json", '{"frontline": [[[48, 37], [49, 38]]]}', {"": 1}),
        ("uacontrolmap-front", "20230514.json", '{"areas": [], "frontline": [[48, 37], [49, 38]]}', {"": 1}),
        ("gdelt", "20230514120000.export.CSV", _gdelt(52), {"battle": 1}),
        (
            "dissolved-areas",
            "deepstatemap_data_20230514.geojson",
            (
                '{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name":'
                ' "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "features": [{"type": "Feature", "properties": {},'
                ' "geometry": {"type": "MultiPolygon",'
                ' "coordinates": [[[[37, 48], [38, 48], [38, 49], [37, 48]]]]}}]}'
            ),
            {"occupied": 1},
        ),
        (
            "held-places",
            "places.csv",
            (
                "Name,Held by,source,More information,sourceLink,Lat,Lon,first_seen_day,last_seen_day\n"
                "Here,Donetsk PR,s,,,48.5,37.9,2022-03-01,2022-03-05\n"
                "There,Truce,s,,,48,37,2022-03-01,2022-03-05\n"
                "Nowhere,Ukraine,s,,,,,2022-03-01,2022-03-05\n,,,,,,,2022-03-01,2022-03-05\n"
            ),
            {"russia": 1},
        ),
        (
            "damage-monitor",
            "monitor.csv",
            (
                "entry,date,event_group,title,brief description,lat,lon,town/city,violence level,"
                "link,geolocation\n"
                "UW1,2022-03-05,Civilian Infrastructure Damage March 2022,t,d,48,37,x,1,https://example.org/1,\n"
                "UW1,2022-03-06,Bombing or Explosion Feb - June,t,d,48,37,x,GRAPHIC,https://example.org/2,\n"
                "UW2,,Mass grave or Burial,07/03/2022 A grave,d,48,37,x,1,t.me/example/1,\n"
                'UW3,2022-03-08,Other,t,d,48,37,x,1,"Access can be requested, hidden for privacy reasons",\n'
                "UW4,2022-03-08,Other,t,d,48,37,x,1,Link can be requested,\n"
                "UW5,2022-03-08,Other,t,d,48,37,x,1,You can request access to the file,\n"
                "UW6,2022-03-08,Other,t,d,48,37,x,1,На запит,\n"
            ),
            {"damage": 1, "strike": 1, "civilians": 1},
        ),
        (
            "news-candidates",
            "news.csv",
            (
                "event_id_1pd,date,source_urls,asciiname,longitude,latitude,representative_text\n"
                "1,20220224,https://example.org/1,Nizhyn,31.88,51.04,x\n"
            ),
            {"candidate": 1},
        ),
    ],
)
def test_a_shipped_mapping_reads_the_shape_of_its_source(
    name: str, file: str, text: str, expected: dict[str, int], tmp_path: Path
) -> None:
    path = tmp_path / file
    path.write_text(text, "utf-8")
    trial = try_mapping(path, load_mapping(name), None, None)
    assert trial.refusal == ""
    assert trial.categories == expected
    assert trial.report.total("quarantined") == 0
    assert trial.report.balances


def test_evidence_of_a_day_goes_into_the_layers_of_its_files_names(tmp_path: Path) -> None:
    area = f'{{"type":"Feature","properties":{{}},"geometry":{AREA.decode()}}}'
    for name in ("20220601_assessed", "20220602_assessed", "20220601_claimed"):
        (tmp_path / f"{name}.geojson").write_text(area, "utf-8")
    both = theatre(layer("assessed", fields={}), layer("claimed", fields={}))
    found = {
        each.name: try_mapping(tmp_path, load_mapping("evidence-layers"), (both, each), None)
        for each in both.layers
    }
    assert {name: (trial.snapshots, len(trial.features)) for name, trial in found.items()} == {
        "assessed": (2, 2),
        "claimed": (1, 1),
    }
    assert found["claimed"].report.counts[Finding.OTHER_MEMBER] == 2
