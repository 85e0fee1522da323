"""Law: a correction that readers are told of changed days that they could see, and says what it changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.desk.conftest import Desk
from tests.desk.keyed import event
from tests.desk.test_corrections import roll_back, take_period
from tileserver.desk.corrections import put_remark
from tileserver.errors import BadParameter
from tileserver.languages import LANGUAGES
from tileserver.publish.corrections import merged
from tileserver.publish.page import PageWords
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.desk.conftest import Cells
    from tileserver.desk.job import Outcome

pytestmark = pytest.mark.db

DAY = timedelta(days=1)
NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)
ONE: Cells = {(0, 0): "occupied"}
TWO: Cells = {(0, 0): "occupied", (1, 0): "occupied"}
LOST: Cells = {(0, 0): "liberated"}
KM2 = 82.9  # of a square of the lattice, roughly


@contextmanager
def serving(desk: Desk, now: datetime) -> Iterator[TestClient]:
    """A client of an application at the instant *now*."""
    with TestClient(create_app(settings_for(desk.dsn), lambda: now), raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


def told(desk: Desk, now: datetime, query: str = "") -> list[dict[str, Any]]:
    with serving(desk, now) as client:
        answer = client.get(f"/corrections/ukraine.json{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["corrections"]
    return found


def commit_at(desk: Desk, committed: Mapping[int, datetime]) -> None:
    """Date the revisions back: the database dates each by its own clock."""
    for revision, at in committed.items():
        desk.fetch("UPDATE revision SET committed = $2 WHERE id = $1 RETURNING id", revision, at)


def story(desk: Desk) -> None:
    """Four days, published as each grew old enough; then two are corrected, and a new one comes."""
    for n in range(4):
        desk.import_states({NOON + n * DAY: ONE if n < 3 else TWO})
    desk.import_states({NOON + DAY: TWO, NOON + 2 * DAY: TWO, NOON + 4 * DAY: TWO})
    commit_at(desk, {n: NOON + (n + 2) * DAY for n in range(1, 5)} | {5: NOON + 8 * DAY})


@pytest.fixture(scope="module")
def corrected(databases: Databases) -> Desk:
    desk = Desk(databases)
    story(desk)
    return desk


def test_a_new_day_is_no_correction_and_a_changed_one_is_told_with_its_km2(corrected: Desk) -> None:
    (found,) = told(corrected, NOON + 9 * DAY)
    assert (found["revision"], found["from"], found["to"]) == (5, "2023-11-02", "2023-11-03")
    assert found["days"] == [["2023-11-02", "2023-11-03"]]
    assert found["at"] == "2023-11-09T12:00:00Z"
    (layer,) = found["layers"]
    assert layer["layer"] == "control"
    assert found["km2"] == layer["km2"]
    assert found["km2"]["day"] == "2023-11-02"
    assert set(found["km2"]["by_status"]) == {"occupied"}
    assert found["km2"]["by_status"]["occupied"] == pytest.approx(KM2, rel=0.01)
    assert found["remark"] is None


def test_its_links_lead_to_what_lies_between_the_two_revisions(corrected: Desk) -> None:
    with serving(corrected, NOON + 9 * DAY) as client:
        (found,) = client.get("/corrections/ukraine.json").json()["corrections"]
        links = found["links"]
        between = client.get("/corrections/" + links["changes"]).json()
    assert links["map"] == "../?theatre=ukraine#at=2023-11-02&compare=2023-11-02&known=4"
    (moved,) = between["moved"]
    assert moved["to"] == "occupied"
    assert moved["km2"] == pytest.approx(found["km2"]["by_status"]["occupied"], abs=0.01)


@pytest.mark.parametrize(
    ("query", "revisions"),
    [
        ("?datetime=2023-11-03", [5]),
        ("?datetime=2023-11-04", []),
        ("?datetime=2023-11-03/..", [5]),
        ("?known=4", [5]),
        ("?known=5", []),
        ("?revision=4", []),
        ("?datetime=latest&known=1&revision=99", [5]),
    ],
)
def test_corrections_are_chosen_by_day_and_revision(
    corrected: Desk, query: str, revisions: list[int]
) -> None:
    assert [each["revision"] for each in told(corrected, NOON + 9 * DAY, query)] == revisions


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("ukraine.json?datetime=2023-13-01", 400),
        ("ukraine.json?known=0", 400),
        ("ukraine.json?before=3", 400),
        ("nowhere.json", 404),
        ("ukraine.control.json", 404),
        ("..%2Fukraine.json", 404),
    ],
)
def test_absurd_questions_are_refused(corrected: Desk, path: str, status: int) -> None:
    with serving(corrected, NOON + 9 * DAY) as client:
        assert client.get(f"/corrections/{path}").status_code == status


def test_a_day_that_was_not_public_at_the_commit_was_not_corrected(desk: Desk) -> None:
    desk.import_states({NOON + n * DAY: ONE for n in range(4)})
    desk.import_states({NOON + DAY: TWO, NOON + 2 * DAY: TWO})
    commit_at(
        desk, {1: NOON + 4 * DAY, 2: NOON + 3 * DAY + DAY}
    )  # 2 November was over 48 h before, the third not
    (found,) = told(desk, NOON + 30 * DAY)
    assert found["days"] == [["2023-11-02", "2023-11-02"]]


def test_without_corrections_the_feed_is_as_old_as_the_newest_public_data(desk: Desk) -> None:
    desk.import_states({NOON: ONE, NOON + DAY: TWO})
    with serving(desk, NOON + 30 * DAY) as client:
        atom = ElementTree.fromstring(client.get("/corrections/ukraine.atom").content)
        updated = client.get("/tilesets/ukraine").json()["time"]["updated"]
    assert not list(atom.iter("{http://www.w3.org/2005/Atom}entry"))
    assert atom.findtext("{http://www.w3.org/2005/Atom}updated") == updated > "2000"


def test_nothing_of_a_correction_is_told_before_its_days_are_public(desk: Desk) -> None:
    """As where an embargo was made longer: revisions are of today, the clock is not."""
    desk.import_states({NOON: ONE, NOON + DAY: ONE, NOON + 3 * DAY: ONE})
    desk.import_states({NOON: TWO, NOON + DAY: TWO})
    public = datetime(2023, 11, 1, 22, tzinfo=UTC) + 2 * DAY + DAY  # the end of 2 November in Kyiv, and 48 h
    assert told(desk, public - 2 * DAY) == []
    one, both = told(desk, public - timedelta(seconds=1)), told(desk, public)
    assert [each["days"] for each in one] == [[["2023-11-01", "2023-11-01"]]]
    assert [each["days"] for each in both] == [[["2023-11-01", "2023-11-02"]]]


def test_what_is_withdrawn_is_told_no_more_and_a_rollback_is_a_correction(desk: Desk) -> None:
    desk.import_states({NOON: ONE, NOON + DAY: ONE, NOON + 2 * DAY: ONE})
    desk.import_states({NOON + DAY: LOST})
    later = datetime(2031, 1, 1, tzinfo=UTC)
    roll_back(desk, 1)
    assert [each["revision"] for each in told(desk, later)] == [3, 2]
    back = told(desk, later)[0]["km2"]["by_status"]
    assert back["liberated"] == pytest.approx(-KM2, rel=0.01)
    assert back["occupied"] == pytest.approx(KM2, rel=0.01)
    take_period(desk, "control", NOON + DAY - timedelta(hours=6), NOON + 2 * DAY)
    assert told(desk, later) == []


def test_events_that_come_late_or_change_are_counted(desk: Desk, listed: Callable[..., Outcome]) -> None:
    listed(event("A", "one", day="2023-11-01"), event("B", "two", day="2023-11-05"))
    listed(
        event("A", "one, edited", day="2023-11-01"),
        event("C", "late", day="2023-11-02"),
        event("D", "new", day="2023-11-09"),
    )
    (found,) = told(desk, datetime(2031, 1, 1, tzinfo=UTC))
    assert (found["revision"], found["km2"], found["from"], found["to"]) == (
        2,
        None,
        "2023-11-01",
        "2023-11-02",
    )
    (layer,) = found["layers"]
    assert (layer["added"], layer["removed"], layer["edited"]) == (1, 0, 1)
    assert found["links"]["map"] == "../?theatre=ukraine#at=2023-11-02"
    assert found["links"]["changes"] is None


def test_a_remark_is_public_and_a_reason_is_not(desk: Desk) -> None:
    desk.import_states({NOON: ONE, NOON + DAY: ONE, NOON + 2 * DAY: ONE})
    desk.import_states({NOON + DAY: TWO}, accept="a secret reason")
    roll_back(desk, 1)
    later = datetime(2031, 1, 1, tzinfo=UTC)
    assert all(each["remark"] is None for each in told(desk, later))
    with serving(desk, later) as client:
        before = client.get("/corrections/ukraine.json")
        words = {"uk": "Село намальовано не там.", "en": "A village was drawn in the wrong place."}
        assert desk.run(lambda connection: put_remark(connection, 2, words)) == 4
        deadline = time.monotonic() + 10
        while (after := client.get("/corrections/ukraine.json")).content == before.content:
            assert time.monotonic() < deadline, "the server did not hear of the remark"
            time.sleep(0.05)
    assert [each["remark"] for each in after.json()["corrections"]] == [None, words]
    assert "secret" not in after.text
    assert "as it was" not in after.text
    with pytest.raises(BadParameter, match="does not exist"):
        desk.run(lambda connection: put_remark(connection, 9, words))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_and_the_feed_say_the_same_in_every_language(corrected: Desk, language: str) -> None:
    with serving(corrected, NOON + 9 * DAY) as client:
        page = client.get(f"/corrections/ukraine?lang={language}&utm_source=letter")
        feed = client.get(f"/corrections/ukraine.atom?lang={language}")
    assert (page.status_code, feed.status_code) == (200, 200), page.text
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "accept-language" in page.headers["vary"].lower()
    assert f'<html lang="{language}">' in page.text
    assert "[[" not in page.text
    words = PageWords(language)
    days, km2 = words.days(date(2023, 11, 2), date(2023, 11, 3)), words.say("km2", number=words.signed(KM2))
    atom = "{http://www.w3.org/2005/Atom}"
    (entry,) = ElementTree.fromstring(feed.content).iter(f"{atom}entry")
    assert entry.findtext(f"{atom}title") == days
    assert entry.findtext(f"{atom}updated") == "2023-11-09T12:00:00Z"
    for text in (page.text, entry.findtext(f"{atom}summary") or ""):
        assert km2[:4] in text
    assert f"<h2>{days}</h2>" in page.text
    assert "at=2023-11-02&amp;compare=2023-11-02&amp;known=4" in page.text


def test_what_the_desk_says_is_text_on_the_page_and_in_the_feed(desk: Desk) -> None:
    desk.import_states({NOON: ONE, NOON + DAY: ONE, NOON + 2 * DAY: ONE})
    desk.import_states({NOON + DAY: TWO})
    told_words = '<script>alert(1)</script> & "so"'
    desk.run(lambda connection: put_remark(connection, 2, {"": told_words}))
    with serving(desk, datetime(2031, 1, 1, tzinfo=UTC)) as client:
        page, feed = client.get("/corrections/ukraine"), client.get("/corrections/ukraine.atom")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    summary = next(ElementTree.fromstring(feed.content).iter("{http://www.w3.org/2005/Atom}summary"))
    assert (summary.text or "").startswith(told_words)


def test_the_page_is_in_the_browsers_language_and_an_empty_list_says_so(desk: Desk) -> None:
    with serving(desk, NOON) as client:
        said = {
            language: client.get("/corrections/ukraine", headers={"Accept-Language": language}).text
            for language in ("uk-UA,en;q=0.5", "tlh", "de")
        }
        feed = client.get("/corrections/ukraine.atom")
        for wrong, status in {"ukraine.atom?lang=tlh": 400, "nowhere": 404, "nowhere.atom": 404}.items():
            assert client.get(f"/corrections/{wrong}").status_code == status
    assert [text.partition('lang="')[2][:2] for text in said.values()] == ["uk", "en", "de"]
    assert PageWords("uk").say("none") in said["uk-UA,en;q=0.5"]
    assert not list(ElementTree.fromstring(feed.content).iter("{http://www.w3.org/2005/Atom}entry"))


def test_days_are_told_in_few_ranges() -> None:
    first = date(2023, 1, 1)
    assert merged([(first, first), (first + DAY, first + DAY)]) == ((first, first + DAY),)
    apart = [(first + 3 * n * DAY, first + 3 * n * DAY) for n in range(300)]
    ranges = merged(apart)
    assert len(ranges) == 40
    assert (ranges[0][0], ranges[-1][1]) == (first, apart[-1][1])
