"""Names along rivers: where a stretch is straight enough for its name, and free."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tileserver.picture.html import Html
from tileserver.picture.press.decoded import Shape
from tileserver.picture.press.fonts import text_width
from tileserver.picture.press.ink import interpolated
from tileserver.picture.press.placing import Box, Lettering, NameStyle, Room

_STEP = 6.0  # pixels between places that are tried
_BENT = 0.3  # ems by which a stretch may leave its chord
_APART = 420.0  # pixels between two names of a river


def river_names(rivers: Sequence[Shape], room: Room, style: NameStyle) -> Iterator[Html]:
    """Yield names of *rivers*, whose paths are pixels, the widest rivers first."""
    size = interpolated(room.view.camera.zoom, [(6, 10), (10, 12.5)]) * style.factor
    halo = style.colour("labelHalo")
    look = Lettering(size, style.colour("waterLabel"), halo, spacing=0.08, italic=True)
    set_at: dict[str, list[tuple[float, float]]] = {}
    for shape in sorted(rivers, key=lambda each: -float(each.properties.get("width", 1))):
        name = style.name(shape.properties)
        width = text_width(name, size, spacing=0.08)
        for path in sorted(shape.paths, key=len, reverse=True):
            near = set_at.setdefault(name, [])
            for middle, angle in _straight(path, width, _BENT * size):
                box = _turned(middle, width, size, angle)
                if any(math.dist(middle, other) < _APART for other in near) or not room.take(*box):
                    continue
                near.append(middle)
                x, y = middle
                shift = 0.34 * size  # the middle of small letters lies on the line
                turn = math.radians(angle)
                yield look.line(name, x - math.sin(turn) * shift, y + math.cos(turn) * shift, turn=angle)


def _straight(
    path: npt.NDArray[np.float64], length: float, bent: float
) -> Iterator[tuple[tuple[float, float], float]]:
    """Yield middle and angle, in degrees and never upside down, of straight stretches of so many pixels."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    if along[-1] < length:
        return
    starts = np.arange(0.0, along[-1] - length, _STEP)
    centre = (along[-1] - length) / 2
    for start in sorted(starts.tolist(), key=lambda each: abs(each - centre)):
        at = np.linspace(start, start + length, 9)
        places = np.column_stack([np.interp(at, along, path[:, 0]), np.interp(at, along, path[:, 1])])
        chord = places[-1] - places[0]
        far = float(np.hypot(*chord))
        if far < 0.9 * length:
            continue
        off = (places - places[0]) @ np.array([-chord[1], chord[0]]) / far
        if float(np.abs(off).max()) <= bent:
            angle = math.degrees(math.atan2(chord[1], chord[0]))
            x, y = (places[0] + places[-1]) / 2
            yield (float(x), float(y)), (angle + 90) % 180 - 90


def _turned(middle: tuple[float, float], width: float, size: float, angle: float) -> list[Box]:
    """Return boxes in pixels along a turned name."""
    parts = max(2, round(width / size))
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    half = 0.55 * size
    found = []
    for n in range(parts):
        along = ((n + 0.5) / parts - 0.5) * width
        x, y = middle[0] + along * cosine, middle[1] + along * sine
        found.append((x - half, y - half, x + half, y + half))
    return found
