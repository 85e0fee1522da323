"""MBTiles 1.3: one SQLite file, with rows from the south.

Specification: github.com/mapbox/mbtiles-spec, 1.3/spec.md.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tileserver.errors import UnreadableSource
from tileserver.export.pmtiles import place_of
from tileserver.grid import TileAddress

_APPLICATION = 0x4D504258  # "MPBX", by which tools know the file
_SCHEMA = f"""
    PRAGMA page_size = 4096;
    PRAGMA application_id = {_APPLICATION};
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE metadata (name text, value text);
    CREATE TABLE tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob);
"""
_INDEX = "CREATE UNIQUE INDEX tile_index ON tiles (zoom_level, tile_column, tile_row)"


class _Writer:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, address: TileAddress, data: bytes) -> None:
        row = (address.z, address.x, (1 << address.z) - 1 - address.y, data)
        self._connection.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", row)

    def finish(self, metadata: dict[str, Any]) -> None:
        rows = _rows(metadata).items()
        self._connection.executemany("INSERT INTO metadata VALUES (?, ?)", rows)
        self._connection.execute(_INDEX)
        self._connection.commit()


@contextmanager
def writing(path: Path) -> Iterator[_Writer]:
    """Lend a writer into a new file at *path*."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SCHEMA)
        yield _Writer(connection)


class _Reader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        rows = dict(connection.execute("SELECT name, value FROM metadata").fetchall())
        self.metadata: dict[str, Any] = json.loads(rows["json"])["tileserver"]

    def tiles(self) -> Iterator[tuple[TileAddress, bytes]]:
        """Yield each tile with its address, in the order of `place_of`.

        A file that others wrote into is sorted first; addresses alone are held in memory.
        """
        found = self._connection.execute("SELECT rowid, zoom_level, tile_column, tile_row FROM tiles")
        places = [
            (place_of(address := TileAddress(z, x, (1 << z) - 1 - row)), rowid, address)
            for rowid, z, x, row in found
        ]
        for _, rowid, address in sorted(places, key=lambda each: each[0]):
            question = "SELECT tile_data FROM tiles WHERE rowid = ?"
            yield address, self._connection.execute(question, (rowid,)).fetchone()[0]


@contextmanager
def reading(path: Path) -> Iterator[_Reader]:
    """Lend a reader of the file at *path*; `UnreadableSource` for any other file."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            reader = _Reader(connection)
        except (sqlite3.Error, KeyError, ValueError) as error:
            raise UnreadableSource(f"{path.name} is no MBTiles archive that tileserver wrote") from error
        yield reader


def _rows(metadata: dict[str, Any]) -> dict[str, str]:
    """Return the rows of the table ``metadata`` (1.3, Metadata); ``json`` has all, in our own words, too."""
    return {
        "name": metadata["name"],
        "format": metadata["format"],
        "bounds": ",".join(map(str, metadata["bounds"])),
        "center": ",".join(map(str, metadata["center"])),
        "minzoom": str(metadata["minzoom"]),
        "maxzoom": str(metadata["maxzoom"]),
        "attribution": metadata["attribution"],
        "description": metadata["description"],
        "type": "overlay",
        "json": json.dumps({"vector_layers": metadata["vector_layers"], "tileserver": metadata}),
    }
