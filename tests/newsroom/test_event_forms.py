"""Single events and notes edited in a form, ended and written anew; and each act in the audit log."""

from __future__ import annotations

import html
import json
import re

import pytest

from tests.desk.conftest import Desk
from tests.newsroom.conftest import NAME, Asker

pytestmark = pytest.mark.db

WORDS = 'Two "bridges" were hit'
REASON = "the film shows one bridge"
TYPED = {"place": "37.5, 48.5", "first": "2023-11-10", "reason": "by telephone"}


@pytest.fixture(scope="module", autouse=True)
def published(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The desk holds a note."""
    feature = {
        "type": "Feature",
        "properties": {"date": "2023-11-09", "text_en": WORDS, "direction": "south"},
        "geometry": {"type": "Point", "coordinates": [36.123456, 48.654321]},
    }
    path = tmp_path_factory.mktemp("notes") / "notes.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert desk.import_file("notes", path).revision


def _shown(page: str) -> dict[str, str]:
    """What the first form of a page shows, by the names of its fields."""
    whole = page[page.index('action="/desk/events/edit"') :].partition("</form>")[0]
    tags = re.findall(r"<input[^>]*>", whole)
    found = {_said(tag, "name"): _said(tag, "value") for tag in tags}
    found |= dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', whole))
    return {name: html.unescape(value) for name, value in found.items()}


def _said(tag: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', tag)
    return found[1] if found else ""


def _rows(desk: Desk, number: int) -> list[tuple[str, bytes]]:
    query = (
        "SELECT properties->>'text_en' AS text, geom FROM feature_version"
        " WHERE id = $1 ORDER BY lower(known) DESC"
    )
    return [(row["text"], row["geom"]) for row in desk.fetch(query, number)]


def _number(desk: Desk, words: str) -> int:
    query = "SELECT id FROM feature_version WHERE properties->>'text_en' = $1 AND upper_inf(known)"
    found: int = desk.fetch(query, words)[0][0]
    return found


def test_a_note_is_edited_as_a_new_version_and_what_was_not_touched_stays(editor: Asker, desk: Desk) -> None:
    number = _number(desk, WORDS)
    path = f"/desk/events?layer=ukraine.notes&id={number}"
    page = editor.get(path).text
    assert WORDS not in page
    assert "Two &quot;bridges&quot; were hit" in page
    shown = _shown(page)
    assert shown["field-text_en"] == WORDS
    assert shown["first"] == "2023-11-09"
    fields = {**shown, "field-text_en": "A bridge was hit", "reason": REASON}
    done = editor.send("/desk/events/edit", fields)
    assert done.status == 303, done.text
    (new, where), (old, was) = _rows(desk, number)
    assert (new, old) == ("A bridge was hit", WORDS)
    assert where == was  # and not as exact as the form shows it
    assert "known in revisions" in editor.get(path).text
    late = editor.send("/desk/events/edit", {**fields, "field-text_en": "No bridge was hit"})
    assert late.status == 400
    assert "was changed meanwhile" in late.text
    again = _shown(late.text)
    assert (again["field-text_en"], again["base"]) == ("No bridge was hit", shown["base"])
    assert editor.send("/desk/events/edit", {**again, "reason": REASON}).status == 400


def test_a_field_that_cannot_be_is_refused_in_words(editor: Asker, desk: Desk) -> None:
    number = _number(desk, "A bridge was hit")
    shown = _shown(editor.get(f"/desk/events?layer=ukraine.notes&id={number}").text)
    for change, said in (
        ({"place": "here"}, "is no place"),
        ({"place": "2.35, 48.85"}, "outside the bounds"),
        ({"first": "2023-11-31"}, "2023-11-31"),
        ({"reason": " "}, "say why"),
        ({"id": "twelve"}, "is no id"),
        ({"base": "1"}, "was changed meanwhile"),
    ):
        answer = editor.send("/desk/events/edit", {**shown, "reason": REASON, **change})
        assert answer.status == 400, change
        assert said in answer.text, change
    assert editor.get("/desk/events?layer=ukraine.notes&id=12").status == 400


def test_a_form_that_is_refused_comes_back_with_all_that_was_typed(editor: Asker) -> None:
    shown = _shown(editor.get("/desk/events?layer=ukraine.notes&new=1").text)
    typed = {
        **shown,
        "field-text_en": 'Long "words"\r\nof two lines',
        **TYPED,
        "remark-en": "For readers",
    }
    answer = editor.send("/desk/events/edit", typed)
    assert answer.status == 400
    assert "nothing was written" in answer.text
    again = _shown(answer.text)
    assert {name: again[name].replace("\n", "\r\n") for name in typed if name != "field-text_en"} == {
        name: value for name, value in typed.items() if name != "field-text_en"
    }
    assert again["field-text_en"].split() == typed["field-text_en"].split()


def test_arrows_are_longitude_first_like_the_place_and_what_no_map_can_draw_is_refused(
    editor: Asker, desk: Desk
) -> None:
    shown = _shown(editor.get("/desk/events?layer=ukraine.notes&new=1").text)
    fields = {
        **shown,
        "field-text_en": "They attack",
        "field-direction": "east",
        **TYPED,
    }
    for arrow, said in (
        ("russia 49.9,37.98 49.76,37.7", "longitude comes first"),
        ("russia", "2 to 8 places"),
        ("russia inf,nan 1e999,2", "outside the bounds"),
        ("narnia 37.98,49.9 37.7,49.76", "no side"),
    ):
        answer = editor.send("/desk/events/edit", {**fields, "field-arrow": arrow})
        assert answer.status == 400, arrow
        assert said in answer.text, arrow
    words = "russia 37.98,49.9 37.7,49.76"
    assert editor.send("/desk/events/edit", {**fields, "field-arrow": words}).status == 303
    number = _number(desk, "They attack")
    assert _shown(editor.get(f"/desk/events?layer=ukraine.notes&id={number}").text)["field-arrow"] == words
    stored = "SELECT properties->>'arrow' AS arrow FROM feature_version WHERE id = $1"
    assert desk.fetch(stored, number)[0]["arrow"] == "russia 49.9,37.98 49.76,37.7"


@pytest.mark.parametrize(
    ("path", "wrong", "said"),
    [
        ("/desk/events/edit", {"reason": "r" * 1001}, "a reason has at most 1,000 characters"),
        ("/desk/events/edit", {"remark-uk": "r" * 2001}, "a remark for readers has at most 2,000"),
        ("/desk/events/edit", {"base": "\u00b2"}, ""),
        ("/desk/rollback", {"to": "\u00b2"}, "say to which revision"),
        ("/desk/rollback", {"to": "1", "reason": "r" * 1001}, "a reason has at most"),
        ("/desk/withdraw", {"ids": "1", "reason": "r" * 1001}, "a reason has at most"),
        ("/desk/held/1/publish", {"reason": "r" * 1001}, "a reason has at most"),
        ("/desk/held/1/reject", {"why": "r" * 1001}, "a reason has at most"),
    ],
)
def test_words_that_nobody_would_read_and_digits_that_are_no_number_are_refused(
    editor: Asker, path: str, wrong: dict[str, str], said: str
) -> None:
    shown = _shown(editor.get("/desk/events?layer=ukraine.notes&new=1").text)
    answer = editor.send(path, {**shown, "reason": REASON, "layer": "ukraine.notes", **wrong})
    assert answer.status == 400
    assert said in answer.text


def test_the_newest_notes_are_listed_so_that_nobody_needs_their_ids(editor: Asker, desk: Desk) -> None:
    query = "SELECT id, properties->>'text_en' AS text FROM feature_version WHERE upper_inf(known) LIMIT 1"
    number, text = desk.fetch(query)[0]
    page = editor.get("/desk/events").text
    assert f'href="/desk/events?layer=ukraine.notes&amp;id={number}"' in page
    assert html.escape(text) in page


def test_a_note_is_written_anew_and_ended(editor: Asker, desk: Desk) -> None:
    page = editor.get("/desk/events?layer=ukraine.notes&new=1").text
    shown = _shown(page)
    fields = {
        **shown,
        "field-text_en": "Quiet here",
        "field-direction": "east",
        **TYPED,
    }
    assert editor.send("/desk/events/edit", fields).status == 303
    number = _number(desk, "Quiet here")
    ended = editor.fill(
        f"/desk/events?layer=ukraine.notes&id={number}",
        "/desk/events/end",
        {"layer": "ukraine.notes", "id": str(number), "reason": "not quiet"},
    )
    assert ended.status == 303, ended.text
    page = editor.get(f"/desk/events?layer=ukraine.notes&id={number}").text
    assert "It has ended" in page


def test_each_act_is_in_the_audit_log_under_the_persons_name(editor: Asker) -> None:
    page = editor.get("/desk/audit").text
    assert "entries holds" in page
    assert REASON in page
    assert NAME not in page
    assert page.count("Olena &lt;b&gt;K&lt;/b&gt;</td>") >= 3
    only = editor.get("/desk/audit?what=note%20end").text
    assert "not quiet" in only
    assert REASON not in only


def test_a_log_that_was_changed_behind_its_back_is_told(editor: Asker, desk: Desk) -> None:
    desk.fetch("ALTER TABLE audit_entry DISABLE TRIGGER audit_stays")
    desk.fetch("UPDATE audit_entry SET said = replace(said, 'by telephone', 'by letter')")
    assert "The chain is broken at entry" in editor.get("/desk/audit").text
