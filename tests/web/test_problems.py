"""What is not there is named by what it would be; a mistake in a parameter is no missing page."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

SAMPLE = "ukraine-sample"

pytestmark = pytest.mark.db

UNKNOWN = [
    ("/tilesets/atlantis", "Unknown theatre"),
    ("/tiles/atlantis/6/38/22.mvt", "Unknown theatre"),
    ("/tiles/atlantis.control/6/38/22.mvt", "Unknown theatre"),
    (f"/tiles/{SAMPLE}.atlantis/6/38/22.mvt", "Unknown layer"),
    (f"/tilesets/{SAMPLE}.control,{SAMPLE}.atlantis/timeline", "Unknown layer"),
    (f"/tiles/{SAMPLE}.control.x/6/38/22.mvt", "Unknown tileset"),
    (f"/tiles/{SAMPLE}/1-2/6/38/22.mvt", "Unknown version"),
    (f"/tiles/{SAMPLE}/4-1-0-0-_-_-_-_-_/6/38/22.mvt", "Unknown version"),
    (f"/history/{SAMPLE}/2023/6/38/22.mvt", "Unknown period"),
    (f"/history/{SAMPLE}/20230101-20230201-1-1/6/38/22.mvt", "Unknown period"),
    (f"/history/{SAMPLE}/20230101-20230201-1-1/faces/x.json", "Unknown band"),
    (f"/history/{SAMPLE}/20230101-20230201-1-1/faces/400.json", "Unknown band"),
    (f"/changes/{SAMPLE}/2023-11-09/1-0-0-0-00000000.json", "Unknown state"),
    ("/styles/atlantis.json", "Unknown style"),
    (f"/changes/{SAMPLE}.events/2023-11-08/2023-11-09/6/38/22.mvt", "Nothing measured"),
    (f"/tilesets/{SAMPLE}.events/km2.json", "Nothing measured"),
    (f"/tiles/{SAMPLE}/6/64/22.mvt", "Address outside the tile matrix"),
    (f"/tiles/{SAMPLE}/6/-1/22.mvt", "Address outside the tile matrix"),
    (f"/tiles/{SAMPLE}/6/38/4294967296.mvt", "Address outside the tile matrix"),
    (f"/tiles/{SAMPLE}/{'9' * 400}/38/22.mvt", "Address outside the tile matrix"),
    (f"/history/{SAMPLE}/20230101-20230201-1-1/6/9999999999/22.mvt", "Address outside the tile matrix"),
    (f"/changes/{SAMPLE}/2023-11-08/2023-11-09/6/9999999999/22.mvt", "Address outside the tile matrix"),
]


@pytest.mark.parametrize(("path", "title"), UNKNOWN, ids=[path[:60] for path, _ in UNKNOWN])
def test_what_is_not_there_is_404_under_its_own_title(client: TestClient, path: str, title: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["title"]) == (404, title)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) < 300


@pytest.mark.parametrize("text", ["01", "+1", "1e3", "٣", "-0", "x"])
@pytest.mark.parametrize(
    "path",
    [
        f"/tiles/{SAMPLE}/6/{{}}/22.mvt",
        f"/history/{SAMPLE}/20230101-20230201-1-1/6/{{}}/22.mvt",
        f"/changes/{SAMPLE}/2023-11-08/2023-11-09/6/{{}}/22.mvt",
    ],
)
def test_what_is_no_whole_number_is_a_mistake_in_every_kind_of_tile(
    client: TestClient, path: str, text: str
) -> None:
    answer = client.get(path.format(text))
    assert (answer.status_code, answer.json()["title"]) == (400, "Bad parameter")
