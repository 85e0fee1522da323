"""``tileserver keys``: a key is shown once, a slip is refused, and what was made can be used and ended."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.cli.conftest import Run
from tests.conftest import Databases
from tests.shapes import layer, theatre
from tileserver.declared import EmbargoClass
from tileserver.store.catalogue import add_theatre
from tileserver.store.connect import prepare_connection
from tileserver.web.keys_signed import is_signed, read_signed, secret_of
from tileserver.web.keys_text import hash_of

SECRET = "thirty-two characters that nobody knows"

pytestmark = pytest.mark.db


@pytest.fixture
def dsn(databases: Databases, database: str) -> str:
    """A database with a theatre that has a class."""

    async def write(connection: asyncpg.Connection) -> None:
        await prepare_connection(connection)
        classes = (EmbargoClass("partners", "24h"),)
        await add_theatre(connection, theatre(layer("control"), embargo="48h", embargo_classes=classes))

    databases.run(database, write)
    return database


def test_a_key_is_made_shown_once_listed_signed_with_and_revoked(run: Run, dsn: str) -> None:
    known = {"dsn": dsn, "TILESERVER_SIGNING_SECRET": SECRET}
    options: tuple[str, ...] = (
        "--tilesets",
        "toy.control",
        "--class",
        "partners",
        "--per-minute",
        "60",
        "--expires",
        "30d",
    )
    options = (*options, "--origin", "https://Post.example/")
    made = json.loads(run("keys", "add", "Evening Post", *options, "--json", **known).out)
    assert (made["tilesets"], made["class"]) == (["toy.control"], "partners")
    assert made["origins"] == ["https://post.example"]
    shown = run("keys", "add", "Radio", **known).out
    assert "tsk_" in shown
    assert "only time" in shown
    listed = run("keys", "list", **known).out + run("keys", "show", made["id"], **known).out
    assert made["id"] in listed
    assert "good until" in listed
    for secret in (made["key"][15:], hash_of(made["key"]).hex(), made["signing_secret"]):
        assert secret not in listed + run("keys", "list", "--json", **known).out

    url = "https://map.example/deep/tiles/toy.control/{z}/{x}/{y}.mvt?datetime=2024-01-09"
    behind = {**known, "TILESERVER_PUBLIC_URL": "https://map.example/deep"}
    signed = run("keys", "sign", made["id"], url, "--for", "1h", **behind).out.strip()
    text = urlsplit(signed).query.partition("signed=")[2]
    read = read_signed(text, "/tiles/toy.control/6/38/22.mvt")
    assert read is not None
    assert is_signed(secret_of(SECRET, made["id"]), read)
    assert signed.startswith(url)

    assert "revoked" in run("keys", "revoke", made["id"], **known).out
    assert "already" in run("keys", "revoke", made["id"], **known).out
    assert run("keys", "sign", made["id"], url, **known).code == 2
    assert run("keys", "usage", "--json", **known).out.strip() == "[]"


@pytest.mark.parametrize(
    ("path", "lasting", "said"),
    [
        ("/tiles/toy.control/6/38/22.mvt", "0s", "over already"),
        ("/tiles/other/{z}/{x}/{y}.mvt", "1h", "is for toy, not for other"),
        ("/styles/toy.json", "1h", "no key opens '/styles/toy.json'"),
        ("/tiles/WebMercatorQuad/6/22/38", "1h", "keys open what lies below /tiles/ /history/"),
    ],
)
def test_nothing_is_signed_that_would_open_nothing(
    run: Run, dsn: str, path: str, lasting: str, said: str
) -> None:
    known = {"dsn": dsn, "TILESERVER_SIGNING_SECRET": SECRET}
    made = json.loads(run("keys", "add", "Post", "--tilesets", "toy", "--json", **known).out)
    done = run("keys", "sign", made["id"], path, "--for", lasting, **known)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("add", " "), "for somebody"),
        (("add", "Post", "--expires", "2027-01-01"), "write 365d, or 2027-01-01T00:00:00Z"),
        (("add", "Post", "--tilesets", "ukrane"), "there are: toy"),
        (("add", "Post", "--tilesets", "toy/control"), "names no tilesets"),
        (("add", "Post", "--class", "partner"), "did you mean 'partners'"),
        (("add", "Post", "--origin", "post.example"), "https://post.example"),
        (("add", "Post", "--expires", "2001-01-01T00:00:00Z"), "over already"),
        (("show", "3duibx82re"), "there is no key"),
        (("revoke", "3duibx82re"), "there is no key"),
        (("sign", "3duibx82re", "/tiles/toy/6/38/22.mvt"), "openssl rand -hex 32"),
    ],
)
def test_a_slip_is_refused_with_what_would_do(run: Run, dsn: str, argv: tuple[str, ...], said: str) -> None:
    done = run("keys", *argv, dsn=dsn)
    assert done.code == 2
    assert said in " ".join(done.err.split())
