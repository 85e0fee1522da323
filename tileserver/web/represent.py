"""Bodies as answers, tiles, documents and files: 200, 204 or 304, in the coding asked for, under a tag."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from tileserver.tiles.cache import Answer, Body
from tileserver.tiles.dictionaries import Delta
from tileserver.tiles.tileset import Tileset
from tileserver.web.negotiate import choose_coding, etag_matches

MVT = "application/vnd.mapbox-vector-tile"
JSON = "application/json"
HTML = "text/html; charset=utf-8"
CSV = "text/csv; header=present; charset=utf-8"
IMMUTABLE = "public, max-age=31536000, immutable"
# A reader's browser, which nobody can purge, asks again within a day and a day of grace: so long at most is a
# withdrawal on its way. Shared caches are the operator's own (nobody else's see HTTPS), who purges them.
SETTLED = "public, max-age=86400, s-maxage=2592000, stale-while-revalidate=86400, stale-if-error=2592000"
SETTLED_BYTES = SETTLED.removeprefix("public").encode()  # what of it is the same for the public and for one
WHILE_UNSURE = b", max-age=60"  # in its place while a withdrawal may not have been heard of

Headers: TypeAlias = tuple[tuple[str, str], ...]
RawHeader: TypeAlias = tuple[bytes, bytes]  # as ASGI has them: lower-case names, Latin-1
RawHeaders: TypeAlias = tuple[RawHeader, ...]
Key = TypeVar("Key", bound=Hashable)

VARY = (b"vary", b"Accept-Encoding")
_HIT = (b"cache-status", b"tileserver; hit")
_MISS = (b"cache-status", b"tileserver; fwd=miss; stored")
_coding = lru_cache(64)(choose_coding)  # browsers send few different headers; each may have 32 kB


class Wish(NamedTuple):
    """Headers of a request that decide in which form the answer goes out; ``None`` where absent."""

    accepted: str | None = None
    condition: str | None = None
    dictionary: str | None = None  # RFC 9842: its hash
    dictionary_id: str | None = None

    @classmethod
    def of(cls, request: Request) -> Wish:
        """Return the headers of *request*."""
        return cls(*map(request.headers.get, _WISHES))

    @classmethod
    def heard(cls, headers: Mapping[bytes, bytes]) -> Wish:
        """Return the same of *headers*, each given once, with names in lower case."""
        given = map(headers.get, _RAW_WISHES)
        return cls(*(None if each is None else each.decode("latin-1") for each in given))


_WISHES = "accept-encoding", "if-none-match", "available-dictionary", "dictionary-id"
_RAW_WISHES = tuple(each.encode() for each in _WISHES)


class RawResponse(Response):
    """A response whose headers are encoded already; *headers* lack nothing but length and type of a body."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        self.status_code, self.raw_headers, self.body, self.background = status, headers, body, None


@lru_cache(4096)
def raw(*headers: tuple[str, str]) -> RawHeaders:
    """Return *headers* in the form of ASGI."""
    return tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers)


def freshness(tileset: Tileset, kept: int | str) -> Headers:
    """Return how long an answer is true: *kept*, in seconds or as `IMMUTABLE`; without a layer not at all."""
    if tileset.missing:
        names = ", ".join(each.stored.layer.name for each in tileset.missing)
        return ("Cache-Control", "no-store"), ("Missing-Layers", names)
    return (("Cache-Control", kept if isinstance(kept, str) else f"public, max-age={kept}"),)


def pinned(max_age: int) -> int | str:
    """Return how long an answer is true whose address names its time: *max_age*, in seconds, and then stale.

    RFC 5861: for as long again a cache may answer at once and ask meanwhile, and ten times as long where the
    server is away: a tile of that day is no error. A withdrawal is obeyed within both, and never the latest.
    """
    if not max_age:
        return max_age
    stale = f"stale-while-revalidate={max_age}, stale-if-error={10 * max_age}"
    return f"public, max-age={max_age}, {stale}"


async def represent(
    request: Request,
    answer: Answer[Key],
    headers: RawHeaders,
    media_type: str = MVT,
    *,
    vary: RawHeader = VARY,
    delta: Delta | None = None,
) -> Response:
    """Return *answer* in the coding that *request* prefers; *headers* say how long to keep the answer.

    As *delta*, where that is there and no larger than what it saves; *vary* says by what caches tell.
    """
    wish = Wish.of(request)
    ready = represent_now(wish, answer, headers, media_type, vary=vary, delta=delta)
    if ready is None:
        await answer.form(_coding(wish.accepted))
        ready = represent_now(wish, answer, headers, media_type, vary=vary, delta=delta)
    assert ready is not None
    return ready


def represent_now(
    wish: Wish,
    answer: Answer[Key],
    headers: RawHeaders,
    media_type: str = MVT,
    *,
    vary: RawHeader = VARY,
    delta: Delta | None = None,
) -> RawResponse | None:
    """Return the same as `represent`, at once; ``None`` where packing the body takes too long."""
    given = [*headers, _HIT if answer.is_hit else _MISS, vary]
    coding = _coding(wish.accepted)
    if delta is not None and len(delta.data) < len(answer.body.forms.get(coding, answer.body.data)):
        etag = answer.body.etag(f"dcz-{delta.sha256[:8].hex()}")
        short = _without_body(wish, answer.body, etag, given)
        return short or _with_body("dcz", delta.data, given, media_type)
    if (short := _without_body(wish, answer.body, answer.body.etag(coding), given)) is not None:
        return short
    data = answer.form_now(coding)
    return None if data is None else _with_body(coding, data, given, media_type)


def represent_packed(request: Request, body: Body, headers: RawHeaders, media_type: str) -> Response:
    """Return *body*, never empty, in the packed form preferred by *request*; compress nothing."""
    wish = Wish.of(request)
    coding = _coding(wish.accepted, (*body.forms, "identity"))
    given = [*headers, VARY]
    if (short := _without_body(wish, body, body.etag(coding), given)) is not None:
        return short
    return _with_body(coding, body.forms.get(coding, body.data), given, media_type)


def _without_body(wish: Wish, body: Body, etag: str, headers: list[RawHeader]) -> RawResponse | None:
    """Add *etag*, the tag of *body*, to *headers*; return the answer where none but headers are needed."""
    headers.append((b"etag", etag.encode()))
    if wish.condition is not None and etag_matches(wish.condition, etag):
        return RawResponse(304, headers)
    return RawResponse(204, headers) if body.is_empty else None


def _with_body(coding: str, data: bytes, headers: list[RawHeader], media_type: str) -> RawResponse:
    if coding != "identity":
        headers.append((b"content-encoding", coding.encode()))
    headers += (b"content-length", str(len(data)).encode()), (b"content-type", media_type.encode())
    return RawResponse(200, headers, data)
