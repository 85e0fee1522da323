"""The place of an item that was put aside, as far as its text shows one; and never a wrong one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tileserver.ingest.whereabouts import place_in, place_of


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ('status "x": {"id":1,"Longitude":"36.5","LATITUDE":"48.1"}', (36.5, 48.1)),
        ('{"lon":36.5,"lat":48.1}', (36.5, 48.1)),
        ('{"type":"Point","coordinates":[36.5,48.1]}', (36.5, 48.1)),
        ('{"type":"Polygon","coordinates":[[[36.5, 48.1], [36.6, 48.2], [36.', (36.5, 48.1)),
        ('{"wkt":"POLYGON ((36.5 48.1, 36.6 48.2, 36.6 48.1, 36.5 48.1))"}', (36.5, 48.1)),
        ('{"x":"a","y":"b"}', None),
        ('{"lon":"nan","lat":"48"}', None),
        ('{"lon":636.5,"lat":48.1}', None),
        pytest.param(f'{{"lon":{10**400},"lat":48.1}}', None, id="a number of 401 digits"),
        ('{"lon":true}', None),
        ("no place, 36.5, 48.1", None),
        ("", None),
    ],
)
def test_a_place_is_read_from_columns_geojson_or_wkt_even_cut_off(
    raw: str, place: tuple[float, float] | None
) -> None:
    assert place_in(raw) == place


def test_a_geometry_has_its_middle_and_a_broken_one_its_first_corner() -> None:
    square = b'{"type":"Polygon","coordinates":[[[36,48],[37,48],[37,49],[36,49],[36,48]]]}'
    assert place_of(square) == (36.5, 48.5)
    bow = b'{"type":"Polygon","coordinates":[[[36,48],[37,49],[37,48],[36,49],[36,48]]]}'
    assert place_of(bow) == (36.0, 48.0)
    assert place_of(b'{"type":"Point","coordinates":[3600,48]}') is None
    assert place_of(b"") is None


@given(st.text(max_size=200))
@settings(deadline=None)
def test_no_text_ends_the_search_in_an_error(raw: str) -> None:
    place = place_in(raw)
    assert place is None or (abs(place[0]) <= 180 and abs(place[1]) <= 90)
    place_of(raw.encode("utf-8", "replace"))
