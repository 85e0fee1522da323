"""`import --dry-run`: what would change and whether it would be held, as a table, JSON and a page."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from tests.cli.conftest import SQUARE, Run, snapshot
from tests.conftest import settings_for
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

SECRET = "a battalion waits in the wood"
EXITS = (
    "/tilesets",
    "/tilesets/ukraine",
    "/tilesets/ukraine/timeline",
    "/tilesets/ukraine.control/km2.json",
    "/styles/ukraine.json",
    "/tiles/ukraine/8/153/89.mvt?datetime=2023-11-10",
    "/",
    "/readyz",
    "/metrics",
)


@pytest.fixture
def dsn(run: Run, database: str, tmp_path: Path) -> str:
    """A database with one occupied square, of 9 November 2023."""
    run("theatre", "add", "ukraine", dsn=database)
    assert run("import", "ukraine.control", str(snapshot(tmp_path)), dsn=database).code == 0
    return database


def moved(folder: Path, *, east: float) -> Path:
    """The square of the day after, moved to the east."""
    path = snapshot(folder, 1699650000)
    document = json.loads(path.read_text())
    document["features"][0]["geometry"]["coordinates"] = [[[lon + east, lat] for lon, lat in SQUARE]]
    document["features"][0]["properties"]["name"] = SECRET
    path.write_text(json.dumps(document))
    return path


def test_a_dry_run_exits_with_0_where_it_would_be_published(run: Run, dsn: str, tmp_path: Path) -> None:
    path = moved(tmp_path, east=0.01)
    done = run("import", "ukraine.control", str(path), "--dry-run", "--json", dsn=dsn)
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out)
    assert (told["dry_run"], told["held"], told["added"], told["ended"], told["days"]) == (
        True,
        False,
        2,
        1,
        1,
    )
    (state,) = told["states"]
    assert state["at"] == "2023-11-10T21:00:00Z"
    assert {each["status"] for each in state["km2"]} == {"occupied"}
    assert {(each["before"], each["after"]) for each in state["passages"]} == {
        ("occupied", None),
        (None, "occupied"),
    }
    text = run("import", "ukraine.control", str(path), "--dry-run", dsn=dsn).out
    assert "This import would be published." in text
    assert text.endswith("Nothing was written.\n")
    assert json.loads(run("revisions", "--json", dsn=dsn).out)[0]["revision"] == 1


def test_a_dry_run_warns_of_areas_that_come_on_top_of_those_that_hold(
    run: Run, dsn: str, tmp_path: Path
) -> None:
    area = {
        "type": "Feature",
        "properties": {"status": "occupied"},
        "geometry": {"type": "Polygon", "coordinates": [[[lon + 0.05, lat] for lon, lat in SQUARE]]},
    }
    path = tmp_path / "day.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [area]}))
    line = ("import", "ukraine.control", str(path), "--reader", "geojson", "--at", "2023-11-12", "--dry-run")
    assert "No area ends: those of the file come on top" in run(*line, dsn=dsn).err
    assert "No area ends" not in run(*line, "--whole-state", dsn=dsn).err


def test_a_dry_run_exits_with_1_and_says_why_where_it_would_be_held(
    run: Run, dsn: str, tmp_path: Path
) -> None:
    path = moved(tmp_path, east=0.01)
    path.write_text(path.read_text().replace("#a52714", "#a52715"))
    done = run("import", "ukraine.control", str(path), "--dry-run", dsn=dsn)
    assert done.code == 1
    assert "would be held back; nothing public would change" in done.out
    assert "  held: of 1 read nothing is left" in done.out
    assert run("held", "list", dsn=dsn).out == "nothing is held back\n"
    accepted = run("import", "ukraine.control", str(path), "--dry-run", "--accept", "so it is", dsn=dsn)
    assert accepted.code == 0
    assert "would be published, for it would be accepted: so it is" in accepted.out


def test_the_report_is_one_file_that_asks_nobody(run: Run, dsn: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    path = moved(tmp_path, east=0.01)
    done = run("import", "ukraine.control", str(path), "--report", str(page), dsn=dsn)
    assert (done.code, done.err) == (0, f"report: {page}\n")
    text = page.read_text("utf-8")
    assert "published as revision 2" in text
    assert "becomes: Occupied since February 2022" in text
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert run("diff", "1", "2", "ukraine.control", "--report", str(page), dsn=dsn).code == 0
    assert "Revision 2 against revision 1" in page.read_text("utf-8")
    assert "becomes: Occupied since February 2022" in page.read_text("utf-8")
    assert run("diff", "1", "9", "ukraine.control", "--report", str(page), dsn=dsn).code == 2
    bad = path.read_text().replace("#a52714", "#a52715")
    path.write_text(bad)
    assert run("import", "ukraine.control", str(path), dsn=dsn).code == 1
    assert run("held", "show", "1", "--report", str(page), dsn=dsn).code == 0
    assert "This import is waiting as 1." in page.read_text("utf-8")
    run("held", "reject", "1", "--reason", "a typing error", dsn=dsn)
    assert run("held", "show", "1", "--report", str(page), dsn=dsn).code == 0
    assert "This import is rejected as 1: a typing error." in page.read_text("utf-8")


def test_a_report_that_cannot_be_written_and_a_look_without_a_dry_run_are_refused_before_any_work(
    run: Run, dsn: str, tmp_path: Path
) -> None:
    path = moved(tmp_path, east=0.01)
    for options in (["--report", str(tmp_path / "none" / "x.html")], ["--report", str(tmp_path)], ["--look"]):
        assert run("import", "ukraine.control", str(path), *options, dsn=dsn).code == 2
    assert json.loads(run("revisions", "--json", dsn=dsn).out)[0]["revision"] == 1


def ask(address: str, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_a_look_is_for_this_machine_and_token_alone_and_nothing_of_it_is_public_meanwhile(
    dsn: str, tmp_path: Path
) -> None:
    app = create_app(settings_for(dsn), lambda: datetime(2026, 11, 22, tzinfo=UTC))
    with TestClient(app, raise_server_exceptions=False) as client:
        before = [client.get(path).content for path in EXITS[:-2]]
        # Whoever runs the tests in the background of a script has it ignored, and hands that on.
        command = ["env", "--default-signal=INT", sys.executable, "-m", "tileserver", "import"]
        command += ["ukraine.control", str(moved(tmp_path, east=0.01)), "--dry-run", "--json", "--look"]
        environment = {**os.environ, "DATABASE_URL": dsn}
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stderr is not None
            line = child.stderr.readline().decode()
            child.stderr.readline()
            url = urlsplit(line.split()[-1])
            try:
                status, headers, page = ask(url.netloc, url.path)
                assert status == 200
                assert b"becomes: Occupied since February 2022" in page
                assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == (
                    "no-store",
                    "noindex, nofollow",
                )
                assert url.hostname == "127.0.0.1"
                assert len(url.path) > 32
                for path in ("/", url.path[:-2] + "/", url.path + "x", "/favicon.ico"):
                    assert ask(url.netloc, path)[::2] == (404, b"")
                for host in ("evil.example", f"evil.example:{url.port}", "127.0.0.1"):
                    assert ask(url.netloc, url.path, Host=host)[::2] == (404, b"")
                assert ask(url.netloc, url.path, **{"Sec-Fetch-Site": "cross-site"})[0] == 404
                assert [client.get(path).content for path in EXITS[:-2]] == before
                every = b"".join(client.get(path).content for path in EXITS)
                assert url.path.strip("/").encode() not in every
                assert SECRET.encode() not in every
                assert client.get(url.path).status_code == 404
            finally:
                child.send_signal(signal.SIGINT)
                try:
                    said, _ = child.communicate(timeout=20)
                finally:
                    child.kill()  # of one that goes on the end would be waited for without end
            assert child.returncode == 0
            assert json.loads(said)["held"] is False
        with pytest.raises(ConnectionRefusedError):
            ask(url.netloc, url.path)
