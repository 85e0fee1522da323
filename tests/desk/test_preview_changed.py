"""Law: a version that takes the place of another says in what the two differ; words come before URLs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import shapely

from tests.ingest.mapping.tables import events
from tileserver.desk.preview import FeaturePreview
from tileserver.desk.preview_changed import changed_words
from tileserver.desk.preview_maps import feature_words
from tileserver.model import DatedFeature, Feature, Value
from tileserver.shape.project import to_mercator

DAY = datetime(2023, 10, 9, tzinfo=UTC)
DATED = DatedFeature(b"a", DAY, DAY + timedelta(days=1))


def feature(text: str = "fire", lon: float = 33.0) -> Feature:
    place = shapely.transform(shapely.Point(lon, 46.7), to_mercator)
    given: dict[str, Value] = {"kind": "battle", "url": "https://post.example/1", "text": text}
    return Feature(b"a", given, shapely.to_wkb(place), 1)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ((DATED, feature("flood")), "text"),
        ((DATED, feature(lon=33.01)), "moved 763 m"),
        ((DATED._replace(end=None), feature("flood")), "text, from and to"),
    ],
)
def test_a_new_version_says_what_changed(after: tuple[DatedFeature, Feature], words: str) -> None:
    assert changed_words((DATED, feature()), after) == words


def test_the_words_of_an_event_come_before_its_url() -> None:
    layer = events("url", "text")
    assert feature_words(layer, FeaturePreview("comes", DATED, feature())) == "battle: fire"
