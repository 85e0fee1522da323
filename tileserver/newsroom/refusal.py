"""Refusals of the desk's server: a page for a person, a problem for a program."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tileserver.errors import TileserverError
from tileserver.newsroom.layout import desk_page
from tileserver.picture.html import element
from tileserver.web.problems import known_problem, problem, unknown_problem

API = "/desk/api"


def is_api(request: Request) -> bool:
    """Whether a program asks."""
    path = request.url.path
    return path == API or path.startswith(f"{API}/")


def refused(request: Request, error: HTTPException) -> Response:
    """Return the answer to a request that is refused."""
    status, headers = error.status_code, dict(error.headers or {})
    title = HTTPStatus(status).phrase
    if is_api(request):
        return problem(request, status, title, error.detail, headers)
    if status == 401 and request.method == "GET":
        return RedirectResponse("/desk/login", 303)
    return _page(request, status, title, error.detail, headers)


async def http_refusal(request: Request, error: Exception) -> Response:
    """Answer a refusal of the framework or of a route."""
    assert isinstance(error, HTTPException)
    return refused(request, error)


async def known_refusal(request: Request, error: Exception) -> Response:
    """Answer an error of our own tree."""
    assert isinstance(error, TileserverError)
    if is_api(request) or error.status == 500:
        return await known_problem(request, error)
    return _page(request, error.status, error.title, str(error), {})


async def unknown_refusal(request: Request, error: Exception) -> Response:
    """Log an unforeseen error, and answer with the request id alone."""
    return await unknown_problem(request, error)


def _page(request: Request, status: int, title: str, detail: str, headers: dict[str, str]) -> Response:
    body = [
        element("p", detail, class_="bad", role="alert"),
        element("p", element("a", "To the first page", href="/desk/")),
    ]
    answer = desk_page(request, title, body, status=status)
    answer.headers.update(headers)
    return answer
