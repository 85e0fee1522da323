"""Who asks: a session that a token opened, a token with the request, or a name that a trusted proxy says."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, TypeAlias

from starlette.requests import HTTPConnection

from tileserver.config import Settings
from tileserver.errors import BadParameter
from tileserver.newsroom.people import People, Person, checked_name
from tileserver.web.forwarded import Proxies, household
from tileserver.web.limits import Allowances

_COOKIE = "tileserver_desk"
SESSION_S = 12 * 3600  # a day's shift; then the token is asked for again
_SESSIONS = 1_000  # at a time; the oldest ends
_TRIES = 10  # wrong tokens at once from one address, and then one every six seconds
_COST = 60 / _TRIES

Way: TypeAlias = Literal["session", "token", "proxy"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who asks, and the *form_token* that every form of theirs has to bring back."""

    name: str
    way: Way
    form_token: str


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in: the person, and its end in seconds of the steady clock."""

    person: Person
    end: float


class Door:
    """Lets in named persons; wrong tokens are counted by address."""

    def __init__(self, settings: Settings) -> None:
        # Over HTTPS no other host of the domain, and nobody on the way, can lay such a cookie beside ours; a
        # browser takes it with the path / alone. Over plain HTTP, on this machine, no browser takes it.
        self.is_secure = settings.desk_url.startswith("https://")
        self.cookie, self.cookie_path = (f"__Host-{_COOKIE}", "/") if self.is_secure else (_COOKIE, "/desk")
        self._people = People(settings.desk_people)
        self._header = settings.desk_user_header
        self._trusted = Proxies(settings.desk_proxies, settings.forwarded)
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._tries = Allowances(1.0)
        self._secret = secrets.token_bytes(32)  # a restart ends every session and every form

    @property
    def has_tokens(self) -> bool:
        """Whether a person can log in here, and not at the proxy alone."""
        return self._people.are_declared

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        """Return who asks, ``None`` for a stranger; a bearer token goes first, then the session, the proxy.

        `TooManyTries` where that address has shown too many wrong tokens.
        """
        shown = request.headers.get("authorization", "")
        if shown[:7].lower() == "bearer ":
            person = self._tried(shown[7:].strip(), request)
            if person is None:
                return None
            return Visitor(person.name, "token", self._form_token(person.token_sha256))
        return self._by_session(request) or self._by_proxy(request)

    def log_in(self, token: str, request: HTTPConnection) -> str | None:
        """Return the secret of a new session; ``None`` for a wrong token, `TooManyTries` after too many."""
        person = self._tried(token.strip(), request)
        if person is None:
            return None
        self.log_out(request)  # whoever had the cookie of before has it in vain
        own = secrets.token_urlsafe(32)
        self._sessions[own] = Session(person, time.monotonic() + SESSION_S)
        while len(self._sessions) > _SESSIONS:
            self._sessions.popitem(last=False)
        return own

    def log_out(self, request: HTTPConnection) -> None:
        """End the session of *request*."""
        self._sessions.pop(request.cookies.get(self.cookie, ""), None)

    def _tried(self, token: str, request: HTTPConnection) -> Person | None:
        address = self._address(request)
        wait = self._tries.take(address, _COST)
        if wait > 0:
            raise TooManyTries(wait)
        person = self._people.by_token(token)
        if person is not None:
            self._tries.give_back(address, _COST)
        return person

    def _by_session(self, request: HTTPConnection) -> Visitor | None:
        own = request.cookies.get(self.cookie, "")
        session = self._sessions.get(own)
        if session is None:
            return None
        if session.end < time.monotonic() or not self._people.has(session.person):
            del self._sessions[own]
            return None
        return Visitor(session.person.name, "session", self._form_token(own))

    def _by_proxy(self, request: HTTPConnection) -> Visitor | None:
        said = request.headers.getlist(self._header) if self._header else []
        if len(said) != 1 or request.client is None or not self._trusted.trusts(request.client.host):
            return None
        try:
            name = checked_name(said[0].encode("latin-1").decode("utf-8"))
        except (BadParameter, UnicodeDecodeError):
            return None
        return Visitor(name, "proxy", self._form_token(f"proxy {name}"))

    def _form_token(self, of: str) -> str:
        return hmac.digest(self._secret, of.encode(), "sha256").hex()

    def _address(self, request: HTTPConnection) -> str:
        """Return whom a try counts for: the client, as a trusted proxy says, else who connects."""
        own = request.client.host if request.client else "nobody"
        if self._trusted.trusts(own):
            headers: dict[bytes, bytes] = {}
            for name, value in request.headers.raw:
                headers[name] = headers[name] + b"," + value if name in headers else value
            own = self._trusted.caller(headers).client or own
        return household(own)


class TooManyTries(Exception):
    """Too many wrong tokens from one address; *seconds* until the next may be tried."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds
