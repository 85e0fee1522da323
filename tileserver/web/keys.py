"""Keys at the door: who shows a key, which data the key opens, and why not.

All keys are in memory, so a request costs a hash and two look-ups. They are as the database has them: the
follower tells of each beat of the primary which generation of keys there is (`hear`), and what is newer than
what was read is read at once, over a connection of its own. Where no beat comes for `BLIND_S`, or what is new
cannot be read for `BEHIND_S`, nobody knows what was revoked: then no key opens anything that is not public.

What is public is the same with and without a key, and asks no key: a key counts there, and no more.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import NamedTuple

import structlog

from tileserver.store.keys import KeysRead, StoredKey, read_keys_of
from tileserver.tiles.audience import PUBLIC, Audience, audience_of
from tileserver.tiles.current import Current
from tileserver.web.keys_quota import Quotas, Windows
from tileserver.web.keys_signed import is_signed, read_signed, secret_of
from tileserver.web.keys_text import hash_of, id_of
from tileserver.web.keys_usage import KeyUsage
from tileserver.web.keys_visit import Visit, is_from, is_open

log = structlog.get_logger()

BLIND_S = 5.0
BEHIND_S = 1.0
_RETRY_S = 0.3
_FAREWELL_S = 2.0
_NO_REFERRER = (b"referrer-policy", b"no-referrer")
_EXPOSED = (b"access-control-expose-headers", b"RateLimit, RateLimit-Policy")  # beside those of all answers
_CHALLENGE = ((b"www-authenticate", b'Bearer realm="tileserver"'),)
_UNKNOWN = "this is no key of this server, or it is not written out in full"
_NO_SIGNATURE = "this signature is not of this server, or not for this address"
_AWAY = "keys cannot be checked just now, and this is not for everybody; try again in a moment"

RawHeaders = tuple[tuple[bytes, bytes], ...]


class KeyRefusal(NamedTuple):
    """A refusal: HTTP status, reason, seconds after which to ask again, and headers, as bytes, of its own.

    ``outcome`` is its name among the figures.
    """

    status: int
    reason: str
    retry_s: int = 1
    headers: RawHeaders = ()
    outcome: str = "unknown"


class Passed(NamedTuple):
    """Leave to go on: the bearer, the audience, and whether the quota has to be asked for first.

    Without a bearer the key was not looked at: it changes nothing.
    """

    bearer: StoredKey | None = None
    audience: Audience = PUBLIC
    waits: bool = False


def owned(passed: Passed, answer: bytes) -> bytes:
    """Return a whole *answer*, in bytes; no shared cache may keep an answer with a quota."""
    if passed.bearer is None or not passed.bearer.has_quota:
        return answer
    head, blank, body = answer.partition(b"\r\n\r\n")
    return b"%s%s%s" % (head.replace(b"cache-control: public", b"cache-control: private", 1), blank, body)


class Keys:
    """All keys of the database at *dsn*, which has to be the primary, and the decision on each request.

    *whole* is the state of knowledge of all audiences together; *server_secret* is for signatures, empty for
    none.
    """

    def __init__(
        self, dsn: str, whole: Current, quotas: Quotas, usage: KeyUsage, server_secret: str = ""
    ) -> None:
        self.quotas = quotas
        self.usage = usage
        self._dsn = dsn
        self._whole = whole
        self._server_secret = server_secret
        self._keys: dict[str, StoredKey] = {}
        self._heard = self._read = 0  # generations
        self._beat_at = self._behind_at = -float("inf")  # of `time.monotonic`, in seconds
        self._news = asyncio.Event()
        self._windows: tuple[int, Windows] | None = None

    def __len__(self) -> int:
        return len(self._keys)

    def hear(self, generation: int) -> None:
        """Take note of a beat of the primary, which has keys up to *generation*."""
        now = time.monotonic()
        self._beat_at = now
        if generation != self._heard:
            self._heard = generation
            self._behind_at = now
            self._news.set()

    @property
    def is_blind(self) -> bool:
        """Whether a key may have been revoked without our knowing."""
        now = time.monotonic()
        late = self._heard != self._read and now - self._behind_at > BEHIND_S
        return late or now - self._beat_at > BLIND_S

    async def follow(self, report: Callable[[], None]) -> None:
        """Read new keys, for ever; *report* is told that all is well."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RETRY_S):
                    await self._news.wait()
            self._news.clear()
            if self._heard != self._read:
                month = self._windows_now().month
                after = self._read if self._heard > self._read else -1  # another database: from the beginning
                self.take(await read_keys_of(self._dsn, after, month), month, is_all=after < 0)
            report()

    async def close(self) -> None:
        """Write the last usage, if the database answers, and let go of whoever counts."""
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self.usage.write()
        except Exception as error:  # the rest has to be closed, too
            log.warning("the last usage of keys was not written", error=type(error).__name__)
        await self.quotas.close()

    def take(self, read: KeysRead, month: date, *, is_all: bool = False) -> None:
        """Know the keys that were *read*, with requests from the day *month* on; no others where *is_all*."""
        if is_all:
            self._keys.clear()
        self._keys.update({each.id: each for each in read.keys})
        self.usage.used.update({(key_id, month): count for key_id, count in read.used.items()})
        self._read = read.generation

    def admit(self, asked: Visit) -> Passed | KeyRefusal:
        """Decide on a request that shows a key, and count the outcome."""
        decided = self._decide(asked)
        if isinstance(decided, KeyRefusal):
            self.usage.count(decided.outcome)
        elif decided.bearer is not None and not decided.waits:
            self.usage.count("answered")
        return decided

    def _decide(self, asked: Visit) -> Passed | KeyRefusal:
        tileset = asked.tileset
        if not tileset or not asked.is_reading:
            return Passed()
        bearer = self._bearer(asked)
        known_class = "" if isinstance(bearer, KeyRefusal) else bearer.embargo_class
        audience = self._audience(known_class, tileset)
        if self.is_blind:
            is_theirs = not isinstance(bearer, KeyRefusal) and is_open(bearer.tilesets, tileset)
            # Nobody else is told that there is more than what the public has.
            return (
                KeyRefusal(503, _AWAY, 2, outcome="away")
                if is_theirs and audience is not PUBLIC
                else Passed()
            )
        if isinstance(bearer, KeyRefusal):
            return bearer
        windows = self._windows_now()
        trouble = self._trouble(bearer, asked, tileset)
        if trouble is not None:
            self.usage.note(bearer.id, windows.day, is_refused=True)
            return trouble
        waits = bearer.has_quota and not self.quotas.take(bearer, windows)
        if not waits:
            self.usage.note(bearer.id, windows.day)
        return Passed(bearer, audience, waits)

    async def wait(self, passed: Passed) -> KeyRefusal | None:
        """Take one request of the quota of a key whose share is used up; return the refusal, if refused."""
        bearer, windows = passed.bearer, self._windows_now()
        if bearer is None:
            return None
        wait_s = await self.quotas.take_more(bearer, windows)
        self.usage.note(bearer.id, windows.day, is_refused=bool(wait_s))
        self.usage.count("quota" if wait_s else "answered")
        if not wait_s:
            return None
        reason = f"key {bearer.id} has no requests left; there are more in {wait_s} s"
        return KeyRefusal(429, reason, wait_s, self.headers_of(bearer), "quota")

    def headers_of(self, bearer: StoredKey | None) -> RawHeaders:
        """Return the headers, as bytes, of answers to whoever shows a key; no site is told the address."""
        if bearer is None or not bearer.has_quota:
            return (_NO_REFERRER,)
        policy, state = self.quotas.told(bearer, self._windows_now())
        return ((b"ratelimit-policy", policy), (b"ratelimit", state), _EXPOSED, _NO_REFERRER)

    def said(self, bearer: StoredKey | None) -> bytes:
        """Return the same headers as lines of a head, each after its line's end."""
        return b"".join([b"\r\n%s: %s" % each for each in self.headers_of(bearer)])

    def _bearer(self, asked: Visit) -> StoredKey | KeyRefusal:
        """Return the key that was shown or that signed the address, good or not."""
        shown = asked.shown
        if shown.trouble:
            return KeyRefusal(400, shown.trouble, outcome="misspelt")
        if shown.signed:
            return self._signer(shown.signed, asked.path)
        bearer = self._keys.get(id_of(shown.key_text))
        if bearer is None or not hmac.compare_digest(hash_of(shown.key_text), bearer.secret_hash):
            return KeyRefusal(401, _UNKNOWN, 1, _CHALLENGE)
        return bearer

    def _signer(self, text: str, path: str) -> StoredKey | KeyRefusal:
        signed = read_signed(text, path)
        bearer = None if signed is None else self._keys.get(signed.grant.key_id)
        if signed is None or bearer is None or not self._server_secret:
            return KeyRefusal(401, _NO_SIGNATURE, 1, _CHALLENGE, "signature")
        if not is_signed(secret_of(self._server_secret, bearer.id), signed):
            return KeyRefusal(401, _NO_SIGNATURE, 1, _CHALLENGE, "signature")
        if self._now_s() >= signed.grant.expires:
            reason = "this signed address has expired; ask for a new one"
            return KeyRefusal(401, reason, 1, _CHALLENGE, "expired")
        return bearer

    def _trouble(self, bearer: StoredKey, asked: Visit, tileset: str) -> KeyRefusal | None:
        if bearer.revoked is not None:
            return KeyRefusal(401, f"key {bearer.id} was revoked", 1, _CHALLENGE, "revoked")
        if bearer.expires is not None and self._now_s() >= bearer.expires.timestamp():
            return KeyRefusal(401, f"key {bearer.id} has expired", 1, _CHALLENGE, "expired")
        if bearer.origins and not is_from(bearer.origins, asked.headers):
            return KeyRefusal(403, f"key {bearer.id} is not for pages of this origin", outcome="origin")
        if not is_open(bearer.tilesets, tileset):
            reason = f"key {bearer.id} is for {', '.join(bearer.tilesets)}, not for {tileset[:80]}"
            return KeyRefusal(403, reason, outcome="tileset")
        return None

    def _audience(self, embargo_class: str, tileset: str) -> Audience:
        """Return as whom a key of *embargo_class* sees *tileset*."""
        catalogue = self._whole.read
        theatre = None if catalogue is None else catalogue.theatres.get(tileset.partition(".")[0])
        return PUBLIC if theatre is None else audience_of(embargo_class, theatre)

    def _now_s(self) -> float:
        return self._whole.clock().timestamp()

    def _windows_now(self) -> Windows:
        second = int(time.monotonic())
        if self._windows is None or self._windows[0] != second:
            self._windows = second, Windows.at(self._whole.clock())
        return self._windows[1]
