"""Law: an event issued again with a hidden source leaves every revision, in the import that says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tileserver.desk.held import accept, look
from tileserver.desk.job import Outcome
from tileserver.event_keys import event_id
from tileserver.ingest import ReadOptions
from tileserver.ingest.mapping.load import parse_mapping

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

TOML = """
[date]
column = "date"
[geometry]
lon = "lon"
lat = "lat"
[category]
value = "ru"
[fields]
text = "text"
url = "url"
[id]
column = "id"
[hidden]
column = "source"
is = "hidden"
otherwise = ["", "open"]
then = "%s"
"""
ONE = event_id("events", "A1")


def row(name: str, **said: Any) -> dict[str, Any]:
    open_one = {"date": "2023-11-02", "lon": 37.5, "lat": 48.5, "text": "A house.", "source": "open"}
    return {"id": name, **open_one, "url": f"https://example.org/{name}", **said}


@pytest.fixture
def listed(desk: Desk, tmp_path: Path) -> Callable[..., Outcome]:
    """A function that imports rows, with the desk's decision on rows with a hidden source."""

    def run(*rows: Mapping[str, Any], then: str = "leave_out") -> Outcome:
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(rows))
        options = ReadOptions(mapping=parse_mapping(TOML % then, "own.toml"))
        return desk.import_file("events", path, options, accept="")

    return run


def versions(desk: Desk) -> list[tuple[int, str | None, str | None]]:
    """Id, text and URL of all that any revision has."""
    found = desk.fetch("SELECT id, properties FROM feature_version ORDER BY properties ->> 'text'")
    return [(each["id"], each["properties"].get("text"), each["properties"].get("url")) for each in found]


def test_an_event_left_out_leaves_every_revision_under_any_text_and_stays_away(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(row("A1"), row("B2", text="A shop."))
    listed(row("A1", text="A house and a yard."), row("B2", text="A shop."))
    done = listed(row("A1", text="Other words.", source="hidden"), row("B2", text="A shop."))
    assert (done.hidden, done.added) == (1, 0)
    assert [each[1] for each in versions(desk)] == ["A shop."]
    assert listed(row("A1")).added == 0
    assert [each[1] for each in versions(desk)] == ["A shop."]


@pytest.mark.parametrize("then", ["leave_out", "without_sources"])
@pytest.mark.parametrize("lost", [{"lon": None, "lat": None}, {"date": None}, {"lon": 0.0, "lat": 0.0}])
def test_it_goes_by_its_key_whatever_else_the_publisher_took_away(
    desk: Desk, listed: Callable[..., Outcome], then: str, lost: dict[str, Any]
) -> None:
    listed(row("A1"), row("B2", text="A shop."))
    done = listed(row("A1", source="hidden", **lost), row("B2", text="A shop."), then=then)
    assert [each[1] for each in versions(desk)] == (["A shop."] if done.revision else ["A house.", "A shop."])
    assert done.revision or done.held


def test_an_event_without_sources_keeps_its_id_and_no_revision_has_what_named_a_source(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(row("A1", text="A house, says example.org."))
    hidden = row("A1", text="A house, says example.org.", source="hidden")
    assert listed(hidden, then="without_sources").hidden == 1
    assert versions(desk) == [(ONE, None, None)]
    assert listed(hidden, then="without_sources").revision is None
    assert listed(row("A1")).added == 0, "an older file tells the source"
    bare_again = listed(row("A1", text="A house.", source="hidden"), then="without_sources")
    assert bare_again.added == 1, "an edit without sources is an edit"
    assert versions(desk) == [(ONE, "A house.", None)]


def test_a_word_that_may_be_a_mark_puts_the_row_aside(desk: Desk, listed: Callable[..., Outcome]) -> None:
    done = listed(row("A1", source="protected"), row("B2", text="A shop."))
    assert done.report["counts"]["unknown_word"] == 1
    assert versions(desk) == []


def test_a_file_that_hides_much_of_a_layer_waits_for_the_desk_and_goes_whole_when_accepted(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(*(row(f"A{n}", text=f"House {n}.") for n in range(10)))
    done = listed(*(row(f"A{n}", source="hidden") for n in range(10)))
    assert [each.rule for each in done.rulings] == ["hidden"]
    assert len(versions(desk)) == 10
    held = done.held
    assert held is not None
    assert done.hidden == 10, "that they are still public has to be said"

    async def accepted(connection: asyncpg.Connection) -> Outcome:
        layers = list((await desk.layers(connection)).values())
        looked = await look(connection, layers, held)
        assert [each.rule for each in looked.rulings] == ["hidden"]
        assert len(await connection.fetch("SELECT FROM feature_version")) == 10
        return (await accept(connection, layers, held, "their publisher wrote to us"))[1]

    assert desk.run(accepted).hidden == 10
    assert versions(desk) == []
