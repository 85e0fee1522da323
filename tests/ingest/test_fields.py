"""Law: what a layer declares of a feature's properties is kept, and whatever is lost is a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.drawn import event, write
from tests.shapes import layer, theatre
from tileserver.declared import Category
from tileserver.findings import Finding
from tileserver.ingest import ReadOptions, Report, read_features
from tileserver.ingest.fields import VALUE_LENGTH, kept_fields
from tileserver.ingest.spelling import Vocabulary
from tileserver.model import Layer, Value

EVENTS = layer("events", "points", fields={"text": "what", "url": "where it was published", "n": "number"})
STATUSES = tuple(Category(code, {"en": code}, "#d6553f", "#e8705a") for code in ("occupied", "liberated"))


def kept(layer: Layer, **given: Any) -> tuple[dict[str, Value], list[Finding]]:
    notes: list[Finding] = []
    return kept_fields(given, layer, lambda finding, _: notes.append(finding)), notes


@pytest.mark.parametrize(
    ("given", "fields", "findings"),
    [
        ({"text": "a", "n": 1, "other": 2}, {"text": "a", "n": 1}, []),
        ({"text": ["a", "b", 3, True]}, {"text": "a, b, 3, true"}, [Finding.LIST_JOINED]),
        ({"text": ["a"]}, {"text": "a"}, []),
        ({"text": ["", None]}, {}, [Finding.NESTED]),
        ({"text": [], "n": None}, {}, []),
        ({"text": {"en": "a"}}, {}, [Finding.NESTED]),
        ({"text": [["a"]]}, {}, [Finding.NESTED]),
        (
            {"url": ["https://x.com/a/1", "https://t.me/b/2"]},
            {"url": "https://x.com/a/1"},
            [Finding.MORE_SOURCES],
        ),
        ({"url": "/wiki/Here"}, {}, [Finding.NO_LINK]),
        ({"url": "a link, on request"}, {}, [Finding.NO_LINK]),
        ({"url": ["HIDDEN"]}, {}, [Finding.NO_LINK]),
        ({"text": "x" * 5000}, {"text": "x" * VALUE_LENGTH}, [Finding.TEXT_CUT]),
        ({"text": "x" * VALUE_LENGTH}, {"text": "x" * VALUE_LENGTH}, []),
    ],
)
def test_every_loss_is_a_finding(
    given: dict[str, Any], fields: dict[str, Value], findings: list[Finding]
) -> None:
    assert kept(EVENTS, **given) == (fields, findings)


def test_the_layer_says_what_joins_a_list() -> None:
    assert kept(layer("e", "points", join=" / "), text=["a", "b"])[0] == {"text": "a / b"}


scraps = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=2), one, max_size=2),
)


@given(st.dictionaries(st.sampled_from(["text", "url", "n"]), scraps))
def test_what_is_not_kept_said_nothing_or_is_a_finding(given: dict[str, Any]) -> None:
    fields, findings = kept(EVENTS, **given)
    missing = [value for name, value in given.items() if name not in fields]
    empty = [value for value in missing if value in (None, "", []) or _blank(value)]
    assert len(missing) - len(empty) == findings.count(Finding.NESTED) + findings.count(Finding.NO_LINK)


def _blank(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) and not each.strip() for each in value)


SPELLINGS = {"окуповано": "occupied", "1": "occupied", "Deoccupied": "liberated"}


@pytest.mark.parametrize(
    ("said", "plain", "spelled"),
    [
        ("occupied", "occupied", "occupied"),
        ("Occupied", None, "occupied"),
        (" occupied ", None, "occupied"),
        ("ОКУПОВАНО", None, "occupied"),
        (1, None, "occupied"),
        (1.0, None, "occupied"),
        ("deoccupied", None, "liberated"),
        ("annexed", None, None),
        (None, None, None),
        (["occupied"], None, None),
        (True, None, None),
    ],
)
def test_a_status_is_read_as_the_layer_spells_it(said: Any, plain: str | None, spelled: str | None) -> None:
    declared: dict[str, Any] = {"category": "status", "categories": STATUSES}
    assert Vocabulary.of(layer("control", **declared)).read(said) == plain
    assert Vocabulary.of(layer("control", **declared, spellings=SPELLINGS)).read(said) == spelled


def test_an_unknown_status_is_put_aside_with_the_one_that_is_near(tmp_path: Path) -> None:
    control = layer("control", "points", category="status", categories=STATUSES)
    path = write(
        tmp_path / "c.geojson", *[event((30, 50), status=each) for each in ("Occupied", "annexed", None)]
    )
    report = Report()
    assert not list(read_features(path, theatre(control), control, ReadOptions(), report))
    assert report.counts == {Finding.UNKNOWN_STATUS: 3}
    near, far, none = (each.raw for each in report.quarantined)
    assert (
        """'Occupied' is no status; 'occupied' is near: declare [layers.spellings] "Occupied" = "occupied":"""
        in near
    )
    assert "'annexed' is no status; there are liberated, occupied:" in far
    assert "it says no status; there are liberated, occupied:" in none
    assert all(raw.endswith("}") for raw in (near, far, none))  # the row itself is kept


def test_a_status_read_by_the_table_of_spellings_is_noted(tmp_path: Path) -> None:
    control = layer("control", "points", category="status", categories=STATUSES, spellings=SPELLINGS)
    path = write(
        tmp_path / "c.geojson", event((30, 50), status="Окуповано"), event((30, 50), status="occupied")
    )
    report = Report()
    found = list(read_features(path, theatre(control), control, ReadOptions(), report))
    assert [each.properties["status"] for each in found] == ["occupied", "occupied"]
    assert report.counts == {Finding.SPELLING: 1}
