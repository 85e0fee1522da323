"""Law: a definition that the data contradicts changes nothing at all; whatever is stored can be served."""

from __future__ import annotations

from functools import partial
from typing import Any

import asyncpg
import msgspec
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tests.twins import USUAL, tell, world
from tileserver.declared import Category
from tileserver.desk.declare import declare
from tileserver.desk.job import no_progress
from tileserver.errors import BadParameter
from tileserver.evidence import Evidence, FieldVocabulary, Term
from tileserver.model import Theatre
from tileserver.store.connect import prepare_connection
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

TILE = "/tiles/twin/6/37/21.mvt?datetime=2024-03-02"


@pytest.fixture(scope="module")
def told(databases: Databases) -> str:
    """A database with a small world; copy it, do not write to it."""
    dsn = databases.new()
    databases.run(dsn, partial(tell, names=USUAL))
    return dsn


def other(name: str = "", **changes: Any) -> Theatre:
    """The world with another definition of the layer *name*, or of itself."""
    theatre = world(USUAL)
    if not name:
        return msgspec.structs.replace(theatre, **changes)
    layers = [
        msgspec.structs.replace(each, **changes) if each.name == name else each for each in theatre.layers
    ]
    return msgspec.structs.replace(theatre, layers=tuple(layers))


def without(*names: str) -> Theatre:
    theatre = world(USUAL)
    return msgspec.structs.replace(
        theatre, layers=tuple(each for each in theatre.layers if each.name not in names)
    )


CONTROL = world(USUAL).layer("control")
EVENTS = world(USUAL).layer("events")

CONTRADICTED = {
    "a status taken out": (
        other("control", categories=CONTROL.categories[:1]),
        "control has 3 versions of features of the status 'freed'",
    ),
    "a kind of event taken out": (
        other("events", categories=EVENTS.categories[:1]),
        "events has 1 version of features of the status 'strike'",
    ),
    "a vocabulary in another property": (
        other("events", category="text"),
        "vocabulary stands in 'kind', not in 'text'",
    ),
    "no vocabulary any more": (
        other("events", category="", categories=()),
        "vocabulary stands in 'kind', not in ''",
    ),
    "areas that become points": (
        other("control", kind="points", time="window", declared_role="none"),
        "of kind areas; it cannot become points",
    ),
    "what happened becomes a state": (other("notes", time="state"), "of a window; it cannot become a state"),
    "a layer taken out": (
        without("events"),
        "events holds 3 versions of features, and is no longer declared",
    ),
    "areas taken out": (without("control", "frontline"), "control holds"),
    "days of another zone": (other(day_zone="Asia/Tokyo"), "dated by the days of UTC and not of Asia/Tokyo"),
    "bounds that leave data outside": (
        other(bounds=(28.0, 46.0, 32.5, 52.0), centre=(30.0, 48.0, 5.0)),
        "wholly outside",
    ),
    "bounds of one layer": (
        other("notes", bounds=(28.0, 46.0, 29.0, 47.0)),
        "notes has 1 version of features wholly outside",
    ),
    "classes of exactness over exact places": (
        other("events", fields={**EVENTS.fields, "exactness": ""}, evidence=Evidence(exactness="exactness")),
        "events holds 3 versions of features, whose places were not put in squares",
    ),
    "a vocabulary without what there is": (
        other("events", vocabularies=(FieldVocabulary("text", (Term("shots", {"en": "Shots"}),)),)),
        "events has 3 versions of features of the status 'Guns were heard.', which would not be declared",
    ),
    "fewer decimals": (other("events", precision=2), "with 5 decimals of a degree, more than 2"),
}


@pytest.mark.parametrize(("theatre", "message"), CONTRADICTED.values(), ids=CONTRADICTED)
def test_what_the_data_contradicts_is_refused_and_leaves_everything_as_it_was(
    databases: Databases, told: str, theatre: Theatre, message: str
) -> None:
    dsn = databases.copy(told)
    before = databases.run(dsn, everything)
    with pytest.raises(BadParameter, match="theatre twin stays as it is") as refused:
        databases.run(dsn, partial(redeclare, theatre=theatre))
    assert message in str(refused.value)
    assert databases.run(dsn, everything) == before


ACCEPTED = {
    "words": other(title={"en": "Other words"}, notice={"en": "Coarse."}, opens_at="2024-03-02"),
    "colours": other(
        "control",
        categories=tuple(msgspec.structs.replace(each, colour="#111111") for each in CONTROL.categories),
    ),
    "one more status": other(
        "control", categories=(*CONTROL.categories, Category("mined", {"en": "Mined"}, "#333333", "#cccccc"))
    ),
    "another order of priority": other(
        "control",
        categories=tuple(
            msgspec.structs.replace(each, priority=3 - each.priority) for each in CONTROL.categories
        ),
    ),
    "wider bounds": other(bounds=(20.0, 40.0, 40.0, 55.0)),
    "a field of sources": other("events", evidence=Evidence(sources="text")),
    "a vocabulary that has all there is": other(
        "events",
        vocabularies=(
            FieldVocabulary("date", tuple(Term(f"2024-03-0{day}", {"en": "day"}) for day in (1, 2, 3))),
        ),
    ),
    "more decimals": other("events", precision=6),
    "the line taken out": without("frontline"),
    "a role taken away": other("events", declared_role="none"),
    "another embargo": other(embargo="24h"),
}


@pytest.mark.parametrize("theatre", ACCEPTED.values(), ids=ACCEPTED)
def test_what_the_data_allows_is_stored_served_and_unchanged_the_second_time(
    databases: Databases, told: str, theatre: Theatre
) -> None:
    dsn = databases.copy(told)
    assert databases.run(dsn, partial(redeclare, theatre=theatre))
    assert not databases.run(dsn, partial(redeclare, theatre=theatre))
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        assert client.get("/readyz").status_code == 200
        assert client.get(TILE).status_code == 200


def test_a_line_that_is_taken_out_and_declared_again_is_drawn_again(databases: Databases, told: str) -> None:
    dsn = databases.copy(told)
    lines = "SELECT count(*) FROM face f JOIN layer l ON l.id = f.layer WHERE l.name = 'frontline'"
    before = databases.run(dsn, lambda connection: connection.fetchval(lines))
    assert databases.run(dsn, partial(redeclare, theatre=without("frontline")))
    assert databases.run(dsn, lambda connection: connection.fetchval(lines)) == 0
    assert databases.run(dsn, partial(redeclare, theatre=world(USUAL)))
    assert databases.run(dsn, lambda connection: connection.fetchval(lines)) == before > 0


def test_a_line_that_was_imported_into_before_that_was_refused_locks_no_definition(
    databases: Databases, told: str
) -> None:
    dsn = databases.copy(told)
    stray = """
        INSERT INTO feature_version (layer, id, content, valid, known, properties, geom)
        SELECT line.id, 900001, content, valid, known, '{}', ST_Boundary(geom)
        FROM feature_version v JOIN layer l ON l.id = v.layer AND l.name = 'control',
            layer line WHERE line.name = 'frontline' LIMIT 1
    """
    databases.run(dsn, lambda connection: connection.execute(stray))
    assert databases.run(dsn, partial(redeclare, theatre=other(embargo="24h")))
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        assert client.get(TILE).status_code == 200


def test_no_name_of_a_tile_is_given_to_other_bytes(databases: Databases, told: str) -> None:
    dsn = databases.copy(told)
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        before = client.get(TILE).headers["content-location"]
    databases.run(dsn, partial(redeclare, theatre=without("frontline")))
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        assert client.get(TILE).headers["content-location"] != before
    databases.run(dsn, partial(redeclare, theatre=world(USUAL)))
    with TestClient(create_app(settings_for(dsn), lambda: NOW)) as client:
        assert client.get(TILE).headers["content-location"] != before


async def redeclare(connection: asyncpg.Connection, theatre: Theatre) -> bool:
    await prepare_connection(connection)
    return await declare(connection, theatre, no_progress)


async def everything(connection: asyncpg.Connection) -> dict[str, Any]:
    """Every row of every table of ours."""
    tables = await connection.fetch(
        "SELECT tablename AS name FROM pg_tables"
        " WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
    )
    return {
        table["name"]: sorted(
            row[0] for row in await connection.fetch(f"SELECT t::text FROM {table['name']} t")
        )
        for table in tables
    }


def test_what_an_import_that_is_held_back_was_read_by_cannot_change(databases: Databases, told: str) -> None:
    dsn = databases.copy(told)

    async def hold(connection: asyncpg.Connection) -> None:
        await connection.execute(
            "INSERT INTO held (layer, origin, digest, rulings, judged, report)"
            " SELECT id, 'drawn', ''::bytea, '[]', 1, '{}' FROM layer WHERE name = 'control'"
        )

    databases.run(dsn, hold)
    mined = Category("mined", {"en": "Mined"}, "#333333", "#cccccc")
    with pytest.raises(BadParameter, match="control has an import that is held back; accept or reject"):
        databases.run(
            dsn, partial(redeclare, theatre=other("control", categories=(*CONTROL.categories, mined)))
        )
    assert databases.run(dsn, partial(redeclare, theatre=other(title={"en": "Other words"})))
