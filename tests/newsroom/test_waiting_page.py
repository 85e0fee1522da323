"""Imports that wait, by page: for a time, for another person, from a watched folder, or for nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.desk.conftest import Desk
from tests.newsroom.conftest import Asker, desk_serving
from tileserver.newsroom.people import add_person
from tileserver.store.catalogue import add_theatre
from tileserver.theatres import load_theatre

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.desk.conftest import Cells

pytestmark = pytest.mark.db

DAY = datetime(2023, 11, 9, tzinfo=UTC)
NAME = f"{int(DAY.timestamp())}.geojson"
STATE: Cells = {(column, 0): "occupied" for column in range(4)}
AT = "2999-01-01T06:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def published(desk: Desk) -> None:
    """The desk holds a day already."""
    assert desk.import_states({DAY: STATE}).revision


def _held(editor: Asker, data: bytes, name: str = NAME, **fields: str) -> str:
    sent = editor.upload(name, data, {"layer": "ukraine.control", **fields})
    read = editor.until_done(sent.location)
    assert read.status == 303, read.text
    return read.location


def test_a_time_is_taken_back_by_the_page_and_by_the_api(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    held = _held(editor, collection({**STATE, (2, 0): "unknown"}))
    assert f"{held}/cancel" not in editor.get(held).text  # there is nothing to take back yet
    for by_api in (False, True):
        begun = editor.fill(held, f"{held}/publish", {"reason": "at six", "at": AT})
        assert editor.until_done(begun.location).location == held
        page = editor.get(held).text
        assert "It is public from 2999-01-01 06:00:00 UTC." in page
        assert "No rule holds it back: it waits for its time, agreed to by " in page
        assert "it waits for a person" not in page
        if by_api:
            token = {"Authorization": f"Bearer {editor.token}"}
            answer = Asker(editor.port, headers=token).ask(
                "POST", f"/desk/api{held.removeprefix('/desk')}/cancel", b'{"reason": "not yet"}'
            )
            assert answer.document["state"] == "waiting"
        else:
            assert editor.fill(held, f"{held}/cancel", {"why_back": "not yet"}).location == held
        assert "2999" not in editor.get("/desk/").text
        (entry,) = desk.fetch("SELECT said FROM audit_entry ORDER BY number DESC LIMIT 1")
        assert "cancel" in str(entry)
        assert "not yet" in str(entry)
    refused = editor.fill(held, f"{held}/cancel", {"why_back": "again"})
    assert refused.status == 400
    assert "no time and no approval" in refused.text
    assert editor.fill(held, f"{held}/reject", {"why": "not needed"}).status == 303


def test_words_that_are_no_time_are_refused_before_anything_begins(
    editor: Asker, collection: Callable[[Cells], bytes]
) -> None:
    held = _held(editor, collection({**STATE, (1, 0): "unknown"}))
    for words, why in (
        ("tomorrow at six", "is no instant"),
        ("2020-01-01", "is over"),
        ("../2999-01-01", "has no beginning"),
    ):
        refused = editor.fill(held, f"{held}/publish", {"reason": "at six", "at": words})
        assert refused.status == 400
        assert why in refused.text
        assert "%2B" not in refused.text  # that is for URLs
    assert "waiting" in editor.get(held).text
    assert editor.fill(held, f"{held}/reject", {"why": "not needed"}).status == 303


def test_a_file_of_which_nothing_can_be_used_says_so_and_why(editor: Asker) -> None:
    points = [
        {"type": "Feature", "properties": {"date": day, "side": "ru"}, "geometry": place}
        for day, place in (
            ("0001-01-01T00:00:00Z", {"type": "Point", "coordinates": [37.5, 48.5]}),
            ("2023-11-09", None),
        )
    ]
    data = json.dumps({"type": "FeatureCollection", "features": points}).encode()
    sent = editor.upload("zero.geojson", data, {"layer": "ukraine.notes", "date_column": "date"})
    told = editor.until_done(sent.location).text
    assert "Nothing of the file can be used" in told
    assert "Put aside: 2" in told
    assert "all of it is known" not in told
    assert 'role="alert"' in told
    assert "zero.geojson row 1" in told


def test_an_errand_that_fails_leads_back_to_its_import(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    held = _held(editor, collection({**STATE, (0, 0): "unknown"}))
    page = editor.get(held)
    assert editor.fill(held, f"{held}/reject", {"why": "not needed"}).status == 303
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token
    begun = editor.send(f"{held}/publish", {"form_token": token[1], "reason": "too late"})
    told = editor.until_done(begun.location).text
    assert 'role="alert"' in told
    assert f'href="{held}"' in told


def test_events_are_known_again_by_the_columns_that_the_form_names(editor: Asker, desk: Desk) -> None:
    def file(words: str) -> bytes:
        feature = {
            "type": "Feature",
            "properties": {"from": "2023-11-09", "kind": "damage", "text": words, "own": "A1"},
            "geometry": {"type": "Point", "coordinates": [37.5, 48.5]},
        }
        return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()

    given = {"layer": "ukraine.damage", "key_columns": " own ,", "date_column": "from", "reader": "geojson"}
    given["category_column"] = "kind"
    pages = []
    for words in ("a fire", "a large fire"):
        held = _held(editor, file(words), "events.geojson", **given)
        pages.append(editor.get(held).text)
        begun = editor.fill(held, f"{held}/publish", {"reason": "read it"})
        assert editor.until_done(begun.location).status == 303
    assert "<td>comes</td>" in pages[0]
    assert "<td>changes</td>" in pages[1]


@pytest.fixture
def two_persons(databases: Databases, tmp_path: Path) -> Iterator[tuple[Desk, Asker, Asker]]:
    """A desk whose theatre wants two persons, and two who are logged in."""
    desk, people = Desk(databases), tmp_path / "people.toml"
    desk.import_states({DAY: STATE})
    declared = msgspec.structs.replace(load_theatre("ukraine"), reviewers=2)
    desk.run(lambda connection: add_theatre(connection, declared))
    tokens = [add_person(people, name) for name in ("Anna", "Bo")]
    with desk_serving(desk.dsn, people) as port:
        anna, bo = (Asker(port, token) for token in tokens)
        anna.log_in()
        bo.log_in()
        yield desk, anna, bo


def test_a_second_pair_of_eyes_publishes_by_the_page(
    two_persons: tuple[Desk, Asker, Asker], collection: Callable[[Cells], bytes]
) -> None:
    desk, anna, bo = two_persons
    held = _held(anna, collection({**STATE, (3, 0): "liberated"}))
    assert "One other person has to approve it yet." in bo.get(held).text
    assert "1 more persons" not in bo.get("/desk/").text
    own = anna.until_done(anna.fill(held, f"{held}/publish", {"reason": "mine"}).location).text
    assert "another person has to approve" in own
    assert desk.fetch("SELECT max(id) FROM revision")[0][0] == 1
    later = bo.fill(held, f"{held}/publish", {"reason": "read it", "at": AT})
    assert bo.until_done(later.location).location == held
    page = anna.get(held).text
    assert "Approved by Bo." in page
    assert anna.fill(held, f"{held}/cancel", {"why_back": "one more look"}).status == 303
    assert "One other person has to approve it yet." in bo.get(held).text
    done = bo.until_done(bo.fill(held, f"{held}/publish", {"reason": "read it"}).location)
    assert done.location == "/desk/revisions/2"
    log = bo.get("/desk/audit").text
    assert [each for each in ("hold", "approve", "cancel") if f"<td>{each}</td>" in log] == [
        "hold",
        "approve",
        "cancel",
    ]


def test_a_watched_file_is_picked_and_compared(
    desk: Desk, people: tuple[Path, str], tmp_path: Path, collection: Callable[[Cells], bytes]
) -> None:
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / NAME).write_bytes(collection({**STATE, (3, 0): "unknown"}))
    watch = tmp_path / "watch.toml"
    watch.write_text('[[watch]]\nname = "evening"\nlayer = "ukraine.control"\nfiles = "control"\n')
    with desk_serving(desk.dsn, people[0], TILESERVER_WATCH=str(watch)) as port:
        editor = Asker(port, people[1])
        editor.log_in()
        page = editor.get("/desk/import").text
        assert f"evening: {NAME}" in page
        named = f"evening\n{tmp_path / 'control' / NAME}"
        begun = editor.fill("/desk/import", "/desk/watched", {"file": named})
        held = editor.until_done(begun.location).location
        assert "Land that changes hands" in editor.get(held).text
        gone = editor.fill("/desk/import", "/desk/watched", {"file": f"evening\n{tmp_path / 'other'}"})
        assert gone.status == 400
        assert "not watched any more" in gone.text
        watch.unlink()
        left = editor.get("/desk/import")
        assert left.status == 200
        assert f"TILESERVER_WATCH: {watch} cannot be read: No such file or directory" in left.text
        assert "Upload a file" in left.text
