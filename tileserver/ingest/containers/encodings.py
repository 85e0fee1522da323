"""Encodings of texts, found out from the bytes: UTF-8 and UTF-16, else Windows for Cyrillic or for Latin.

One wrong byte in a file of UTF-8 does not make it another encoding; a row with it is put aside later.
"""

from __future__ import annotations

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FEW = 10  # times as many right as wrong sequences
_NO_TEXT, _NOT_ASCII = re.compile("[\udc80-\udcff]"), re.compile(r"[^\x00-\x7f]")
_HIGH_RUN = re.compile(rb"[\xa5\xa8\xaa\xaf\xb2-\xb4\xb8\xba\xbf-\xff]+")  # letters of windows-1251


def seen_encoding(sample: bytes) -> str:
    """Return the Python name of the encoding of *sample*, the first bytes of a text."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    if wide := _wide(sample):
        return wide
    text = sample.decode("utf-8", "surrogateescape")
    wrong = len(_NO_TEXT.findall(text))
    right = len(_NOT_ASCII.findall(text)) - wrong
    cut_off = 3  # bytes of a letter at the end of a sample
    if wrong == 0 or right > _FEW * wrong or (right and wrong <= cut_off):
        return "utf-8"
    return _narrow(sample)


def _wide(sample: bytes) -> str:
    """Return the UTF-16 whose zero bytes *sample* has, as in Latin text; empty where there are none."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 < len(sample) // 2:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _narrow(sample: bytes) -> str:
    """Return the encoding by the runs of high bytes: whole words are Cyrillic, single letters Latin."""
    runs = [len(run) for run in _HIGH_RUN.findall(sample)]
    letters = sum(runs)
    in_words = sum(length for length in runs if length >= 3)
    return "cp1251" if in_words * 2 > letters else "cp1252"
