"""Content codings as a client opens them; zstd from the frame alone, without being told a size."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import brotli
import zstandard

from tileserver.tiles.compress import Coding

OPENED: dict[Coding, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
    "gzip": gzip.decompress,
    "identity": bytes,
}
