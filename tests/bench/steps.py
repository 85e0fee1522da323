"""What a step to the next day weighs for a client that holds the tile of the day before.

Tiles that changed from one day to the next are asked for over HTTP as a browser asks that holds yesterday's
(RFC 9842), where the server offered that as a dictionary; where it did not, or sends the tile whole all the
same, the step weighs what the tile weighs in Brotli. Each difference is opened and compared.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zstandard

from tests.bench.client import Connection, Reply
from tests.bench.questions import DAY, ZONE, Imported, Question
from tileserver.grid import address_at
from tileserver.times import local_day

TILESETS = {
    "control": "ukraine.control",
    "control, front": "ukraine.control,ukraine.frontline",
    "all, with events": "ukraine",
}
_DCZ = 40  # bytes before the frame: a magic number and the hash
_AHEAD = 12  # questions drawn for each that is kept: a tile has no change on many days
_OFFERED = 'id="'


@dataclass(frozen=True, slots=True)
class Step:
    """Bytes of a tile as they are and in each coding; *dcz* is what goes over the wire to a holder."""

    plain: int
    gzip: int
    br: int
    dcz: int
    is_difference: bool

    @property
    def share(self) -> float:
        """The step, of the tile in Brotli."""
        return self.dcz / self.br


def whole_share(steps: Sequence[Step]) -> float:
    """Return the bytes of all *steps* over those of the tiles in Brotli."""
    return sum(each.dcz for each in steps) / sum(each.br for each in steps)


def changed_days(imported: Imported, zoom: int, number: int, seed: int) -> list[Question]:
    """Draw tiles with the first day of a period in each, no two alike: something may have changed there."""
    rng = np.random.default_rng([seed, zoom])
    first, last = imported.days[0], imported.days[-1]
    found: dict[Question, None] = {}
    for _ in range(number * _AHEAD):
        which = int(rng.integers(len(imported.corners)))
        day = local_day(imported.periods[which][0], ZONE)
        if first < day <= last:
            found.setdefault(Question(address_at(*imported.corners[which], zoom), day))
    return list(found)


def measure_steps(port: int, tileset: str, questions: Sequence[Question], number: int) -> list[Step]:
    """Ask for each of *questions* as who was there the day before, until *number* of tiles had changed."""
    found: list[Step] = []
    connection = Connection(port, {})
    for question in questions:
        if len(found) == number:
            break
        path = f"/tiles/{tileset}/{question.address}.mvt?datetime="
        before = connection.get(f"{path}{question.day - DAY}")
        after = connection.get(f"{path}{question.day}")
        if before.body and after.body and before.body != after.body:
            found.append(_step(connection, after, before))
    connection.close()
    return found


def _step(connection: Connection, after: Reply, before: Reply) -> Step:
    path = after.header("content-location")
    sizes = {each: connection.get(path, more={"Accept-Encoding": each}).size for each in ("gzip", "br")}
    _, _, name = before.header("use-as-dictionary").partition(_OFFERED)
    if not name:
        return Step(after.size, **sizes, dcz=sizes["br"], is_difference=False)
    digest = hashlib.sha256(before.body).digest()
    told = {
        "Accept-Encoding": "gzip, deflate, br, zstd, dcb, dcz",
        "Available-Dictionary": f":{base64.b64encode(digest).decode()}:",
        "Dictionary-ID": f'"{name[:-1]}"',
    }
    reply = connection.get(path, more=told)
    is_difference = reply.header("content-encoding") == "dcz"
    if is_difference and _opened(reply.body, before.body) != after.body:
        raise AssertionError(f"{path} is another tile when opened with its dictionary")
    return Step(after.size, **sizes, dcz=reply.size, is_difference=is_difference)


def _opened(data: bytes, dictionary: bytes) -> bytes:
    raw = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdDecompressor(dict_data=raw).decompress(data[_DCZ:])
