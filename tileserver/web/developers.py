"""The route of the page for developers."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tileserver.publish.developers import ServiceLimits, developers_page
from tileserver.tiles.horizon import stride_of
from tileserver.web.api import described
from tileserver.web.documents import DocumentName, DocumentRoutes
from tileserver.web.represent import HTML
from tileserver.web.text_pages import dress_of, text_page


@dataclass(frozen=True, slots=True)
class DeveloperRoute:
    """The endpoint; *documents* keeps the page."""

    documents: DocumentRoutes
    limits: ServiceLimits

    async def page(self, request: Request) -> Response:
        """``/developers?theme=``: tilesets, code by client, every path, limits."""
        theme, template = dress_of(request).theme, text_page("developers")
        current, base = self.documents.current, self.documents.base_url(request)
        catalogue, now = await current.catalogue(), current.clock()
        key = DocumentName(catalogue.serial, f"developers {theme}", "", (base, template), stride_of(now))

        async def compute() -> bytes:
            routes, default = described(request.app.routes, catalogue), self.documents.theatre
            args = (template, theme, catalogue, routes, now, base, self.limits, default)
            return developers_page(*args).encode()

        return await self.documents.answer(request, key, compute, media_type=HTML, has_urls=True)
