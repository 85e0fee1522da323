"""A file into the queue, its report, and out of the queue: published or rejected."""

from __future__ import annotations

import html
import json
import resource
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import serving
from tests.desk.conftest import Desk
from tests.newsroom.conftest import NAME, Asker

if TYPE_CHECKING:
    from tests.desk.conftest import Cells

pytestmark = pytest.mark.db

HOSTILE = "<img src=x onerror=alert(1)>"
DAY = datetime(2023, 11, 9, tzinfo=UTC)
BEFORE: Cells = {(column, 0): "occupied" for column in range(4)}
AFTER: Cells = {**BEFORE, (3, 0): "liberated"}


def _name(at: datetime) -> str:
    return f"{int(at.timestamp())}.geojson"


@pytest.fixture(scope="module", autouse=True)
def published(desk: Desk) -> None:
    """The desk holds a day already."""
    assert desk.import_states({DAY: BEFORE}).revision


def test_an_uploaded_day_is_seen_before_it_is_published(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    newest = _newest(desk)
    sent = editor.upload(
        _name(DAY), collection(AFTER), {"layer": "ukraine.control", "remark-en": "Two sources"}
    )
    assert sent.status == 303, sent.text
    read = editor.until_done(sent.location)
    assert read.location.startswith("/desk/held/"), read.text
    report = editor.get(read.location).text
    assert "km² by status" in report
    assert "Land that changes hands" in report
    assert "<svg" in report
    assert "Two sources" in report  # to be published with it
    assert _newest(desk) == newest

    lacking = editor.fill(read.location, f"{read.location}/publish", {"reason": " "})
    assert lacking.status == 400
    assert "say why it is published" in lacking.text
    begun = editor.fill(read.location, f"{read.location}/publish", {"reason": "the commander says so"})
    done = editor.until_done(begun.location)
    assert done.location == f"/desk/revisions/{newest + 1}", done.text
    page = editor.get(done.location).text
    assert f"Revision {newest + 1}" in page
    assert "What it changed" in page
    assert {row[1] for row in desk.rows(newest + 1)} == {"occupied", "liberated"}
    assert "accepted" in editor.get(read.location).text
    log = editor.get("/desk/audit").text
    assert "entries holds" in log
    assert "the commander says so" in log
    assert NAME not in log
    assert "<td>Olena &lt;b&gt;K&lt;/b&gt;</td>" in log


def test_words_for_readers_wait_with_the_import_until_it_is_public(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    file = collection({**AFTER, (1, 0): "unknown"})
    for words, kept in (("Two sources", "Two"), ("", "Two"), ("Three sources", "Three")):
        sent = editor.upload(_name(DAY), file, {"layer": "ukraine.control", "remark-en": words})
        held = editor.until_done(sent.location).location
        (row,) = desk.fetch("SELECT remark FROM held WHERE id = $1", int(held.rpartition("/")[2]))
        assert row["remark"] == {"en": f"{kept} sources"}
    assert "Three sources" in editor.get(held).text
    begun = editor.fill(held, f"{held}/publish", {"reason": "said enough", "remark-en": ""})
    assert editor.until_done(begun.location).status == 303
    assert desk.fetch("SELECT remark FROM revision ORDER BY id DESC LIMIT 1")[0]["remark"] == {}


def test_an_import_is_agreed_to_now_and_public_at_a_time(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    newest = _newest(desk)
    sent = editor.upload(_name(DAY), collection({**AFTER, (2, 0): "unknown"}), {"layer": "ukraine.control"})
    held = editor.until_done(sent.location).location
    late = {"reason": "at six", "at": "2020-01-01"}
    assert editor.fill(held, f"{held}/publish", late).status == 400
    assert _newest(desk) == newest
    begun = editor.fill(held, f"{held}/publish", {**late, "at": "2999-01-01T06:00:00Z"})
    assert editor.until_done(begun.location).location == held
    assert "2999-01-01 06:00:00 UTC" in editor.get(held).text
    assert "public from 2999-01-01" in editor.get("/desk/").text
    assert _newest(desk) == newest
    assert editor.fill(held, f"{held}/reject", {"why": "not needed"}).status == 303


def test_what_is_known_already_waits_for_nobody(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    desk.import_states({DAY: AFTER})
    newest = _newest(desk)
    sent = editor.upload(_name(DAY), collection(AFTER), {"layer": "ukraine.control"})
    assert "Nothing would change" in editor.until_done(sent.location).text
    assert _newest(desk) == newest


def test_a_rejected_import_leaves_the_queue_and_changes_nothing(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    newest = _newest(desk)
    sent = editor.upload(_name(DAY), collection({(9, 9): "occupied"}), {"layer": "ukraine.control"})
    held = editor.until_done(sent.location).location
    assert f'href="{held}"' in editor.get("/desk/").text
    done = editor.fill(held, f"{held}/reject", {"why": "the wrong map"})
    assert done.location == held
    assert f'href="{held}"' not in editor.get("/desk/").text
    page = editor.get(held).text
    assert "rejected" in page
    assert "the wrong map" in page
    assert _newest(desk) == newest


def test_names_of_files_and_words_of_events_are_only_ever_text(editor: Asker, desk: Desk) -> None:
    feature = {
        "type": "Feature",
        "properties": {"date": "2023-11-09", "text_en": HOSTILE, "direction": HOSTILE},
        "geometry": {"type": "Point", "coordinates": [37.5, 48.5]},
    }
    data = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    sent = editor.upload(f"{HOSTILE}.geojson", data, {"layer": "ukraine.notes"})
    assert HOSTILE not in editor.get(sent.location).text
    held = editor.until_done(sent.location).location
    for path in (held, "/desk/"):
        page = editor.get(path).text
        assert HOSTILE not in page, path
        assert "&lt;img src=x onerror=alert(1)&gt;" in page, path


def test_what_cannot_be_read_says_why_and_leaves_nothing(editor: Asker) -> None:
    sent = editor.upload(_name(DAY), b"no map at all", {"layer": "ukraine.control"})
    told = editor.until_done(sent.location)
    assert told.status == 200
    assert 'role="alert"' in told.text
    assert editor.upload("", b"", {"layer": "ukraine.control"}).status == 400
    path = editor.upload(_name(DAY), b"{}", {"layer": "ukraine.control", "mapping": "/etc/passwd"})
    assert path.status == 400
    assert "there is no mapping" in path.text


def test_an_upload_that_is_too_large_is_refused_in_words_while_readers_are_served(
    editor: Asker, desk: Desk
) -> None:
    with serving(desk.dsn) as url:
        reader = Asker(int(url.rpartition(":")[2]))
        began = time.monotonic()
        refused = editor.upload("large.geojson", b"x" * (40 << 20), {"layer": "ukraine.control"})
        took = time.monotonic() - began
        assert refused.status == 413
        assert "a file may have 1 MB" in refused.text
        assert reader.get("/tilesets/ukraine").status == 200
        assert took < 30
        # one that does not say how long it is, and one that only says so
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        endless = (head if n == 0 else b"x" * 65536 for n in range(64))
        kind = "multipart/form-data; boundary=x"
        assert editor.ask("POST", "/desk/import", endless, Content_Type=kind).status == 413
        with socket.create_connection(("127.0.0.1", editor.port)) as line:
            line.sendall(
                "POST /desk/api/imports?layer=ukraine.control&name=a.geojson HTTP/1.1\r\n"
                f"Host: 127.0.0.1:{editor.port}\r\n"
                f"Authorization: Bearer {editor.token}\r\n"
                f"Content-Length: {1 << 40}\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            assert b" 413 " in line.recv(65536).splitlines()[0]


def test_an_upload_for_which_the_disk_has_no_room_is_refused_in_words_and_taken_once_there_is(
    editor: Asker, desk: Desk, collection: Callable[[Cells], bytes]
) -> None:
    asked = f"TILESERVER_DESK_PORT={editor.port}".encode()
    (process,) = (each for each in Path("/proc").glob("[0-9]*") if asked in _environ(each))
    day, given = collection(AFTER).ljust(200_000), {"layer": "ukraine.control"}
    before = resource.prlimit(int(process.name), resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    try:
        refused = editor.upload(_name(DAY), day, given)
    finally:
        resource.prlimit(int(process.name), resource.RLIMIT_FSIZE, before)
    assert refused.status == 503
    assert "has no room for the file" in html.unescape(refused.text)
    assert editor.upload(_name(DAY), day, given).status == 303


def _environ(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:  # ended meanwhile, or another's
        return []


def _newest(desk: Desk) -> int:
    newest: int = desk.fetch("SELECT max(id) FROM revision")[0][0]
    return newest
