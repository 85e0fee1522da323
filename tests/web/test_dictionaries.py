"""A browser that holds a version of a tile gets the next one as the difference, and nobody else notices."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import brotli
import pytest
import shapely
import zstandard
from httpx2 import ASGITransport, AsyncClient
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tests.web.test_hot import said
from tests.web.wires import Line, listening
from tileserver.grid import TileAddress
from tileserver.store.connect import Connection, connect
from tileserver.tiles.dictionaries import ClientVersion, Dictionaries
from tileserver.tiles.question import Question
from tileserver.web.app import create_app
from tileserver.web.negotiate import prefers_dictionary

pytestmark = pytest.mark.db

T0 = datetime(2024, 1, 1, tzinfo=UTC)
TILE = "/tiles/ukraine-sample.control,ukraine-sample.frontline/6/38/22.mvt"
DAYS = [f"2022-03-{day:02}" for day in range(1, 15)]
CHROMIUM = "gzip, deflate, br, zstd, dcb, dcz"
VARY = "Accept-Encoding, Available-Dictionary"


@dataclass(frozen=True)
class Version:
    """A version of a tile as a client holds it."""

    url: str
    name: str
    data: bytes

    @property
    def headers(self) -> dict[str, str]:
        """What a browser says that holds it."""
        digest = base64.b64encode(hashlib.sha256(self.data).digest()).decode()
        return {
            "Accept-Encoding": CHROMIUM,
            "Available-Dictionary": f":{digest}:",
            "Dictionary-ID": f'"{self.name}"',
        }


@pytest.fixture(scope="module")
def versions(client: TestClient) -> list[Version]:
    """The versions of a tile over fourteen days, each once."""
    found = {}
    for day in DAYS:
        url = client.get(f"{TILE}?datetime={day}").headers["content-location"]
        found[url] = Version(url, url.split("/")[3], client.get(url).content)
    assert len(found) > 5
    return list(found.values())


def opened(data: bytes, dictionary: bytes) -> bytes:
    """Open ``dcz`` as RFC 9842, 5 has it: a magic number, the hash of the dictionary, a frame."""
    assert data[:8] == bytes.fromhex("5e2a4d1820000000")
    assert data[8:40] == hashlib.sha256(dictionary).digest()
    parameters = zstandard.get_frame_parameters(data[40:])
    assert parameters.window_size <= 8 << 20
    assert parameters.dict_id == 0
    raw = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdDecompressor(dict_data=raw).decompress(data[40:])


def raw_of(client: TestClient, url: str, headers: dict[str, str]) -> tuple[dict[str, str], bytes]:
    """The headers of an answer, and its body as it came."""
    with client.stream("GET", url, headers=headers) as answer:
        return dict(answer.headers), b"".join(answer.iter_raw())


def test_the_next_version_is_the_difference_from_the_one_before(
    client: TestClient, versions: list[Version]
) -> None:
    whole = differences = 0
    for before, after in pairwise(versions):
        headers, data = raw_of(client, after.url, before.headers)
        assert headers["content-encoding"] == "dcz"
        assert int(headers["content-length"]) == len(data)
        assert opened(data, before.data) == after.data
        assert headers["vary"] == VARY
        assert headers["cache-control"].endswith("immutable")
        whole += len(brotli.compress(after.data, quality=5))
        differences += len(data)
    assert differences < 0.3 * whole


def test_a_dated_address_answers_with_the_difference_too(client: TestClient, versions: list[Version]) -> None:
    headers, data = raw_of(client, f"{TILE}?datetime={DAYS[-1]}", versions[0].headers)
    assert headers["content-encoding"] == "dcz"
    assert opened(data, versions[0].data) == versions[-1].data
    assert headers["content-location"] == versions[-1].url


def test_each_difference_has_a_tag_of_its_own_and_is_not_sent_twice(
    client: TestClient, versions: list[Version]
) -> None:
    first, second, last = versions[0], versions[1], versions[-1]
    tags = [raw_of(client, last.url, each.headers)[0]["etag"] for each in (first, second)]
    tags.append(client.get(last.url, headers={"Accept-Encoding": "br"}).headers["etag"])
    assert len(set(tags)) == 3
    again = client.get(last.url, headers={**first.headers, "If-None-Match": tags[0]})
    assert (again.status_code, again.content, again.headers["vary"]) == (304, b"", VARY)
    for tag in tags[1:]:
        answer = raw_of(client, last.url, {**first.headers, "If-None-Match": tag})
        assert answer[0]["content-encoding"] == "dcz"


def test_a_tile_offers_itself_to_the_versions_of_the_same_tile(
    client: TestClient, versions: list[Version]
) -> None:
    shown = versions[0]
    offer = f'match="/tiles/ukraine-sample.control,ukraine-sample.frontline/*6/38/22.mvt", id="{shown.name}"'
    for url in (shown.url, f"{TILE}?datetime={DAYS[0]}"):
        assert client.get(url).headers["use-as-dictionary"] == offer
    empty = client.get("/tiles/ukraine-sample.control/6/0/0.mvt")
    assert (empty.status_code, empty.headers["vary"]) == (204, VARY)
    assert "use-as-dictionary" not in empty.headers
    assert "use-as-dictionary" not in client.get("/tilesets").headers


def test_the_offer_stands_below_the_path_of_the_public_url(sample_database: str) -> None:
    settings = settings_for(sample_database, TILESERVER_PUBLIC_URL="https://maps.example/tiles-proxy")
    with TestClient(create_app(settings, lambda: NOW)) as client:
        offer = client.get(f"{TILE}?datetime={DAYS[0]}").headers["use-as-dictionary"]
        assert offer.startswith('match="/tiles-proxy/tiles/ukraine-sample.control,')


@pytest.mark.parametrize(
    "changed",
    [
        {"Accept-Encoding": "gzip, deflate, br, zstd"},
        {"Accept-Encoding": "br, dcz;q=0"},
        {"Accept-Encoding": "br, dcz;q=0.5"},
        {"Available-Dictionary": f":{base64.b64encode(bytes(32)).decode()}:"},
        {"Available-Dictionary": ":AAAA:"},
        {"Available-Dictionary": "nonsense"},
        {"Available-Dictionary": ""},
        {"Dictionary-ID": ""},
        {"Dictionary-ID": '"5-nothing-0-0-_-_-_-_-_"'},
        {"Dictionary-ID": '"../../../etc/passwd"'},
        {"Dictionary-ID": '"' + "x" * 600 + '"'},
    ],
)
def test_whoever_cannot_or_may_not_have_the_difference_gets_the_tile(
    client: TestClient, versions: list[Version], changed: dict[str, str]
) -> None:
    before, after = versions[0], versions[-1]
    headers, data = raw_of(client, after.url, {**before.headers, **changed})
    assert headers["content-encoding"] == "br"
    assert brotli.decompress(data) == after.data


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (CHROMIUM, True),
        ("br;q=0.5, dcz;q=0.5", True),
        ("*", False),  # which a client that cannot open it may say, too
        ("br, dcz;q=0.9", False),
        ("dcz", True),
        (None, False),
    ],
)
def test_the_difference_is_sent_where_it_is_asked_for_by_name(header: str | None, wanted: bool) -> None:
    assert prefers_dictionary(header) is wanted


def test_a_plain_client_sees_nothing_but_two_headers(sample_database: str, versions: list[Version]) -> None:
    answers = []
    for switch in ("on", "off"):
        settings = settings_for(sample_database, TILESERVER_DICTIONARIES=switch)
        with TestClient(create_app(settings, lambda: NOW)) as client:
            headers, data = raw_of(client, versions[0].url, {"Accept-Encoding": "br"})
            holder, _ = raw_of(client, versions[1].url, versions[0].headers)
            assert holder["content-encoding"] == ("dcz" if switch == "on" else "br")
            answers.append(({**headers, "x-request-id": ""}, data))
    (on, data), (off, same) = answers
    assert data == same
    assert on.pop("use-as-dictionary")
    assert (on.pop("vary"), off.pop("vary")) == (VARY, "Accept-Encoding")
    assert on == off


def test_many_who_ask_at_once_have_one_difference_made(sample_database: str, versions: list[Version]) -> None:
    async def run() -> None:
        app = create_app(settings_for(sample_database), lambda: NOW)
        async with app.router.lifespan_context(app):
            service = app.state.service
            tileset = (await service.current.catalogue()).tileset(TILE.split("/")[2])
            question = Question(tileset, TileAddress(6, 38, 22))
            before, after = versions[0], versions[-1]
            located = service.from_url(tileset, question.address, after.name)
            answer = await service.answer(question, located)
            held = ClientVersion(before.name, hashlib.sha256(before.data).digest())
            dictionaries = Dictionaries(service, 100_000)
            made = await asyncio.gather(*(dictionaries.delta(question, answer, held) for _ in range(20)))
            assert len({id(each) for each in made}) == 1
            assert made[0] is not None
            for n in range(50):  # and what nobody holds takes no room
                assert (
                    await dictionaries.delta(question, answer, ClientVersion(before.name, bytes([n]) * 32))
                    is None
                )
            assert dictionaries.weight == made[0].weight

    asyncio.run(run())


def test_before_the_framework_a_difference_goes_to_its_holder_alone(
    sample_database: str, versions: list[Version]
) -> None:
    apps = [create_app(settings_for(sample_database), lambda: NOW) for _ in range(2)]
    first, second, last = versions[0], versions[1], versions[-1]
    strange = {**first.headers, "Available-Dictionary": f":{base64.b64encode(bytes(32)).decode()}:"}
    plain = {"Accept-Encoding": CHROMIUM}
    holders = [plain, first.headers, second.headers, strange, {**first.headers, "Accept-Encoding": "br"}]
    with (
        listening(apps[0]) as hot_port,
        listening(apps[1], "httptools") as slow_port,
        Line(hot_port) as hot,
        Line(slow_port) as slow,
    ):
        for url in [last.url, f"{TILE}?datetime={DAYS[-1]}"] * 3:
            for headers in holders:
                one, other = hot.ask(url, headers), slow.ask(url, headers)
                assert said(one) == said(other), headers
            coded = [hot.ask(url, headers).header("content-encoding") for headers in holders]
            assert coded == ["br", "dcz", "dcz", "br", "br"]
    assert apps[0].state.hot.answered > 20


def test_no_spelling_of_what_a_holder_accepts_takes_memory_or_another_reader_s_place(
    sample_database: str, versions: list[Version]
) -> None:
    app = create_app(settings_for(sample_database), lambda: NOW)
    first, last = versions[0], versions[-1]
    with listening(app) as port, Line(port) as line:
        for n in range(40):
            spelled = {**first.headers, "Accept-Encoding": f"{CHROMIUM}, {'x' * 20_000}{n}"}
            assert line.ask(last.url, spelled).header("content-encoding") == "dcz"
        weighed, answered = app.state.hot.weight, app.state.hot.answered
        assert answered >= 38  # the spellings are one form
        for _ in range(3):
            assert line.ask(last.url, {"Accept-Encoding": "br"}).header("content-encoding") == "br"
            assert (
                line.ask(last.url, {**first.headers, "Accept-Encoding": "br"}).header("content-encoding")
                == "br"
            )
        assert app.state.hot.answered >= answered + 5
        assert app.state.hot.weight < weighed + 10_000


# What `withdraw` does, without its announcement: the rows go, the edition rises.
WITHDRAWN = """
    DELETE FROM feature_version WHERE id = (SELECT max(id) FROM feature_version);
    UPDATE layer SET edition = edition + 1 WHERE theatre = 'toy';
"""


def test_what_was_withdrawn_is_no_dictionary(databases: Databases) -> None:
    dsn, place = databases.new(), TileAddress(2, 2, 1)

    async def write(connection: Connection) -> None:
        at = [(200 + 200 * column, 200 + 200 * row) for column in range(12) for row in range(12)]
        whole = shapely.union_all([square(x, y, 90) for x, y in at])
        shown = [Feature("control", in_tile(place, each), T0) for each in (whole, square(2900, 2900, 90))]
        await fill(connection, theatre(layer("control"), id="toy"), shown)

    async def run() -> None:
        app = create_app(settings_for(dsn), lambda: NOW)
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://toy") as client,
        ):
            dated = "/tiles/toy/2/2/1.mvt"
            url = (await client.get(dated)).headers["content-location"]
            held = Version(url, url.split("/")[3], (await client.get(url)).content)
            same = await client.get(url, headers=held.headers)
            assert same.headers["content-encoding"] == "dcz"  # from itself
            connection = await connect(dsn)
            await connection.execute(WITHDRAWN)
            await connection.close()
            async with asyncio.timeout(10):
                while (await client.get(dated)).headers.get("content-location") in (url, None):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            answer = await client.get(dated, headers=held.headers)
            assert answer.status_code == 200
            assert answer.headers["content-encoding"] == "br"
            assert (await client.get(url, headers=held.headers)).status_code == 404

    databases.run(dsn, write)
    asyncio.run(run())
