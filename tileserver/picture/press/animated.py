"""Pictures of several days as a single animation, GIF or WebP: nothing moves but where the map changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO

import msgspec
from PIL import Image

from tileserver.picture.press.composed import legend_height, svg_of
from tileserver.picture.press.raster import png_of
from tileserver.picture.press.sheet import Form, Sheet

_FRAME_MS = 400
_LAST_MS = 2500  # the end is looked at
_COLOURS = 128  # of a GIF, the same in all frames, or flat areas flicker


def animation_of(
    sheets: Sequence[Sheet], form: Form, show: Callable[[int], None] = lambda done: None
) -> bytes:
    """Return the bytes of an animation of *sheets*, the last for longer; *show* is told how many are drawn.

    Each frame has the legend of its own day, in as many rows as the longest legend needs.
    """
    rows = max(map(legend_height, sheets))
    frames: list[Image.Image] = []
    for sheet in sheets:
        drawn = png_of(svg_of(msgspec.structs.replace(sheet, legend_rows=rows)), sheet.scale)
        frames.append(Image.open(BytesIO(drawn)).convert("RGB"))
        show(len(frames))
    times = [_FRAME_MS] * (len(frames) - 1) + [_LAST_MS]
    return _webp(frames, times) if form == "webp" else _gif(frames, times)


def _webp(frames: Sequence[Image.Image], times: Sequence[int]) -> bytes:
    out = BytesIO()
    first, *more = frames
    first.save(
        out, "WEBP", save_all=True, append_images=more, duration=list(times), loop=0, quality=80, method=3
    )
    return out.getvalue()


def _gif(frames: Sequence[Image.Image], times: Sequence[int]) -> bytes:
    """Return a GIF whose frames share one palette, made from the first, the middle and the last frame."""
    chosen = [frames[0], frames[len(frames) // 2], frames[-1]]
    width, height = frames[0].size
    sampled = Image.new("RGB", (width, height * len(chosen)))
    for n, frame in enumerate(chosen):
        sampled.paste(frame, (0, n * height))
    palette = sampled.quantize(_COLOURS, dither=Image.Dither.NONE)
    first, *more = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
    out = BytesIO()
    first.save(out, "GIF", save_all=True, append_images=more, duration=list(times), loop=0, optimize=False)
    return out.getvalue()
