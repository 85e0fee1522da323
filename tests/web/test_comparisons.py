"""Laws: a change tile is what two state tiles differ in, reads backwards, and is named by its ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from starlette.testclient import TestClient

from tests.addresses import addresses_in
from tests.conftest import NOW, settings_for
from tests.desk.conftest import Cells, Desk
from tileserver.grid import EXTENT, BoundsLonLat, TileAddress, address_at
from tileserver.tiles.text import decode_tile, to_metres
from tileserver.times import TICK
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

IMMUTABLE = "public, max-age=31536000, immutable"
Features = list[dict[str, Any]]
Km2 = dict[tuple[str, str], float]

# The desk's lattice: first what held on two days, then the first of them corrected, then a third day.
ONE: Cells = {(0, 0): "occupied", (1, 0): "occupied", (2, 0): "liberated", (5, 5): "unknown"}
TWO: Cells = {(0, 0): "occupied", (1, 0): "liberated", (2, 0): "occupied", (3, 0): "occupied"}
CORRECTED: Cells = {**ONE, (1, 0): "liberated"}
DAYS = [datetime(2023, 10, day, 9, tzinfo=UTC) for day in (2, 5, 9)]
FROM, TO = "2023-10-02", "2023-10-05"
PLACE = address_at(36.15, 48.05, 8)
AROUND = BoundsLonLat(35.95, 47.95, 36.75, 48.65)


@contextmanager
def serving(dsn: str, now: datetime = NOW) -> Iterator[TestClient]:
    with TestClient(create_app(settings_for(dsn), lambda: now), raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


@pytest.fixture(scope="module")
def desk(databases: Databases) -> Desk:
    desk = Desk(databases)
    desk.import_states(dict(zip(DAYS[:2], (ONE, TWO), strict=True)))
    desk.import_states({DAYS[0]: CORRECTED})
    return desk


@pytest.fixture(scope="module")
def copied(databases: Databases, desk: Desk) -> str:
    """The same history, to import more into."""
    return databases.copy(desk.dsn)


@pytest.fixture(scope="module")
def drawn(desk: Desk, copied: str) -> Iterator[TestClient]:
    """A client of the application over the drawn history."""
    with serving(desk.dsn) as client:
        yield client


def pieces(client: TestClient, ends: str, address: TileAddress, query: str = "") -> Features:
    answer = client.get(f"/changes/ukraine.control/{ends}/{address}.mvt{query}")
    assert answer.status_code in (200, 204), answer.text
    return decode_tile(answer.content).get("control", [])


def km2(features: Features) -> Km2:
    found: defaultdict[tuple[str, str], float] = defaultdict(float)
    for said in {each["id"]: each["properties"] for each in features}.values():
        found[said.get("was", ""), said.get("is", "")] += said["km2"]
    return dict(found)


def test_pieces_say_whose_they_were_and_are_and_which_side_that_is_a_gain_for(drawn: TestClient) -> None:
    found = pieces(drawn, f"{FROM}/{TO}", PLACE, "?revision=1")
    assert {(p.get("was"), p.get("is"), p.get("change")) for p in (each["properties"] for each in found)} == {
        ("occupied", "liberated", "lost"),
        ("liberated", "occupied", "gained"),
        (None, "occupied", "gained"),
        ("unknown", None, None),
    }
    lattice = 7.4537 * 11.1213  # km, of a square at 48 degrees
    assert km2(found) == pytest.approx(dict.fromkeys(km2(found), lattice), rel=0.01)


def test_a_document_has_the_totals_and_where_to_look(drawn: TestClient) -> None:
    document = drawn.get(f"/changes/ukraine/{FROM}/{TO}.json?revision=1").json()
    assert document["pieces"] == 4
    assert document["bounds"] == pytest.approx([36.1, 48.0, 36.6, 48.6], abs=1e-4)
    assert document["from"] == {"at": "2023-10-02T09:00:00Z", "revision": 1}
    own = document["statuses"]["occupied"]
    moved = {(each["from"], each["to"]): each["km2"] for each in document["moved"]}
    assert own["gained"] == pytest.approx(moved["liberated", "occupied"] + moved["", "occupied"], abs=0.01)
    assert own["net"] == pytest.approx(own["gained"] - own["lost"], abs=0.01)
    held = document["held"]
    assert (held["gained"], held["lost"]) == pytest.approx((own["gained"], own["lost"]))
    found = [
        each
        for address in addresses_in(AROUND, 13)
        for each in pieces(drawn, f"{FROM}/{TO}", address, "?revision=1")
    ]
    assert km2(found) == pytest.approx(moved, rel=1e-4)


def test_what_is_gained_is_lost_when_read_backwards(drawn: TestClient) -> None:
    for zoom in (4, 7, 9, 13):
        address = address_at(36.25, 48.05, zoom)
        there, back = (pieces(drawn, ends, address) for ends in (f"{FROM}/{TO}", f"{TO}/{FROM}"))
        swap = {"gained": "lost", "lost": "gained", None: None}
        assert there
        assert sorted(_told(each, swap) for each in back) == sorted(_told(each) for each in there)


def _told(feature: dict[str, Any], swap: dict[Any, Any] | None = None) -> tuple[Any, ...]:
    said = feature["properties"]
    was, holds, change = said.get("was", ""), said.get("is", ""), said.get("change")
    ends = (holds, was, swap[change]) if swap else (was, holds, change)
    return *map(str, ends), said["km2"], shapely.normalize(feature["geometry"]).wkb_hex


def test_between_equal_states_there_is_nothing(drawn: TestClient) -> None:
    for ends in (f"{FROM}/{FROM}", "2023-10-02/2023-10-04", "1990-01-01/1991-01-01", "latest/2024-01-01"):
        assert drawn.get(f"/changes/ukraine/{ends}/{PLACE}.mvt").status_code == 204
        document = drawn.get(f"/changes/ukraine/{ends}.json").json()
        assert (document["pieces"], document["bounds"], document["moved"]) == (0, None, [])


def test_lines_say_where_they_were_and_where_they_are(drawn: TestClient) -> None:
    answer = drawn.get(f"/changes/ukraine/{FROM}/{TO}/{PLACE}.mvt?revision=1")
    lines = decode_tile(answer.content)["frontline"]
    assert {each["properties"]["state"] for each in lines} == {"was", "is"}
    shown = {}
    for state, day in (("was", FROM), ("is", TO)):
        tile = decode_tile(
            drawn.get(f"/tiles/ukraine.frontline/{PLACE}.mvt?datetime={day}&revision=1").content
        )
        shown[state] = shapely.union_all([each["geometry"] for each in tile["frontline"]])
    for state, other in (("was", "is"), ("is", "was")):
        own = shapely.union_all([each["geometry"] for each in lines if each["properties"]["state"] == state])
        assert own.equals(shown[state].difference(shown[other]))


def test_two_revisions_differ_in_what_was_corrected(drawn: TestClient) -> None:
    found = pieces(drawn, f"{FROM}/{FROM}", PLACE, "?known=1&revision=2")
    assert set(km2(found)) == {("occupied", "liberated")}
    assert pieces(drawn, f"{FROM}/{FROM}", PLACE, "?known=1") == found
    assert set(km2(pieces(drawn, f"{FROM}/{FROM}", PLACE, "?known=2&revision=1"))) == {
        ("liberated", "occupied")
    }
    assert pieces(drawn, f"{TO}/{TO}", PLACE, "?known=1&revision=2") == []


def test_an_address_names_the_content_and_no_import_of_another_day_renames_it(
    databases: Databases, copied: str
) -> None:
    url = f"/changes/ukraine/{FROM}/{TO}"
    with serving(copied) as client:
        before = {form: client.get(url + form) for form in (f"/{PLACE}.mvt", ".json")}
    Desk(databases, copied).import_states({DAYS[2]: {**TWO, (4, 4): "occupied"}})
    with serving(copied) as client:
        for form, old in before.items():
            new = client.get(url + form)
            assert new.headers["content-location"] == old.headers["content-location"]
            assert new.content == client.get(old.headers["content-location"]).content == old.content


def test_dates_with_the_same_states_have_one_address_of_immutable_bytes(drawn: TestClient) -> None:
    for form in (f"/{PLACE}.mvt", ".json"):
        urls = [
            f"/changes/ukraine/{FROM}/{TO}{form}",
            f"/changes/ukraine.control,ukraine.frontline/{FROM}T09:00:00Z/latest{form}",
        ]
        one, other = (drawn.get(url) for url in urls)
        assert one.headers["cache-control"] == "public, max-age=60"
        assert one.headers["ogcapi-datetime"] == "2023-10-02T09:00:00Z/2023-10-05T09:00:00Z"
        assert one.headers["access-control-allow-origin"] == "*"
        assert one.headers["content-location"] == other.headers["content-location"]
        kept = drawn.get(one.headers["content-location"])
        assert (kept.status_code, kept.headers["cache-control"]) == (200, IMMUTABLE)
        assert one.content == other.content == kept.content
        assert one.headers["etag"] == kept.headers["etag"]
        again = drawn.get(urls[0], headers={"If-None-Match": one.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = drawn.head(urls[0])
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == one.headers["etag"]


def test_a_piece_is_the_same_in_every_tile_that_shows_part_of_it_and_meets_itself(drawn: TestClient) -> None:
    for zoom in (8, 10, 12):
        parts: defaultdict[int, list[Any]] = defaultdict(list)
        said: dict[int, dict[str, Any]] = {}
        for address in addresses_in(AROUND, zoom):
            paper = shapely.box(0, 0, EXTENT, EXTENT)
            for each in pieces(drawn, f"{FROM}/{TO}", address):
                assert said.setdefault(each["id"], each["properties"]) == each["properties"]
                parts[each["id"]].append(to_metres(each["geometry"].intersection(paper), address))
        assert parts
        for own in parts.values():
            whole = shapely.union_all(own, grid_size=0.001)
            assert shapely.get_num_geometries(whole) == 1
            assert shapely.area(own).sum() == pytest.approx(whole.area)


DATES = ["1944-06-20", "1944-08-25", "1944-12-20", "1945-04-10"]


@pytest.mark.parametrize(
    "address", [TileAddress(4, 8, 5), TileAddress(6, 32, 22), TileAddress(8, 129, 88)], ids=str
)
def test_what_two_state_tiles_differ_in_is_what_the_change_tile_shows(
    client: TestClient, address: TileAddress
) -> None:
    def state(day: str) -> dict[str, BaseGeometry]:
        tile = decode_tile(client.get(f"/tiles/western-front.control/{address}.mvt?datetime={day}").content)
        by_status: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
        for each in tile.get("control", []):
            by_status[each["properties"]["status"]].append(each["geometry"])
        return {status: shapely.union_all(own) for status, own in by_status.items()}

    seen = 0
    for first, second in pairwise(DATES):
        was, holds = state(first), state(second)
        tile = decode_tile(
            client.get(f"/changes/western-front.control/{first}/{second}/{address}.mvt").content
        )
        shown: defaultdict[tuple[str, str], list[BaseGeometry]] = defaultdict(list)
        for each in tile.get("control", []):
            said = each["properties"]
            assert shapely.is_valid(each["geometry"]), (first, second, said)  # no ring touches itself
            shown[said.get("was", ""), said.get("is", "")].append(each["geometry"])
            seen += 1
        for before in was:
            for after in holds:
                if before != after:
                    differs = was[before].intersection(holds[after])
                    own = shapely.union_all(shown[before, after])
                    assert own.symmetric_difference(differs).buffer(-1.5).is_empty, (before, after)
        everything = [geometry for parts in shown.values() for geometry in parts]
        assert shapely.area(everything).sum() == pytest.approx(shapely.union_all(everything).area, rel=1e-3)
    assert seen


def test_nothing_after_the_horizon_takes_part(desk: Desk) -> None:
    embargo = timedelta(hours=48)
    with serving(desk.dsn, DAYS[1] + embargo) as client:
        ends = f"/changes/ukraine/{FROM}/2099-01-01"
        public = {form: client.get(ends + form) for form in (f"/{PLACE}.mvt", ".json")}
    with serving(desk.dsn, DAYS[1] + embargo - TICK) as client:
        for form, answer in public.items():
            assert answer.status_code == 200
            early = client.get(ends + form)
            assert early.status_code == 204 or early.json()["pieces"] == 0
            assert early.headers["ogcapi-datetime"] == "2023-10-02T09:00:00Z/2023-10-02T09:00:00Z"
            refused = client.get(answer.headers["content-location"])
            assert (refused.status_code, refused.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"ukraine/2023-13-01/2023-10-05/{PLACE}.mvt", 400),
        (f"ukraine/yesterday/2023-10-05/{PLACE}.mvt", 400),
        (f"ukraine/{FROM}/{TO}/{PLACE}.mvt?datetime=2023-10-05", 400),
        (f"ukraine/{FROM}/{TO}/{PLACE}.mvt?known=0", 400),
        (f"ukraine/{FROM}/{TO}.json?known=1&known=2", 400),
        (f"ukraine/{FROM}/{TO}/15/0/0.mvt", 404),
        (f"ukraine/{FROM}/{TO}/8/01/0.mvt", 400),
        (f"ukraine.events/{FROM}/{TO}/{PLACE}.mvt", 404),
        (f"ukraine.frontline/{FROM}/{TO}.json", 404),
        (f"nowhere/{FROM}/{TO}.json", 404),
        ("ukraine/{before}/2023-10-05.json", 404),
        ("ukraine/{before}/{after}.json?revision=1", 400),
        ("ukraine/{before}/{after}0.json", 404),
        ("ukraine.control/{before}/{after}.json", 404),
    ],
)
def test_what_makes_no_sense_is_refused(drawn: TestClient, path: str, status: int) -> None:
    location = drawn.get(f"/changes/ukraine/{FROM}/{TO}.json").headers["content-location"]
    before, after = location.removesuffix(".json").split("/")[-2:]
    answer = drawn.get(f"/changes/{path.format(before=before, after=after)}")
    assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")
    assert answer.headers["content-type"] == "application/problem+json"
