"""An order: sheets, and the form of the picture; done here, or by the process of a `studio`."""

from __future__ import annotations

import msgspec

from tileserver.picture.press.animated import animation_of
from tileserver.picture.press.composed import svg_of
from tileserver.picture.press.raster import png_of
from tileserver.picture.press.sheet import ANIMATED, Form, Sheet


class PictureOrder(msgspec.Struct, frozen=True):
    """A sheet as a picture, or several as an animation."""

    sheets: tuple[Sheet, ...]
    form: Form


def fulfil(order: PictureOrder) -> bytes:
    """Return the bytes of the picture that *order* is for."""
    if order.form in ANIMATED:
        return animation_of(order.sheets, order.form)
    (sheet,) = order.sheets
    svg = svg_of(sheet)
    return svg.encode() if order.form == "svg" else png_of(svg, sheet.scale)
