"""What somebody with a token, a page of another site or a hostile file can try, and what it gets them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.desk.conftest import Desk
from tests.newsroom.conftest import Asker, desk_serving

pytestmark = pytest.mark.db

HUGE = 99_999_999_999_999_999_999  # no bigint
LONG = 9_999_999_999_999_999_999  # as many digits as a bigint may have
DAY = datetime(2023, 11, 9, tzinfo=UTC)
NOTES = "ukraine.notes"
ENTITY = (
    '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
    "<Placemark><name>&x;</name><Point><coordinates>36.5,48.5</coordinates></Point></Placemark></Document></kml>"
)


@pytest.fixture(scope="module", autouse=True)
def published(desk: Desk) -> None:
    """The desk holds a day."""
    assert desk.import_states({DAY: {(column, 0): "occupied" for column in range(4)}}).revision


@pytest.fixture
def program(asker: Asker) -> Asker:
    """A program with the token."""
    asker.headers["Authorization"] = f"Bearer {asker.token}"
    return asker


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("withdrawals", {"layer": NOTES, "ids": [HUGE], "reason": "x"}),
        ("withdrawals", {"layer": NOTES, "ids": [LONG], "reason": "x"}),
        ("withdrawals", {"layer": NOTES, "keys": ["\0"], "reason": "\0"}),
        ("events", {"layer": NOTES, "id": HUGE, "reason": "x"}),
        ("events", {"layer": NOTES, "id": LONG, "reason": "x"}),
        ("events/end", {"layer": NOTES, "id": LONG, "reason": "x"}),
        ("events", {"layer": NOTES, "reason": "x", "remark": {"<script>": "x"}}),
        ("rollbacks", {"layer": "ukraine.control", "revision": HUGE, "reason": "x"}),
        ("rollbacks", {"layer": "ukraine.control", "revision": 1, "reason": "x", "remark": {"en\0": "x"}}),
        (f"held/{HUGE}/reject", {"reason": "x"}),
        ("held/1/reject", {"reason": "[" * 100_000}),
    ],
)
def test_a_value_that_cannot_be_kept_is_refused_in_words(
    program: Asker, path: str, body: dict[str, Any]
) -> None:
    answer = program.ask("POST", f"/desk/api/{path}", json.dumps(body).encode())
    assert answer.status == 400, answer.text


def test_words_that_cannot_be_kept_leave_no_note(program: Asker, desk: Desk) -> None:
    said = {
        "fields": {"text_en": "Quiet", "direction": "south"},
        "place": [36.5, 48.5],
        "first": "2023-11-09",
    }
    for more in ({"remark": {"en": "a\0b"}}, {"fields": {"text_en": "a\0b", "direction": "south"}}):
        body = json.dumps({"layer": NOTES, "reason": "x", **said, **more}).encode()
        assert program.ask("POST", "/desk/api/events", body).status == 400
    assert (
        desk.fetch(
            "SELECT count(*) FROM feature_version f JOIN layer l ON l.id = f.layer WHERE name = 'notes'"
        )[0][0]
        == 0
    )


@pytest.mark.parametrize(
    "path",
    [
        f"held/{HUGE}",
        f"revisions/{HUGE}",
        f"events?layer={NOTES}&id={LONG}",
        f"events?layer={NOTES}&key=%00",
        "audit?by=%00",
        "audit?what=%00&theatre=%FF",
    ],
)
def test_an_address_that_names_nothing_is_refused_in_words(program: Asker, path: str) -> None:
    answer = program.get(f"/desk/{path}")
    assert answer.status in (400, 404), answer.text
    assert "Internal error" not in answer.text


def test_words_in_an_address_are_only_ever_text(program: Asker) -> None:
    hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for path in (
        "import?day=",
        "import?layer=",
        "withdraw?ids=",
        "withdraw?layer=",
        "audit?by=",
        "events?layer=",
    ):
        page = program.get(f"/desk/{path}{hostile}")
        assert page.status == 200, path
        assert "<script>alert" not in page.text, path


def _read(program: Asker, name: str, data: bytes, more: str = "") -> dict[str, Any]:
    sent = program.ask("POST", f"/desk/api/imports?layer=ukraine.control&name={name}{more}", data)
    assert sent.status == 202, sent.text
    program.until_done(f"/desk/errands/{sent.document['id']}")
    found: dict[str, Any] = program.get(f"/desk/api/errands/{sent.document['id']}").document
    return found


def test_no_name_of_a_file_leads_out_of_its_folder_or_is_too_long_for_one(program: Asker) -> None:
    long = "a" * 200 + "." + "%F0%9F%98%80" * 60
    for name in ("..", "../../etc/passwd", "..%5C..%5Cx", long, "x/..", ".%00."):
        assert _read(program, name, b"{}")["problem"]["status"] == 422, name
    for more, said in (("&axes=zz", "no such axes"), ("&mapping=/etc/passwd", "there is no mapping")):
        refused = program.ask("POST", f"/desk/api/imports?layer=ukraine.control&name=a{more}", b"{}")
        assert refused.status == 400
        assert said in refused.text


def test_a_file_that_is_small_and_opens_to_much_is_refused_and_so_is_one_that_names_another(
    program: Asker,
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1699488000.geojson", b" " * (600 << 20))
    assert len(packed.getvalue()) < 1 << 20
    for name, data in (
        ("bomb.zip", packed.getvalue()),
        ("1699488000.geojson.gz", gzip.compress(b" " * (600 << 20))),
        ("1699488000.geojson", b"[" * 500_000),
        ("1699488000.kml", ENTITY.encode()),
    ):
        problem = _read(program, name, data)["problem"]
        assert problem["status"] in (400, 422), (name, problem)
        assert "root:" not in problem["detail"]


def test_a_watched_file_is_one_of_those_that_are_watched(
    desk: Desk, people: tuple[Path, str], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.geojson").write_text("{}")
    (tmp_path / "in" / "1699488000.geojson").write_text("{}")
    declared = tmp_path / "watch.toml"
    declared.write_text('[[watch]]\nname = "maps"\nlayer = "ukraine.control"\nfiles = "in/*.geojson"\n')
    with desk_serving(desk.dsn, people[0], TILESERVER_WATCH=str(declared)) as port:
        editor = Asker(port, people[1])
        editor.log_in()
        for path in (tmp_path / "secret.geojson", tmp_path / "in/../secret.geojson", Path("/etc/passwd")):
            for name in ("maps", "other"):
                answer = editor.fill("/desk/import", "/desk/watched", {"file": f"{name}\n{path}"})
                assert answer.status == 400, path
                assert "is not watched any more" in answer.text
        there = {"file": f"maps\n{tmp_path / 'in' / '1699488000.geojson'}"}
        assert editor.fill("/desk/import", "/desk/watched", there).status == 303


def test_a_page_of_another_site_cannot_have_anything_looked_at_and_a_link_can(editor: Asker) -> None:
    for headers in (
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    ):
        assert editor.get("/desk/revisions", **headers).status == 403, headers
    followed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert editor.get("/desk/revisions", **followed).status == 200


def test_a_session_is_made_by_us_and_ends_with_the_next_log_in(asker: Asker) -> None:
    asker.cookies["tileserver_desk"] = "chosen by somebody else"
    asker.log_in()
    first = dict(asker.cookies)
    assert first["tileserver_desk"] != "chosen by somebody else"
    asker.log_in()
    kept = Asker(asker.port, cookies=first)
    assert kept.get("/desk/").status == 303
    assert asker.get("/desk/").status == 200


def test_behind_a_proxy_a_guesser_keeps_nobody_else_out_and_no_header_makes_up_an_address(
    desk: Desk, people: tuple[Path, str]
) -> None:
    with desk_serving(desk.dsn, people[0], TILESERVER_DESK_PROXIES="127.0.0.1") as port:
        for n in range(12):  # the proxy appends whom it was asked by to what was made up
            guesser = Asker(port, headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"})
            last = guesser.send("/desk/login", {"token": "guess"}).status
        assert last == 429
        other = Asker(port, people[1], headers={"X-Forwarded-For": "203.0.113.10"})
        assert other.send("/desk/login", {"token": people[1]}).status == 303
    with desk_serving(desk.dsn, people[0]) as port:  # nobody is trusted
        said = [
            Asker(port, headers={"X-Forwarded-For": f"198.51.100.{n}"}).send("/desk/login", {"token": "x"})
            for n in range(11)
        ]
        assert said[-1].status == 429


def test_nothing_that_waits_or_is_under_the_embargo_is_said_to_a_stranger(asker: Asker, desk: Desk) -> None:
    stranger = Asker(asker.port)
    described = (
        Asker(asker.port, headers={"Authorization": f"Bearer {asker.token}"}).get("/desk/api").document
    )
    for path, methods in described["paths"].items():
        for method in methods:
            answer = stranger.ask(method.upper(), path.replace("{number}", "1").replace("{id}", "x"), b"{}")
            assert answer.status == 401, (method, path)
    for path in (
        "/desk/zoom.js",
        "/desk/again.js",
        "/desk/events",
        "/desk/audit",
        "/desk/style.css/../audit",
    ):
        assert stranger.get(path).status == 303, path
    for method in ("HEAD", "OPTIONS", "PUT", "TRACE"):
        assert stranger.ask(method, "/desk/audit").status in (303, 401, 405), method
