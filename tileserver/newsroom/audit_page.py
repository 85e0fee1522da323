"""The audit log: the newest entries, and the check of the whole chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tileserver.counted import counted
from tileserver.desk.audit import Walked, newest_entries, verify
from tileserver.desk.layers import checked_layers
from tileserver.newsroom.layout import button, desk_page, field
from tileserver.newsroom.room import Newsroom, second
from tileserver.newsroom.start_page import link
from tileserver.picture.html import Html, element, join, table
from tileserver.times import parse_instant

_MOST = 200


class AuditRoutes:
    """``/desk/audit``."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        return [Route("/desk/audit", self.page, methods=["GET"])]

    async def page(self, request: Request) -> Response:
        """Answer with the newest entries by ``?theatre=``, ``?what=``, ``?by=``, and check the chain."""
        asked = {name: request.query_params.get(name, "") for name in ("theatre", "what", "by")}
        async with self._room.database() as connection:
            await checked_layers(connection)
            checked = await verify(connection)
            found = await newest_entries(connection, most=_MOST, **asked)
        search = element(
            "form",
            element(
                "div",
                field("Theatre", "theatre", asked["theatre"]),
                field("What", "what", asked["what"]),
                field("By", "by", asked["by"]),
                class_="columns",
            ),
            button("Search", "plain"),
            method="get",
            action="/desk/audit",
        )
        columns = ("entry", "at", "by", "what", "where", "revision", "reason", "more")
        rows = [_row(each) for each in found]
        shown = [table("Newest first", columns, rows)] if rows else [element("p", "None.", class_="empty")]
        return desk_page(request, "Audit log", [_proof(checked), search, *shown])


def _proof(checked: Walked) -> Html:
    if checked.broken:
        words = f"The chain is broken at {checked.broken}. Whoever could write in the database changed it."
        return element("p", words, class_="bad", role="alert")
    head = checked.head.hex()
    words = (
        f"The chain of {counted(checked.entries, 'entry', 'entries')} holds. Its head, to be kept elsewhere: "
    )
    return element("p", words, element("code", head), class_="good", role="status")


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    revisions = join((link(f"/desk/revisions/{each}", str(each)) for each in entry["revisions"]), ", ")
    where = ".".join(filter(None, (entry["theatre"], ", ".join(entry["layers"]))))
    details = {name: value for name, value in entry["details"].items() if name != "km2"}
    more = element(
        "details",
        element("summary", "all"),
        element("pre", msgspec.json.format(msgspec.json.encode(entry), indent=1).decode()),
    )
    told = ", ".join(f"{name} {value}" for name, value in details.items() if isinstance(value, str | int))
    said = element("span", told, class_="long")
    return (
        str(entry["number"]),
        element("span", second(parse_instant(str(entry["at"]))), class_="when"),
        entry["by"] or "nobody named",
        entry["what"],
        where,
        revisions,
        entry["reason"],
        join((said, more)),
    )
