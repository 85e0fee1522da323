"""The route of the OpenAPI document, written from all routes of the running application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tileserver.errors import BadParameter
from tileserver.publish.openapi import OPENAPI_30, OPENAPI_31, Described, openapi_document
from tileserver.tiles.catalogue import Catalogue
from tileserver.web.documents import DocumentName, DocumentRoutes
from tileserver.web.keys_text import Credentials
from tileserver.web.keys_visit import Visit
from tileserver.web.operations import OPERATIONS
from tileserver.web.params import FORMS, read_query

_FORMS = {"openapi30": OPENAPI_30, "openapi31": OPENAPI_31, "json": OPENAPI_31}


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """The endpoint; *documents* keeps each version."""

    documents: DocumentRoutes

    async def document(self, request: Request) -> Response:
        """``/api?f=``: all routes as OpenAPI 3.1, or 3.0 where ``f`` or ``Accept`` says so."""
        media_type = _form_of(request)
        catalogue, base = await self.documents.current.catalogue(), self.documents.base_url(request)
        key = DocumentName(catalogue.serial, f"openapi {media_type}", "", base, None)

        async def compute() -> bytes:
            routes = described(request.app.routes, catalogue)
            return msgspec.json.encode(openapi_document(routes, _names(catalogue), base, media_type))

        answer = await self.documents.answer(request, key, compute, media_type=media_type, has_urls=True)
        answer.raw_headers.append((b"vary", b"Accept"))
        return answer


def described(routes: Sequence[BaseRoute], catalogue: Catalogue) -> list[Described]:
    """Return *routes*, mounts left out, with the categories of events in *catalogue*."""
    choices: dict[str, Sequence[str]] = {}
    for _, tileset in catalogue.served():
        choices = {**tileset.selectable, **choices}
    found = [(each.path, OPERATIONS[each.path]) for each in routes if isinstance(each, Route)]
    return [
        Described(
            path,
            each.id,
            each.summary,
            each.gives,
            each.takes,
            choices if each.chooses else {},
            takes_key=bool(Visit(path, Credentials(b"")).tileset),
        )
        for path, each in found
    ]


def _names(catalogue: Catalogue) -> Mapping[str, Sequence[str]]:
    """Return the present names of parts of paths, the first as an example."""
    tilesets = [name for name, _ in catalogue.served()]
    theatres = list(catalogue.theatres)
    return {"tileset": tilesets, "collectionId": tilesets, "theatre": theatres, "style": theatres}


def _form_of(request: Request) -> str:
    form = read_query(request, FORMS).choices.get("f")
    if form is None:
        accepted = request.headers.get("accept", "").replace(" ", "")
        return OPENAPI_30 if "version=3.0" in accepted else OPENAPI_31
    if form not in _FORMS:
        raise BadParameter(f"f={form[:20]!r} is not offered; there are: {', '.join(_FORMS)}")
    return _FORMS[form]
