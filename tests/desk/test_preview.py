"""Law: a preview says what the import then does, writes nothing, and reaches no public exit."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import shapely

from tests.desk.conftest import square
from tests.desk.test_held import DAYS, HALF, LESS, WIDE, areas, public, write
from tests.desk.test_hiding import TOML, row
from tileserver.desk.held import preview_held
from tileserver.desk.importer import gather_file
from tileserver.desk.job import Job
from tileserver.desk.preview import Preview, preview
from tileserver.desk.preview_between import preview_between
from tileserver.desk.preview_document import preview_document
from tileserver.desk.preview_page import preview_page
from tileserver.ingest import ReadOptions
from tileserver.ingest.mapping.load import load_mapping, parse_mapping
from tileserver.model import Revision
from tileserver.picture.land import projected
from tileserver.shape.measure import area_km2
from tileserver.store.catalogue import load_layers

if TYPE_CHECKING:
    from tests.desk.conftest import Cells, Desk

pytestmark = pytest.mark.db

KEYED = ReadOptions(reader="geojson", date_column="date", key_columns=("id",))


def previewed(
    desk: Desk, layer: str, path: Path, options: ReadOptions | None = None, *, complete: bool = False
) -> Preview:
    async def work(connection: asyncpg.Connection) -> Preview:
        job = Job(connection, await desk.layers(connection), layer)
        return await preview(job, await gather_file(job, path, options or ReadOptions(), complete=complete))

    return desk.run(work)


def km2(cells: Cells) -> float:
    return sum(area_km2(projected(shapely.from_geojson(json.dumps(square(cell))))) for cell in cells)


def of_day(folder: Path, day: int, features: list[Any]) -> Path:
    return write(folder / f"{int(DAYS[day].timestamp())}.geojson", *features)


def event(number: int, **said: Any) -> dict[str, Any]:
    place = {"type": "Point", "coordinates": [36 + number / 100, 48.5]}
    return {"type": "Feature", "properties": {"id": number, "date": "2023-11-02", **said}, "geometry": place}


def test_a_preview_of_a_state_says_what_passes_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE})
    path = of_day(tmp_path, 1, areas(HALF))
    stored, seen = desk.dump(), public(desk)
    told = previewed(desk, "control", path)
    assert desk.dump() == stored
    assert desk.fetch("SELECT count(*) AS n FROM held")[0]["n"] == 0
    assert public(desk) == seen
    assert {each.rule for each in told.rulings} == {"fall"}
    (state,) = told.states  # the newest day is the one of the largest change
    assert state.at == DAYS[1]
    (effect,) = state.effects
    assert effect.before == pytest.approx(km2(WIDE), rel=1e-9)
    assert effect.after == pytest.approx(km2(HALF), rel=1e-9)
    (passage,) = state.passages
    assert (passage.before, passage.after) == ("occupied", "")
    assert passage.km2 == pytest.approx(km2(WIDE) - km2(HALF), rel=1e-9)
    done = desk.import_file("control", path)
    assert (done.added, done.ended) == (told.added, told.ended)


def test_areas_that_come_on_top_of_those_that_hold_are_told_and_a_whole_state_is_not(
    desk: Desk, tmp_path: Path
) -> None:
    desk.import_states({DAYS[0]: WIDE})
    path = write(
        tmp_path / "day.geojson",
        *({**each, "properties": {"status": "occupied"}} for each in areas(HALF)),
    )
    for whole, on_top in ((False, True), (True, False)):
        options = ReadOptions(reader="geojson", at=DAYS[1], whole_state=whole)
        told = previewed(desk, "control", path, options)
        assert told.is_on_top is on_top
        page = preview_page(desk.run(desk.layers)["control"], "", told)
        assert ("No area ends" in page) is on_top
        assert preview_document(told)["on_top"] is on_top


def test_the_day_of_the_largest_change_is_told_beside_the_newest(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE, DAYS[1]: WIDE, DAYS[3]: LESS})
    told = previewed(desk, "control", of_day(tmp_path, 1, areas(HALF)))
    assert [each.at for each in told.states] == [DAYS[3], DAYS[1]]
    newest, largest = told.states
    assert not newest.passages
    assert [(each.before, each.after) for each in largest.passages] == [("occupied", "")]
    assert (told.days, told.first, told.last) == (
        3,
        DAYS[1],
        DAYS[1],
    )  # to noon of the third


def test_what_is_known_already_would_change_nothing(desk: Desk, tmp_path: Path) -> None:
    path = of_day(tmp_path, 1, areas(WIDE))
    desk.import_file("control", path)
    told = previewed(desk, "control", path)
    assert (told.added, told.ended, told.days, list(told.rulings)) == (0, 0, 0, [])


def test_events_come_go_and_change_by_their_kind(desk: Desk, tmp_path: Path) -> None:
    old = [event(1, side="ru", text="a"), event(2, side="ru", text="b"), event(3, side="ua", text="c")]
    desk.import_file("events", write(tmp_path / "old.geojson", *old), KEYED)
    new = [event(1, side="ru", text="a"), event(2, side="ru", text="edited"), event(4, side="ua", text="d")]
    path = write(tmp_path / "new.geojson", *new)
    stored = desk.dump()
    told = previewed(desk, "events", path, KEYED, complete=True)
    assert desk.dump() == stored
    assert told.fates == {"ru": {"changes": 1}, "ua": {"comes": 1, "goes": 1}}
    assert {(each.fate, each.feature.properties["text"]) for each in told.features} == {
        ("changes", "edited"),
        ("comes", "d"),
        ("goes", "c"),
    }
    assert told.days == 1


def test_a_held_import_is_previewed_against_what_is_known_now(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE})
    held = desk.import_file("control", of_day(tmp_path, 1, areas(HALF)), accept="").held
    desk.import_states({DAYS[1] - timedelta(hours=1): LESS})

    async def work(connection: asyncpg.Connection) -> Preview:
        assert held is not None
        return (await preview_held(connection, await load_layers(connection), held))[1]

    (state,) = desk.run(work).states
    assert state.effects[0].before == pytest.approx(km2(LESS), rel=1e-9)


def test_a_row_put_aside_has_its_place_in_the_report_of_a_mapping_too(desk: Desk, tmp_path: Path) -> None:
    mapping = tmp_path / "own.toml"
    mapping.write_text(
        'title = "own"\n[date]\ncolumn = "day"\n[geometry]\nlon = "x"\nlat = "y"\n'
        '[category]\ncolumn = "who"\n[category.codes]\n"RU" = "ru"\n[fields]\ntext = "what"\n'
    )
    rows = "day,x,y,who,what\n2023-11-02,36.5,48.5,RU,a\n2023-11-02,36.6,48.6,NOBODY,b\n"
    (tmp_path / "own.csv").write_text(rows)
    options = ReadOptions(mapping=load_mapping(str(mapping)))
    (aside,) = previewed(desk, "events", tmp_path / "own.csv", options).report["put_aside"]
    assert (aside["file"], aside["row"], aside["at"]) == ("own.csv", 2, [36.6, 48.6])
    assert aside["finding"] == "unknown_status"


def test_events_that_would_leave_every_revision_are_counted_and_stay_until_then(
    desk: Desk, tmp_path: Path
) -> None:
    options = ReadOptions(mapping=parse_mapping(TOML % "leave_out", "own.toml"))
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([row("A1"), row("B2", text="A shop.")]))
    desk.import_file("events", path, options)
    path.write_text(json.dumps([row("A1", source="hidden"), row("B2", text="A shop.")]))
    stored = desk.dump()
    told = previewed(desk, "events", path, options)
    assert (told.hidden, told.nothing) == (1, False)
    assert desk.dump() == stored
    assert desk.import_file("events", path, options).hidden == 1
    assert previewed(desk, "events", path, options).nothing


def test_two_revisions_are_told_as_the_preview_of_the_later_one_was(desk: Desk, tmp_path: Path) -> None:
    desk.import_states({DAYS[0]: WIDE})
    path = of_day(tmp_path, 1, areas(HALF))
    told = previewed(desk, "control", path)
    desk.import_file("control", path)

    async def work(connection: asyncpg.Connection) -> Preview:
        stored = (await desk.layers(connection))["control"]
        return await preview_between(connection, stored, Revision(1), Revision(2))

    between = desk.run(work)
    assert (between.added, between.ended, between.days) == (told.added, told.ended, told.days)
    assert [each.effects for each in between.states] == [each.effects for each in told.states]
    assert between.report["findings"] == told.report["findings"]


def test_the_front_of_a_preview_is_the_public_one_and_events_have_the_land_of_their_newest_day(
    desk: Desk, tmp_path: Path
) -> None:
    desk.import_states({DAYS[0]: WIDE})
    told = previewed(desk, "control", of_day(tmp_path, 0, areas(HALF)))
    (state,) = told.states
    drawn = shapely.union_all(
        [
            shapely.from_wkb(row["wkb"])
            for row in desk.fetch(
                "SELECT ST_AsBinary(geom) AS wkb FROM face f JOIN layer l ON l.id = f.layer"
                " WHERE l.name = 'frontline' AND band = (SELECT max(band) FROM face WHERE layer = l.id)"
            )
        ]
    )
    assert drawn.length > 0
    assert shapely.union_all(state.front).equals(drawn)
    path = tmp_path / "events.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [event(1, side="ru", text="a")]}))
    found = previewed(desk, "events", path, KEYED)
    assert found.ground is not None
    assert area_km2(found.ground.lands["occupied"]) == pytest.approx(km2(WIDE), rel=1e-4)
    assert shapely.union_all(found.ground.front).equals(drawn)
