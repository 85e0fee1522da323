"""Who is let in to the desk, and whose forms are believed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.desk.conftest import Desk
from tests.newsroom.conftest import NAME, Asker, desk_serving
from tileserver.errors import BadParameter
from tileserver.newsroom.people import add_person, load_people, remove_person

pytestmark = pytest.mark.db

PAGES = ("/desk/", "/desk/import", "/desk/revisions", "/desk/withdraw", "/desk/held/1", "/desk/errands/x")


def test_a_stranger_is_shown_the_log_in_and_nothing_else(asker: Asker) -> None:
    for path in PAGES:
        answer = asker.get(path)
        assert (answer.status, answer.location, answer.body) == (303, "/desk/login", b""), path
    page = asker.get("/desk/login")
    assert page.status == 200
    assert "Imports that wait" not in page.text
    assert asker.send("/desk/rollback", {"to": "1"}).status == 401


def test_a_token_opens_a_session_that_no_script_and_no_other_site_can_use(asker: Asker) -> None:
    cookie = asker.log_in().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/desk" in cookie
    assert asker.token not in cookie
    page = asker.get("/desk/")
    assert page.status == 200
    assert "Imports that wait: " in page.text
    assert NAME not in page.text
    assert "Olena &lt;b&gt;K&lt;/b&gt;" in page.text


def test_over_https_no_other_host_of_the_domain_can_lay_a_session_beside_ours(
    people: tuple[Path, str], desk: Desk
) -> None:
    with desk_serving(desk.dsn, people[0], TILESERVER_DESK_URL="https://maps.example.org") as port:
        asker = Asker(port, people[1])
        cookie = asker.log_in().headers["Set-Cookie"]
        assert cookie.startswith("__Host-tileserver_desk=")
        told = {each.strip() for each in cookie.split(";")[1:]}
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=strict"} <= told
        assert "Domain" not in cookie
        assert asker.get("/desk/").status == 200
        laid = {"tileserver_desk": asker.cookies["__Host-tileserver_desk"]}
        assert Asker(port, cookies=laid).get("/desk/").status == 303  # of a name that anybody may lay
        ended = asker.fill("/desk/", "/desk/logout", {}).headers["Set-Cookie"]
        assert ended.startswith('__Host-tileserver_desk="";')
        assert {"Path=/", "Secure"} <= {each.strip() for each in ended.split(";")}


def test_a_page_may_load_nothing_of_anybody_elses_and_is_kept_nowhere(editor: Asker) -> None:
    for path in ("/desk/", "/desk/import", "/desk/style.css", "/desk/nothing"):
        headers = editor.get(path).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_wrong_tokens_are_refused_and_soon_no_longer_tried(people: tuple[Path, str], desk: Desk) -> None:
    with desk_serving(desk.dsn, people[0]) as port:
        guesser = Asker(port)
        said = [guesser.send("/desk/login", {"token": f"guess {n}"}).status for n in range(5)]
        said += [guesser.get("/desk/", Authorization=f"Bearer guess {n}").status for n in range(5)]
        assert said == [403] * 5 + [303] * 5
        late = guesser.send("/desk/login", {"token": "guess"})
        assert late.status == 429
        assert 0 < int(late.headers["Retry-After"]) <= 7
        # not even the right one, by the form or with a request
        assert guesser.send("/desk/login", {"token": people[1]}).status == 429
        assert guesser.get("/desk/", Authorization=f"Bearer {people[1]}").status == 429


@contextmanager
def _fresh(port: int, people: tuple[Path, str]) -> Iterator[Asker]:
    """Somebody who has just logged in."""
    found = Asker(port, people[1])
    found.log_in()
    yield found


def test_a_form_of_another_site_is_refused_and_changes_nothing(
    desk_port: int, people: tuple[Path, str]
) -> None:
    with _fresh(desk_port, people) as editor:
        token = editor.form_token("/desk/import")
        fields = {"form_token": token, "layer": "ukraine.control", "to": "1", "reason": "a trap"}
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"http://127.0.0.1:{desk_port + 1}"},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
        ):
            answer = editor.send("/desk/rollback", fields, **headers)
            assert answer.status == 403, headers
            assert "nothing was done" in answer.text


def test_a_form_without_the_token_of_its_page_is_refused(desk_port: int, people: tuple[Path, str]) -> None:
    with _fresh(desk_port, people) as editor:
        origin = f"http://127.0.0.1:{desk_port}"
        for token in ({}, {"form_token": ""}, {"form_token": "0" * 64}):
            fields = {"layer": "ukraine.control", "to": "1", "reason": "a trap", **token}
            answer = editor.send("/desk/rollback", fields, Origin=origin)
            assert answer.status == 403, token
        other = Asker(desk_port, people[1])
        other.log_in()
        fields["form_token"] = other.form_token("/desk/import")
        assert editor.send("/desk/rollback", fields, Origin=origin).status == 403


def test_another_host_is_not_served(editor: Asker) -> None:
    assert editor.get("/desk/", Host="rebound.example").status == 421


def test_who_logs_out_is_out_and_so_is_who_was_removed(desk_port: int, people: tuple[Path, str]) -> None:
    path = people[0]
    token = add_person(path, "Taras")
    taras = Asker(desk_port, token)
    with _fresh(desk_port, people) as olena:
        taras.log_in()
        kept = dict(olena.cookies)
        assert olena.fill("/desk/import", "/desk/logout", {}).location == "/desk/login"
        olena.cookies = kept
        assert olena.get("/desk/").status == 303
        assert taras.get("/desk/").status == 200
        remove_person(path, "Taras")
        assert taras.get("/desk/").status == 303
        assert [each.name for each in load_people(path)] == [NAME]


@pytest.mark.parametrize("other", ["olena  k.", "OLENA K.", "\u041elena K.", "Olena \u039a."])
def test_nobody_comes_in_beside_themselves_in_another_spelling(tmp_path: Path, other: str) -> None:
    path = tmp_path / "people.toml"
    add_person(path, "Olena K.")
    with pytest.raises(BadParameter, match=r"already|alphabets"):
        add_person(path, other)
    assert [each.name for each in load_people(path)] == ["Olena K."]
    written = path.read_text("utf-8")
    path.write_text(written + written.replace("Olena K.", other), "utf-8")
    with pytest.raises(BadParameter, match=r"one name|alphabets"):
        load_people(path)


def test_the_file_of_persons_has_hashes_alone_and_is_for_its_owner(people: tuple[Path, str]) -> None:
    path, token = people
    assert token not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_proxy_names_the_person_and_nobody_else_can(people: tuple[Path, str], desk: Desk) -> None:
    dsn = desk.dsn
    by_proxy = {"TILESERVER_DESK_USER_HEADER": "X-Forwarded-User", "TILESERVER_DESK_PEOPLE": ""}
    with desk_serving(dsn, people[0], **by_proxy, TILESERVER_DESK_PROXIES="127.0.0.1") as port:
        named = Asker(port).get("/desk/", X_Forwarded_User="Mariana")
        assert named.status == 200
        assert "Mariana" in named.text
        assert Asker(port).get("/desk/").location == "/desk/login"
        assert "newsroom's own log-in" in Asker(port).get("/desk/login").text.replace("&#x27;", "'")
    with desk_serving(dsn, people[0], **by_proxy, TILESERVER_DESK_PROXIES="203.0.113.1") as port:
        assert Asker(port).get("/desk/", X_Forwarded_User="Mariana").status == 303


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "the desk opens to nobody"),
        ({"TILESERVER_DESK_USER_HEADER": "X-Forwarded-User"}, "goes with"),
        ({"TILESERVER_DESK_PEOPLE": "/nowhere/people.toml"}, "cannot be read"),
        (
            {
                "TILESERVER_DESK_USER_HEADER": "X-User",
                "TILESERVER_DESK_PROXIES": "10.0.0.1",
                "TILESERVER_DESK_HOST": "0.0.0.0",
            },
            "https:// URL",
        ),
    ],
)
def test_the_desk_does_not_start_unless_it_knows_who_may_come(
    changes: dict[str, str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://nowhere.invalid/x", **changes}
    command = [sys.executable, "-m", "tileserver", "desk", "serve"]
    assert subprocess.run(command, check=False, env=environment, cwd=ROOT, timeout=60).returncode == 2
    assert said in capfd.readouterr().err.replace("\n", " ")
