"""Withdrawals and ways back by the page, and the seconds until every serving process obeys."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import serving
from tests.desk.conftest import Desk
from tests.newsroom.conftest import Asker

if TYPE_CHECKING:
    from tests.desk.conftest import Cells

pytestmark = pytest.mark.db

DAYS = [datetime(2023, 11, day, tzinfo=UTC) for day in (9, 10)]
STATE: Cells = {(column, 0): "occupied" for column in range(4)}
PATIENCE_S = 60.0


@pytest.fixture(scope="module", autouse=True)
def published(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The desk holds two days of areas, and two notes."""
    desk.import_states({DAYS[0]: STATE, DAYS[1]: {**STATE, (3, 0): "liberated"}})
    features = [
        {
            "type": "Feature",
            "properties": {"date": "2023-11-09", "text_en": words, "direction": "south"},
            "geometry": {"type": "Point", "coordinates": [36.5 + n, 48.5]},
        }
        for n, words in enumerate(("first & only note", "second note"))
    ]
    path = tmp_path_factory.mktemp("notes") / "notes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert desk.import_file("notes", path).revision


def test_a_withdrawal_is_seen_agreed_to_and_obeyed_by_every_serving_process(
    editor: Asker, desk: Desk
) -> None:
    number = desk.fetch("SELECT id FROM feature_version WHERE properties->>'text_en' LIKE '%first%'")[0][0]
    events = "/tilesets/ukraine.notes/events.json?datetime=2023-11-09"
    with serving(desk.dsn) as one, serving(desk.dsn) as other:
        readers = [Asker(int(url.rpartition(":")[2])) for url in (one, other)]
        assert all("first" in each.get(events).text for each in readers)
        asked = {"layer": "ukraine.notes", "ids": str(number), "reason": "names a witness"}
        page = editor.fill("/desk/withdraw", "/desk/withdraw", asked).text
        assert "What would be withdrawn" in page
        assert "first &amp; only note" in page
        assert "second note" not in page
        assert "Archives, packs and static sites that say an earlier revision than 3" in page
        assert all("first" in each.get(events).text for each in readers)
        agreed = re.search(r'name="agreed" value="([0-9a-f]{64})"', page)
        assert agreed
        done = editor.fill("/desk/withdraw", "/desk/withdraw", {**asked, "agreed": agreed[1]})
        began = time.monotonic()
        assert done.status == 303, done.text
        number = int(done.location.rpartition("/")[2])
        document = _obeyed(editor, number)
        took = time.monotonic() - began
        assert not any("first" in each.get(events).text for each in readers)
        assert len(document["processes"]) == 2
        seconds = [each["seconds"] for each in document["processes"]]
        assert all(s is not None and s <= took + 1 for s in seconds), seconds
        print("seconds until obeyed:", seconds, "seen by the page:", round(took, 2))
        told = editor.get(done.location).text
        assert "2 of 2 serving processes obey" in told
        assert "data-again" not in told
        again = editor.fill("/desk/withdraw", "/desk/withdraw", asked)
        assert again.status == 400
        assert "has no feature" in again.text


def test_areas_are_seen_on_a_map_before_a_period_of_them_is_withdrawn(editor: Asker) -> None:
    asked = {"layer": "ukraine.control", "from": "2023-11-10", "to": "..", "reason": "0 sources"}
    page = editor.fill("/desk/withdraw", "/desk/withdraw", asked).text
    assert "What would be withdrawn, as on 2023-11-10" in page
    assert "data-map=" in page
    assert "<td>Occupied since February 2022</td>" in page
    assert "<td>Liberated</td>" in page
    assert "0 sources" in page


def test_what_was_agreed_to_is_all_that_is_withdrawn(editor: Asker, desk: Desk) -> None:
    number = desk.fetch("SELECT id FROM feature_version WHERE properties->>'text_en' LIKE '%second%'")[0][0]
    asked = {"layer": "ukraine.notes", "ids": str(number), "reason": "names a witness"}
    page = editor.fill("/desk/withdraw", "/desk/withdraw", {**asked, "agreed": "0" * 64})
    assert page.status == 200
    assert "Something was written meanwhile" in page.text
    assert desk.fetch("SELECT count(*) FROM feature_version WHERE id = $1", number)[0][0] == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"ids": "12x"}, "is no id of a feature"),
        ({"from": "2023-11-09"}, "both its ends"),
        ({}, "say what to withdraw"),
        ({"ids": "1", "from": "2023-11-09", "to": ".."}, "say what to withdraw"),
        ({"from": "2023-11-10", "to": "2023-11-09"}, "the period is empty"),
        ({"from": "2023-11-09/2023-11-10", "to": ".."}, "is an interval; give its ends as from and to"),
        ({"from": "2023-11-09", "to": "..", "reason": " "}, "it is blank"),
    ],
)
def test_a_withdrawal_that_says_too_little_is_refused(
    editor: Asker, asked: dict[str, str], said: str
) -> None:
    answer = editor.fill(
        "/desk/withdraw", "/desk/withdraw", {"layer": "ukraine.control", "reason": "x", **asked}
    )
    assert answer.status == 400
    assert said in answer.text


def test_a_layer_goes_back_to_an_earlier_revision_and_forth_again(editor: Asker, desk: Desk) -> None:
    newest = desk.fetch("SELECT max(id) FROM revision")[0][0]
    asked = {"layer": "ukraine.control", "to": "0", "reason": "a wrong map"}
    assert editor.fill("/desk/import", "/desk/rollback", asked).status == 400
    desk.import_states({DAYS[1]: STATE})
    done = editor.fill("/desk/import", "/desk/rollback", {**asked, "to": str(newest)})
    assert done.location == f"/desk/revisions/{newest + 2}", done.text
    assert desk.rows(newest + 2) == desk.rows(newest)
    page = editor.get(done.location).text
    assert "as known in revision" in page
    assert "a wrong map" in page
    assert "rollback, by Olena &lt;b&gt;K" in page
    assert _offered(page) == {"ukraine.control": str(newest + 1)}
    undone = editor.get(f"/desk/revisions/{newest + 1}").text
    assert "1 snapshot of ukraine.control" in undone
    assert _offered(undone) == {}  # it was rolled back: it holds that by now
    assert f"There is nothing to roll back: what held at revision {newest} holds now." in undone


def _offered(page: str) -> dict[str, str]:
    """The layers that a page rolls back, and the revision to which it does."""
    to = re.search(r'name="to" value="(\d+)"', page)
    return {} if to is None else dict.fromkeys(re.findall(r'<option value="([^"]+)"', page), to[1])


def test_all_of_it_goes_by_the_api_as_well(asker: Asker, desk: Desk) -> None:
    asker.headers["Authorization"] = f"Bearer {asker.token}"
    number = desk.fetch("SELECT id FROM feature_version WHERE properties->>'text_en' LIKE '%second%'")[0][0]
    asked = {"layer": "ukraine.notes", "ids": [number], "reason": "names a witness"}
    look = _post(asker, "/desk/api/withdrawals", asked)
    assert look["ids"] == [number]
    assert look["agreed"]
    done = _post(asker, "/desk/api/withdrawals", {**asked, "agreed": look["agreed"]})
    assert done["revision"] == desk.fetch("SELECT max(id) FROM revision")[0][0]
    desk.import_states({DAYS[0]: {(0, 0): "occupied"}})
    back = _post(asker, "/desk/api/rollbacks", {"layer": "ukraine.control", "revision": 1, "reason": "look"})
    assert back["revision"] == done["revision"] + 2
    assert asker.get("/desk/api/revisions").document[0]["revision"] == back["revision"]
    assert asker.get("/desk/api/held").document == []
    assert asker.get("/desk/api/watched").document == []


def test_the_api_refuses_in_problems(asker: Asker, editor: Asker) -> None:
    stranger = Asker(asker.port)
    for path in ("/desk/api", "/desk/api/held", "/desk/api/nothing"):
        refused = stranger.get(path)
        assert refused.status == 401
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    # a session of the page, as a browser might send by itself, is no program
    body = json.dumps({"layer": "ukraine.control", "revision": 1, "reason": "a trap"}).encode()
    refused = editor.ask("POST", "/desk/api/rollbacks", body, Content_Type="application/json")
    assert refused.status == 403
    wrong = editor.ask("POST", "/desk/api/rollbacks", body, X_Form_Token="0" * 64)
    assert wrong.status == 403
    own = editor.get("/desk/api/me").document["form_token"]
    nothing = editor.ask("POST", "/desk/api/rollbacks", b'{"to": 1}', X_Form_Token=own)
    assert nothing.status == 400
    assert "/desk/api describes" in nothing.document["detail"]
    assert editor.get("/desk/api/held/4711").status == 400
    assert editor.get("/desk/api/errands/none").status == 404


def test_the_description_names_every_route_and_what_each_takes(editor: Asker) -> None:
    answer = editor.get("/desk/api")
    document = answer.document
    for name in re.findall(r'"#/components/schemas/([A-Za-z]+)"', answer.text):
        assert name in document["components"]["schemas"]
    assert document["paths"]["/desk/api/withdrawals"]["post"]["requestBody"]
    assert "from" in document["components"]["schemas"]["WithdrawBody"]["properties"]


def _post(asker: Asker, path: str, body: object) -> dict[str, Any]:
    answer = asker.ask("POST", path, json.dumps(body).encode(), Content_Type="application/json")
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.document
    return found


def _obeyed(editor: Asker, revision: int) -> dict[str, list[dict[str, float | None]]]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        document: dict[str, list[dict[str, float | None]]] = editor.get(
            f"/desk/api/revisions/{revision}"
        ).document
        if document["obeyed"]:
            return document
        assert time.monotonic() < deadline, document
        time.sleep(0.05)
