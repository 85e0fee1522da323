"""Law: the shipped theatre takes the files of its publishers by the mappings that it names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tileserver.ingest import RawFeature, ReadOptions, Report, read_features
from tileserver.ingest.mapping.load import load_mapping
from tileserver.ingest.mapping.of_layer import check_mappings, declared_mapping
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.theatres import load_theatre

UKRAINE = load_theatre("ukraine")


def test_the_mappings_that_it_names_fit_their_layers() -> None:
    check_mappings(UKRAINE)
    named = {each.name: loaded.name for each in UKRAINE.layers if (loaded := declared_mapping(each))}
    tiers = ("assessed", "claimed", "advances", "counter_offensives", "infiltration")
    points = {"events": "uacontrolmap-events.toml", "damage": "damage-monitor.toml"}
    assert named == {**points, **dict.fromkeys(tiers, "evidence-layers.toml")}


@pytest.mark.parametrize(("mapping", "layer"), [("civilian-harm", "damage"), ("geoconfirmed", "events")])
def test_other_mappings_that_the_readme_gives_to_its_layers_fit_them(mapping: str, layer: str) -> None:
    IntakePlan.of(load_mapping(mapping), UKRAINE, UKRAINE.layer(layer))


def footage(folder: Path, *said: str) -> Sequence[RawFeature]:
    path = folder / "events.csv"
    rows = (f'20231109,ru,37.5,48.5,"{each}"' for each in said)
    path.write_text("\n".join(["date_key,side,lon,lat,d", *rows]))
    return list(read_features(path, UKRAINE, UKRAINE.layer("events"), ReadOptions(), Report()))


@pytest.mark.parametrize(
    "said",
    [
        "Tank hit https://twitter.com/a/status/77",
        "Tank hit by a drone https://x.com/a/status/77?s=46",
        "Hit (https://mobile.twitter.com/b/status/77/photo/1)",
        "Hit https://x.com/a/status/77 and https://x.com/b/status/78",
    ],
)
def test_footage_is_known_by_day_place_and_number_of_the_post(tmp_path: Path, said: str) -> None:
    assert [each.event_key for each in footage(tmp_path, said)] == ["20231109 | 37.5 | 48.5 | 77"]


def test_footage_of_another_site_is_known_by_its_first_address(tmp_path: Path) -> None:
    (found,) = footage(tmp_path, "Hit https://t.me/a/5?single https://x.com/a/status/77")
    assert found.event_key == "20231109 | 37.5 | 48.5 | t.me/a/5"


def test_a_copy_of_a_row_takes_no_key_away_and_two_vehicles_in_one_post_have_none(tmp_path: Path) -> None:
    tank, truck = ("Tank https://x.com/a/status/77", "Truck https://x.com/a/status/77")
    assert {each.event_key for each in footage(tmp_path, tank, tank)} == {"20231109 | 37.5 | 48.5 | 77"}
    assert [each.event_key for each in footage(tmp_path, tank, truck, tank)] == ["", "", ""]
