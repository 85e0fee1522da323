"""A tile that is opened is closed to the same bytes, and a change is told once for all zooms."""

from __future__ import annotations

import gzip
from pathlib import Path

import mapbox_vector_tile
import pytest
import shapely

from tests.export.test_archives import in_pmtiles
from tileserver.export.archive import new_archive
from tileserver.export.container import Metadata
from tileserver.export.delta import apply_delta, write_delta
from tileserver.export.opened import close_tile, open_tile
from tileserver.grid import TileAddress

SAID: Metadata = {
    "name": "made", "description": "", "attribution": "", "bounds": [-180, -85, 180, 85], "center": [0, 0, 0],
    "minzoom": 4, "maxzoom": 12, "vector_layers": [], "format": "pbf",
}  # fmt: skip


def tile_of(zoom: int, bend: int) -> bytes:
    """A border of many points, the same at each zoom, with a bend of *bend* units."""
    scale = 1 << (zoom - 4)
    points = [(step * 16, (step * 37) % 101) for step in range(200)]
    moved = [(x, y + bend * (x > 800) * (x < 1100)) for x, y in points]
    line = shapely.LineString([(x * scale % 4096, y * scale % 4096) for x, y in moved])
    layer = {"name": "border", "features": [{"geometry": line, "properties": {"side": "one"}}]}
    tile: bytes = mapbox_vector_tile.encode([layer], default_options={"y_coord_down": True})
    return tile


@pytest.mark.db
def test_every_tile_of_an_archive_comes_back(archives: tuple[Path, Path]) -> None:
    found = in_pmtiles(archives[0])
    for name, packed in found.items():
        address, tile = TileAddress(*map(int, name.split("/"))), gzip.decompress(packed)
        opened = open_tile(tile, address)
        assert opened is not None
        assert close_tile(opened, address) == tile


@pytest.mark.parametrize("zoom", [0, 4, 14, 15, 22, 24])
def test_tiles_of_all_zooms_come_back(zoom: int) -> None:
    address = TileAddress(zoom, (1 << zoom) - 1, (1 << zoom) - 1)
    opened = open_tile(tile_of(4, 9), address)
    assert opened is not None
    assert close_tile(opened, address) == tile_of(4, 9)


def test_bytes_that_are_no_tile_are_left_alone_and_torn_ones_are_refused() -> None:
    address = TileAddress(4, 1, 1)
    tile = tile_of(4, 9)
    for other in (b"\xff" * 40, tile[:-7], b"\x1a\x80\x00", tile + b"\x07"):
        assert open_tile(other, address) is None
    opened = open_tile(tile, address)
    assert opened is not None
    for torn in (b"", b"abc", opened[:-5], opened[8:], opened[:-4] + bytes(8) + opened[-4:], b"\x80" * 90):
        with pytest.raises(ValueError, match=r"."):
            close_tile(torn, address)


def test_a_delta_tells_a_change_of_many_zooms_in_less_than_each_zoom_alone(tmp_path: Path) -> None:
    zooms = [4, 5, 6]
    sizes = {}
    for name, some in (("all", zooms), *((str(zoom), [zoom]) for zoom in zooms)):
        base, result, delta, made = (tmp_path / f"{each}-{name}.pmtiles" for each in "brdm")
        for path, bend in ((base, 0), (result, 13)):
            with new_archive(path) as archive:
                for zoom in some:
                    archive.put(TileAddress(zoom, 0, 0), gzip.compress(tile_of(zoom, bend), 6, mtime=0))
                archive.finish(dict(sorted(SAID.items())))
        write_delta(base, result, delta, tmp_path)
        apply_delta(base, delta, made)
        assert made.read_bytes() == result.read_bytes()
        sizes[name] = sum(map(len, in_pmtiles(delta).values()))
    assert sizes["all"] < 0.9 * sum(sizes[str(zoom)] for zoom in zooms)
