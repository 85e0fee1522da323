"""The desk's server as a process of its own, and somebody who asks it without a browser."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_S, ROOT, free_port
from tests.desk.conftest import Desk, _collection
from tileserver.newsroom.people import add_person

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.desk.conftest import Cells

NAME = "Olena <b>K</b>"  # whoever is named has to be escaped, too


@dataclass
class Answered:
    """An answer, read whole."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def location(self) -> str:
        return self.headers["Location"]


@dataclass
class Asker:
    """A client with cookies, as a browser has them, and nothing else of a browser."""

    port: int
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | Iterator[bytes] | None = None, **headers: str
    ) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        named = {name.replace("_", "-"): value for name, value in (self.headers | headers).items()}
        if self.cookies:
            named["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            for each in answer.headers.get_all("Set-Cookie", []):
                name, _, value = each.partition(";")[0].partition("=")
                self.cookies[name] = value
            return Answered(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answered:
        return self.ask("GET", path, None, **headers)

    def send(self, path: str, fields: Mapping[str, str], **headers: str) -> Answered:
        """Send a form as it stands, without the token of a page."""
        body = urllib.parse.urlencode(fields).encode()
        return self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded", **headers)

    def fill(self, page: str, action: str, fields: Mapping[str, str], **headers: str) -> Answered:
        """Send the form of *page* whose action is *action*, with its token."""
        return self.send(action, {"form_token": self.form_token(page), **fields}, **headers)

    def form_token(self, page: str) -> str:
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', self.get(page).text)
        assert found
        return found[1]

    def upload(self, name: str, data: bytes, fields: Mapping[str, str], **headers: str) -> Answered:
        """Upload a file by the form of the page."""
        border = uuid.uuid4().hex
        given = {"form_token": self.form_token("/desk/import"), **fields}
        parts = [
            f'--{border}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in given.items()
        ]
        quoted = name.replace('"', "%22")
        head = f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n\r\n'
        body = b"".join([*parts, head.encode(), data, f"\r\n--{border}--\r\n".encode()])
        kind = f"multipart/form-data; boundary={border}"
        return self.ask("POST", "/desk/import", body, Content_Type=kind, **headers)

    def log_in(self) -> Answered:
        answer = self.send("/desk/login", {"token": self.token})
        assert answer.status == 303, answer.text
        return answer

    def until_done(self, path: str) -> Answered:
        """Follow an errand to what came of it."""
        deadline = time.monotonic() + PATIENCE_S
        while (answer := self.get(path)).status == 200 and 'data-again="1"' in answer.text:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        return answer


@contextmanager
def desk_serving(dsn: str, people: Path, **changes: str) -> Iterator[int]:
    """Run the desk's server over *dsn*; yield its port."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": dsn,
        "TILESERVER_DESK_PORT": str(port),
        "TILESERVER_DESK_PEOPLE": str(people),
        "TILESERVER_LOG": "text",
        **changes,
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "tileserver", "desk", "serve"], env=environment, cwd=ROOT
    )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _answers(port):
            assert server.poll() is None, "the desk's server ended before it answered"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    try:
        return Asker(port).get("/desk/login").status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def desk(databases: Databases) -> Desk:
    """A desk over a new database, for all tests of a file."""
    return Desk(databases)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file with one person, and the token."""
    path = tmp_path_factory.mktemp("people") / "people.toml"
    return path, add_person(path, NAME)


@pytest.fixture(scope="module")
def desk_port(desk: Desk, people: tuple[Path, str]) -> Iterator[int]:
    """The port of the desk's server, over the database of `desk`."""
    with desk_serving(desk.dsn, people[0], TILESERVER_DESK_UPLOAD_MB="1") as port:
        yield port


@pytest.fixture
def asker(desk_port: int, people: tuple[Path, str]) -> Asker:
    """Somebody with the token, not yet logged in."""
    return Asker(desk_port, people[1])


@pytest.fixture
def editor(asker: Asker) -> Asker:
    """Somebody who is logged in."""
    asker.log_in()
    return asker


@pytest.fixture(scope="session")
def collection() -> Callable[[Cells], bytes]:
    """A function that returns a whole state as a file of the layer's dialect."""
    return _collection
