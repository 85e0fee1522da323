"""Law: over the whole real archive and all real events, everything read is accounted for, trap by trap."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.ingest import RawFeature, ReadOptions, Report, count_items, read_features, read_snapshots
from tileserver.model import Layer, Theatre
from tileserver.shape.repair import Repaired, repair_geometry

pytestmark = pytest.mark.data


@dataclass
class Account:
    """What the whole archive gave."""

    report: Report = field(default_factory=Report)
    times: list[datetime] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    with_stray: list[datetime] = field(default_factory=list)


def account_for(feature: RawFeature, repaired: Repaired, report: Report) -> None:
    if repaired.geometry is None:
        report.quarantine(repaired.findings[-1], feature.origin, "")
        return
    report.imported += 1
    for finding in repaired.findings:
        report.note(finding, feature.origin)


@pytest.fixture(scope="module")
def account(real_data: Path, theatre: Theatre, control: Layer) -> Account:
    path = real_data / "control" / "deepstate_snapshots_20220403_20241231.tar.xz"
    bounds = BoundsLonLat(*theatre.bounds)
    anywhere = {category.code for category in control.categories if category.scope == "anywhere"}
    account = Account()
    seen: dict[tuple[bytes, bool], Repaired] = {}
    for snapshot in read_snapshots(path, theatre, control, ReadOptions(), account.report):
        account.times.append(snapshot.at)
        for feature in snapshot.features:
            status = str(feature.properties["status"])
            key = (feature.geometry, status in anywhere)
            if key not in seen:
                seen[key] = repair_geometry(feature.geometry, "areas", bounds, anywhere=key[1])
            account_for(feature, seen[key], account.report)
            account.statuses[status] += 1
            if Finding.STRAY_REMOVED in seen[key].findings:
                account.with_stray.append(snapshot.at)
    return account


def test_every_snapshot_is_read_in_order(real_data: Path, account: Account) -> None:
    path = real_data / "control" / "deepstate_snapshots_20220403_20241231.tar.xz"
    assert len(account.times) == count_items(path) == 1143
    assert account.times == sorted(account.times)
    assert len({at.date() for at in account.times}) == 912


def test_every_feature_of_the_archive_is_accounted_for(account: Account) -> None:
    report = account.report
    assert report.balances
    assert report.read == 99_927 + 262_746
    assert report.imported == 99_925
    assert report.counts == {
        Finding.UNIT_MARKER: 262_746,
        Finding.NO_CLAIM: 2,
        Finding.DIMENSION_DROPPED: 99_925,
        Finding.FLATTENED: 1_903,
        Finding.MADE_VALID: 569,
        Finding.STRAY_REMOVED: 279,
        Finding.NAME_COLOUR_DISAGREE: 211,
        Finding.NAME_SAYS_NOTHING: 1_361,
    }


def test_the_statuses_of_the_archive_are_those_of_the_legend(account: Account) -> None:
    assert account.statuses == {
        "liberated": 62_945,
        "unknown": 13_804,
        "outside": 9_866,
        "occupied": 9_239,
        "occupied_before_2022": 3_399,
        "unknown_in_russia": 364,
        "held_in_russia": 304,
        "mutiny": 4,
    }


def test_the_stray_triangle_is_removed_from_each_of_its_snapshots(account: Account) -> None:
    assert len(account.with_stray) == len(set(account.with_stray)) == 279
    assert min(account.with_stray) == datetime(2023, 2, 2, 1, 5, 36, tzinfo=UTC)
    assert max(account.with_stray) == datetime(2023, 11, 12, 21, 58, 57, tzinfo=UTC)


def test_the_folder_gives_the_snapshots_of_the_archive(
    real_data: Path, theatre: Theatre, control: Layer, account: Account
) -> None:
    report = Report()
    folder = real_data / "control" / "daily_2023-10_2023-11"
    found = [snapshot.at for snapshot in read_snapshots(folder, theatre, control, ReadOptions(), report)]
    assert len(found) == 54
    assert set(found) <= set(account.times)


def test_every_event_is_accounted_for(real_data: Path, events: Layer, theatre: Theatre) -> None:
    path = real_data / "events" / "uacontrolmap_geolocations_20230101_20250630.csv.gz"
    bounds = BoundsLonLat(*(events.bounds or theatre.bounds))
    report = Report()
    seen: set[object] = set()
    for feature in read_features(path, theatre, events, ReadOptions(), report):
        if (said := said_of(feature)) in seen:
            report.note(Finding.DUPLICATE, feature.origin)
            continue
        seen.add(said)
        repaired = repair_geometry(feature.geometry, "points", bounds, anywhere=False)
        account_for(feature, repaired, report)
    assert report.balances
    assert report.read == 34_791
    assert report.counts == {
        Finding.OUTSIDE: 12,
        Finding.DUPLICATE: 21,
        Finding.MISSING_TEXT: 3,
        Finding.MISSING_SOURCE: 11,
        Finding.MORE_SOURCES: 923,
        Finding.OTHER_FIELDS: 1,
        Finding.NO_ID: 11,
    }


def said_of(feature: RawFeature) -> object:
    return feature.geometry, feature.period, tuple(sorted(feature.properties.items()))


def test_the_mapping_of_the_events_makes_what_their_reader_makes_and_gives_keys(
    real_data: Path, events: Layer, theatre: Theatre
) -> None:
    path = real_data / "events" / "uacontrolmap_geolocations_20230101_20250630.csv.gz"
    reports = Report(), Report()
    mapped = list(read_features(path, theatre, events, ReadOptions(), reports[0]))
    read = list(read_features(path, theatre, events, ReadOptions(reader="uacontrolmap"), reports[1]))
    assert list(dict.fromkeys(map(said_of, mapped))) == list(map(said_of, read))
    assert (len(mapped), len(read)) == (34_791, 34_770)
    for finding in (Finding.MISSING_TEXT, Finding.MISSING_SOURCE, Finding.MORE_SOURCES):
        assert reports[0].counts[finding] == reports[1].counts[finding]
    keys = [each.event_key for each in mapped if each.event_key]
    assert len(keys) == len(set(keys)) == 33_321
    assert not any(each.event_key for each in read)
