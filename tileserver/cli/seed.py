"""``tileserver seed``: render ahead."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from tileserver.cli.options import bounds_lonlat, zooms_within
from tileserver.cli.session import Json, out, print_json, progress_bar, with_service
from tileserver.config import read_settings
from tileserver.errors import BadParameter
from tileserver.tiles.seed import ALWAYS, Order, Seeded
from tileserver.tiles.seed import seed as render_ahead
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import open_shelf
from tileserver.times import parse_datetime

_CONNECTIONS = 4  # that render side by side


def seed(
    tileset: Annotated[str, typer.Argument(help="State layers, such as ukraine.control,ukraine.frontline")],
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
    """Render every public version of every tile onto the shelf: TILESERVER_SHELF, a folder.

    A version is rendered once, however many days share it, and only if it is not there yet: interrupt
    and repeat it as you like, and run it after each import to render what is new. What is rendered for one
    tileset serves requests for that tileset.

    [bold]TILESERVER_SHELF=/srv/tiles tileserver seed ukraine.control,ukraine.frontline --zooms 0-10[/bold]
    """
    settings = read_settings()
    shelf = open_shelf(settings)
    if shelf is None:
        raise BadParameter("TILESERVER_SHELF is empty; name the folder that the tiles shall be kept in")
    with progress_bar() as progress:

        async def work(service: TileService) -> Seeded:
            chosen = (await service.current.catalogue()).tileset(tileset)
            asked = parse_datetime(period, chosen.zone) if period else ALWAYS
            order = Order(zooms_within(zooms, chosen.zooms), bounds_lonlat(bounds), asked, rate)
            label = f"rendering {chosen.name}"
            return await render_ahead(
                service, shelf, chosen, order, lambda done: progress(label, done.there + done.rendered, None)
            )

        try:
            done = with_service(work, connections=_CONNECTIONS)
        finally:
            shelf.close()
    if json:
        print_json(asdict(done))
        return
    out.print(
        f"{done.versions:,} versions: {done.there:,} were there, {done.rendered:,} rendered,"
        f" {done.bytes / 1e6:,.1f} MB added",
        highlight=False,
    )
