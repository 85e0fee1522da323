"""Nothing that leaves the server carries the markup of a definition or of a file."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg
import msgspec
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job
from tileserver.grid import address_at
from tileserver.ingest import ReadOptions
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.theatres import load_theatre
from tileserver.tiles.text import decode_tile
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

BAD = '<img src=x onerror="alert(1)"><a href="javascript:alert(2)">Example & Co</a> <b onclick=x>maps</b>'
GOOD = '<a href="https://maps.example/">Maps</a>'
EXITS = (
    "/tilesets",
    "/tilesets/ukraine-sample",
    "/tilesets/ukraine-sample/timeline",
    "/tilesets/ukraine-sample/km2.json",
    "/styles/ukraine-sample.json",
    "/changes/ukraine-sample.control/2023-11-01/2023-11-09.json",
    "/tiles/ukraine-sample/6/38/22.mvt?datetime=2023-11-09",
    "/?theatre=ukraine-sample",
    "/embed?theatre=ukraine-sample",
)


def test_a_hostile_credit_and_a_hostile_event_leave_as_text_or_as_a_link(
    databases: Databases, sample_database: str, tmp_path: Path
) -> None:
    dsn = databases.copy(sample_database)
    events = tmp_path / "events.geojson"
    properties = {"kind": "battle", "date": "2023-11-09", "text": BAD, "url": "javascript:alert(3)"}
    feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [37.6, 48.3]}}
    events.write_text(
        json.dumps({"type": "FeatureCollection", "features": [{**feature, "properties": properties}]})
    )

    async def poison(connection: asyncpg.Connection) -> dict[str, int]:
        theatre = load_theatre("ukraine-sample")
        source = {"publisher": BAD, "licence": BAD, "attribution": f"{BAD} {GOOD}", "url": "javascript:1"}
        layers = [
            msgspec.structs.replace(layer, source=msgspec.convert(source, type(layer.source)))
            for layer in theatre.layers
        ]
        await add_theatre(connection, msgspec.structs.replace(theatre, layers=tuple(layers)))
        stored = {
            each.layer.name: each for each in await load_layers(connection) if each.ref.theatre == theatre.id
        }
        outcome = await import_file(
            Job(connection, stored, "events"), events, ReadOptions(date_column="date")
        )
        return {str(finding): number for finding, number in outcome.report["counts"].items()}

    counts = databases.run(dsn, poison)
    assert (counts["markup_removed"], counts["no_link"]) == (1, 1)
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        for path in EXITS:
            answer = client.get(path)
            assert answer.status_code == 200, path
            for forbidden in ("<img src=x", "onerror", "javascript:", "<b "):
                assert forbidden not in answer.text, f"{forbidden} in {path}"
        tilejson = client.get("/tilesets/ukraine-sample").json()
        assert tilejson["attribution"] == (
            '<a rel="noopener noreferrer">Example &amp; Co</a> maps'
            ' <a href="https://maps.example/" rel="noopener noreferrer">Maps</a>'
        )
        assert tilejson["sources"]["control"]["attribution"] == "Example & Co maps Maps"
        assert tilejson["sources"]["control"]["url"] == ""
        address = address_at(37.6, 48.3, 8)
        tile = client.get(f"/tiles/ukraine-sample.events/{address}.mvt?datetime=2023-11-09").content
    texts = [each["properties"] for each in decode_tile(tile)["events"]]
    [ours] = [each for each in texts if "Example" in each.get("text", "")]
    assert ours["text"] == "Example & Co maps"
    assert "url" not in ours
