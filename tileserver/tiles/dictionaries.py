"""A tile as the difference from an earlier version in the hands of the client (RFC 9842).

A client names the version that it holds, and proves that by the hash of its bytes. So nothing is remembered
of any client, and every process and machine can answer: the version is looked for where all tiles are, if it
is still public. Whatever goes wrong on the way, the tile goes out whole.
"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

import zstandard

from tileserver.errors import TileserverError
from tileserver.tiles.cache import Answer, Cache
from tileserver.tiles.composed import TileKey
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService

_OVERHEAD = 700  # bytes of an entry beside its data
_PATIENCE_S = 0.25  # for the earlier version; then the tile goes out whole
_LEVEL = 9  # 12 and 19 save a hundredth of the bytes and take two and six times as long
# RFC 9842, 5: a skippable frame of Zstandard, as long as the hash that follows.
_MAGIC = bytes.fromhex("5e2a4d1820000000")


class ClientVersion(NamedTuple):
    """Version of a tile in the hands of a client: its name, and the SHA-256 of its decoded bytes."""

    version: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Delta:
    """A tile in the coding ``dcz``, with the SHA-256 of its dictionary."""

    sha256: bytes
    data: bytes

    @property
    def weight(self) -> int:
        """Bytes in memory."""
        return _OVERHEAD + len(self.data)


class Dictionaries:
    """Deltas between versions of tiles, computed once however many ask, and kept up to *capacity* bytes."""

    def __init__(self, service: TileService, capacity: int) -> None:
        self._service = service
        self._deltas: Cache[tuple[TileKey, bytes], Delta] = Cache(capacity)

    @property
    def weight(self) -> int:
        """Bytes held now."""
        return self._deltas.weight

    async def delta(
        self, question: Question, answer: Answer[TileKey], at_hand: ClientVersion
    ) -> Delta | None:
        """Return the tile of *answer*, to *question*, against *at_hand*; `None` where there is no way.

        *at_hand* has to be public, and may not have been withdrawn, also where the delta is kept already.
        """
        service, tileset, address = self._service, question.tileset, question.address

        async def compute() -> Delta:
            plain = replace(question, period=None, revision=None)
            async with asyncio.timeout(_PATIENCE_S):
                dictionary = (await service.answer(plain, located)).body.data
            return await asyncio.to_thread(_delta, answer.body.data, dictionary, at_hand.sha256)

        try:
            located = service.from_url(tileset, address, at_hand.version)
            return await self._deltas.once((answer.cache_key, at_hand.sha256), compute)
        except (TileserverError, TimeoutError, _AnotherError):
            return None

    def made(self, question: Question, answer: Answer[TileKey], at_hand: ClientVersion) -> Delta | None:
        """Return the same as `delta` if somebody asked before, else ``None``; at once."""
        with suppress(TileserverError):
            self._service.from_url(question.tileset, question.address, at_hand.version)
            return self._deltas.peek((answer.cache_key, at_hand.sha256))
        return None


class _AnotherError(Exception):
    """The client holds other bytes than the version named by the request."""


def _delta(data: bytes, dictionary: bytes, sha256: bytes) -> Delta:
    if hashlib.sha256(dictionary).digest() != sha256:
        raise _AnotherError
    return Delta(sha256, _MAGIC + sha256 + _compressed(data, dictionary))


def _compressed(data: bytes, dictionary: bytes) -> bytes:
    """Return *data* as one frame, to be opened with *dictionary* alone.

    RFC 9842, 5: a window of at most 8 MB, which no tile fills; a raw dictionary has no id to be written.
    """
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL,
        source_size=len(data),
        dict_size=len(dictionary),
        window_log=min(max((len(data) + len(dictionary)).bit_length(), 10), 23),
        write_dict_id=False,
    )
    raw = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(dict_data=raw, compression_params=parameters).compress(data)
