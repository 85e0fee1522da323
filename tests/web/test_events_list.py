"""The list of events says what tiles of the same window say, bounded, and counts all of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import mapbox_vector_tile
import pytest
from starlette.testclient import TestClient

LIST = "/tilesets/western-front.events/events.json"
SUMMER = "datetime=1944-06-06/1944-08-31"

pytestmark = pytest.mark.db


def listed(client: TestClient, query: str, path: str = LIST) -> dict[str, Any]:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def in_tile(client: TestClient, query: str) -> dict[int, dict[str, Any]]:
    body = client.get(f"/tiles/western-front.events/0/0/0.mvt?{query}").content
    return {each["id"]: each["properties"] for each in mapbox_vector_tile.decode(body)["events"]["features"]}


def test_a_list_has_the_events_of_the_tiles_with_their_texts(client: TestClient) -> None:
    for query in (SUMMER, "datetime=1944-08-25", "datetime=../.."):
        found = listed(client, query)
        said = {each["id"]: each["properties"] for each in found["events"]}
        assert said == in_tile(client, query)
        assert found["total"] == len(said) == sum(day["events"] for day in found["days"])
    days = [each["from"] for each in found["events"]]
    assert days == sorted(days, reverse=True)


def test_days_are_counted_whatever_the_list_has_room_for(client: TestClient) -> None:
    whole, none, few = (listed(client, f"{SUMMER}{limit}") for limit in ("", "&limit=0", "&limit=2"))
    assert (none["events"], few["events"]) == ([], whole["events"][:2])
    assert none["total"] == few["total"] == whole["total"]
    counted = Counter(each["from"] for each in whole["events"])
    assert none["days"] == [{"day": day, "events": counted[day]} for day in sorted(counted)]


def test_what_is_hidden_and_what_lies_elsewhere_is_neither_listed_nor_counted(client: TestClient) -> None:
    whole = listed(client, SUMMER)["events"]
    landings = [each for each in whole if each["properties"]["kind"] == "landing"]
    others = listed(client, f"{SUMMER}&hide=events.kind.landing")
    assert others["events"] == [each for each in whole if each not in landings]
    assert others["total"] == len(whole) - len(landings) < len(whole)
    either = [each for each in others["events"] if each["properties"]["side"] != "allied"]
    both = listed(client, f"{SUMMER}&hide=events.kind.landing.battle,events.side.allied")["events"]
    assert both == [each for each in either if each["properties"]["kind"] != "battle"] != []
    west = listed(client, f"{SUMMER}&bbox=-3,48,0,50")["events"]
    assert west == [each for each in whole if -3 <= each["lon"] <= 0 and 48 <= each["lat"] <= 50] != []


def test_one_event_is_found_by_its_key_behind_any_number_of_others(client: TestClient) -> None:
    everything = listed(client, "datetime=../..&limit=2000")["events"]
    oldest = everything[-1]
    key = f"event=events.{oldest['id']}"
    found = listed(client, f"datetime=../..&limit=1&{key}")
    assert (found["events"], found["total"]) == ([oldest], 1)
    assert found["days"] == [{"day": oldest["from"], "events": 1}]
    whole = listed(client, f"datetime=../..&limit=1&{key}", LIST.replace(".events", ""))
    assert whole["events"] == [oldest]
    for nothing in (
        f"datetime={everything[0]['from']}&{key}",
        f"datetime=../..&{key}&hide=events.kind.{oldest['properties']['kind']}",
        "datetime=../..&event=events.1",
        f"datetime=../..&event=control.{oldest['id']}",
        f"datetime=../..&event=nowhere.{oldest['id']}",
        "datetime=../..&event=events.9999999999999999",
    ):
        assert (listed(client, nothing)["events"], listed(client, nothing)["total"]) == ([], 0), nothing


def test_a_tileset_without_events_has_an_empty_list(client: TestClient) -> None:
    assert listed(client, SUMMER, "/tilesets/western-front.control/events.json")["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "limit=2001", "limit=-1", "limit=1e3", "limit=", "bbox=1,2,3", "bbox=3,48,0,50", "bbox=nan,0,1,1",
        "bbox=0,-90,1,90", "hide=events", "hide=events.kind", "hide=events.kind.", "hide=control.status.axis",
        "hide=events.nothing.x", "kind=siege", "datetime=1944-02-30",
        "event=", "event=events", "event=.5", "event=events.-5", "event=events.5.6",
        "event=events.99999999999999999", "event=events.%D9%A5",
    ],
)  # fmt: skip
def test_nonsense_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"{LIST}?{query}").status_code == 400
