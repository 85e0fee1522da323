"""Law: where a place is told less exactly than before, no revision goes on telling the exact one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tileserver.desk.importer import gather_file
from tileserver.desk.job import Job, Outcome
from tileserver.desk.preview import Preview, preview
from tileserver.event_keys import event_id
from tileserver.ingest import ReadOptions
from tileserver.ingest.mapping.load import parse_mapping

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

MAPPING = parse_mapping(
    """
[date]
column = "date"
[geometry]
lon = "lon"
lat = "lat"
[category]
value = "damage"
[fields]
text = "text"
exactness = "class"
[id]
column = "id"
""",
    "own.toml",
)


def row(name: str, exactness: str, **said: Any) -> dict[str, Any]:
    there = {"date": "2023-11-02", "lon": 37.51234, "lat": 48.51234, "text": "A house."}
    return {"id": name, "class": exactness, **there, **said}


@pytest.fixture
def listed(desk: Desk, tmp_path: Path) -> Callable[..., Outcome]:
    """A function that imports rows into a layer with classes of exactness."""

    def run(*rows: Mapping[str, Any]) -> Outcome:
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(rows))
        return desk.import_file("damage", path, ReadOptions(mapping=MAPPING), accept="")

    return run


def versions(desk: Desk) -> list[tuple[int, str, str]]:
    """Id, class and text of all that any revision has."""
    found = desk.fetch("SELECT id, properties AS p FROM feature_version ORDER BY id, lower(known)")
    return [(each["id"], each["p"]["exactness"], each["p"]["text"]) for each in found]


def edition(desk: Desk) -> int:
    return int(desk.fetch("SELECT edition FROM layer WHERE name = 'damage'")[0]["edition"])


def test_more_exact_versions_leave_every_revision_and_the_new_one_stands(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    one, two = event_id("damage", "A1"), event_id("damage", "B2")
    listed(row("A1", "exact"), row("B2", "near", text="A shop."))
    listed(row("A1", "near", text="A house at the edge."), row("B2", "near", text="A shop."))
    before = edition(desk)
    done = listed(row("A1", "region"), row("B2", "near", text="The shop."))
    assert (done.coarsened, done.hidden) == (1, 0)
    shop = [(two, "near", "A shop."), (two, "near", "The shop.")]
    assert versions(desk) == sorted([(one, "region", "A house."), *shop])
    assert edition(desk) == before + 1
    again = listed(row("A1", "region"), row("B2", "near", text="The shop."))
    assert (again.revision, again.coarsened) == (None, 0)


def test_a_place_that_is_told_more_exactly_keeps_its_past_and_nothing_is_kept_out(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(row("A1", "region"))
    before = edition(desk)
    assert listed(row("A1", "exact")).coarsened == 0
    assert [each[1] for each in versions(desk)] == ["region", "exact"]
    assert edition(desk) == before
    assert listed(row("A1", "region")).coarsened == 1
    assert listed(row("A1", "settlement")).added == 1, "it is not on the list of what was withdrawn"


def test_a_trial_counts_what_would_go_and_takes_nothing(
    desk: Desk, listed: Callable[..., Outcome], tmp_path: Path
) -> None:
    listed(row("A1", "exact"))
    path = tmp_path / "next.json"
    path.write_text(json.dumps([row("A1", "region")]))

    async def work(connection: asyncpg.Connection) -> Preview:
        job = Job(connection, await desk.layers(connection), "damage")
        return await preview(job, await gather_file(job, path, ReadOptions(mapping=MAPPING)))

    told = desk.run(work)
    assert (told.coarsened, told.nothing) == (1, False)
    assert [each[1] for each in versions(desk)] == ["exact"]
