"""The picture route: any public day as a picture or an animation, drawn apart and kept by content."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tileserver.errors import StoreBusy, TooManyAtOnce
from tileserver.picture.press.order import PictureOrder
from tileserver.picture.press.sheet import ANIMATED, Form
from tileserver.picture.press.studio import Studio
from tileserver.publish.pictures import PlannedPicture, Sources, filled, plan_picture
from tileserver.tiles.cache import BodyCache
from tileserver.tiles.lanes import Lane
from tileserver.web.built import STATIC
from tileserver.web.hot import HIT
from tileserver.web.limits import Bill, Shares
from tileserver.web.picture_params import picture_question
from tileserver.web.represent import freshness, raw, represent, represent_packed

GROUND = str(STATIC / "basemap")
PICTURE_TYPES: dict[Form, str] = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "gif": "image/gif",
    "webp": "image/webp",
}
_MISS = b"tileserver; fwd=miss; stored"
_WAIT_S = 20.0  # for a place; a picture takes half a second
_LONGEST_S, _LONGEST_ANIMATION_S = 20.0, 180.0
_QUEUES = 16, 1  # of pictures, of animations: who waits for one has its place when it ends
_OF_ONE, _OF_THE_UNCOUNTED = 2, 8  # pictures of one address that wait or are drawn
_REFUSED_MS = 50.0  # of the plan of a picture that is not drawn then


@dataclass(frozen=True, slots=True)
class _Room:
    """The process that draws a kind of picture, with a queue and shares of addresses."""

    studio: Studio
    lane: Lane
    shares: Shares


class PictureRoutes:
    """The endpoint, over the services of one audience.

    Pictures have one place, and animations another: whatever is drawn takes one process of each at most,
    and no connection while it draws.

    Parameters
    ----------
    capacity
        Bytes of pictures that are kept in memory.
    max_age
        Seconds for which caches may keep a picture, as a dated tile.
    """

    def __init__(self, sources: Sources, capacity: int, max_age: int) -> None:
        self._sources = sources
        self._max_age = max_age
        self.kept: BodyCache[str] = BodyCache(capacity)
        still, moving = _QUEUES
        self._studio = _Room(
            Studio(_LONGEST_S),
            Lane("pictures", 1, _WAIT_S, asyncio.Semaphore(1), still),
            Shares(_OF_ONE, _OF_THE_UNCOUNTED),
        )
        self._cinema = _Room(
            Studio(_LONGEST_ANIMATION_S),
            Lane("animations", 1, _LONGEST_ANIMATION_S, asyncio.Semaphore(1), moving),
            Shares(1, 1 + moving),
        )

    async def picture(self, request: Request) -> Response:
        """``/pictures/{theatre}.{form}?datetime=&revision=`` and the parameters of `web.picture_params`."""
        question = await picture_question(request, self._sources.tiles.current)
        plan = await plan_picture(self._sources, question, GROUND)
        bill: Bill | None = request.scope.get("bill")
        try:
            answer = await self.kept.answer(plan.name, lambda: self._drawn(plan, bill.payer if bill else ""))
        except (StoreBusy, TooManyAtOnce):
            if bill is not None:
                bill.settle(_REFUSED_MS)
            raise
        fresh = freshness(question.tileset, self._max_age)
        headers = raw(*fresh) if plan.is_whole else raw(("Cache-Control", "no-store"), *fresh[1:])
        kind = PICTURE_TYPES[plan.form]
        if plan.form == "svg":
            return await represent(request, answer, headers, kind)
        status = (b"cache-status", HIT if answer.is_hit else _MISS)
        return represent_packed(request, answer.body, (*headers, status), kind)  # packed by its own format

    async def close(self) -> None:
        """End the processes that draw."""
        await self._studio.studio.close()
        await self._cinema.studio.close()

    async def _drawn(self, plan: PlannedPicture, payer: str) -> bytes:
        room = self._cinema if plan.form in ANIMATED else self._studio
        with room.shares.of(payer):
            async with room.lane.place():
                order = PictureOrder(await filled(self._sources, plan), plan.form)
                return await room.studio.draw(msgspec.msgpack.encode(order))
