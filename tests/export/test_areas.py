"""Parts of a map by name: oblasts, directions and files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.cli.conftest import Run
from tests.export.test_archives import in_pmtiles
from tileserver.errors import BadParameter
from tileserver.export.areas import area_of, names_of
from tileserver.grid import TileAddress, address_at
from tileserver.shape.project import to_mercator
from tileserver.theatres import load_theatre

UKRAINE = load_theatre("ukraine")
CAPITALS = {
    "Kharkiv": (36.25, 49.99), "Kherson": (32.61, 46.64), "Autonomous Republic of Crimea": (34.1, 44.95),
    "Sevastopol": (33.52, 44.6), "Kyiv": (30.52, 50.45), "Kyiv Oblast": (30.52, 50.45),
    "Lviv": (24.03, 49.84),
}  # fmt: skip


def square(path: Path, west: float, south: float, side: float) -> Path:
    """Write a GeoJSON file with one square, in degrees."""
    shape = shapely.box(west, south, west + side, south + side)
    path.write_text(shapely.to_geojson(shape))
    return path


@pytest.mark.parametrize("name", CAPITALS)
def test_an_oblast_has_its_capital_and_ends_where_the_next_begins(name: str) -> None:
    inside = {
        other
        for other, place in CAPITALS.items()
        if shapely.contains(area_of(name, UKRAINE).shape, shapely.points(to_mercator(np.array([place]))[0]))
    }
    assert inside == ({"Kyiv", "Kyiv Oblast"} if name.startswith("Kyiv") else {name})


def test_every_oblast_is_named_in_any_language_and_none_is_missing() -> None:
    names = names_of(UKRAINE)
    assert len([name for name in names if "Oblast" in name]) == 24
    assert len(names) == 27 + len(UKRAINE.directions)
    kharkiv = area_of("Kharkiv Oblast", UKRAINE)
    for other in ("kharkiv", "Харківська область", "Харківська", "ХАРЬКОВСКАЯ область", "Oblast Charkiw"):
        assert area_of(other, UKRAINE) == kharkiv
    assert area_of("Kupiansk", UKRAINE) == area_of("Куп’янськ", UKRAINE) == area_of("kupiansk", UKRAINE)
    assert kharkiv.bounds.contains(34.9, 49.9)
    assert not kharkiv.bounds.contains(34.5, 49.9)


def test_an_area_has_the_tiles_that_it_touches_and_no_other(tmp_path: Path) -> None:
    area = area_of(str(square(tmp_path / "own.geojson", 36.0, 49.0, 0.5)), UKRAINE)
    middle = address_at(36.2, 49.2, 10)
    there = [TileAddress(10, middle.x + x, middle.y + y) for x in range(-3, 4) for y in range(-3, 4)]
    first, last = address_at(36.0, 49.5, 10), address_at(36.5, 49.0, 10)
    wanted = [each for each in there if first.x <= each.x <= last.x and first.y <= each.y <= last.y]
    assert area.touched(there) == wanted != there
    assert area.touched([]) == []


@pytest.mark.parametrize("name", ["Atlantis", "Kharkof", "nowhere.geojson", "Oblast", "own.geojson", ""])
def test_what_is_no_area_is_refused_with_the_names_that_there_are(name: str, tmp_path: Path) -> None:
    square(tmp_path / "own.geojson", 0.0, 0.0, 1.0)  # at sea
    text = str(tmp_path / name) if name.endswith("json") else name
    with pytest.raises(BadParameter) as refused:
        area_of(text, UKRAINE)
    said = str(refused.value)
    assert name.endswith("json") or "Ivano-Frankivsk Oblast, Kharkiv Oblast, " in said
    assert name != "Kharkof" or "did you mean Kharkiv Oblast?" in said


@pytest.mark.db
def test_an_archive_of_an_area_has_its_tiles_with_the_bytes_that_all_have(
    run: Run, changing: str, tmp_path: Path
) -> None:
    whole, part = tmp_path / "whole.pmtiles", tmp_path / "part.pmtiles"
    file = square(tmp_path / "own.json", 36.0, 48.0, 0.4)
    at = ("--datetime", "2024-03-10", "--zooms", "4-9")
    assert not run("export", "ukraine", str(whole), *at, dsn=changing).code
    done = run("export", "ukraine", str(part), *at, "--area", str(file), "--json", dsn=changing)
    assert json.loads(done.out)[0]["tiles"], done
    area, tiles = area_of(str(file), UKRAINE), in_pmtiles(whole)
    addresses = [TileAddress(*map(int, each.split("/"))) for each in tiles]
    assert in_pmtiles(part) == {str(each): tiles[str(each)] for each in area.touched(addresses)}
    both = run("export", "ukraine", str(part), "--area", str(file), "--bounds=36,48,37,49", dsn=changing)
    assert (both.code, "choose one" in both.err) == (2, True)
