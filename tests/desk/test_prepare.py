"""Law: a content is named by what it is, whatever came before; each raw feature is repaired once."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tileserver.desk.prepare import Preparer, make_feature
from tileserver.findings import Finding
from tileserver.ingest import RawFeature, Report
from tileserver.model import Theatre, Value
from tileserver.shape.project import to_mercator
from tileserver.theatres import load_theatre

SQUARE = b'{"type":"Polygon","coordinates":[[[30,50,0],[31,50,0],[31,51,0],[30,51,0],[30,50,0]]]}'
BOWTIE = b'{"type":"Polygon","coordinates":[[[30,50],[31,51],[31,50],[30,51],[30,50]]]}'
FAR = b'{"type":"Polygon","coordinates":[[[64,14],[65,14],[65,15],[64,14]]]}'
OCCUPIED: Mapping[str, Value] = {"status": "occupied"}


@pytest.fixture(scope="module")
def theatre() -> Theatre:
    return load_theatre("ukraine")


def preparer(theatre: Theatre, report: Report) -> Preparer:
    return Preparer(theatre, theatre.layer("control"), report)


def test_a_content_is_kept_in_metres_with_its_reference_system(theatre: Theatre) -> None:
    content = preparer(theatre, Report()).prepare(RawFeature(SQUARE, OCCUPIED))
    assert content is not None
    kept = shapely.from_wkb(content.wkb)
    assert shapely.get_srid(kept) == 3857
    assert not kept.has_z
    corners = shapely.transform(shapely.box(30, 50, 31, 51), to_mercator)
    assert kept.symmetric_difference(corners).area < 1e-3
    assert content.properties == OCCUPIED


def test_equal_features_are_one_content_whatever_was_prepared_before(theatre: Theatre) -> None:
    one, other = preparer(theatre, Report()), preparer(theatre, Report())
    other.prepare(RawFeature(BOWTIE, OCCUPIED))
    first = one.prepare(RawFeature(SQUARE, OCCUPIED, origin="here"))
    again = one.prepare(RawFeature(SQUARE, OCCUPIED, origin="there"))
    assert first is again
    assert first == other.prepare(RawFeature(SQUARE, OCCUPIED))


def test_geometry_and_properties_both_are_in_the_hash_of_a_feature(theatre: Theatre) -> None:
    prepared = preparer(theatre, Report())
    features = [
        RawFeature(SQUARE, OCCUPIED),
        RawFeature(SQUARE, {"status": "liberated"}),
        RawFeature(BOWTIE, OCCUPIED),
    ]
    assert len({kept.feature_hash for each in features if (kept := prepared.prepare(each))}) == 3


def test_a_feature_has_one_hash_in_every_database_and_version() -> None:
    """Ids in tiles and stored hashes rest on it: change it, and every import is a correction."""
    feature_hash = make_feature(shapely.box(0, 0, 1, 1), {"status": "occupied"}).feature_hash
    assert feature_hash.hex() == "7ac4649fc1e59a4bc0ff919e0c44d2e4"


@given(st.permutations([("status", "occupied"), ("n", 1), ("x", 1.5), ("flag", True)]))
def test_the_order_of_properties_is_not_part_of_a_feature(items: list[tuple[str, Value]]) -> None:
    plain: dict[str, Value] = {"flag": True, "n": 1, "status": "occupied", "x": 1.5}
    assert (
        make_feature(shapely.box(0, 0, 1, 1), dict(items)).feature_hash
        == make_feature(shapely.box(0, 0, 1, 1), plain).feature_hash
    )


@given(st.integers(0, 10**6))
def test_an_id_is_a_whole_number_that_javascript_has(west: int) -> None:
    feature = make_feature(shapely.box(west, 0, west + 1, 1), {})
    assert 0 <= feature.id < 2**53
    assert feature.id == int.from_bytes(feature.feature_hash, "big") >> (len(feature.feature_hash) * 8 - 53)


def test_what_was_done_is_counted_each_time_though_done_once(theatre: Theatre) -> None:
    report = Report()
    prepared = preparer(theatre, report)
    for number in range(3):
        assert prepared.prepare(RawFeature(BOWTIE, OCCUPIED, origin=f"file#{number}")) is not None
    assert report.counts == {Finding.MADE_VALID: 3}
    assert report.examples[Finding.MADE_VALID] == ["file#0", "file#1", "file#2"]
    assert len(prepared.features) == 1


def test_what_cannot_be_kept_is_quarantined_each_time_with_its_raw_text(theatre: Theatre) -> None:
    report = Report()
    prepared = preparer(theatre, report)
    assert [prepared.prepare(RawFeature(FAR, OCCUPIED, origin=f"file#{n}")) for n in range(2)] == [None, None]
    assert [(each.finding, each.origin, each.raw) for each in report.quarantined] == [
        (Finding.OUTSIDE, "file#0", FAR.decode()),
        (Finding.OUTSIDE, "file#1", FAR.decode()),
    ]
    assert prepared.features == {}


def test_a_status_declared_for_anywhere_may_lie_far_outside(theatre: Theatre) -> None:
    assert preparer(theatre, Report()).prepare(RawFeature(FAR, {"status": "outside"})) is not None
