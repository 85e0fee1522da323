"""Shapes of comparison tiles: pieces of land that changed hands and stretches of lines, with properties."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import BUFFER, EXTENT, Band, TileAddress
from tileserver.shape.band_comparison import band_lines, band_pieces
from tileserver.shape.compare import Area, CellDifference, Piece
from tileserver.store.catalogue import StoredLayer
from tileserver.store.comparison_tiles import ShapeRow
from tileserver.store.measures import DifferingFace

_ENTRY = 400  # bytes that a shape costs in memory beside its geometry
_ID_BITS = 53  # a JavaScript number holds no more
_DECIMALS = 4  # of a square kilometre: a hundredth of a hectare


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Comparison of one layer in one band, as rows of tiles.

    ``boxes`` bound the rows, shape (n, 4): west, south, east, north in metres of EPSG:3857.
    """

    rows: Sequence[ShapeRow]
    boxes: npt.NDArray[np.float64]

    @property
    def weight(self) -> int:
        """Bytes in memory."""
        return _ENTRY + sum(_ENTRY + len(row.wkb) for row in self.rows)

    def near(self, address: TileAddress) -> list[ShapeRow]:
        """Return the rows whose box meets the tile at *address* or its buffer."""
        box = address.bounds
        margin = (box.east - box.west) * BUFFER / EXTENT
        west, south, east, north = self.boxes.T
        meets = (west <= box.east + margin) & (east >= box.west - margin)
        meets &= (south <= box.north + margin) & (north >= box.south - margin)
        return [self.rows[number] for number in np.flatnonzero(meets).tolist()]


def compared_cells(faces: Sequence[DifferingFace], band: Band) -> Iterator[CellDifference]:
    """Yield the two sides of each cell of *band* in which the two states differ, from their differing faces.

    Where one state has a larger cell than the other, all cells within the larger one are compared as one.
    """
    cells = _largest_cells({face.cell for face in faces}, band)
    sides: defaultdict[TileAddress, tuple[list[Area], list[Area]]] = defaultdict(lambda: ([], []))
    shapes = shapely.from_wkb([face.wkb for face in faces])
    for face, shape in zip(faces, shapes, strict=True):
        before, after = sides[cells[face.cell]]
        (before if face.before else after).append((face.status, shape))
    for own in sides.values():
        yield CellDifference(*own)


def _largest_cells(cells: Collection[int], band: Band) -> dict[int, TileAddress]:
    """Return by cell the address of the largest of *cells* around the cell, or of the cell itself."""
    addresses = {cell: band.cell_address(cell) for cell in cells}
    found: dict[TileAddress, TileAddress] = {}
    zooms = sorted({address.z for address in addresses.values()})
    if len(zooms) == 1:
        return addresses
    for each in sorted(addresses.values(), key=attrgetter("z")):  # the larger ones first
        around = (each.above(each.z - zoom) for zoom in zooms if zoom <= each.z)
        found[each] = next(address for address in around if address in found or address == each)
    return {cell: found[address] for cell, address in addresses.items()}


def draw_pieces(cells: Sequence[CellDifference], band: Band, our_side: Collection[str]) -> Drawn:
    """Return the land that changed hands as rows: status ``was`` and ``is``, ``km2``, and ``change``.

    ``change`` takes the side of the statuses *our_side*: ``gained`` or ``lost``; land that passed between two
    statuses of one side has none. Slivers are left out, and ``left_out_km2`` says how many km2 in all.
    """
    pieces = band_pieces(cells, band)
    left_out = round(sum(piece.km2 for piece in pieces if piece.sliver), _DECIMALS)
    whole = [piece for piece in pieces if not piece.sliver]
    said = [{**_piece_fields(piece, our_side), "left_out_km2": left_out} for piece in whole]
    return _drawn([piece.polygon for piece in whole], said, [f"{each.before}>{each.after}" for each in whole])


def draw_lines(cells: Sequence[CellDifference], band: Band) -> Drawn:
    """Return the stretches of lines in one state alone as rows: ``state`` is ``was`` or ``is``."""
    lines = band_lines(cells, band)
    said = ["was" if each.before else "is" for each in lines]
    return _drawn([each.line for each in lines], [{"state": each} for each in said], said)


def _piece_fields(piece: Piece, our_side: Collection[str]) -> dict[str, Any]:
    sides = piece.before in our_side, piece.after in our_side
    change = {(False, True): "gained", (True, False): "lost"}.get(sides)
    fields = {"was": piece.before, "is": piece.after, "change": change}
    return {name: value for name, value in fields.items() if value} | {"km2": round(piece.km2, _DECIMALS)}


def _drawn(shapes: Sequence[BaseGeometry], said: Sequence[dict[str, Any]], names: Sequence[str]) -> Drawn:
    every = shapely.set_srid(np.array(shapes, dtype=object), 3857)
    wkbs = shapely.to_wkb(every, include_srid=True, byte_order=1)
    rows = [
        ShapeRow(_id(name, wkb), fields, wkb) for name, fields, wkb in zip(names, said, wkbs, strict=True)
    ]
    return Drawn(rows, shapely.bounds(every).reshape(-1, 4))


def _id(name: str, wkb: bytes) -> int:
    """Return the id of a shape, 53 bits of a hash: the same in every tile that shows the shape."""
    digest = hashlib.blake2b(name.encode() + b"\0" + wkb, digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _ID_BITS)


def our_statuses(stored: StoredLayer) -> Collection[str]:
    """Return the statuses on the side from which gain and loss in *stored* are told.

    The line that derives from *stored* declares the side; empty where no line derives from *stored*.
    """
    lines = (layer.derived for layer in stored.theatre.layers if layer.drawn_from == stored.layer.name)
    return next((stored.layer.on_side(line.side) for line in lines if line is not None), ())
