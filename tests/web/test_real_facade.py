"""The picture before an embed's map stays light on real days: where there is most land, and most events."""

from __future__ import annotations

import html
import re

import pytest
from starlette.testclient import TestClient

from tileserver.web.built import STATIC

pytestmark = [
    pytest.mark.db,
    pytest.mark.data,
    pytest.mark.skipif(not (STATIC / "basemap" / "world.pmtiles").is_file(), reason="no basemap is built"),
]

BESIDE = 11_600  # bytes of the page, its style and its script
MOST = 80_000


@pytest.mark.parametrize("day", ["2022-09-12", "2023-11-09", "2024-08-15"])
def test_the_picture_of_a_real_day_leaves_room_in_80_kb_at_every_width(
    archive_client: TestClient, day: str
) -> None:
    page = archive_client.get(f"/embed?theatre=ukraine&at={day}").text
    pictures = {html.unescape(each) for each in re.findall(r'(?:srcset|src)="(pictures/[^"]+)"', page)}
    assert len(pictures) == 6  # three widths in two themes
    for each in pictures:
        with archive_client.stream("GET", f"/{each}", headers={"Accept-Encoding": "br"}) as answer:
            assert answer.headers["content-encoding"] == "br"
            assert 20_000 < int(answer.headers["content-length"]) < MOST - BESIDE
