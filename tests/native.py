"""MapLibre Native draws, in a process of its own: what goes wrong in it ends the process.

``python -m tests.native`` reads drawings as JSON and writes their pixels, RGBA, one after the other.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tests.conftest import ROOT

SIDE = 384  # pixels

Pixels: TypeAlias = NDArray[np.int16]  # rows, columns, RGBA


@dataclass(frozen=True)
class Drawing:
    """A map to draw: *style*, its middle in degrees, and feature states by (source layer, id)."""

    style: dict[str, Any]
    longitude: float
    latitude: float
    zoom: float
    states: Sequence[tuple[str, int, dict[str, bool]]] = ()


def draw(*drawings: Drawing) -> list[Pixels]:
    """Return the pixels of each of *drawings*."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.native"],
        input=json.dumps([asdict(each) for each in drawings]).encode(),
        env={**os.environ, "EGL_PLATFORM": "surfaceless"},  # Mesa without a screen
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found = np.frombuffer(done.stdout, np.uint8).reshape(len(drawings), SIDE, SIDE, 4)
    return list(found.astype(np.int16))


def main() -> None:
    """Draw what standard input says."""
    from pymgl import Map  # noqa: PLC0415 - known to this process alone

    for each in json.load(sys.stdin):
        place = each["longitude"], each["latitude"], each["zoom"]
        with Map(json.dumps(each["style"]), SIDE, SIDE, 1, *place) as drawn:
            if each["states"]:
                drawn.load()
                for layer, number, state in each["states"]:
                    drawn.setFeatureState("tileserver", layer, str(number), json.dumps(state))
            sys.stdout.buffer.write(bytes(drawn.renderBuffer()))


if __name__ == "__main__":
    main()
