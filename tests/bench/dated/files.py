"""The data set as files, for any server: ``python -m tests.bench.dated.files FOLDER``.

A folder for each publication: ``areas/YYYY-MM-DD.geojson``, each the whole state of its day, and
``events.geojson``, the events that are new or replace those of the same key. All of it is CC0-1.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import shapely
import typer

from tests.bench.dated.world import Area, Event, Publication, day_of, publications

LICENCE = """\
Invented data for measuring servers of dated vector tiles. Nothing in it is real.

Made by tests/bench/dated of tileserver, which dedicates it to the public domain: CC0-1.0,
https://creativecommons.org/publicdomain/zero/1.0/
"""


def write(publication: Publication, folder: Path) -> tuple[Path, Path]:
    """Write one publication below *folder*; return the folder of its states, and the file of its events."""
    areas, events = (
        folder / f"{publication.number}" / "areas",
        folder / f"{publication.number}" / "events.geojson",
    )
    areas.mkdir(parents=True)
    for day, state in publication.states.items():
        (areas / f"{day_of(day)}.geojson").write_bytes(_collection([_area(each) for each in state]))
    if publication.events:
        events.write_bytes(_collection([_event(each) for each in publication.events]))
    return areas, events


def _collection(features: list[dict[str, Any]]) -> bytes:
    """UTF-8 JSON."""
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _area(area: Area) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(area.polygon),
        "properties": {"place": area.place, "status": area.status},
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [event.lon, event.lat]},
        "properties": {
            "event": event.key,
            "date": str(day_of(event.day)),
            "kind": event.kind,
            "exactness": event.exactness,
            "text": event.text,
            "sources": event.sources,
        },
    }


def main(
    folder: Annotated[Path, typer.Argument(help="A new folder.")],
    seed: Annotated[int, typer.Option(help="The same seed, the same bytes.")] = 1,
) -> None:
    """Write all publications."""
    folder.mkdir(parents=True)
    (folder / "LICENCE.txt").write_text(LICENCE)
    for publication in publications(seed):
        write(publication, folder)


if __name__ == "__main__":
    typer.run(main)
