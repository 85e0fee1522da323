"""Tiles with their points apart, in one grid for all zooms, where a change is alike in all tiles.

A tile counts its points from the one before, in its own grid, so that one new point of a border is
other bytes at each zoom, and its neighbours too. Opened, a tile is the same protocol buffer (MVT 2.1)
with the parameters of each geometry taken out, commands alone, and after it the points: column and row
as two signed numbers of 32 bits, big-endian, in world units, or at finer zooms in units of the tile
from its own corner. The last four bytes are the number of bytes before the points.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tileserver.grid import EXTENT, UNIT_ZOOM, TileAddress

_LAYER, _FEATURE, _GEOMETRY = 3, 2, 4  # MVT 2.1, 4: fields of a tile, a layer, a feature
_CLOSE = 7  # command without parameters (4.3.1)
_BYTES, _VARINT = 2, 0  # wire types
_LONGEST = 63  # bits of a varint's number
_FIXED = {1: 8, 5: 4}  # bytes, by wire type

Geometry: TypeAlias = Callable[[bytes], bytes]


def open_tile(tile: bytes, address: TileAddress) -> bytes | None:
    """Return the MVT *tile* opened; ``None`` where the same bytes would not come back."""
    points = bytearray()
    grid = _Grid(address)
    try:
        rest = _rewritten(tile, lambda geometry: grid.taken(geometry, points))
        opened = rest + bytes(points) + struct.pack(">I", len(rest))
        return opened if close_tile(opened, address) == tile else None
    except (LookupError, StopIteration, struct.error, ValueError):
        return None


def close_tile(opened: bytes, address: TileAddress) -> bytes:
    """Return the MVT tile that `open_tile` opened; `ValueError` for whatever is none."""
    try:
        (length,) = struct.unpack_from(">I", opened, len(opened) - 4)
        points = struct.iter_unpack(">ii", opened[length:-4])
        grid = _Grid(address)
        tile = _rewritten(opened[:length], lambda commands: grid.put(commands, points))
    except (LookupError, StopIteration, struct.error) as error:
        raise ValueError("no opened tile") from error
    if next(points, None) is not None:
        raise ValueError("an opened tile with too many points")
    return tile


class _Grid:
    """Points of a tile in world units, or from the tile's corner at finer zooms."""

    def __init__(self, address: TileAddress) -> None:
        self._shift = max(UNIT_ZOOM - address.z, 0)
        is_coarse = address.z <= UNIT_ZOOM
        self._corner = (address.x * EXTENT, address.y * EXTENT) if is_coarse else (0, 0)

    def taken(self, geometry: bytes, points: bytearray) -> bytes:
        """Return the commands of *geometry*, and add its points to *points*."""
        commands, x, y = bytearray(), *self._corner
        numbers = _numbers(geometry)
        for command in numbers:
            commands += _varint(command)
            if command & 7 != _CLOSE:
                for _ in range(command >> 3):
                    x, y = x + _signed(next(numbers)), y + _signed(next(numbers))
                    points += struct.pack(">ii", x << self._shift, y << self._shift)
        return bytes(commands)

    def put(self, commands: bytes, points: Iterator[tuple[int, ...]]) -> bytes:
        """Return the geometry of *commands* with the next of *points*."""
        geometry, x, y = bytearray(), *self._corner
        for command in _numbers(commands):
            geometry += _varint(command)
            if command & 7 != _CLOSE:
                for _ in range(command >> 3):
                    to_x, to_y = (each >> self._shift for each in next(points))
                    geometry += _varint(_unsigned(to_x - x)) + _varint(_unsigned(to_y - y))
                    x, y = to_x, to_y
        return bytes(geometry)


def _rewritten(message: bytes, geometry: Geometry, path: tuple[int, ...] = (_LAYER, _FEATURE)) -> bytes:
    """Return *message* with each geometry below *path* rewritten, and with all lengths mended."""
    out, at = bytearray(), 0
    while at < len(message):
        begin = at
        key, at = _read(message, at)
        if key & 7 == _BYTES:
            length, at = _read(message, at)
            body = message[at : at + length]
            if len(body) < length:
                raise ValueError("a message that ends too early")
            at += length
            if path and key >> 3 == path[0]:
                body = _rewritten(body, geometry, path[1:])
            elif not path and key >> 3 == _GEOMETRY:
                body = geometry(body)
            out += _varint(key) + _varint(len(body)) + body
            continue
        at = _read(message, at)[1] if key & 7 == _VARINT else at + _FIXED[key & 7]
        out += message[begin:at]
    return bytes(out)


def _read(message: bytes, at: int) -> tuple[int, int]:
    """Return the varint at *at*, and where the next thing begins."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > _LONGEST:
            raise ValueError("a number without end")


def _numbers(packed: bytes) -> Iterator[int]:
    at = 0
    while at < len(packed):
        number, at = _read(packed, at)
        yield number


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _unsigned(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1
