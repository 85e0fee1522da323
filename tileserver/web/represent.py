"""A content as an answer: in the coding that was asked for, under its tag, or not at all where it is held."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from tileserver.tiles.cache import Answer
from tileserver.tiles.tileset import Tileset
from tileserver.web.negotiate import choose_coding, etag_matches

MVT = "application/vnd.mapbox-vector-tile"
IMMUTABLE = "public, max-age=31536000, immutable"

Key = TypeVar("Key", bound=Hashable)


def freshness(tileset: Tileset, kept: int | str) -> dict[str, str]:
    """Return how long an answer is true: *kept*, in seconds or as `IMMUTABLE`; without a layer not at all."""
    if tileset.missing:
        names = ", ".join(each.stored.layer.name for each in tileset.missing)
        return {"Cache-Control": "no-store", "Missing-Layers": names}
    return {"Cache-Control": kept if isinstance(kept, str) else f"public, max-age={kept}"}


async def represent(
    request: Request,
    answer: Answer[Key],
    headers: dict[str, str],
    media_type: str = MVT,
) -> Response:
    """Return *answer* in the coding that *request* prefers; *headers* say how long it is true."""
    coding = choose_coding(request.headers.get("accept-encoding"))
    etag = answer.body.etag(coding)
    headers |= {
        "ETag": etag,
        "Vary": "Accept-Encoding",
        "Cache-Status": f"tileserver; {'hit' if answer.is_hit else 'fwd=miss; stored'}",
    }
    if etag_matches(request.headers.get("if-none-match"), etag):
        return Response(None, 304, headers)
    if not answer.body.data:
        return Response(None, 204, headers)
    body = await answer.form(coding)
    if coding != "identity":
        headers["Content-Encoding"] = coding
    return Response(body, 200, headers, media_type=media_type)
