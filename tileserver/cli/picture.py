"""``tileserver picture``: a public day as a picture, or days as an animation, into a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.progress import progress_bar
from tileserver.cli.session import err, with_service
from tileserver.compare.service import ComparisonService
from tileserver.disk import write_whole
from tileserver.errors import BadParameter
from tileserver.picture.press.animated import animation_of
from tileserver.picture.press.order import PictureOrder, fulfil
from tileserver.picture.press.sheet import ANIMATED
from tileserver.publish.gains_service import GainsService
from tileserver.publish.pictures import Sources, filled, plan_picture
from tileserver.tiles.service import TileService
from tileserver.web.params import Query
from tileserver.web.picture_params import read_picture
from tileserver.web.pictures import GROUND

_SIZES = {"card": "1200x630", "article": "1600x900", "square": "1080x1080", "phone": "390x844"}
_GAINS = 64 * 1024 * 1024  # bytes in memory for the sentence
_COMPARED = 64 * 1024 * 1024  # and for recent gains


def picture(
    theatre: Annotated[str, typer.Argument(help="Such as ukraine")],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="A file .png or .svg, for days .gif or .webp; -.svg: print it."),
    ],
    at: Annotated[str, typer.Option("--at", help="A day, or of an animation days, a/b.")] = "latest",
    size: Annotated[str, typer.Option(help="card, article, square, phone, or pixels such as 1200x630.")] = "",
    scale: Annotated[int, typer.Option(help="1, 2 or 3 times the pixels.")] = 1,
    map_: Annotated[str, typer.Option("--map", help="zoom/latitude/longitude, as in a link.")] = "",
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    lang: Annotated[str, typer.Option(help="en, uk, ru, de or fr.")] = "en",
    layers: Annotated[str, typer.Option(help="Names with commas; as on the map where none is given.")] = "",
    events: Annotated[int, typer.Option(help="Days of events up to that day: 1, 7 or 30.")] = 7,
    revision: Annotated[int | None, typer.Option(min=1, help="As known in this revision.")] = None,
    frame: Annotated[bool, typer.Option(help="With title, date, legend and credit around the map.")] = True,
    labels: Annotated[bool, typer.Option(help="With names of places.")] = True,
    recent: Annotated[bool, typer.Option(help="With gains of the last 7 and 30 days.")] = True,
) -> None:
    """Draw a public day as a picture for an article, without a browser; or days as an animation.

    [bold]tileserver picture western-front --at 1944-08-25 --size card --out paris.png[/bold]
    """
    given = {"scale": str(scale), "map": map_, "theme": theme, "lang": lang, "layers": layers}
    switches = {
        "events": str(events),
        "frame": str(int(frame)),
        "labels": str(int(labels)),
        "recent": str(int(recent)),
    }
    chosen = {name: text for name, text in {**given, **_pixels(size), **switches}.items() if text}
    query = Query(at, revision, None, chosen)
    data = with_service(lambda service: _drawn(service, theatre, out.suffix.removeprefix("."), query))
    if out.stem == "-":
        sys.stdout.buffer.write(data)
        return
    write_whole(out, data)
    err.print(f"{out}: {len(data):,} bytes", highlight=False, soft_wrap=True)


def _pixels(size: str) -> dict[str, str]:
    width, _, height = _SIZES.get(size, size).partition("x")
    if size and not height:
        raise BadParameter(f"size {size[:20]!r} is none of {', '.join(_SIZES)}, and not written as 1200x630")
    return {"width": width, "height": height}


async def _drawn(service: TileService, theatre: str, form: str, query: Query) -> bytes:
    question = read_picture(theatre, form, query, await service.current.catalogue())
    gains = GainsService(service.current, _GAINS, patience_s=None)
    comparisons = ComparisonService(service.current, _COMPARED)
    try:
        sources = Sources.of(service, gains, comparisons)
        plan = await plan_picture(sources, question, GROUND)
        sheets = await filled(sources, plan)
    finally:
        comparisons.close()
    if plan.form not in ANIMATED:
        return fulfil(PictureOrder(sheets, plan.form))
    with progress_bar() as show:
        return animation_of(sheets, plan.form, lambda done: show("drawing days", done, len(sheets)))
