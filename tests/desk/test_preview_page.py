"""The page of a preview: all that would change and was found is on it, and a stranger's text is text."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import shapely

from tests.picture.test_pictures import HOSTILE, Seen
from tileserver.desk.judge import Ruling
from tileserver.desk.passages import passages_between
from tileserver.desk.prepare import make_feature
from tileserver.desk.preview import FeaturePreview, Preview, StatePreview
from tileserver.desk.preview_page import areas_sections, preview_page, preview_sections
from tileserver.desk.preview_withdrawal import AreasHit
from tileserver.desk.verdict import effects_at
from tileserver.findings import Finding
from tileserver.ingest import Report
from tileserver.ingest.report import Repair
from tileserver.model import DatedFeature, LayerId, LayerRef
from tileserver.picture.land import projected
from tileserver.store.catalogue import StoredLayer
from tileserver.store.ground import PublicGround
from tileserver.theatres import load_theatre

AT = datetime(2023, 11, 9, 22, tzinfo=UTC)
THEATRE = load_theatre("ukraine")


def stored(name: str) -> StoredLayer:
    return StoredLayer(LayerId(1), LayerRef("ukraine", name), THEATRE, THEATRE.layer(name), (), None)


def box(west: float, east: float) -> Any:
    return projected(shapely.box(west, 48, east, 49))


def report() -> dict[str, Any]:
    account = Report(read=3, imported=2)
    account.quarantine(
        Finding.UNKNOWN_STATUS, f"{HOSTILE}.csv#7", f'{{"lon":36.5,"lat":48.5,"n":"{HOSTILE[:30]}"}}'
    )
    account.quarantine(Finding.UNREADABLE_ROW, "b.csv#8", "no place")
    account.note(Finding.MADE_VALID, "a.csv#9")
    account.repairs.append(Repair(Finding.MADE_VALID, "a.csv#9", 37.0, 48.5, 1234.0))
    return account.as_dict()


def of_areas() -> Preview:
    was = {"occupied": box(36, 37), "liberated": box(37, 38)}
    now = {"occupied": box(36.5, 37.5), "liberated": box(37.5, 38)}
    passages = passages_between(was, now)
    state = StatePreview(AT, effects_at(AT, {"occupied": 8000.0}, {"occupied": 8100.0}), passages, now, was)
    ruling = Ruling("fall", HOSTILE)
    return Preview(HOSTILE, report(), [ruling], 2, 1, 1, AT, AT, [state])


def of_events() -> Preview:
    feature = make_feature(projected(shapely.Point(36.5, 48.5)), {"side": "ru", "text": HOSTILE})
    seen = [
        FeaturePreview(fate, DatedFeature(feature.feature_hash, AT, None), feature)
        for fate in ("comes", "goes")
    ]
    return Preview("a.csv", report(), (), 1, 1, 1, AT, AT, (), {"ru": {"comes": 1, "goes": 1}}, seen)


def test_land_changes_hands_with_its_km2_and_marks_that_lead_to_rows() -> None:
    text = preview_page(stored("control"), "It would be held back.", of_areas())
    assert re.search(r"2023-11-10, the newest day", text)  # the local day in Kyiv
    assert "becomes: Occupied since February 2022" in text
    assert "was: Occupied since February 2022, becomes no area" in text
    assert text.count('class="area hatch') == 1
    targets = {given["href"] for tag, given in Seen(text).tags if tag == "a"}
    rows = {f"#{given['id']}" for _, given in Seen(text).tags if given.get("id")}
    assert targets
    assert targets <= rows


def test_rows_put_aside_and_repaired_are_on_a_map_and_in_a_table_with_their_numbers() -> None:
    text = preview_page(stored("control"), "", of_areas())
    for said in (
        "unknown_status",
        " row 7",
        "b.csv row 8",
        "unknown",
        "1,234",
        "36.5000, 48.5000",
        "Put aside: 2",
    ):
        assert said in text
    assert {"#aside-1", "#repair-1"} <= {given["href"] for tag, given in Seen(text).tags if tag == "a"}


def test_events_that_come_and_go_are_told_by_sign_and_word_and_not_by_colour_alone() -> None:
    text = preview_page(stored("events"), "", of_events())
    assert "comes (+)" in text
    assert "+1</text>" in text
    assert "\u22122</text>" in text


def test_no_text_of_a_file_becomes_markup() -> None:
    for name, told in (("control", of_areas()), ("events", of_events())):
        tags = Seen(preview_page(stored(name), HOSTILE, told)).tags
        assert [tag for tag, _ in tags].count("script") == 1
        assert {tag for tag, _ in tags}.isdisjoint({"img", "iframe", "object", "link", "base", "form"})
        assert not [name for _, given in tags for name in given if name.startswith("on")]
        assert all(given["href"].startswith("#") for tag, given in tags if tag == "a")  # type: ignore[union-attr]


def test_land_that_passes_is_disjoint_and_adds_up_to_what_each_status_gains() -> None:
    was = {"a": box(36, 37), "b": box(37, 38)}
    now = {"a": box(36.5, 37.5), "b": box(37.5, 38.5)}
    passages = passages_between(was, now)
    assert {(each.before, each.after) for each in passages} == {("b", "a"), ("a", ""), ("", "b")}
    whole = shapely.union_all([each.land for each in passages])
    assert abs(whole.area - sum(each.land.area for each in passages)) < 1e-3
    assert passages_between(was, was) == []


def test_the_day_that_changes_comes_before_a_newest_day_that_does_not() -> None:
    told = of_areas()
    (changed,) = told.states
    still = replace(changed, at=AT + timedelta(days=9), passages=[], public=changed.lands)
    text = preview_page(stored("control"), "", replace(told, states=[still, changed]))
    assert text.index("the day of the largest change") < text.index("the newest day")
    assert "What changes, changes from 2023-11-10 on (Europe/Kyiv)." in text


def test_events_lie_over_the_public_land_and_its_front_with_words_for_both() -> None:
    line = projected(shapely.LineString([(36.5, 49), (36.5, 48)]))
    told = replace(of_events(), ground=PublicGround({"occupied": box(36.5, 37.5)}, [line]))
    live = json.loads(html.unescape(_maps(preview_sections(stored("events"), told, is_live=True).body)[0]))
    words = [each["words"] for each in live["paints"]]
    assert [words[each["properties"]["paint"]] for each in live["public"]["features"]] == [
        "Occupied since February 2022, public now"
    ]
    (front,) = live["front"]["features"]
    assert words[front["properties"]["paint"]] == "Front line, public now"
    # the land of its side, which lies to the east, is on its right
    assert front["geometry"]["coordinates"] == [[36.5, 48.0], [36.5, 49.0]]
    assert [words[each["properties"]["paint"]] for each in live["change"]["features"]] == [
        "comes (+)",
        "goes (\u2212)",
    ]


def test_areas_that_would_be_withdrawn_are_drawn_as_readers_see_them_with_their_front() -> None:
    line = projected(shapely.LineString([(37.5, 48), (37.5, 49)]))
    hit = AreasHit(AT, PublicGround({"occupied": box(36.5, 37.5)}, [line]))
    body = areas_sections(stored("control"), hit).body
    live = json.loads(html.unescape(_maps(body)[0]))
    assert [each["words"] for each in live["paints"]] == ["Occupied since February 2022", "Front line"]
    assert live["change"]["features"] == []
    (front,) = live["front"]["features"]
    assert front["geometry"]["coordinates"] == [[37.5, 49.0], [37.5, 48.0]]
    assert "front hit-1" in body
    assert "tooth hit-1" in body


def _maps(body: str) -> list[str]:
    return re.findall(r'data-map="([^"]*)"', body)
