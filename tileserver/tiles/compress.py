"""Content codings: the same bytes in, the same bytes out; on the event loop for small bodies alone."""

from __future__ import annotations

import gzip
from typing import Literal, TypeAlias

import brotli
import zstandard

Coding: TypeAlias = Literal["br", "zstd", "gzip", "identity"]

CODINGS: tuple[Coding, ...] = ("br", "zstd", "gzip", "identity")  # in the order in which we prefer them


def compress(data: bytes, coding: Coding) -> bytes:
    """Return *data* in *coding*; deterministic for one version of the libraries."""
    match coding:
        case "br":
            return bytes(brotli.compress(data, quality=5))  # 11: a tenth fewer bytes, forty times the work
        case "zstd":
            return zstandard.ZstdCompressor(level=9).compress(data)
        case "gzip":
            return gzip.compress(data, 6, mtime=0)  # it would stamp the time otherwise
        case "identity":
            return data
