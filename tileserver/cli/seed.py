"""``tileserver seed``: render ahead."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import Annotated

import typer

from tileserver.cli.options import bounds_lonlat
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, out, print_json, with_service
from tileserver.config import read_settings
from tileserver.counted import counted
from tileserver.errors import BadParameter
from tileserver.grid import zooms_within
from tileserver.tiles.ahead import Progress, Renderer, made
from tileserver.tiles.seed import ALWAYS, Order, Wanted, plan
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import open_shelf
from tileserver.times import parse_datetime

_CONNECTIONS = 4  # that render side by side


def seed(
    tileset: Annotated[str, typer.Argument(help="Such as ukraine, or ukraine.control")],
    zooms: Annotated[str, typer.Option(help="Zooms to render, such as 0-12 or 8.")] = "0-12",
    bounds: Annotated[
        str, typer.Option(help="west,south,east,north in degrees; all of the map otherwise.")
    ] = "",
    period: Annotated[
        str, typer.Option("--datetime", help="Days to render, such as 2023-10-01/2023-12-31; all otherwise.")
    ] = "",
    rate: Annotated[float, typer.Option(min=0, help="Tiles a second at most; 0: as fast as it goes.")] = 0.0,
    json: Json = False,
) -> None:
    """Render every public version of every state layer's tiles onto the shelf, as a server does by itself.

    A version is rendered once, however many days and tilesets share it, and only if it is not there yet:
    interrupt and repeat it as you like. Windows of events have no end of versions: they are left out.

    [bold]tileserver seed ukraine --zooms 0-10[/bold]
    """
    settings = read_settings()
    shelf = open_shelf(settings)
    if shelf is None:
        raise BadParameter(
            "there is no shelf; set TILESERVER_SHELF to the folder that tiles shall be kept in"
        )
    with progress_bar() as show:

        async def work(service: TileService) -> Progress:
            chosen = (await service.current.catalogue()).tileset(tileset)
            if not any(served.is_state for served in chosen.layers):
                raise BadParameter(f"{chosen.name} has no layer of states; windows have no end of versions")
            asked = parse_datetime(period, chosen.zone) if period else ALWAYS
            order = Order(zooms_within(zooms, chosen.zooms), bounds_lonlat(bounds), asked, rate)
            planned = await made(plan([Wanted(chosen, service.current.horizon(chosen))], order))
            done, pace = Progress(len(planned)), _Pace(rate)

            async def turn(versions: int) -> bool:
                show(f"rendering {chosen.name}", done.versions - done.backlog, done.versions)
                await pace.keep(versions)
                return True

            await Renderer(service.current, service.current.pool, shelf).render(
                planned, done, turn, _CONNECTIONS
            )
            show(f"rendering {chosen.name}", done.versions, done.versions)
            return done

        try:
            done = with_service(work, connections=_CONNECTIONS)
        finally:
            shelf.close()
    if json:
        print_json({name: value for name, value in asdict(done).items() if name != "began"})
        return
    out.print(
        f"{counted(done.versions, 'version')}: {done.there:,} were there, {done.rendered:,} rendered,"
        f" {done.bytes / 1e6:,.1f} MB added",
        highlight=False,
    )


class _Pace:
    """Keeps to a number of tiles a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._next = time.monotonic()

    async def keep(self, tiles: int) -> None:
        """Wait until another *tiles* may be rendered."""
        if not self._rate:
            return
        now = time.monotonic()
        self._next = max(self._next, now) + tiles / self._rate
        await asyncio.sleep(max(0.0, self._next - tiles / self._rate - now))
