"""How much a person says of an act: a reason for the audit log, a remark for readers."""

from __future__ import annotations

from collections.abc import Mapping

from tileserver.errors import BadParameter

LONGEST_REASON, LONGEST_REMARK = 1000, 2000  # characters


def check_words(reason: str, remark: Mapping[str, str] | None = None) -> None:
    """Raise `BadParameter` where a reason or a remark, by language, is longer than anybody reads."""
    for what, text, most in (
        ("a reason", reason, LONGEST_REASON),
        *(("a remark for readers", each, LONGEST_REMARK) for each in (remark or {}).values()),
    ):
        if len(text) > most:
            raise BadParameter(f"{what} has at most {most:,} characters, and this one {len(text):,}")
