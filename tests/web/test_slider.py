"""A slider can be built from a TileJSON alone: it names every day, where its picture is, and what changed."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.histories import pieces_of, united_in
from tileserver.tiles.text import decode_tile

pytestmark = pytest.mark.db

EPOCH = date(1970, 1, 1)
PLACES = [(4, 9, 5), (6, 38, 22)]


@pytest.fixture
def tilejson(sample_client: TestClient) -> dict[str, Any]:
    sample_client.headers["Accept-Encoding"] = "identity"
    document: dict[str, Any] = sample_client.get("/tilesets/ukraine-sample").json()
    return document


def ask(client: TestClient, template: str, **parts: object) -> Any:
    """Ask for a URL of the document, with its braces filled in."""
    return client.get(template.format(**parts).removeprefix("http://testserver"))


def test_its_periods_follow_each_other_from_the_first_day_to_the_last(tilejson: dict[str, Any]) -> None:
    time, periods = tilejson["time"], tilejson["time"]["history"]["periods"]
    assert time["resolution"] == "P1D"
    assert all(one["end"] == other["first"] for one, other in pairwise(periods))
    assert [each["open"] for each in periods] == [False] * (len(periods) - 1) + [True]
    first, last = (date.fromisoformat(time[end]) for end in ("first_day", "last_day"))
    assert EPOCH + timedelta(periods[0]["first"]) <= first <= last < EPOCH + timedelta(periods[-1]["end"])
    for each in periods:
        assert EPOCH + timedelta(each["first"]) == date.fromisoformat(each["first_day"])
        assert EPOCH + timedelta(each["end"] - 1) == date.fromisoformat(each["last_day"])


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("day", ["2022-03-20", "2022-11-11", "2023-11-09"])
def test_the_picture_of_a_day_is_what_its_period_holds_on_it(
    sample_client: TestClient, tilejson: dict[str, Any], day: str, place: tuple[int, int, int]
) -> None:
    history = tilejson["time"]["history"]
    number = (date.fromisoformat(day) - EPOCH).days
    period = next(each for each in history["periods"] if each["first"] <= number < each["end"])
    z, x, y = place
    whole = ask(sample_client, history["tiles"], period=period["id"], z=z, x=x, y=y).content
    [template] = tilejson["tiles"]
    dated = united_in(decode_tile(ask(sample_client, f"{template}?datetime={day}", z=z, x=x, y=y).content))
    assert pieces_of(decode_tile(whole), number) == dated
    assert "control" in {layer for layer, _ in dated}


def test_it_says_where_the_changes_of_each_day_and_of_any_two_are(
    sample_client: TestClient, tilejson: dict[str, Any]
) -> None:
    days = ask(sample_client, tilejson["time"]["days"]).json()["days"]
    changed = [each["day"] for each in days if each["km2"]]
    assert changed
    changes = tilejson["time"]["changes"]
    for one, other in pairwise(changed[:6]):
        assert ask(sample_client, changes["document"], **{"from": one, "to": other}).json()["pieces"] != 0
    z, x, y = PLACES[0]
    assert ask(
        sample_client, changes["tiles"], **{"from": changed[0], "to": changed[-1]}, z=z, x=x, y=y
    ).content
