"""``tileserver site``: the map as static files, on disk and in an object store."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, database, moment_of, out, print_json
from tileserver.config import read_settings
from tileserver.counted import counted
from tileserver.grid import zooms_within
from tileserver.site.asking import asking
from tileserver.site.making import MadeSite, chosen_theatres, make_site
from tileserver.site.upload import upload_site
from tileserver.web.logs import configure_command_logs

site = typer.Typer(
    help="The map as static files: make them, and put them into an object store.", no_args_is_help=True
)


@site.command()
def make(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, or a site to be replaced.")],
    theatre: Annotated[
        list[str] | None, typer.Option(help="A theatre of it, the first is the one that opens; else all.")
    ] = None,
    zooms: Annotated[str, typer.Option(help="Zooms, such as 0-10; else all.")] = "",
    json: Json = False,
) -> None:
    """Write the map with its slider as files, for any file server that answers range requests.

    It shows what is public now, and nothing newer later: make it anew for that, and after every withdrawal.

    [bold]tileserver site make static-site --theatre western-front[/bold]
    """
    settings = read_settings()
    configure_command_logs(logging.WARNING)  # the server's lines on each request are nothing to a desk
    with progress_bar() as show, database(settings) as dsn:

        async def work() -> MadeSite:
            async with asking(replace(settings, database_url=dsn), await moment_of(dsn)) as public:
                catalogue = await public.current.catalogue()
                theatres = chosen_theatres(catalogue, theatre or (), settings.theatre)
                within = [catalogue.tileset(each).zooms for each in theatres]
                chosen = [zooms_within(zooms or f"{low}-{high}", (low, high)) for low, high in within]
                return await make_site(public, theatres, chosen, folder, show)

        made = asyncio.run(work())
    if json:
        archives = [{**asdict(each), "path": each.path.name} for each in made.archives]
        print_json({"files": made.files, "bytes": made.bytes, "archives": archives})
        return
    out.print(
        f"{made.path}: {counted(made.files, 'file')}, {made.bytes:,} bytes; open it with any file server",
        highlight=False,
        soft_wrap=True,
    )


@site.command()
def upload(
    folder: Annotated[Path, typer.Argument(help="What site make wrote.")],
    url: Annotated[str, typer.Argument(help="Such as s3://bucket, or s3://bucket/prefix.")],
    json: Json = False,
) -> None:
    """Put a site into an object store: new files, names last, and remove files of before.

    Credentials are read from the environment, as AWS_ACCESS_KEY_ID and the like.

    [bold]tileserver site upload static-site s3://maps.example.org/front[/bold]
    """
    with progress_bar() as show:
        done = asyncio.run(upload_site(folder, url, lambda sent, whole: show("sending", sent, whole)))
    if json:
        print_json(asdict(done))
        return
    out.print(
        f"{url}: {counted(done.sent, 'file')} sent, {done.bytes:,} bytes;"
        f" {done.kept:,} were there, {done.removed:,} removed",
        highlight=False,
        soft_wrap=True,
    )
