"""Notes where the theatre wants two persons: by page, API and command they wait for another one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.conftest import PATIENCE_S, ROOT
from tests.desk.conftest import Desk
from tests.newsroom.conftest import Asker
from tileserver.newsroom.people import add_person
from tileserver.store.catalogue import add_theatre
from tileserver.store.connect import Connection
from tileserver.theatres import load_theatre

pytestmark = pytest.mark.db

QUIET = {
    "field-text_en": "Quiet here",
    "field-direction": "east",
    "place": "37.5, 48.5",
    "first": "2023-11-10",
    "layer": "ukraine.notes",
    "reason": "by telephone",
}


@pytest.fixture(scope="module", autouse=True)
def two_eyes(desk: Desk) -> None:
    """The theatre wants two persons."""

    async def declare(connection: Connection) -> None:
        await add_theatre(connection, msgspec.structs.replace(load_theatre("ukraine"), reviewers=2))

    desk.run(declare)


@pytest.fixture
def second(desk_port: int, people: tuple[Path, str], request: pytest.FixtureRequest) -> Asker:
    """Another person, logged in."""
    other = Asker(desk_port, add_person(people[0], f"Petro {len(request.node.name)}"))
    other.log_in()
    return other


def _said(desk: Desk) -> list[str]:
    rows = desk.fetch("SELECT properties->>'text_en' AS said FROM feature_version WHERE upper_inf(known)")
    return sorted(row["said"] for row in rows)


def _acts(desk: Desk, most: int) -> list[tuple[str, str]]:
    rows = desk.fetch("SELECT said FROM audit_entry ORDER BY number DESC LIMIT $1", most)
    said = [json.loads(row["said"]) for row in rows[::-1]]
    return [(each["what"], each["details"].get("does", "")) for each in said]


def _report(who: Asker, held: str) -> str:
    """The page of a held import, once its change is drawn."""
    deadline = time.monotonic() + PATIENCE_S
    while "Its report is being made" in (page := who.get(held).text):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return page


def _approve(who: Asker, held: str) -> str:
    begun = who.fill(held, f"{held}/publish", {"reason": "heard it, too"})
    return who.until_done(begun.location).text


def test_a_note_of_the_page_waits_for_another_person_who_sees_it_first(
    editor: Asker, second: Asker, desk: Desk
) -> None:
    done = editor.fill("/desk/events?layer=ukraine.notes&new=1", "/desk/events/edit", QUIET)
    assert re.fullmatch(r"/desk/held/\d+", done.location), done.text
    assert _said(desk) == []
    own, others = (_report(who, done.location) for who in (editor, second))
    assert "wants another person to publish it" in own
    assert f'action="{done.location}/publish"' not in own
    assert f'action="{done.location}/publish"' in others
    refused = editor.fill(done.location, f"{done.location}/publish", {"reason": "my own"})
    assert "another person has to approve it" in editor.until_done(refused.location).text
    assert "Quiet here" in _report(second, done.location)
    _approve(second, done.location)
    assert _said(desk) == ["Quiet here"]
    assert _acts(desk, 2) == [("hold", "note add"), ("approve", "note add")]


def test_an_edit_and_an_end_by_the_api_wait_and_what_moved_meanwhile_is_refused(
    asker: Asker, second: Asker, desk: Desk
) -> None:
    asker.headers["Authorization"] = f"Bearer {asker.token}"
    number = _current(desk)
    edit = {"layer": "ukraine.notes", "id": number, "reason": "louder", "fields": {"text_en": "Shelling"}}
    edited = _posted(asker, "/desk/api/events", edit)
    ended = _posted(asker, "/desk/api/events/end", {"layer": "ukraine.notes", "id": number, "reason": "no"})
    assert edited["revision"] is ended["revision"] is None
    assert edited["held"] != ended["held"]
    assert _said(desk) == ["Quiet here"]
    _approve(second, f"/desk/held/{edited['held']}")
    assert _said(desk) == ["Shelling"]
    told = _approve(second, f"/desk/held/{ended['held']}")
    assert "was changed since it was written; reject it, and write it anew" in told
    assert _said(desk) == ["Shelling"]
    assert second.fill(f"/desk/held/{ended['held']}", f"/desk/held/{ended['held']}/reject", {}).status == 303
    again = _posted(asker, "/desk/api/events/end", {"layer": "ukraine.notes", "id": number, "reason": "no"})
    _approve(second, f"/desk/held/{again['held']}")
    assert _said(desk) == []


def test_a_note_of_a_command_waits_and_is_approved_by_a_command(desk: Desk) -> None:
    said = ("--day", "2023-11-06", "--direction", "kupiansk", "--text", "en=Attacks go on.", "--by", "Anna")
    printed = _command(desk, "note", "add", "ukraine", *said)
    assert "waits for another person" in printed
    held = json.loads(_command(desk, "held", "list", "--json"))[-1]
    assert held["origin"].startswith("note add ")
    assert "Attacks go on." not in _said(desk)
    _command(desk, "held", "approve", str(held["id"]), "--by", "Bo", "--reason", "read it")
    assert _said(desk) == ["Attacks go on."]
    number = f"n{_current(desk)}"
    edit = ("note", "edit", "ukraine", number, "--text", "en=Attacks ended.", "--by", "Anna", "--json")
    told = json.loads(_command(desk, *edit))
    assert told["revision"] is None
    _command(desk, "held", "approve", str(told["held"]), "--by", "Bo")
    assert _said(desk) == ["Attacks ended."]
    _command(desk, "audit", "verify")


def _current(desk: Desk) -> int:
    found: int = desk.fetch("SELECT id FROM feature_version WHERE upper_inf(known)")[0][0]
    return found


def _posted(asker: Asker, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = asker.ask("POST", path, json.dumps(body).encode(), Content_Type="application/json")
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.document
    return found


def _command(desk: Desk, *words: str) -> str:
    argv = [sys.executable, "-m", "tileserver", *words]
    environment = {**os.environ, "DATABASE_URL": desk.dsn}
    done = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
