"""Events are chosen by the codes of the legend: one choice is one tile, and what is not there is refused."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import pytest
from starlette.testclient import TestClient

EVENTS = "/tiles/western-front.events/4/8/5.mvt?datetime=../.."
WHOLE = "/tiles/western-front/4/8/5.mvt?datetime=../.."

pytestmark = pytest.mark.db


def drawn(client: TestClient, url: str) -> dict[str, list[dict[str, Any]]]:
    answer = client.get(url)
    assert answer.status_code == 200
    assert client.get(answer.headers["content-location"]).content == answer.content
    return {name: layer["features"] for name, layer in mapbox_vector_tile.decode(answer.content).items()}


def test_a_choice_shows_what_was_chosen_and_nothing_else(client: TestClient) -> None:
    every = drawn(client, EVENTS)["events"]
    for codes in (["siege"], ["battle", "siege"]):
        some = drawn(client, f"{EVENTS}&kind={','.join(codes)}")["events"]
        assert some == [each for each in every if each["properties"]["kind"] in codes]
        assert 0 < len(some) < len(every)


def test_layers_that_know_no_kinds_are_not_concerned(client: TestClient) -> None:
    every, some = drawn(client, WHOLE), drawn(client, f"{WHOLE}&kind=siege")
    assert {name: layer for name, layer in some.items() if name != "events"} == {
        name: layer for name, layer in every.items() if name != "events"
    }


def test_every_spelling_of_a_choice_is_one_tile(client: TestClient) -> None:
    spellings = ("battle,siege", "siege,battle", "siege,siege,battle", "siege%2Cbattle")
    answers = [client.get(f"{EVENTS}&kind={spelling}") for spelling in spellings]
    assert len({answer.headers["content-location"] for answer in answers}) == 1
    assert all("hit" in answer.headers["cache-status"] for answer in answers[1:])


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (f"{EVENTS}&kind=wedding", "known are: landing, battle, siege"),
        (f"{EVENTS}&kind=", "known are: landing, battle, siege"),
        (f"{EVENTS}&kind=battle,wedding", "known are: landing, battle, siege"),
        (f"{EVENTS}&kind=battle&kind=siege", "more than once"),
        (f"{EVENTS}&side=allied", "known are: datetime, revision, kind"),
        (f"{EVENTS}&status=axis", "known are: datetime, revision, kind"),
        ("/tiles/western-front.control/4/8/5.mvt?kind=battle", "known are: datetime, revision"),
        ("/tiles/western-front.notes/4/8/5.mvt?kind=battle", "known are: datetime, revision"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_what_can(client: TestClient, url: str, says: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_the_tilejson_says_what_can_be_chosen_and_from_where_there_are_points(client: TestClient) -> None:
    document = client.get("/tilesets/western-front").json()
    codes = [each["code"] for each in document["categories"]["events"]]
    assert document["windows"] == {
        "events": {"points": 8000, "cells": 32, "cells_below": 8, "choose": {"kind": codes}},
        "notes": {"points": 8000, "cells": 32, "cells_below": 8, "choose": {}},
    }
