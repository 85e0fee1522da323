"""Log-in by a token, log-out, and the files of the pages."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tileserver.newsroom.identity import SESSION_S, Door, TooManyTries
from tileserver.newsroom.layout import FILES, built_file, button, desk_page, field, filled, form, text_of
from tileserver.picture.html import Html, element

_LONGEST = 4_096  # bytes of a log-in


class LoginRoutes:
    """Routes that a stranger may ask, and the way out."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/desk/login", self.page, methods=["GET"]),
            Route("/desk/login", self.log_in, methods=["POST"]),
            Route("/desk/logout", self.log_out, methods=["POST"]),
            *(Route(f"/desk/{name}", self.file, methods=["GET"]) for name in FILES),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with the form, or with the first page where somebody is let in already."""
        if request.state.visitor is not None:
            return RedirectResponse("/desk/", 303)
        return self._form(request)

    def _form(self, request: Request, said: str = "", status: int = 200) -> Response:
        if not self._door.has_tokens:
            words = "This desk is entered through the newsroom's own log-in, which did not say who you are."
            return desk_page(request, "Log in", [element("p", words, class_="bad")], status=status)
        told = [element("p", said, class_="bad", role="alert")] if said else list[Html]()
        hint = "from tileserver desk person add; it was shown once"
        token = field(
            "Token", "token", hint=hint, type="password", required="", autocomplete="current-password"
        )
        body = [*told, form(request, "/desk/login", token, button("Log in"))]
        return desk_page(request, "Log in", [element("div", *body, class_="box")], status=status)

    async def log_in(self, request: Request) -> Response:
        """Begin a session for whoever brings a token."""
        given = await request.form(max_files=0, max_fields=4, max_part_size=_LONGEST)
        try:
            session = self._door.log_in(text_of(given, "token"), request)
        except TooManyTries as error:
            headers = {"Retry-After": str(int(error.seconds) + 1)}
            raise HTTPException(429, "too many wrong tokens; try again in a minute", headers) from error
        if session is None:
            return self._form(request, "That is no token of this desk.", 403)
        answer = RedirectResponse("/desk/", 303)
        answer.set_cookie(
            self._door.cookie,
            session,
            max_age=SESSION_S,
            path=self._door.cookie_path,
            secure=self._door.is_secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    async def log_out(self, request: Request) -> Response:
        """End the session."""
        await filled(request)
        self._door.log_out(request)
        answer = RedirectResponse("/desk/login", 303)
        answer.delete_cookie(
            self._door.cookie,
            path=self._door.cookie_path,
            secure=self._door.is_secure,
            httponly=True,
            samesite="strict",
        )
        return answer

    async def file(self, request: Request) -> Response:
        """Answer with a style or a script."""
        name = request.url.path.rpartition("/")[2]
        return Response(built_file(name), media_type=FILES[name])
